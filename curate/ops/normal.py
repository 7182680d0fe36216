"""Normalised text, which deduplication compares: what two copies of a text have in common.

Every code point is folded (compatibility decomposition, case folding, typographic quotes and dashes
in ASCII form, controls as spaces, invisible characters removed: see `unicode.py`), and words are separated by one
space. By choice punctuation and symbols separate words and vanish, so that words are runs of
letters, digits and combining marks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U16, IN_U32, OUT_I32, OUT_U8, i64, inline, kernel
from curate.ops.unicode import NOTHING, PUNCTUATION, SPACE, SYMBOL, decode

LONGEST = 96
"""Bytes that one code point can fold to, with room to spare (U+FDFA folds to 18 code points, 33 bytes)."""

LARGEST = (1 << 31) - 1
"""Bytes of normalised text that offsets can address."""


@inline
def encode(code: int, out: NDArray[np.uint8], at: int) -> int:
    """Write a code point as UTF-8 at byte `at`; where the next one goes."""
    if code < 0x80:
        out[at] = code
        return at + 1
    if code < 0x800:
        out[at] = 0xC0 | code >> 6
        out[at + 1] = 0x80 | (code & 0x3F)
        return at + 2
    if code < 0x10000:
        out[at] = 0xE0 | code >> 12
        out[at + 1] = 0x80 | (code >> 6 & 0x3F)
        out[at + 2] = 0x80 | (code & 0x3F)
        return at + 3
    out[at] = 0xF0 | code >> 18
    out[at + 1] = 0x80 | (code >> 12 & 0x3F)
    out[at + 2] = 0x80 | (code >> 6 & 0x3F)
    out[at + 3] = 0x80 | (code & 0x3F)
    return at + 4


@inline
def put(code: int, gaps: int, classes: NDArray[np.uint16], out: NDArray[np.uint8], at: int, start: int) -> int:
    """Append a folded code point; a gap becomes one space, unless one is there or nothing is before it."""
    if i64(classes[code]) & gaps:
        if at > start and out[at - 1] != 0x20:
            out[at] = 0x20
            return at + 1
        return at
    return encode(code, out, at)


@inline
def _fold_row(
    data: NDArray[np.uint8],
    begin: int,
    end: int,
    classes: NDArray[np.uint16],
    table: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    plain: NDArray[np.uint8],
    gaps: int,
    out: NDArray[np.uint8],
    start: int,
) -> int:
    """Write the normal form of one text from byte `start` of `out`; where it ends, or −1 where `out` is too small.

    ASCII takes a path without branches: every byte is written, and the place moves on if it is to stay.
    """
    at, room, spaced = start, len(out) - LONGEST, True
    while begin < end:
        if at > room:
            return i64(-1)
        # Unsigned places need no look at whether they count from the end; a byte gives a byte at most.
        place, last, to = np.uint64(begin), np.uint64(min(end, begin + room - at + 1)), np.uint64(at)
        while place < last and data[place] < 0x80:
            byte = plain[data[place]]
            out[to] = byte
            space = byte == 0x20
            to += np.uint64(not (space & spaced))
            spaced = space
            place += np.uint64(1)
        begin, at = i64(place), i64(to)
        if begin == end or data[begin] < 0x80:
            continue
        code, begin = decode(data, begin, end)
        folded = i64(table[code])
        if folded < NOTHING:
            at = put(folded, gaps, classes, out, at, start)
        elif folded != NOTHING:
            first = (folded & NOTHING) >> 5
            for i in range(first, first + (folded & 31)):
                at = put(i64(expansions[i]), gaps, classes, out, at, start)
        spaced = at == start or out[at - 1] == 0x20
    return at - 1 if at > start and out[at - 1] == 0x20 else at


@kernel(I64, IN_I32, IN_U8, IN_U16, IN_U32, IN_U32, IN_U8, I64, I64, OUT_I32, OUT_U8)
def _normalise(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    table: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    plain: NDArray[np.uint8],
    gaps: int,
    row: int,
    out_offsets: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> int:
    """Fill `out` from `row` on; the row at which it was full."""
    while row < len(offsets) - 1:
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        at = _fold_row(data, begin, end, classes, table, expansions, plain, gaps, out, i64(out_offsets[row]))
        if at < 0:
            break
        row += 1
        out_offsets[row] = at
    return row


class Normal(NamedTuple):
    """Normalised texts, in the form in which kernels take texts."""

    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]


def normalise(offsets: NDArray[np.int32], data: NDArray[np.uint8], *, punctuation: bool) -> Normal:
    """The normal form of every text, with its punctuation and symbols or with gaps in their place."""
    table, expansions = unicode.folds()
    gaps = SPACE if punctuation else SPACE | PUNCTUATION | SYMBOL
    plain = table[:0x80].astype(np.uint8)  # no ASCII character folds to nothing or to several
    plain[(unicode.classes()[plain] & gaps) != 0] = 0x20
    rows = len(offsets) - 1
    size = int(offsets[-1]) - int(offsets[0])
    made, out = np.zeros(rows + 1, np.int32), np.empty(size + size // 4 + 2 * LONGEST, np.uint8)
    row = 0
    while True:
        row = _normalise(offsets, data, unicode.classes(), table, expansions, plain, gaps, row, made, out)
        if row == rows:
            return Normal(made, out[: made[-1]])
        if len(out) > LARGEST // 2:
            raise OverflowError(f"{size} bytes of text are more than can be normalised at once")
        grown = np.empty(2 * len(out), np.uint8)
        grown[: made[row]] = out[: made[row]]
        out = grown
