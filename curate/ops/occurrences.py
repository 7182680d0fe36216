"""Runs of equal keys: which members are repetitions, and bitmaps to remember them by."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import BOOL, I64, IN_I64, IN_U64, OUT_U8, VOID, i64, inline, kernel


@inline
def _first(
    rank: NDArray[np.uint64], tie: NDArray[np.uint64], document: NDArray[np.int64], start: int, stop: int
) -> int:
    """The member of the highest rank, then of the lowest tie, then of the first document."""
    best = start
    for i in range(start + 1, stop):
        if rank[i] != rank[best]:
            best = i if rank[i] > rank[best] else best
        elif tie[i] != tie[best]:
            best = i if tie[i] < tie[best] else best
        elif document[i] < document[best]:
            best = i
    return best


@inline
def _occurrences(document: NDArray[np.int64], start: int, stop: int, within: bool) -> int:
    if within:
        return stop - start
    count = i64(1)
    for i in range(start + 1, stop):
        count += document[i] != document[i - 1]
    return count


@kernel(VOID, IN_U64, IN_U64, IN_U64, IN_U64, IN_I64, IN_I64, I64, BOOL, BOOL, I64, OUT_U8)
def _repetitions(
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    rank: NDArray[np.uint64],
    tie: NDArray[np.uint64],
    document: NDArray[np.int64],
    place: NDArray[np.int64],
    count: int,
    within: bool,
    keep: bool,
    width: int,
    out: NDArray[np.uint8],
) -> None:
    start = 0
    while start < len(out):
        stop = start + 1
        while stop < len(out) and low[stop] == low[start] and high[stop] == high[start]:
            stop += 1
        if _occurrences(document, start, stop, within) >= count:
            out[start:stop] = 1
            if keep:
                best = _first(rank, tie, document, start, stop)
                last = best
                while last < stop and document[last] == document[best]:
                    if not within or place[last] < place[best] + width:
                        out[last] = 0
                    last += 1
        start = stop


def repetitions(
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    rank: NDArray[np.uint64],
    tie: NDArray[np.uint64],
    document: NDArray[np.int64],
    place: NDArray[np.int64],
    *,
    count: int,
    within: bool,
    keep: bool,
    width: int = 1,
) -> NDArray[np.bool_]:
    """Which members of runs of equal (`low`, `high`) are repetitions; in each run documents and places in them ascend.

    A run counts if it has at least `count` documents, or members where `within`. With `keep` the members of the
    first document (of the highest rank, then the lowest tie, then the lowest number) are no repetitions, and `within`
    it only the first of them, and what begins less than `width` places behind it.
    """
    out = np.zeros(len(low), np.uint8)
    _repetitions(low, high, rank, tie, document, place, count, within, keep, width, out)
    return out.view(np.bool_)


@kernel(VOID, OUT_U8, IN_I64)
def _set(bits: NDArray[np.uint8], places: NDArray[np.int64]) -> None:
    for i in range(len(places)):
        bits[places[i] >> 3] |= np.uint8(1 << (places[i] & 7))


class Bitmap:
    """A set of numbers below `size`, one bit each."""

    def __init__(self, size: int) -> None:
        self._bits: NDArray[np.uint8] = np.zeros((size + 7) // 8, np.uint8)

    def add(self, numbers: NDArray[np.int64]) -> None:
        """Take numbers in, in any order."""
        _set(self._bits, numbers)

    def between(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Which of the numbers from `start` to before `stop` are in the set."""
        first = start // 8
        bits = np.unpackbits(self._bits[first : (stop + 7) // 8], bitorder="little")
        return bits[start - 8 * first : stop - 8 * first].view(np.bool_)
