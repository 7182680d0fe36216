"""Where the first characters of texts end, and which of some lengths texts reach, without reading all of them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from curate.ops import windows
from curate.ops.kernel import I64, IN_I32, IN_I64, IN_U8, OUT_I32, VOID, i64, inline, kernel


def beginnings(
    begins: NDArray[np.int32], ends: NDArray[np.int32], data: NDArray[np.uint8], characters: int
) -> NDArray[np.int32]:
    """The byte behind the first so many characters of each text `data[begins[i]:ends[i]]`, or behind its last."""
    stops = np.empty(len(begins), np.int32)
    _beginnings(begins, ends, data, characters, stops)
    return stops


def reached(offsets: NDArray[np.int32], data: NDArray[np.uint8], lengths: Sequence[int]) -> NDArray[np.int32]:
    """How many of the ascending `lengths` each text has at least as many characters as."""
    found = np.empty(len(offsets) - 1, np.int32)
    _reached(offsets, data, np.array(lengths, np.int64), found)
    return found


@inline
def _firsts(data: NDArray[np.uint8], at: int) -> np.uint64:
    """The bytes of the window that begin a character."""
    return ~windows.among(data, at, 0x80, 0xBF)


@inline
def _behind(data: NDArray[np.uint8], at: int, end: int, characters: int) -> tuple[int, int]:
    """The byte behind so many characters, `end` where there are fewer; and how many are missing."""
    while at + windows.SIZE <= end:
        count = windows.ones(_firsts(data, at))
        if count > characters:
            break
        characters -= count
        at += windows.SIZE
    while at < end:
        characters -= data[at] & 0xC0 != 0x80
        if characters < 0:
            return at, i64(0)
        at += 1
    return end, characters


@kernel(VOID, IN_I32, IN_I32, IN_U8, I64, OUT_I32)
def _beginnings(
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    data: NDArray[np.uint8],
    characters: int,
    stops: NDArray[np.int32],
) -> None:
    for row in range(len(stops)):
        stops[row], _ = _behind(data, i64(begins[row]), i64(ends[row]), characters)


@kernel(VOID, IN_I32, IN_U8, IN_I64, OUT_I32)
def _reached(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], lengths: NDArray[np.int64], found: NDArray[np.int32]
) -> None:
    for row in range(len(found)):
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        most = len(lengths)
        while most > 0 and lengths[most - 1] > end - begin:
            most -= 1
        if most > 0:  # it has no more characters than bytes: the longest that it may reach is the one to ask for
            _, missing = _behind(data, begin, end, i64(lengths[most - 1]))
            count = lengths[most - 1] - missing
            while most > 0 and lengths[most - 1] > count:
                most -= 1
        found[row] = most
