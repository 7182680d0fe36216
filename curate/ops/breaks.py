"""Lines as Python's `str.splitlines` has them, which C4's programs and datatrove's Gopher filter read.

A line ends at a line feed, a carriage return or both, a vertical tab, a form feed, U+001C to U+001E, U+0085, U+2028
or U+2029. What follows the last break is a line only if there is something.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.kernel import IN_I32, IN_I64, IN_U8, IN_U16, OUT_I64_2D, VOID, i64, inline, kernel
from curate.ops.text import DOT, ELLIPSIS, first_visible, last_visible
from curate.ops.unicode import decode

Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]


class BrokenLines(NamedTuple):
    """Lines per text (int64), blank ones among them: all, those that begin with a bullet, that end in an ellipsis."""

    total: Counts
    bullets: Counts
    ellipses: Counts


@inline
def _break(data: Bytes, at: int, end: int) -> int:
    """How many bytes of a line break start at byte `at`; 0 if none does."""
    byte = data[at]
    if byte == 0x0D and at + 1 < end and data[at + 1] == 0x0A:
        return i64(2)
    if 0x0A <= byte <= 0x0D or 0x1C <= byte <= 0x1E:
        return i64(1)
    if byte == 0xC2 and at + 1 < end and data[at + 1] == 0x85:
        return i64(2)
    separator = byte == 0xE2 and at + 2 < end and data[at + 1] == 0x80
    return i64(3) if separator and 0xA8 <= data[at + 2] <= 0xA9 else i64(0)


@inline
def _controls(data: Bytes, at: int) -> np.uint64:
    """The ASCII characters of a window that end lines."""
    return windows.among(data, at, 0x0A, 0x0D) | windows.among(data, at, 0x1C, 0x1E)


@inline
def line_break(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """Where the line that starts at byte `at` ends, and where the next one starts."""
    while at < end:
        if at + windows.SIZE <= len(data):
            # What begins no break: all but the bytes below, whose test in `_break` is the exact one.
            longer = windows.among(data, at, 0xC2, 0xC2) | windows.among(data, at, 0xE2, 0xE2)
            at = min(at + windows.lowest(_controls(data, at) | longer), end)
            if at == end:
                break
        size = _break(data, at, end)
        if size > 0:
            return at, at + size
        at += 1
    return end, end


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_I64, OUT_I64_2D)
def _broken_lines(
    offsets: NDArray[np.int32], data: Bytes, classes: NDArray[np.uint16], bullets: Counts, out: Counts
) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            start = at
            stop, at = line_break(data, at, end)
            out[0, row] += 1
            start = first_visible(data, start, stop, classes)
            last, visible = last_visible(data, start, stop, classes)
            if last < 0:
                continue
            first, _ = decode(data, start, stop)
            for i in range(len(bullets)):
                out[1, row] += first == bullets[i]
            dotted = visible - start >= 3 and last == DOT and data[visible - 2] == DOT and data[visible - 3] == DOT
            out[2, row] += dotted or last == ELLIPSIS


def broken_lines(offsets: NDArray[np.int32], data: Bytes, bullets: str) -> BrokenLines:
    """Lines, by how they begin and end, white space aside; `bullets` are distinct characters."""
    out = np.zeros((len(BrokenLines._fields), len(offsets) - 1), np.int64)
    _broken_lines(offsets, data, unicode.classes(), np.array([ord(bullet) for bullet in bullets], np.int64), out)
    return BrokenLines(*out)
