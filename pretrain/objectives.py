"""What a model is asked: pure functions from rows of tokens to inputs and targets.

Each takes the rows that `pretrain.data.Packing` cuts and gives a `Batch`; nothing here knows models or files.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pretrain.data import Rows

IGNORE = -100
"""A target that costs nothing, as in torch's cross entropy."""


class Batch(NamedTuple):
    """What a step is computed from; B rows of T tokens."""

    inputs: NDArray[np.int64]
    """(B, T)"""
    targets: NDArray[np.int64]
    """(B, T) what to predict at each position, `IGNORE` where nothing."""
    documents: NDArray[np.int64]
    """(B, T) the document whose token is predicted; attention may be isolated by it."""
    weights: NDArray[np.float32] | None
    """(B, T) share of each target in the loss; None where all weigh 1."""


def clm(rows: Rows, weights: NDArray[np.float32] | None = None) -> Batch:
    """Causal language modelling: predict each token of a row from those before it.

    Rows have a lead of one token. An input belongs to the document of its *target*, so that an end-of-text opens the
    document it precedes. `weights` (D,) are those of the documents.
    """
    tokens, documents = rows
    targets = np.where(documents[:, 1:] >= 0, tokens[:, 1:], IGNORE)
    shares = None if weights is None else np.where(documents[:, 1:] >= 0, weights[documents[:, 1:]], np.float32(0))
    return Batch(tokens[:, :-1], targets, documents[:, 1:], shares)
