"""All documents of a run as a barrier sees them."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


class Corpus(Protocol):
    """What a barrier may ask for while it resolves: shards in order, rows by number."""

    memory: int
    """Bytes that `resolve` may take at its peak, beside what it holds for every document: see `Barrier.forecast`."""
    seed: int

    @property
    def past(self) -> int:
        """How many of the shards, the first ones, are of earlier runs: their documents stay, and get no verdict."""

    def __len__(self) -> int:
        """The number of shards."""

    def sketch(self, shard: int) -> pa.Table:
        """The shard's sketch, one row a document, memory-mapped."""

    def alive(self, shard: int) -> NDArray[np.bool_]:
        """Which rows an earlier barrier of the same segment has left."""

    def take(self, shard: int, rows: NDArray[np.int64], columns: Sequence[str] = ("text",)) -> pa.RecordBatch:
        """Some rows (ascending) of the documents that were sketched."""
