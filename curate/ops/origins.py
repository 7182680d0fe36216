"""Normalised text with the place where each of its bytes comes from, so that what is found there can be cut here."""

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    IN_U32,
    OUT_I32,
    OUT_I64,
    OUT_U8,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.normal import LONGEST, Normal, put
from curate.ops.spans import Spans
from curate.ops.text import NEWLINE, first_visible, last_visible
from curate.ops.unicode import NOTHING, SPACE, decode
from curate.ops.winnowing import Ranges


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_U32, IN_U32, IN_I32, OUT_U8, OUT_I32)
def _origins(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    table: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    folded: NDArray[np.int32],
    out: NDArray[np.uint8],
    origins: NDArray[np.int32],
) -> None:
    for row in range(len(offsets) - 1):
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        start = at = i64(folded[row])
        while begin < end:
            code, after = decode(data, begin, end)
            value, before = i64(table[code]), at
            if value < NOTHING:
                at = put(value, SPACE, classes, out, at, start)
            elif value != NOTHING:
                first = (value & NOTHING) >> 5
                for i in range(first, first + (value & 31)):
                    at = put(i64(expansions[i]), SPACE, classes, out, at, start)
            origins[before:at] = begin - i64(offsets[row])
            begin = after


def origins(offsets: NDArray[np.int32], data: NDArray[np.uint8], normal: Normal) -> NDArray[np.int32]:
    """For each byte of normal forms the byte of its text, from the text's beginning, at which its code point starts.

    `normal` is what `normalise` gives with punctuation.
    """
    table, expansions = unicode.folds()
    # A text may have one space more at its end, which the next text writes over.
    scratch, found = np.empty(len(normal.data) + LONGEST, np.uint8), np.empty(len(normal.data) + LONGEST, np.int32)
    _origins(offsets, data, unicode.classes(), table, expansions, normal.offsets, scratch, found)
    return found[: len(normal.data)]


@inline
def _feeds(data: NDArray[np.uint8], start: int, stop: int) -> int:
    count = i64(0)
    for at in range(start, stop):
        count += data[at] == NEWLINE
    return count


@inline
def _with_gap(
    data: NDArray[np.uint8], base: int, end: int, start: int, stop: int, classes: NDArray[np.uint16]
) -> tuple[int, int]:
    """The span with the white space on that side which has fewer line feeds; at the end of a text on both sides."""
    _, left = last_visible(data, base, start, classes)
    right = first_visible(data, stop, end, classes)
    if right == end:
        return left, end
    if left > base and (start == left or right == stop):
        return start, stop
    if left > base and _feeds(data, stop, right) > _feeds(data, left, start):
        return left, stop
    return (start if left > base else base), right


@inline
def _parted(origins: NDArray[np.int32], at: int, begin: int, end: int) -> bool:
    """Whether what stands before and behind byte `at` of a normal form comes from one code point."""
    return begin < at < end and origins[at - 1] == origins[at]


@kernel(I64, IN_I32, IN_U8, IN_U16, IN_I32, IN_I32, IN_I64, IN_I64, IN_I64, IN_I64, IN_I64, IN_I64, I64, OUT_I64, OUT_I64, OUT_I64)  # fmt: skip  # noqa: E501
def _located(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    folded: NDArray[np.int32],
    origins: NDArray[np.int32],
    word_rows: NDArray[np.int64],
    word_starts: NDArray[np.int64],
    word_stops: NDArray[np.int64],
    rows: NDArray[np.int64],
    firsts: NDArray[np.int64],
    lasts: NDArray[np.int64],
    gaps: int,
    out_rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> int:
    count = i64(0)
    for row in range(len(rows) - 1):
        base, end = i64(offsets[row]), i64(offsets[row + 1])
        for i in range(rows[row], rows[row + 1]):
            head, tail = word_rows[row] + firsts[i], word_rows[row] + lasts[i]
            # Words that begin or end inside a code point of several (U+FDFA) cannot be parted from its others.
            while head < tail and _parted(origins, word_starts[head], folded[row], folded[row + 1]):
                head += 1
            while head < tail and _parted(origins, word_stops[tail - 1], folded[row], folded[row + 1]):
                tail -= 1
            if head == tail:
                continue
            last = word_stops[tail - 1]
            start = base + i64(origins[word_starts[head]])
            stop = base + i64(origins[last]) if last < folded[row + 1] else end
            if gaps:
                start, stop = _with_gap(data, base, end, start, stop, classes)
            if start < stop:
                starts[count], stops[count] = start - base, stop - base
                count += 1
        out_rows[row + 1] = count
    return count


def located(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    normal: Normal,
    words: Ranges,
    runs: Ranges,
    *,
    gaps: bool,
) -> Spans:
    """Runs of words of normal forms as spans of the texts.

    Words that share a code point with what is outside stay outside. With `gaps` the white space on one side goes along,
    the one with fewer line feeds, so that a gap is left between what stands before and behind.
    """
    rows = np.zeros(len(offsets), np.int64)
    starts, stops = np.empty(len(runs.starts), np.int64), np.empty(len(runs.starts), np.int64)
    found = origins(offsets, data, normal)
    count = _located(
        offsets, data, unicode.classes(), normal.offsets, found, *words, *runs, int(gaps), rows, starts, stops
    )
    return Spans(rows, starts[:count], stops[:count])
