"""What every objective makes of rows."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32] | None
"""(D,) share of each document in the loss; None where all weigh 1."""

IGNORE = -100
"""A target that costs nothing, as in torch's cross entropy."""


class Batch(NamedTuple):
    """What a step is computed from: B rows of T inputs and U targets."""

    inputs: NDArray[np.int64]
    """(B, T) what a decoder reads, or an encoder."""
    targets: NDArray[np.int64]
    """(B, U) what to predict at each position, `IGNORE` where nothing; U = T without `decoder_inputs`."""
    documents: NDArray[np.int64]
    """(B, T) the document by which attention may be isolated, −1 for padding: of the input, or of the target for
    a causal model."""
    weights: NDArray[np.float32] | None
    """(B, U) share of each target in the loss; None where all weigh 1."""
    decoder_inputs: NDArray[np.int64] | None = None
    """(B, U) for an encoder–decoder: the targets shifted right behind a pad (Raffel et al. 2020)."""
    decoder_documents: NDArray[np.int64] | None = None
    """(B, U) the document of each target, −1 for padding."""

    @property
    def target_documents(self) -> NDArray[np.int64]:
        """(B, U) the document of each target."""
        return self.documents if self.decoder_documents is None else self.decoder_documents

    def part(self, rows: slice) -> "Batch":
        """Some of the rows."""
        return Batch._make(None if array is None else array[rows] for array in self)


def shares(targets: NDArray[np.int64], documents: NDArray[np.int64], weights: Weights) -> Weights:
    """Weight of each target by its document, 0 where there is none; None without weights."""
    if weights is None:
        return None
    return np.where((targets != IGNORE) & (documents >= 0), weights[documents], np.float32(0))
