"""How an epoch's documents are laid into rows, as pieces: concatenated and cut, or fitted whole.

A document of n tokens counts n + 1, its end-of-text among them; a piece is a range of these.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


class Piece(NamedTuple):
    """Tokens `start` to `stop` of a document, the one at its length being the end-of-text."""

    document: int
    start: int
    stop: int


class Layout(Protocol):
    """The rows of an epoch."""

    @property
    def count(self) -> int:
        """Rows."""

    def pieces(self, row: int, lead: int) -> tuple[int, Iterator[Piece]]:
        """What a row holds behind a lead; and how many tokens of the lead stand before any text."""


class Concatenated:
    """All documents in order as one stream, cut at equal distances."""

    def __init__(self, lengths_D: Ints, order_D: Ints, size: int) -> None:
        self._order, self._size = order_D, size
        self._sizes = lengths_D[order_D] + 1
        self._ends = np.cumsum(self._sizes)

    @property
    def count(self) -> int:
        """See `Layout`."""
        return -(-int(self._ends[-1]) // self._size)

    def pieces(self, row: int, lead: int) -> tuple[int, Iterator[Piece]]:
        """See `Layout`."""
        begin = row * self._size - lead
        return max(-begin, 0), self._between(max(begin, 0), min(begin + lead + self._size, int(self._ends[-1])))

    def _between(self, at: int, end: int) -> Iterator[Piece]:
        place = int(np.searchsorted(self._ends, at, side="right"))
        while at < end:
            stop = int(self._ends[place])
            first = stop - int(self._sizes[place])
            yield Piece(int(self._order[place]), at - first, min(stop, end) - first)
            at, place = stop, place + 1


class BestFit:
    """Documents whole where they fit: each goes, the longest first, to the fullest row that has room for it.

    Best-fit decreasing, as in OLMo-core and in Ding et al. 2024 (https://arxiv.org/abs/2404.10830). What a document has
    beyond a row fills rows of its own; only the rest of it is fitted. The number of rows does not depend on the order.
    """

    def __init__(self, lengths_D: Ints, order_D: Ints, size: int) -> None:
        sizes = lengths_D[order_D] + 1
        full, rests = sizes // size, sizes % size
        rows = _fitted(rests, size)
        whole = np.repeat(np.arange(len(sizes)), full)
        nth = np.arange(len(whole)) - np.repeat(np.cumsum(full) - full, full)
        left = np.flatnonzero(rests)
        place = np.concatenate([whole, left])
        start = np.concatenate([nth * size, (full * size)[left]])
        row = np.concatenate([np.arange(len(whole)), rows[left] + len(whole)])
        sort = np.argsort(row, kind="stable")
        self._document, self._start = order_D[place][sort], start[sort]
        self._stop = np.minimum(self._start + size, sizes[place][sort])
        self._bounds = np.flatnonzero(np.diff(row[sort], prepend=-1, append=len(place) + len(row)))

    @property
    def count(self) -> int:
        """See `Layout`."""
        return len(self._bounds) - 1

    def pieces(self, row: int, lead: int) -> tuple[int, Iterator[Piece]]:
        """See `Layout`; a row that begins inside a document has its lead from there."""
        first, last = int(self._bounds[row]), int(self._bounds[row + 1])
        held = min(lead, int(self._start[first]))
        return lead - held, self._from(first, last, held)

    def _from(self, first: int, last: int, held: int) -> Iterator[Piece]:
        for i in range(first, last):
            start = int(self._start[i]) - (held if i == first else 0)
            yield Piece(int(self._document[i]), start, int(self._stop[i]))


def _fitted(rests_D: Ints, size: int) -> Ints:
    """(D,) the row of each rest, 0 ≤ rest < size; rests of 0 need none.

    Rows with room are kept by how much; which rooms there are, as the bits of one number, whose lowest bit from the
    rest on is the best fit.
    """
    rows = np.zeros(len(rests_D), np.int64)
    open_rows: list[list[int]] = [[] for _ in range(size + 1)]
    rooms = count = 0
    order = np.argsort(-rests_D, kind="stable")
    for i, rest in zip(order.tolist(), rests_D[order].tolist(), strict=True):
        if not rest:
            break
        fitting = rooms >> rest
        room = rest + (fitting & -fitting).bit_length() - 1 if fitting else size
        row = open_rows[room].pop() if fitting else count
        count += not fitting
        if fitting and not open_rows[room]:
            rooms &= ~(1 << room)
        if room > rest:
            open_rows[room - rest].append(row)
            rooms |= 1 << (room - rest)
        rows[i] = row
    return rows
