"""Pieces of documents that other documents hold too: what barriers that cut have in common.

A sketch lists the keys of a document's pieces in list columns. All pieces of a corpus are numbered through in order of
(shard, row, place in the list), and a bitmap says which of them are repetitions: one bit a piece is all that grows with
the corpus.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.ops.occurrences import Bitmap, repetitions
from curate.stage import Corpus

PIECE_BYTES = 160
"""What a piece of a portion takes while it is sorted and compared."""


def lists(sketch: pa.Table, column: str) -> pa.ListArray:
    """A list column of a sketch in one piece."""
    chunks = sketch[column]
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()


def ends(sketch: pa.Table, column: str) -> NDArray[np.int64]:
    """Where each row's list begins among the values of all rows, and where the last one ends: from 0 on."""
    offsets: NDArray[np.int64] = np.asarray(lists(sketch, column).offsets).astype(np.int64)
    return offsets - int(offsets[0])


def values(sketch: pa.Table, column: str) -> NDArray[np.uint64]:
    """The values of all rows' lists, one after another."""
    return np.asarray(lists(sketch, column).flatten())


@dataclass(frozen=True)
class Rule:
    """When a piece counts as repeated, and what stays."""

    count: int = 2
    """Documents that hold it, or occurrences where `within`."""
    within: bool = False
    """Whether occurrences in one document count one by one."""
    keep: bool = True
    """Whether the document that comes first keeps it."""
    width: int = 1
    """How far apart the places of two occurrences in one document are at least."""

    def applied(self, *columns: Any) -> NDArray[np.bool_]:
        """See `curate.ops.occurrences.repetitions`."""
        return repetitions(*columns, count=self.count, within=self.within, keep=self.keep, width=self.width)


def shared(keys: NDArray[np.uint64], count: int) -> NDArray[np.intp]:
    """Ascending places of the keys that occur at least `count` times."""
    order = np.argsort(keys)
    ordered = keys[order]
    runs = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    sizes = np.diff(np.append(runs, len(keys)))
    return np.sort(order[np.repeat(sizes >= count, sizes)])


class Pieces:
    """All pieces of a corpus that bear a key, those of rows that an earlier barrier dropped aside."""

    def __init__(self, corpus: Corpus, *keys: str) -> None:
        """`keys` are one or two list columns of uint64."""
        self._corpus, self._keys = corpus, keys
        sizes = [(len(sketch), ends(sketch, keys[0])[-1]) for sketch in map(corpus.sketch, range(len(corpus)))]
        self._rows: NDArray[np.int64] = np.cumsum([0, *(rows for rows, _ in sizes)], dtype=np.int64)
        self.starts: NDArray[np.int64] = np.cumsum([0, *(pieces for _, pieces in sizes)], dtype=np.int64)

    def repeated(self, rule: Rule) -> Bitmap:
        """Which pieces are repetitions; takes at most half of the corpus' memory, but for pieces of one key."""
        found = Bitmap(int(self.starts[-1]))
        portions = max(1, -(-2 * int(self.starts[-1]) * PIECE_BYTES // max(1, self._corpus.memory)))
        for portion in range(portions):
            numbers = self._shared(portion, portions, rule.count)
            columns = list(self._columns(numbers))
            order = np.lexsort((numbers, columns[1], columns[0]))
            low, high, rank, tie, document = (column[order] for column in columns)
            places = numbers[order]
            found.add(places[rule.applied(low, high, rank, tie, document.view(np.int64), places)])
        return found

    def of(self, found: Bitmap, shard: int) -> NDArray[np.bool_]:
        """What a bitmap says about the pieces of a shard."""
        return found.between(int(self.starts[shard]), int(self.starts[shard + 1]))

    def _shared(self, portion: int, portions: int, count: int) -> NDArray[np.int64]:
        """Ascending numbers of the pieces of a portion whose first key at least `count` pieces have."""
        keys, numbers = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
        for shard in range(len(self._corpus)):
            sketch = self._corpus.sketch(shard)
            key = values(sketch, self._keys[0])
            chosen = np.repeat(self._corpus.alive(shard), np.diff(ends(sketch, self._keys[0])))
            chosen &= key % np.uint64(portions) == portion
            keys.append(key[chosen])
            numbers.append(np.flatnonzero(chosen) + self.starts[shard])
        key, number = np.concatenate(keys), np.concatenate(numbers)
        return number[shared(key, count)]

    def _columns(self, numbers: NDArray[np.int64]) -> Iterator[NDArray[np.uint64]]:
        """Keys (the first one twice where there is one), rank, tie and document of ascending pieces."""
        parts: list[list[NDArray[np.uint64]]] = [[np.zeros(0, np.uint64)] for _ in range(5)]
        for shard, places in self._by_shard(numbers):
            sketch = self._corpus.sketch(shard)
            rows = np.searchsorted(ends(sketch, self._keys[0]), places, "right") - 1
            found = [values(sketch, key)[places] for key in (self._keys[0], self._keys[-1])]
            found += [sketch[name].to_numpy()[rows] for name in ("rank", "tie")]
            for part, column in zip(parts, [*found, (rows + self._rows[shard]).astype(np.uint64)], strict=True):
                part.append(column)
        return map(np.concatenate, parts)

    def _by_shard(self, numbers: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        bounds: Sequence[int] = np.searchsorted(numbers, self.starts).tolist()
        for shard, (first, last) in enumerate(pairwise(bounds)):
            if first < last:
                yield shard, numbers[first:last] - self.starts[shard]
