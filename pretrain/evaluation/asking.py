"""Questions of different lengths to one network: batches by length, the nats of every target.

A question is a row of its own: what is read, and what is to be predicted where. Rows of a batch are padded behind;
a causal network does not look there, the others are kept from it.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pretrain import loss
from pretrain.models import Network
from pretrain.objectives.batch import IGNORE, Batch
from pretrain.tokens import PAD

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_TOKENS_AT_ONCE = 8_192


class Question(NamedTuple):
    """One row."""

    inputs: Ints
    """(T,)"""
    targets: Ints
    """(U,) `IGNORE` where nothing is asked; U = T without `decoder_inputs`."""
    decoder_inputs: Ints | None = None
    """(U,) of an encoder–decoder."""


@torch.no_grad()
def nats(network: Network, questions: Sequence[Question]) -> list[Floats]:
    """(Q,) of each question, the −log probabilities of its targets that are not `IGNORE`, in their order."""
    answers: list[Floats] = [np.zeros(0)] * len(questions)
    for numbers, batch in batches(questions):
        costs = loss.nats(network, loss.tensors(batch, network, isolate=False)).double().cpu().numpy()
        asked = (batch.targets != IGNORE).sum(1)
        for number, found in zip(numbers, np.split(costs, np.cumsum(asked)[:-1]), strict=True):
            answers[number] = found
    return answers


def batches(questions: Sequence[Question], tokens: int = _TOKENS_AT_ONCE) -> Iterator[tuple[list[int], Batch]]:
    """Numbers of questions and their rows, the longest first, about `tokens` a batch."""
    order = sorted(range(len(questions)), key=lambda i: (-len(questions[i].targets), -len(questions[i].inputs), i))
    first = 0
    while first < len(order):
        size = max(len(questions[order[first]].inputs), len(questions[order[first]].targets), 1)
        numbers = order[first : first + max(1, tokens // size)]
        yield numbers, rows([questions[i] for i in numbers])
        first += len(numbers)


def rows(questions: Sequence[Question]) -> Batch:
    """The questions as one batch; padding has document −1, all else 0."""
    inputs = padded([q.inputs for q in questions], PAD)
    documents = padded([np.zeros_like(q.inputs) for q in questions], -1)
    targets = padded([q.targets for q in questions], IGNORE)
    decoders = [q.decoder_inputs for q in questions if q.decoder_inputs is not None]
    if not decoders:
        return Batch(inputs, targets, documents, None)
    own = padded([np.zeros_like(ids) for ids in decoders], -1)
    return Batch(inputs, targets, documents, None, padded(decoders, PAD), own)


def padded(parts: Sequence[Ints], value: int) -> Ints:
    """Rows as long as the longest, `value` behind the others."""
    out = np.full((len(parts), max(map(len, parts))), value, np.int64)
    for row, part in zip(out, parts, strict=True):
        row[: len(part)] = part
    return out
