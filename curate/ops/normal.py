"""Normalised text, which deduplication compares: what two copies of a text have in common.

Every code point is folded (compatibility decomposition, case folding, typographic quotes and dashes
in ASCII form, controls as spaces, invisible characters removed: see `unicode.py`), and words are separated by one
space. By choice punctuation and symbols separate words and vanish, so that words are runs of
letters, digits and combining marks.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U16, IN_U32, OUT_I32, OUT_U8, i64, inline, kernel
from curate.ops.unicode import NOTHING, PUNCTUATION, SPACE, SYMBOL, decode

LONGEST = 96
"""Bytes that one code point can fold to, with room to spare (U+FDFA folds to 18 code points, 33 bytes).

And no less than a window, which is written whole.
"""

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


LEAST = 12
"""ASCII bytes from which on they are worth a window."""


@inline
def _fold_ascii(
    data: NDArray[np.uint8],
    begin: int,
    last: int,
    window: NDArray[np.uint8],
    out: NDArray[np.uint8],
    at: int,
    spaced: bool,
) -> tuple[int, int, bool]:
    """Fold windows of ASCII up to byte `last`, punctuation to gaps: how far that went, and the place in `out`.

    `spaced` says whether a space is there already, before and behind. `out` has room for a window more.
    """
    while begin < last and begin + windows.SIZE <= len(data):
        size = min(windows.lowest(windows.among(data, begin, 0x80, 0xFF)), last - begin)
        if size < LEAST:
            break
        spaces = windows.plain(data, begin, window) & windows.below(size)
        # Of spaces that follow each other the first stays: what lies between two that go is copied in one piece.
        gone = spaces & ((spaces << windows.ONE) | np.uint64(spaced))
        done = i64(0)
        while gone:
            place = windows.lowest(gone)
            windows.copied(window, done, out, at)
            at, done = at + place - done, place + 1
            gone &= gone - windows.ONE
        windows.copied(window, done, out, at)
        at += size - done
        spaced = (spaces >> np.uint64(size - 1)) & windows.ONE != 0
        begin += size
    return begin, at, spaced


@inline
def _fold_pairs(
    data: NDArray[np.uint8],
    begin: int,
    last: int,
    classes: NDArray[np.uint16],
    table: NDArray[np.uint32],
    gaps: int,
    out: NDArray[np.uint8],
    at: int,
) -> tuple[int, int]:
    """Fold letters of two bytes to such letters, up to the first that is none: how far that went, and the place."""
    place, to = np.uint64(begin), np.uint64(at)
    while i64(place) + 1 < last and 0xC2 <= data[place] <= 0xDF:
        folded = i64(table[(i64(data[place]) & 0x1F) << 6 | (i64(data[place + np.uint64(1)]) & 0x3F)])
        if folded < 0x80 or folded >= 0x800 or i64(classes[folded]) & gaps:
            break
        out[to] = 0xC0 | folded >> 6
        out[to + np.uint64(1)] = 0x80 | (folded & 0x3F)
        place, to = place + np.uint64(2), to + np.uint64(2)
    return i64(place), i64(to)


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
    window: NDArray[np.uint8],
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
        if gaps & PUNCTUATION and data[begin] < 0x80:
            begin, at, spaced = _fold_ascii(data, begin, min(end, begin + room - at), window, out, at, spaced)
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
        before = begin
        begin, at = _fold_pairs(data, begin, min(end, begin + room - at), classes, table, gaps, out, at)
        if begin > before:
            spaced = False
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


@kernel(I64, IN_I32, IN_U8, IN_U16, IN_U32, IN_U32, IN_U8, I64, I64, OUT_U8, OUT_I32, OUT_U8)
def _normalise(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    table: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    plain: NDArray[np.uint8],
    gaps: int,
    row: int,
    window: NDArray[np.uint8],
    out_offsets: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> int:
    """Fill `out` from `row` on; the row at which it was full."""
    while row < len(offsets) - 1:
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        at = _fold_row(data, begin, end, classes, table, expansions, plain, gaps, window, out, i64(out_offsets[row]))
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
    row, window = 0, np.empty(2 * windows.SIZE, np.uint8)
    while True:
        row = _normalise(offsets, data, unicode.classes(), table, expansions, plain, gaps, row, window, made, out)
        if row == rows:
            return Normal(made, out[: made[-1]])
        if len(out) > LARGEST // 2:
            raise OverflowError(f"{size} bytes of text are more than can be normalised at once")
        grown = np.empty(2 * len(out), np.uint8)
        grown[: made[row]] = out[: made[row]]
        out = grown
