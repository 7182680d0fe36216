"""Where the sentences of a text stand: the pieces that models of short texts score.

A piece ends behind a full stop, question or exclamation mark that white space or the text's end follows, marks and
closing quotes between them aside; behind such a mark of a script without spaces (。！？) or of Devanagari or Arabic
(। ؟) whatever follows; and at a line feed. A full stop after a single letter of a script with
capitals (an initial, `U.S.`) ends none. What is
longer than so many bytes is cut, at its last white space where it has one, else between code points.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U16, i64, inline, kernel
from curate.ops.text import DOT, ELLIPSIS, NEWLINE
from curate.ops.unicode import JOINER, LETTER, LOWER, SPACE, TERMINAL, UPPER, decode

Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]

LONGEST = 400
"""Bytes of the longest piece where no other bound is given."""
CLOSING = tuple(map(ord, "\"')]}»”’」』】》〉）］｣"))
"""What may stand between a sentence's mark and its end."""


class Pieces(NamedTuple):
    """One entry a piece, in text order: its row, and its bytes within the row's text."""

    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    stops: NDArray[np.int32]


def spans(offsets: NDArray[np.int32], data: NDArray[np.uint8], longest: int = LONGEST) -> Pieces:
    """The pieces of every text; none is empty or longer than `longest` bytes.

    Together they hold everything but white space: none begins with any, none ends in a space, tab or carriage
    return. `longest` must be at least 4, the bytes of a code point.
    """
    if longest < 4:
        raise ValueError(f"longest: {longest} bytes cannot hold every code point")
    room = max(256, len(offsets) * 16)
    while True:
        found = np.empty((3, room), np.int32)
        size = _spans(offsets, data, longest, unicode.classes(), found)
        if size <= room:
            return Pieces(*found[:, :size])
        room = size


@inline
def _skip(data: Bytes, at: int, end: int, classes: Classes) -> int:
    """Past white space."""
    while at < end:
        code, after = decode(data, at, end)
        if not classes[code] & SPACE:
            break
        at = after
    return at


@inline
def _closed(data: Bytes, at: int, end: int, classes: Classes) -> tuple[int, bool]:
    """Where a run of marks and what closes it ends, and whether a sentence ends there without white space."""
    wide = False
    while at < end:
        code, after = decode(data, at, end)
        mark = (i64(classes[code]) & TERMINAL) != 0
        if not mark and code not in CLOSING and not i64(classes[code]) & JOINER:
            break
        wide |= mark and code >= 0x80 and code != ELLIPSIS
        at = after
    return at, wide


@inline
def _sentence_end(data: Bytes, at: int, end: int, classes: Classes) -> int:
    """Where the sentence that starts at byte `at` ends."""
    last, prior = i64(NEWLINE), i64(NEWLINE)
    while at < end:
        if at + windows.SIZE <= len(data):
            # Letters and spaces change nothing until a mark comes.
            calm = min(windows.lowest(~(windows.letters(data, at) | windows.among(data, at, 0x20, 0x20))), end - at)
            if calm > 1:
                at += calm
                last, prior = i64(data[at - 1]), i64(data[at - 2])
                continue
        code, after = decode(data, at, end)
        if code == NEWLINE:
            return at
        initial = i64(classes[last]) & (UPPER | LOWER) and not i64(classes[prior]) & LETTER
        if i64(classes[code]) & TERMINAL and not (code == DOT and initial):
            after, wide = _closed(data, at, end, classes)
            following = i64(NEWLINE)
            if after < end:
                following, _ = decode(data, after, end)
            if wide or i64(classes[following]) & SPACE:
                return after
        last, prior, at = code, last, after
    return end


@inline
def _cut(data: Bytes, at: int, stop: int, longest: int) -> int:
    """Where a piece that starts at `at` ends, at most at `stop`."""
    if stop - at <= longest:
        return stop
    edge = at + longest
    while edge > at + longest - 4 and data[edge] & 0xC0 == 0x80:
        edge -= 1
    gap = edge
    while gap > at and data[gap] != 0x20:
        gap -= 1
    return gap if gap > at else edge


@inline
def _trimmed(data: Bytes, at: int, stop: int) -> int:
    """Where a piece ends that has no space, tab or carriage return at its end."""
    while stop > at + 1 and data[stop - 1] in (0x20, 0x09, 0x0D):
        stop -= 1
    return stop


@kernel(I64, IN_I32, IN_U8, I64, IN_U16, types.Array(types.int32, 2, "C"))
def _spans(offsets: NDArray[np.int32], data: Bytes, longest: int, classes: Classes, found: NDArray[np.int32]) -> int:
    """Fill `found` (3, room) with rows, starts and stops as far as they fit; the number of all."""
    size = i64(0)
    for row in range(len(offsets) - 1):
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        at = _skip(data, begin, end, classes)
        while at < end:
            stop = _sentence_end(data, at, end, classes)
            while at < stop:
                cut = _cut(data, at, stop, longest)
                if size < found.shape[1]:
                    found[0, size], found[1, size] = row, at - begin
                    found[2, size] = _trimmed(data, at, cut) - begin
                size, at = size + 1, _skip(data, cut, stop, classes)
            at = _skip(data, stop, end, classes)
    return size
