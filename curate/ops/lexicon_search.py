"""Finding the words of a lexicon: the walk over text. `lexicon.py` says what matches, and compiles terms."""

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import trie, unicode, windows
from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I32, OUT_U8, OUT_U32, i64, inline, kernel

BOUNDED, OPEN_START, OPEN_END, CAPITAL = 0, 1, 2, 4

MARK, WORD, HANGUL, UNSPACED, NUMBER, INVISIBLE = 1, 2, 3, 4, 5, 6
"""What a code point is for the sake of word boundaries; 0 is none of these."""

GROUP, CAPITALS, SYMBOL = 20, 1 << 24, (1 << 20) - 1
GAP, FIRST, SEVERAL = 1, 2, 1 << 19
"""Symbols: 0 occurs in no term, 1 is white space or a hyphen, then letters; from 2^19 on, several letters."""

HEAD = 4
"""Characters by which a word is told from all terms."""
HANGUL_BLOCKS = ((0x1100, 0x1200), (0x3130, 0x3190), (0xA960, 0xA980), (0xAC00, 0xD800), (0xFFA0, 0xFFE0))


class Lexicon(NamedTuple):
    """A compiled lexicon; terms are numbered in the order in which they were given."""

    points: NDArray[np.uint32]
    """(1114112,) symbol, group << 20, upper case << 24, of every code point."""
    several: NDArray[np.int32]
    """Symbol 2^19 + i stands for `spelled[several[i] : several[i + 1]]`."""
    spelled: NDArray[np.uint32]
    """The symbols of what folds to several letters."""
    root: NDArray[np.int32]
    """(symbols,) the first step of `terms`, or 0."""
    heads: NDArray[np.uint8]
    """(27⁴,) whether a term can begin with four ASCII characters, letters counted from 1 and all others 0."""
    terms: trie.Trie
    flags: NDArray[np.int32]
    """(terms,) how each is bounded."""
    tails: trie.Trie
    """Sequences of particles, over code points."""


_LEXICON = trie.named((OUT_U32, OUT_I32, OUT_U32, OUT_I32, OUT_U8, trie.TRIE, OUT_I32, trie.TRIE), Lexicon)


@inline
def _group(point: int) -> int:
    return point >> GROUP & 15


@inline
def _lettered(group: int) -> bool:
    """Whether a word can begin with it."""
    return WORD <= group <= NUMBER


@inline
def _spell(lexicon: Lexicon, state: int, symbol: int) -> int:
    """The state after a code point of this symbol, or -1."""
    if symbol < SEVERAL:
        if state == 0:
            return i64(lexicon.root[symbol]) or -1
        return trie.step(lexicon.terms, state, symbol)
    for k in range(lexicon.several[symbol - SEVERAL], lexicon.several[symbol - SEVERAL + 1]):
        if state >= 0:
            state = trie.step(lexicon.terms, state, i64(lexicon.spelled[k]))
    return state


@inline
def _past_word(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int, group: int) -> int:
    """Where a run of code points of this group, with marks and invisible ones, ends; group 0 for the latter alone."""
    while at < end:
        code, after = unicode.decode(data, at, end)
        other = _group(i64(lexicon.points[code]))
        if other != INVISIBLE and (group == 0 or other not in (group, MARK)):
            break
        at = after
    return at


@inline
def _past_gap(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int) -> int:
    """Where a run of white space, hyphens and invisible code points ends."""
    while at < end:
        code, after = unicode.decode(data, at, end)
        point = i64(lexicon.points[code])
        if point & SYMBOL != GAP and _group(point) != INVISIBLE:
            break
        at = after
    return at


@inline
def _particles(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Whether the rest of the Hangul word at `at` is made of particles."""
    state = 0
    while at < end and state >= 0:
        code, after = unicode.decode(data, at, end)
        group = _group(i64(lexicon.points[code]))
        if group not in (HANGUL, MARK, INVISIBLE):
            break
        if group != INVISIBLE:
            state = trie.step(lexicon.tails, state, code)
        at = after
    return state >= 0 and lexicon.tails.final[state] >= 0


@inline
def _close(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int, group: int, flags: int) -> int:
    """Where a match ends whose last code point, of this group, ends at `at`; -1 where no word may end."""
    ahead = _past_word(lexicon, data, at, end, 0)
    if ahead >= end:
        return at
    code, _ = unicode.decode(data, ahead, end)
    other = _group(i64(lexicon.points[code]))
    if other != MARK and (other != group or group == UNSPACED):
        return at
    if flags & OPEN_END:
        return _past_word(lexicon, data, at, end, group)
    return at if group == HANGUL and _particles(lexicon, data, ahead, end) else -1


@inline
def _walk(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int, starts: bool) -> tuple[int, int, int]:
    """The longest term at `at`, where a word starts or not: its number or -1, its end, its last letter's group."""
    state, term, stop, group = 0, -1, at, 0
    code, _ = unicode.decode(data, at, end)
    upper = i64(lexicon.points[code]) & CAPITALS
    while at < end:
        code, after = unicode.decode(data, at, end)
        point = i64(lexicon.points[code])
        kind, symbol = _group(point), point & SYMBOL
        if kind != INVISIBLE:
            state = _spell(lexicon, state, symbol) if symbol else -1
            if state < 0:
                break
            if symbol == GAP:
                after = _past_gap(lexicon, data, after, end)
            here = i64(lexicon.terms.final[state])
            flags = i64(lexicon.flags[here]) if here >= 0 else 0
            if here >= 0 and (starts or flags & OPEN_START) and (upper or not flags & CAPITAL):
                closed = _close(lexicon, data, after, end, kind, flags)
                if closed >= 0:
                    term, stop, group = here, closed, kind
        at = after
    return term, stop, group


@inline
def _leads(lexicon: Lexicon, symbol: int) -> bool:
    """Whether a term begins with this symbol."""
    if symbol >= SEVERAL:
        symbol = i64(lexicon.spelled[lexicon.several[symbol - SEVERAL]])
    return symbol != 0 and lexicon.root[symbol] != 0


@inline
def _may_begin(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Whether a term may begin at `at`, by four bytes: most words are told from all terms by these.

    ASCII folds to lower case and nothing else, and nothing invisible is in it.
    """
    if at + HEAD > end:
        return True
    head = i64(0)
    for i in range(HEAD):
        byte = i64(data[at + i])
        if byte >= 0x80:
            return True
        letter = (byte | 0x20) - 0x60
        head = head * 27 + (letter if byte >= 0x40 and 1 <= letter <= 26 else 0)
    return bool(lexicon.heads[head] != 0)


@inline
def _starts(data: NDArray[np.uint8], at: int, end: int, previous: int) -> tuple[np.uint64, int]:
    """Where words begin in the ASCII from byte `at` on, at most a window, and how far that goes; 0 where it is little.

    `previous` is the group of what stands before it.
    """
    if at + windows.SIZE > len(data):
        return np.uint64(0), i64(0)
    size = min(windows.lowest(windows.among(data, at, 0x80, 0xFF)), end - at)
    letters, digits = windows.letters(data, at), windows.digits(data, at)
    before = np.uint64(previous == WORD), np.uint64(previous == NUMBER)
    starts = (letters & ~((letters << windows.ONE) | before[0])) | (digits & ~((digits << windows.ONE) | before[1]))
    return starts & windows.below(size), size if size >= LEAST else i64(0)


LEAST = 16
"""ASCII bytes from which on a window is worth its while."""


@inline
def _skip(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int, previous: int) -> tuple[int, int]:
    """The next byte of ASCII text where a term may begin, or where such text ends; and the group before it."""
    while at < end and data[at] < 0x80:
        starts, size = _starts(data, at, end, previous)
        while starts:
            place = windows.lowest(starts)
            if _may_begin(lexicon, data, at + place, end):
                if place > 0:
                    previous = _group(i64(lexicon.points[data[at + place - 1]]))
                return at + place, previous
            starts &= starts - windows.ONE
        if size == 0:
            break
        at += size
        previous = _group(i64(lexicon.points[data[at - 1]]))
    return at, previous


@inline
def _past_letters(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Where a run of ASCII letters ends."""
    while at < end and 0x61 <= data[at] | 0x20 <= 0x7A:
        at += 1
    return at


@kernel(I64, IN_I32, IN_U8, _LEXICON, types.Array(types.int32, 2, "C"))
def find_terms(offsets: NDArray[np.int32], data: NDArray[np.uint8], lexicon: Lexicon, found: NDArray[np.int32]) -> int:
    """Fill `found` (4, room) with rows, starts, ends and terms as far as they fit; the number of all."""
    size, inner = 0, 0
    for flags in lexicon.flags:
        inner |= flags & OPEN_START
    for row in range(len(offsets) - 1):
        begin, end, previous = i64(offsets[row]), i64(offsets[row + 1]), 0
        at = begin
        while at < end:
            if not inner:
                at, previous = _skip(lexicon, data, at, end, previous)
            if at >= end:
                break
            code, after = unicode.decode(data, at, end)
            point = i64(lexicon.points[code])
            group = _group(point)
            starts = group != previous or group == UNSPACED
            begins = _lettered(group) and (starts or inner) and _leads(lexicon, point & SYMBOL)
            if begins and (inner or _may_begin(lexicon, data, at, end)):
                term, stop, last = _walk(lexicon, data, at, end, starts)
                if term >= 0:
                    if size < found.shape[1]:
                        found[0, size], found[1, size], found[2, size] = row, at - begin, stop - begin
                        found[3, size] = term
                    size += 1
                    group, after = last, stop
            if group not in (MARK, INVISIBLE):
                previous = group
            at = _past_letters(data, after, end) if group == WORD and not inner else after
    return size
