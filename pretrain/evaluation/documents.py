"""Documents in nats: what a causal model needs for each, every token predicted once.

A document stands alone behind an end-of-text. One longer than the model's context T is read in windows that overlap by
half: tokens after the first window are predicted from T / 2 to T tokens before them. The document's end costs nothing,
as if its length were known.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from pretrain.evaluation.asking import Floats, Ints, Question, nats
from pretrain.models import Network
from pretrain.objectives.batch import IGNORE
from pretrain.tokens import END_OF_TEXT

_AT_ONCE = 1_024


def document_nats(network: Network, documents: Sequence[Ints]) -> Floats:
    """(D,) nats of each document's tokens under a causal network; ids (T,) each."""
    found = np.zeros(len(documents))
    for first in range(0, len(documents), _AT_ONCE):
        part = documents[first : first + _AT_ONCE]
        asked = [(first + i, window) for i, ids in enumerate(part) for window in windows(ids, network.config.context)]
        costs = nats(network, [window for _, window in asked])
        for (number, _), cost in zip(asked, costs, strict=True):
            found[number] += cost.sum()
    return found


def windows(ids: Ints, context: int) -> Iterator[Question]:
    """Rows of at most `context` tokens that together ask each token of a document once."""
    inputs = np.concatenate([[END_OF_TEXT], ids]).astype(np.int64)
    half = context // 2
    for start in range(0, max(min(len(ids), 1), len(ids) - context + half), half):
        targets = np.array(ids[start : start + context], np.int64)
        targets[: context - half if start else 0] = IGNORE
        yield Question(inputs[start : start + len(targets)], targets)
