"""A sentence's log-probability under each family, for comparing two that differ in little.

decoder    Σ −log p(token | those before it), behind an end-of-text
encoder    pseudo-log-likelihood: Σ −log p(token | all others), one mask a token (Salazar et al. 2020), between two
           end-of-text
seq2seq    Σ −log p(token | all others): the token is a span of its own, and the decoder is asked what follows the
           sentinel (BabyLM's `enc_dec_mask`); a model trained on prefixes is asked the token behind each prefix

Only the first is a probability of the sentence. All ask each token once, so that sums of two sentences compare.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from pretrain.evaluation.asking import Floats, Ints, Question, nats
from pretrain.models import Network
from pretrain.objectives.batch import IGNORE
from pretrain.tokens import END_OF_TEXT, MASK, PAD
from pretrain.trained import Trained

_QUESTIONS_AT_ONCE = 32_768

Asker = Callable[[Ints], Iterator[Question]]


def sentence_nats(trained: Trained, texts: Sequence[str], said: Callable[[int], None] | None = None) -> Floats:
    """(S,) nats of each sentence; equal texts are asked once. `said` is told how many are done."""
    unique = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    ids = encoded(trained, list(unique))
    found = np.zeros(len(ids))
    ask = asker(trained)
    # Alike lengths together, so that chunks hold batches without padding
    order = sorted(range(len(ids)), key=lambda i: -len(ids[i]))
    for part in _chunks(order, [len(one) for one in ids], trained.model.family == "decoder"):
        asked = [(number, question) for number in part for question in ask(ids[number])]
        for (number, _), cost in zip(asked, nats(trained.model, [q for _, q in asked]), strict=True):
            found[number] += cost.sum()
        if said:
            said(len(part))
    return found[[unique[text] for text in texts]]


def encoded(trained: Trained, texts: Sequence[str]) -> list[Ints]:
    """Ids of texts, control tokens read as plain characters, cut to what a row holds."""
    longest = trained.config.model.context - 2
    found = trained.vocabulary.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [np.array(one.ids[:longest], np.int64) for one in found]


def asker(trained: Trained) -> Asker:
    """How the run's model is asked a sentence."""
    if trained.model.family == "decoder":
        return _causal
    if trained.model.family == "encoder":
        return _masked
    first = trained.vocabulary.size - 1
    prefix = trained.config.train.objective == "prefix"
    return _prefixes if prefix else lambda ids: _spans(ids, first)


def _causal(ids: Ints) -> Iterator[Question]:
    yield Question(np.concatenate([[END_OF_TEXT], ids[:-1]]).astype(np.int64), ids)


def _masked(ids: Ints) -> Iterator[Question]:
    around = np.concatenate([[END_OF_TEXT], ids, [END_OF_TEXT]]).astype(np.int64)
    for place in range(1, len(ids) + 1):
        inputs, targets = around.copy(), np.full(len(around), IGNORE, np.int64)
        inputs[place], targets[place] = MASK, around[place]
        yield Question(inputs, targets)


def _spans(ids: Ints, sentinel: int) -> Iterator[Question]:
    around = np.concatenate([ids, [END_OF_TEXT]]).astype(np.int64)
    for place in range(len(ids)):
        inputs = around.copy()
        inputs[place] = sentinel
        yield Question(inputs, np.array([IGNORE, ids[place]]), np.array([PAD, sentinel]))


def _prefixes(ids: Ints) -> Iterator[Question]:
    for place in range(len(ids)):
        inputs = np.concatenate([ids[:place], [END_OF_TEXT]]).astype(np.int64)
        yield Question(inputs, ids[place : place + 1], np.array([PAD]))


def _chunks(order: Sequence[int], lengths: Sequence[int], once: bool) -> Iterator[list[int]]:
    """Numbers of sentences whose questions are about `_QUESTIONS_AT_ONCE`."""
    part: list[int] = []
    questions = 0
    for number in order:
        part.append(number)
        questions += 1 if once else lengths[number]
        if questions >= _QUESTIONS_AT_ONCE:
            yield part
            part, questions = [], 0
    if part:
        yield part


def family_note(network: Network) -> str:
    """What a sentence's score is, in words."""
    return {"decoder": "log-probability", "encoder": "pseudo-log-likelihood", "seq2seq": "masked decoding"}[
        network.family
    ]
