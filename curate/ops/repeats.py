"""How much of a text repeats earlier lines or paragraphs of the same text.

A line ends at a line feed; a paragraph ends at two or more of them, white space at both ends of the
text aside. Lines and paragraphs of white space alone do not count, or by choice do as datatrove counts them: line
feeds in a row end one line, so that none is empty but before the first and behind the last. The first occurrence is no
repetition. Source: Rae et al. 2021 (Gopher), https://arxiv.org/abs/2112.11446, appendix A.1.1.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import text, unicode
from curate.ops.hashing import xxh64
from curate.ops.kernel import (
    BOOL,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    OUT_I32,
    OUT_I64_2D,
    OUT_U64,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.tables import capacity, find, fitting
from curate.ops.text import NEWLINE, first_visible, last_visible, length, line_end

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]


class Repeats(NamedTuple):
    """Per text (int64): lines or paragraphs in all, those that occurred before, and the length of the latter."""

    total: Counts
    repeated: Counts
    characters: Counts


@inline
def _paragraph_end(data: Bytes, at: int, end: int) -> int:
    """Where the paragraph that starts at `at` ends: at two line feeds, or at `end`."""
    at = line_end(data, at, end)
    while at + 1 < end and data[at + 1] != NEWLINE:
        at = line_end(data, at + 1, end)
    return at


@inline
def _visit(
    data: Bytes,
    start: int,
    end: int,
    keys: NDArray[np.uint64],
    used: NDArray[np.int32],
    size: int,
    row: int,
    out: Counts,
) -> None:
    """Count one line or paragraph, as new or as repeated."""
    key = xxh64(data, start, end, np.uint64(0))
    slot = find(keys, used, size, key)
    out[0, row] += 1
    if used[slot] != 0:
        out[1, row] += 1
        out[2, row] += length(data, start, end)
    else:
        keys[slot], used[slot] = key, 1


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_I64, BOOL, BOOL, OUT_U64, OUT_I32, OUT_I64_2D)
def _repeats(
    offsets: Offsets,
    data: Bytes,
    classes: NDArray[np.uint16],
    lines: Counts,
    paragraphs: bool,
    blank: bool,
    keys: NDArray[np.uint64],
    used: NDArray[np.int32],
    out: Counts,
) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        size = fitting(lines[row])
        used[:size] = 0
        if paragraphs:
            at = first_visible(data, at, end, classes)
            _, end = last_visible(data, at, end, classes)
        if blank and (at == end or data[at] == NEWLINE):
            _visit(data, at, at, keys, used, size, row, out)
        while at < end:
            stop = _paragraph_end(data, at, end) if paragraphs else line_end(data, at, end)
            if last_visible(data, at, stop, classes)[0] >= 0 or (blank and stop > at):
                _visit(data, at, stop, keys, used, size, row, out)
            if blank and stop + 1 == end:
                _visit(data, end, end, keys, used, size, row, out)
            at = stop + 1
            while paragraphs and at < end and data[at] == NEWLINE:
                at += 1


def repeats(offsets: Offsets, data: Bytes, *, paragraphs: bool, blank: bool = False) -> Repeats:
    """Repeated lines, or repeated paragraphs, with those of white space alone or without."""
    lines = text.count_byte(offsets, data, NEWLINE) + 2  # at most, blank ones and all
    slots = capacity(int(lines.max(initial=0)))
    out = np.zeros((len(Repeats._fields), len(offsets) - 1), np.int64)
    keys, used = np.empty(slots, np.uint64), np.empty(slots, np.int32)
    _repeats(offsets, data, unicode.classes(), lines, paragraphs, blank, keys, used, out)
    return Repeats(*out)
