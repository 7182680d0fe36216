"""Fine-tuning from text to text, for an encoder–decoder, or a decoder that reads input and target as one.

    encoder–decoder   reads   input E           is asked   target E
    decoder           reads   E input E target  is asked   target E          (E = end-of-text)

Figures on the test pairs: bits per byte of the targets before and after, chrF and the share of exact matches of greedy
decoding, and the chrF of the input itself, which is much where little is to be changed.
"""

import copy
from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from pretrain import loss
from pretrain.errors import UsageError
from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Ints, Question, batches, nats, rows
from pretrain.evaluation.classifiers import learn
from pretrain.evaluation.labelled import Pair
from pretrain.evaluation.results import Figure, figure
from pretrain.models import Network
from pretrain.objectives.batch import IGNORE
from pretrain.tokens import END_OF_TEXT, PAD
from pretrain.trained import Trained


def text_to_text(
    trained: Trained, name: str, train: Sequence[Pair], test: Sequence[Pair], *, seed: int
) -> list[Figure]:
    """Figures of the run's network, and of a copy fine-tuned on `train`; raises `UsageError` for an encoder."""
    if trained.model.family == "encoder":
        raise UsageError("an encoder writes no text: input and target need a decoder or an encoder-decoder")
    asked = [question(trained, pair) for pair in test]
    model = copy.deepcopy(trained.model).train()
    taught = [question(trained, pair) for pair in train]
    learn(model, len(train), lambda chosen: _loss(model, [taught[i] for i in chosen]), seed)
    written = greedy(trained, model.eval(), [pair.source for pair in test])
    copied = float(np.mean([chrf(pair.source, pair.target) for pair in test]))
    alike = np.array([chrf(text, pair.target) for text, pair in zip(written, test, strict=True)])
    exact = np.array([text.strip() == pair.target.strip() for text, pair in zip(written, test, strict=True)], float)
    sizes = np.array([len(pair.target.encode()) for pair in test], float)
    task, count = f"{name}, fine-tuned", len(test)
    before, after = (np.array([cost.sum() for cost in nats(m, asked)]) / np.log(2) for m in (trained.model, model))
    return [
        figure(task, "bits per byte of targets, before", intervals.ratio(before, sizes, seed), count, seed),
        figure(task, "bits per byte of targets", intervals.ratio(after, sizes, seed), count, seed),
        figure(task, "chrF", intervals.mean(alike, seed), count, seed, chance=copied, note="chance: the input itself"),
        figure(task, "exact match", intervals.mean(exact, seed), count, seed),
    ]


def question(trained: Trained, pair: Pair) -> Question:
    """What the network is asked of a pair; of a pair too long for a row, the input's end and the target's go."""
    context, vocabulary = trained.config.model.context, trained.vocabulary
    target = np.array([*vocabulary.encode(pair.target)[: context // 2 - 1], END_OF_TEXT])
    if trained.model.family == "seq2seq":
        return Question(_read(trained, pair.source), target, np.concatenate([[PAD], target[:-1]]))
    read = _read(trained, pair.source)
    inputs = np.concatenate([read, target[:-1]])
    return Question(inputs, np.concatenate([np.full(len(read) - 1, IGNORE), target]))


def _read(trained: Trained, source: str) -> Ints:
    context = trained.config.model.context
    if trained.model.family == "seq2seq":
        return np.array([*trained.vocabulary.encode(source)[: context - 1], END_OF_TEXT])
    return np.array([END_OF_TEXT, *trained.vocabulary.encode(source)[: context // 2 - 2], END_OF_TEXT])


def _loss(model: Network, questions: Sequence[Question]) -> torch.Tensor:
    """Mean nats a token."""
    batch = loss.tensors(rows(questions), model, isolate=False)
    return loss.loss(model, batch) / len(batch.targets)


@torch.no_grad()
def greedy(trained: Trained, model: Network, sources: Sequence[str]) -> list[str]:
    """The likeliest token after the other, until an end-of-text or half a context."""
    read = [_read(trained, source) for source in sources]
    written: list[list[int]] = [[] for _ in read]
    open_ = list(range(len(read)))
    banned = torch.from_numpy(trained.vocabulary.control.copy())
    banned[END_OF_TEXT] = False
    for _ in range(trained.config.model.context // 2 - 1):
        asked = [_next(model, read[i], written[i]) for i in open_]
        for numbers, batch in batches(asked):
            states = loss.hidden(model, loss.tensors(batch, model, isolate=False))
            logits = (states @ model.head.weight.T).cpu().masked_fill(banned, -torch.inf)
            for number, token in zip(numbers, logits.argmax(1).tolist(), strict=True):
                written[open_[number]].append(token)
        open_ = [i for i in open_ if written[i][-1] != END_OF_TEXT]
        if not open_:
            break
    return [trained.vocabulary.decode(ids) for ids in written]


def _next(model: Network, read: Ints, written: Sequence[int]) -> Question:
    """Asks the token behind what is written; which one it is does not matter."""
    after = np.array(written, np.int64)
    if model.family == "seq2seq":
        decoder = np.concatenate([[PAD], after]).astype(np.int64)
        return Question(read, _last(len(decoder)), decoder)
    inputs = np.concatenate([read, after])
    return Question(inputs, _last(len(inputs)))


def _last(length: int) -> Ints:
    targets = np.full(length, IGNORE, np.int64)
    targets[-1] = END_OF_TEXT
    return targets


def chrf(said: str, right: str, longest: int = 6, beta: float = 2.0) -> float:
    """F-score of character n-grams, n = 1 to 6, recall weighing β² times precision, without spaces (Popović 2015).

    Precision and recall are means over the lengths of which both texts have n-grams. 0 to 1.
    """
    a, b = "".join(said.split()), "".join(right.split())
    parts = []
    for n in range(1, min(longest, len(a), len(b)) + 1):
        mine, theirs = (Counter(text[i : i + n] for i in range(len(text) - n + 1)) for text in (a, b))
        hits = (mine & theirs).total()
        parts.append((hits / mine.total(), hits / theirs.total()))
    if not parts:
        return float(a == b)
    precision, recall = np.mean(parts, axis=0)
    both = beta**2 * precision + recall
    return float((1 + beta**2) * precision * recall / both) if both else 0.0
