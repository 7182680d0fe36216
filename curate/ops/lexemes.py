"""Words and marks of sentences, in the form in which statements about people are read.

A word is a run of code points that are no white space, punctuation or symbol; every mark stands alone. Words are
compared by hashes of their folded code points (compatibility decomposition, case, zero-width characters gone), and
so are their first four and five, which for most languages of endings stand in for a stem.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.hashing import PRIME_1, PRIME_2
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_U8,
    IN_U16,
    IN_U32,
    OUT_I32,
    OUT_I32_2D,
    OUT_U8,
    OUT_U64_2D,
    i64,
    inline,
    kernel,
)

WORD, SHORT_STEM, LONG_STEM = 0, 1, 2
"""Rows of `Lexemes.hashes`; a stem is 0 where the word has no letters beyond it, and for marks."""


class Lexemes(NamedTuple):
    """Lexeme i of text r stands at `first[r] + i`."""

    first: NDArray[np.int32]
    """(texts + 1,)"""
    starts: NDArray[np.int32]
    """Byte within the text."""
    stops: NDArray[np.int32]
    hashes: NDArray[np.uint64]
    """(3, lexemes), see `WORD`."""
    marks: NDArray[np.bool_]
    """Which are no words."""


def split(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> Lexemes:
    """The lexemes of every text, in order."""
    room = max(256, int(offsets[-1] - offsets[0]) // 4)
    folds = unicode.folds()
    while True:
        first, spans = np.zeros(len(offsets), np.int32), np.empty((2, room), np.int32)
        hashes, marks = np.zeros((3, room), np.uint64), np.zeros(room, np.uint8)
        size = _split(offsets, data, unicode.classes(), folds.table, folds.expansions, first, spans, hashes, marks)
        if size <= room:
            return Lexemes(first, spans[0, :size], spans[1, :size], hashes[:, :size], marks[:size].view(np.bool_))
        room = size


@inline
def _mixed(value: np.uint64, code: int) -> np.uint64:
    value = (value + np.uint64(code) + np.uint64(1)) * PRIME_1
    return value ^ (value >> np.uint64(29)) * PRIME_2


@inline
def _put(value: np.uint64, folded: int, expansions: NDArray[np.uint32]) -> np.uint64:
    """The hash with what a code point folds to."""
    if folded == unicode.NOTHING:
        return value
    if not folded & unicode.SEVERAL:
        return _mixed(value, folded)
    at = (folded & 0x7FFFFFFF) >> 5
    for k in range(at, at + (folded & 31)):
        value = _mixed(value, i64(expansions[k]))
    return value


@kernel(I64, IN_I32, IN_U8, IN_U16, IN_U32, IN_U32, OUT_I32, OUT_I32_2D, OUT_U64_2D, OUT_U8)
def _split(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    table: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    first: NDArray[np.int32],
    spans: NDArray[np.int32],
    hashes: NDArray[np.uint64],
    marks: NDArray[np.uint8],
) -> int:
    """Fill the outputs as far as they have room; the number of all lexemes."""
    size, room = i64(0), spans.shape[1]
    for row in range(len(offsets) - 1):
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        at = begin
        while at < end:
            start, value, letters = at, np.uint64(0), i64(0)
            short, long = np.uint64(0), np.uint64(0)
            mark = False
            while at < end and not mark:
                code, after = unicode.decode(data, at, end)
                bits, folded = i64(classes[code]), i64(table[code])
                apart = bits & (unicode.PUNCTUATION | unicode.SYMBOL)
                if bits & unicode.SPACE or folded == 0x20 or (apart and letters):
                    break
                if not bits & unicode.JOINER:
                    short = value if letters == 4 else short
                    long = value if letters == 5 else long
                    letters += 1
                value = _put(value, folded, expansions)
                at, mark = after, apart != 0
            if at == start:
                _, at = unicode.decode(data, at, end)
                continue
            if size < room:
                spans[0, size], spans[1, size] = start - begin, at - begin
                hashes[WORD, size], hashes[SHORT_STEM, size], hashes[LONG_STEM, size] = value, short, long
                marks[size] = mark
            size += 1
        first[row + 1] = size
    return size
