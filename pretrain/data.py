"""Documents → rows, in an order that is a function of (seed, epoch).

An epoch's *stream* is every document once, permuted by (seed, epoch), an end-of-text after each:

    stream     a a a E b b E c c c c c E          (E = end-of-text)
    rows       |a a a E|b b E c|c c c c|E . . .|  (row length 4; the last row is padded)

Rows are permuted too, so that a long document does not fill a batch. Each row carries a *lead*, the token before
it, from which a causal model predicts its first; before the stream stands an E. So every token of every document
is a target exactly once an epoch, and nothing is cropped. (`pretrain.layouts` has another way to make rows, which
keeps documents whole where they fit, and pads.)

Row number n of a run belongs to epoch n // rows-per-epoch. That number is the whole state of the loader: rows
can be asked for in any order, by any number of workers.
"""

from functools import cached_property, lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from pretrain.draws import Keys, key, keyed, permutation
from pretrain.errors import DataError
from pretrain.layouts import BestFit, Concatenated, Layout
from pretrain.tokens import END_OF_TEXT, PAD

__all__ = ["Packing", "Rows", "permutation"]


class Documents(Protocol):
    """What rows are cut from: `pretrain.shards.Shards`, or documents in memory."""

    lengths: NDArray[np.int64]
    """(D,) tokens of each document."""

    @property
    def split(self) -> str:
        """A name, for errors."""

    def __len__(self) -> int: ...

    def document(self, number: int, start: int = 0, stop: int | None = None) -> NDArray[Any]:
        """Tokens `start:stop` of a document."""


class Rows(NamedTuple):
    """B rows of S = lead + length tokens."""

    tokens: NDArray[np.int64]
    """(B, S)"""
    documents: NDArray[np.int64]
    """(B, S) each token's document, an end-of-text to the one it ends; −1 for padding and before the stream."""
    keys: Keys
    """(B,) from (seed, epoch, row of the stream): what an objective draws by."""


class _Epoch(NamedTuple):
    layout: Layout
    rows: NDArray[np.int64]
    """Row of the layout for each row of the epoch."""
    keys: Keys
    """One for each of `rows`."""


class Packing:
    """Rows of `length` tokens from a split; see the module's text.

    `seed` None keeps the stored order of documents and rows (evaluation); `documents` takes only so many from the
    start. Raises `DataError` where there is no document.
    """

    def __init__(
        self,
        shards: Documents,
        length: int,
        seed: int | None,
        *,
        lead: int = 1,
        documents: int | None = None,
        layout: type[Concatenated] | type[BestFit] = Concatenated,
    ) -> None:
        self.shards, self.length, self.seed, self.lead = shards, length, seed, lead
        self._lengths, self._layout = shards.lengths[:documents], layout
        if not len(self._lengths):
            raise DataError(f"the {shards.split} split holds no documents")
        self._epoch = lru_cache(maxsize=4)(self._lay)

    @property
    def tokens_per_epoch(self) -> int:
        """Text tokens and one end-of-text a document."""
        return int(self._lengths.sum()) + len(self._lengths)

    @cached_property
    def rows_per_epoch(self) -> int:
        """Rows that an epoch fills, in any order of its documents; some perhaps in part."""
        return self._epoch(0).layout.count

    def rows(self, first: int, count: int) -> Rows:
        """Rows `first` to `first + count` of the run."""
        size = self.lead + self.length
        tokens = np.full((count, size), PAD, np.int64)
        documents = np.full((count, size), -1, np.int64)
        keys = np.zeros(count, np.uint64)
        for i in range(count):
            number, place = divmod(first + i, self.rows_per_epoch)
            epoch = self._epoch(number)
            self._fill(epoch.layout, int(epoch.rows[place]), tokens[i], documents[i])
            keys[i] = epoch.keys[place]
        return Rows(tokens, documents, keys)

    def seen(self, rows: Rows) -> int:
        """Tokens of the corpus in rows, leads and padding aside."""
        return int((rows.documents[:, self.lead :] >= 0).sum())

    def _lay(self, epoch: int) -> _Epoch:
        shuffled = self.seed is not None
        seed = self.seed or 0
        order = permutation(len(self._lengths), seed, epoch, 0) if shuffled else np.arange(len(self._lengths))
        layout = self._layout(self._lengths, order, self.length)
        rows = permutation(layout.count, seed, epoch, 1) if shuffled else np.arange(layout.count)
        return _Epoch(layout, rows, keyed(key(seed, epoch, 2), rows))

    def _fill(self, layout: Layout, row: int, tokens_S: NDArray[np.int64], documents_S: NDArray[np.int64]) -> None:
        """Copy one row, piece by piece."""
        at, pieces = layout.pieces(row, self.lead)
        tokens_S[:at] = END_OF_TEXT
        for number, start, stop in pieces:
            length = int(self.shards.lengths[number])
            end = at + stop - start
            if start < length:
                text = self.shards.document(number, start, min(length, stop))
                tokens_S[at : at + len(text)] = text
            if stop > length:
                tokens_S[end - 1] = END_OF_TEXT
            documents_S[at:end] = number
            at = end
