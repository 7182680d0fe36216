"""Multiple choice and last words by likelihood, zero-shot.

Which continuation of a context is the likeliest: by the sum of its tokens' log-probabilities (`accuracy`), by that sum
over its characters (lm-evaluation-harness' `acc_norm`) and over its UTF-8 bytes. `centred` is (accuracy − chance) /
(1 − chance). Below a hundred million parameters accuracies are near chance, and what tells models apart is the right
answer's bits per byte.

A decoder reads context and continuation as one text, whose spaces between the two belong to the continuation. An
encoder–decoder reads the context and a sentinel and is asked what stands behind the sentinel, or behind the context if
it was trained on prefixes; UL2's mode is the sequential one.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch

from pretrain import loss
from pretrain.errors import UsageError
from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Floats, Ints, Question, batches, nats
from pretrain.evaluation.choice_records import Item, items
from pretrain.evaluation.records import read
from pretrain.evaluation.results import Figure, figure
from pretrain.objectives.batch import IGNORE
from pretrain.objectives.denoising import MODES
from pretrain.tokens import END_OF_TEXT, PAD
from pretrain.trained import Trained


def choice(trained: Trained, path: Path, *, limit: int = 0, seed: int = 1) -> list[Figure]:
    """Figures of a file of questions; see `choice_records` for its forms. Raises `UsageError` for an encoder."""
    if trained.model.family == "encoder":
        raise UsageError("an encoder gives no likelihood of a continuation: --choice needs a decoder or an "
                         "encoder-decoder")  # fmt: skip
    found = items(read(path, limit, seed))
    asked = [_question(trained, item.context, option) for item in found for option in item.options]
    costs = np.array([cost.sum() for cost in nats(trained.model, asked)])
    ends = np.cumsum([len(item.options) for item in found])
    split = np.split(costs, ends[:-1])
    task = path.name.partition(".")[0]
    gold = _gold(task, found, split, seed)
    if all(len(item.options) == 1 for item in found):
        return [*_last_words(trained, task, asked, seed), gold]
    return [*_accuracies(task, found, split, seed), gold]


def _accuracies(task: str, found: Sequence[Item], costs: Sequence[Floats], seed: int) -> list[Figure]:
    """By sum, characters and bytes, and the first centred."""
    chance = float(np.mean([1 / len(item.options) for item in found]))
    hits = {
        "accuracy": _hits(found, costs, lambda _: 1),
        "accuracy by characters": _hits(found, costs, len),
        "accuracy by bytes": _hits(found, costs, lambda option: len(option.encode())),
    }
    figures = [figure(task, name, intervals.mean(hit, seed), len(hit), seed, chance=chance)
               for name, hit in hits.items()]  # fmt: skip
    centred = intervals.Estimate(*((x - chance) / (1 - chance) for x in intervals.mean(hits["accuracy"], seed)))
    return [*figures, figure(task, "accuracy, centred", centred, len(found), seed, chance=0.0)]


def _hits(found: Sequence[Item], costs: Sequence[Floats], size: Callable[[str], int]) -> Floats:
    """(N,) 1 where the right option is the cheapest for its size; the first of equal ones counts."""
    sizes = [np.array([max(size(option.strip()), 1) for option in item.options]) for item in found]
    best = [int(np.argmin(cost / own)) for cost, own in zip(costs, sizes, strict=True)]
    return np.array([one == item.answer for one, item in zip(best, found, strict=True)], np.float64)


def _gold(task: str, found: Sequence[Item], costs: Sequence[Floats], seed: int) -> Figure:
    bits = np.array([cost[item.answer] for cost, item in zip(costs, found, strict=True)]) / np.log(2)
    sizes = np.array([len(item.options[item.answer].encode()) for item in found], np.float64)
    return figure(task, "bits per byte of the right answer", intervals.ratio(bits, sizes, seed), len(found), seed)


def _last_words(trained: Trained, task: str, asked: Sequence[Question], seed: int) -> list[Figure]:
    hits = np.zeros(len(asked))
    for numbers, batch in batches(asked):
        best = _likeliest(trained, loss.tensors(batch, trained.model, isolate=False))
        wanted = batch.targets != IGNORE
        missed = best != batch.targets[wanted]
        hits[numbers] = np.bincount(np.nonzero(wanted)[0][missed], minlength=len(numbers)) == 0
    note = "share of last words that greedy decoding gives"
    return [figure(task, "accuracy", intervals.mean(hits, seed), len(hits), seed, note=note)]


@torch.no_grad()
def _likeliest(trained: Trained, batch: loss.Tensors) -> Ints:
    """(N,) the likeliest token at each asked position."""
    states_ND = loss.hidden(trained.model, batch)
    return (states_ND @ trained.model.head.weight.T).argmax(1).cpu().numpy()


def _question(trained: Trained, context: str, option: str) -> Question:
    """The option asked behind the context; the context's beginning gives way where both are too long."""
    before = trained.vocabulary.encode(context)
    if trained.model.family == "decoder":
        # Encoded together, then cut: tokens may lie across the border
        ids = np.array([END_OF_TEXT, *trained.vocabulary.encode(context + option)], np.int64)
        return _causal(ids, min(len(before), len(ids) - 2) + 1, trained.config.model.context)
    return _behind(trained, before, trained.vocabulary.encode(option))


def _causal(ids: Ints, first: int, context: int) -> Question:
    """Asks `ids[first:]`, of which there is at least one."""
    begin = max(0, len(ids) - 1 - context)
    targets = ids.copy()
    targets[:first] = IGNORE
    return Question(ids[begin:-1], targets[begin + 1 :])


def _behind(trained: Trained, before: Sequence[int], option: Sequence[int]) -> Question:
    """The option as what the decoder says of a span at the end of the input."""
    context, objective = trained.config.model.context, trained.config.train.objective
    sentinel = trained.vocabulary.size - 1
    marks = [sentinel] if objective == "span" else []
    mode = [MODES["S"]] if objective == "ul2" else []
    room = context - len(mode) - len(marks) - 1
    inputs = [*mode, *before[max(0, len(before) - room) :], *marks, END_OF_TEXT]
    targets = [*([IGNORE] * len(marks)), *option][:context]
    decoder = [PAD, *marks, *option][: len(targets)]
    return Question(np.array(inputs), np.array(targets, np.int64), np.array(decoder))
