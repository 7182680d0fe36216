"""Finding the words of a lexicon: the walk over text. `lexicon.py` says what matches, and compiles terms."""

import numpy as np
from numpy.typing import NDArray

from curate.ops import trie, unicode, windows
from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I32_2D, i64, inline, kernel
from curate.ops.lexicon_places import (
    CAPITAL,
    CAPITALS,
    GAP,
    GROUP,
    HANGUL,
    INVISIBLE,
    LEXICON,
    MARK,
    NUMBER,
    OPEN_END,
    OPEN_START,
    SEVERAL,
    STRIDE,
    SYMBOL,
    UNSPACED,
    WORD,
    Lexicon,
    places,
)


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
def _before(lexicon: Lexicon, data: NDArray[np.uint8], at: int, floor: int, group: int) -> int:
    """The group of what stands before `at`, marks and invisible code points aside; `group` is that before `floor`."""
    stop = at
    while at > floor:
        at -= 1
        while at > floor and data[at] & 0xC0 == 0x80:
            at -= 1
        code, _ = unicode.decode(data, at, stop)
        other = _group(i64(lexicon.points[code]))
        if other not in (MARK, INVISIBLE):
            return other
    return group


@inline
def _led(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int) -> bool:
    """Whether a term begins with the code point at `at`."""
    code, _ = unicode.decode(data, at, end)
    return _leads(lexicon, i64(lexicon.points[code]) & SYMBOL)


@inline
def _term(
    lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int, previous: int, inner: int
) -> tuple[int, int, int]:
    """The term at `at`, behind a group, or -1; where it or else the code point ends, and the group that this is of."""
    code, after = unicode.decode(data, at, end)
    point = i64(lexicon.points[code])
    group = _group(point)
    starts = group != previous or group == UNSPACED
    if _lettered(group) and (starts or inner) and _leads(lexicon, point & SYMBOL):
        term, stop, last = _walk(lexicon, data, at, end, starts)
        if term >= 0:
            return term, stop, last
    return i64(-1), after, group


@inline
def _boundary(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Where the next code point begins, from `at` on."""
    while at < end and data[at] & 0xC0 == 0x80:
        at += 1
    return at


@kernel(I64, IN_I32, IN_I32, IN_U8, LEXICON, OUT_I32_2D)
def find_terms(
    begins: NDArray[np.int32],
    ends: NDArray[np.int32],
    data: NDArray[np.uint8],
    lexicon: Lexicon,
    found: NDArray[np.int32],
) -> int:
    """Fill `found` (4, room) with rows, starts, ends and terms as far as they fit; the number of all."""
    size, inner = 0, 0
    for flags in lexicon.flags:
        inner |= flags & OPEN_START
    for row in range(len(begins)):
        begin, end = i64(begins[row]), i64(ends[row])
        at, floor, previous = begin, begin, 0  # what stands before `floor` is of the group `previous`
        while at < end:
            whole = not inner and at + windows.MARGIN <= len(data)
            left = places(lexicon, data, at, end, floor) if whole else windows.ONE
            ahead = _boundary(data, at + min(STRIDE, end - at), end) if whole else at
            while left:
                here = at + windows.lowest(left)
                left &= left - windows.ONE
                if whole and not _led(lexicon, data, here, end):
                    continue
                before = _before(lexicon, data, here, floor, previous)
                term, after, group = _term(lexicon, data, here, end, before, inner)
                if term >= 0:
                    if size < found.shape[1]:
                        found[0, size], found[1, size], found[2, size] = row, here - begin, after - begin
                        found[3, size] = term
                    size += 1
                    left = np.uint64(0)
                if term >= 0 or not whole:
                    ahead = floor = after
                    previous = group if group not in (MARK, INVISIBLE) else before
            at = ahead
    return size
