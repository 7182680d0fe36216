"""Documents → rows: concatenate and chunk, in an order that is a function of (seed, epoch).

An epoch's *stream* is every document once, permuted by (seed, epoch), an end-of-text after each:

    stream     a a a E b b E c c c c c E          (E = end-of-text)
    rows       |a a a E|b b E c|c c c c|E . . .|  (row length 4; the last row is padded)

Rows are permuted too, so that a long document does not fill a batch. Each row carries a *lead*, the token before
it, from which a causal model predicts its first; before the stream stands an E. So every token of every document
is a target exactly once an epoch, and nothing is cropped.

Row number n of a run belongs to epoch n // rows-per-epoch. That number is the whole state of the loader: rows
can be asked for in any order, by any number of workers.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pretrain.errors import DataError
from pretrain.shards import Shards
from pretrain.tokens import END_OF_TEXT, PAD

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class Rows(NamedTuple):
    """B rows of S = lead + length tokens."""

    tokens: NDArray[np.int64]
    """(B, S)"""
    documents: NDArray[np.int64]
    """(B, S) each token's document, an end-of-text to the one it ends; −1 for padding and before the stream."""


class _Epoch(NamedTuple):
    order: NDArray[np.int64]
    """Document numbers in stream order."""
    ends: NDArray[np.int64]
    """Stream position after each document's end-of-text."""
    rows: NDArray[np.int64]
    """Row of the stream for each row of the epoch."""


class Packing:
    """Rows of `length` tokens from a split; see the module's text.

    `seed` None keeps the stored order of documents and rows (evaluation); `documents` takes only so many from the
    start. Raises `DataError` where there is no document.
    """

    def __init__(
        self, shards: Shards, length: int, seed: int | None, *, lead: int = 1, documents: int | None = None
    ) -> None:
        self.shards, self.length, self.seed, self.lead = shards, length, seed, lead
        self._lengths = shards.lengths[:documents]
        if not len(self._lengths):
            raise DataError(f"the {shards.split} split holds no documents")
        self._epoch = lru_cache(maxsize=4)(self._order)

    @property
    def tokens_per_epoch(self) -> int:
        """Text tokens and one end-of-text a document."""
        return int(self._lengths.sum()) + len(self._lengths)

    @property
    def rows_per_epoch(self) -> int:
        """Rows that an epoch fills, the last of them perhaps in part."""
        return -(-self.tokens_per_epoch // self.length)

    def rows(self, first: int, count: int) -> Rows:
        """Rows `first` to `first + count` of the run."""
        size = self.lead + self.length
        tokens = np.full((count, size), PAD, np.int64)
        documents = np.full((count, size), -1, np.int64)
        for i in range(count):
            epoch, row = divmod(first + i, self.rows_per_epoch)
            self._fill(self._epoch(epoch), row, tokens[i], documents[i])
        return Rows(tokens, documents)

    def _order(self, epoch: int) -> _Epoch:
        count = len(self._lengths)
        if self.seed is None:
            order, rows = np.arange(count), np.arange(self.rows_per_epoch)
        else:
            order = permutation(count, self.seed, epoch, 0)
            rows = permutation(self.rows_per_epoch, self.seed, epoch, 1)
        return _Epoch(order, np.cumsum(self._lengths[order] + 1), rows)

    def _fill(self, epoch: _Epoch, row: int, tokens_S: NDArray[np.int64], documents_S: NDArray[np.int64]) -> None:
        """Copy one row out of the stream, document by document."""
        begin = int(epoch.rows[row]) * self.length - self.lead
        end = min(begin + len(tokens_S), int(epoch.ends[-1]))
        tokens_S[: max(-begin, 0)] = END_OF_TEXT
        at = max(begin, 0)
        place = int(np.searchsorted(epoch.ends, at, side="right"))
        while at < end:
            number, stop = int(epoch.order[place]), int(epoch.ends[place])
            length = int(self.shards.lengths[number])
            offset = at - (stop - length - 1)
            upto = min(stop, end)
            text = self.shards.document(number, offset, min(length, offset + upto - at)) if offset < length else None
            here = at - begin
            if text is not None:
                tokens_S[here : here + len(text)] = text
            if upto == stop:
                tokens_S[upto - begin - 1] = END_OF_TEXT
            documents_S[here : upto - begin] = number
            at, place = upto, place + 1


def permutation(size: int, *key: int) -> NDArray[np.int64]:
    """A permutation of 0..size − 1 that depends on `key` alone, whatever the version of NumPy.

    Sorts by SplitMix64 of (key, index) (Steele, Lea and Flood 2014).
    """
    state = np.zeros(1, np.uint64)
    for part in key:
        state = _mix(state ^ np.uint64(part))
    with np.errstate(over="ignore"):
        draws = _mix(state + np.arange(size, dtype=np.uint64) * _GOLDEN)
    return np.argsort(draws, kind="stable")


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        x = x + _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
