"""Finding the words of a lexicon in text: a trie over folded code points, walked from every word's start.

How a term is written says what it matches:

- Text and terms are folded alike (compatibility decomposition, case, zero-width characters gone), so that
  full-width or mathematical letters and soft hyphens hide nothing.
- `gay` matches a whole word; `fuck*` the beginning of one, and the match covers the word; `*porn*`
  matches inside words. Words are runs of letters and combining marks; digits are no letters.
- A form written with a capital (`Polish`) matches only where the text has one.
- A space or hyphen matches any run of white space and hyphens: `african american`, "African-American".
- Where letters of a script without spaces, of Hangul and of any other script meet, a word may begin and end.
- A term that ends in Hangul may be followed by particles: `여성` matches in "여성들에게는", not in "여성복".

Of several terms at one place the longest match is taken, and matches do not overlap.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import trie, unicode
from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I32, OUT_U32, i64, inline, kernel

BOUNDED, OPEN_START, OPEN_END, CAPITAL = 0, 1, 2, 4

MARK, WORD, HANGUL, UNSPACED, NUMBER, INVISIBLE = 1, 2, 3, 4, 5, 6
"""What a code point is for the sake of word boundaries; 0 is none of these."""

_GROUP, _UPPER, _SYMBOL = 20, 1 << 24, (1 << 20) - 1
_GAP, _FIRST, _SEVERAL = 1, 2, 1 << 19
"""Symbols: 0 occurs in no term, 1 is white space or a hyphen, then letters; from 2^19 on, several letters."""

_HANGUL = ((0x1100, 0x1200), (0x3130, 0x3190), (0xA960, 0xA980), (0xAC00, 0xD800), (0xFFA0, 0xFFE0))


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
    terms: trie.Trie
    flags: NDArray[np.int32]
    """(terms,) how each is bounded."""
    tails: trie.Trie
    """Sequences of particles, over code points."""


class Matches(NamedTuple):
    """One entry a match, in text order: row, byte span within the row's text, number of the term."""

    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    ends: NDArray[np.int32]
    terms: NDArray[np.int32]

    def table(self, rows: int, links: NDArray[np.int32], groups: int) -> NDArray[np.int32]:
        """(rows, groups): how many matches each row has in each group.

        `links` (n, 2) holds pairs of a term and a group it counts for, sorted; a term may be in none or several.
        """
        first, last = (np.searchsorted(links[:, 0], self.terms, side) for side in ("left", "right"))
        times = last - first
        inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        group = links[np.repeat(first, times) + inside, 1]
        cells = np.repeat(self.rows, times).astype(np.int64) * groups + group
        return np.bincount(cells, minlength=rows * groups).reshape(rows, groups).astype(np.int32)


def fold(text: str) -> str:
    """The text as kernels compare it; hyphens and white space become single spaces, zero-width characters go."""
    table = unicode.folds()
    folded: list[int] = []
    for character in text:
        value = int(table.table[ord(character)])
        if value & unicode.SEVERAL:
            start = (value & ~unicode.SEVERAL) >> 5
            folded += table.expansions[start : start + (value & 31)].tolist()
        elif value != unicode.NOTHING:
            folded.append(value)
    return " ".join("".join(map(chr, folded)).replace("-", " ").split())


def compile_terms(terms: Sequence[str], particles: Sequence[str] = ()) -> Lexicon:
    """A lexicon of these terms; `particles` may follow terms that end in Hangul, one after the other.

    Raises `ValueError` where a term is empty or two terms are one after folding.
    """
    flags = np.array([_flags(term) for term in terms], np.int32)
    spellings = [fold(term.strip("*")) for term in terms]
    _refuse_doubles(terms, spellings)
    alphabet = sorted(set("".join(spellings)) - {" "})
    numbers = {letter: _FIRST + i for i, letter in enumerate(alphabet)}
    paths = {tuple(numbers.get(letter, _GAP) for letter in spelling): i for i, spelling in enumerate(spellings)}
    states = trie.build(paths)
    root = np.zeros(_FIRST + len(alphabet), np.int32)
    root[states.symbols[: states.first[1]]] = states.targets[: states.first[1]]
    points, several, spelled = _points(numbers)
    return Lexicon(points, several, spelled, root, states, flags, trie.repeat(particles))


def find(offsets: NDArray[np.int32], data: NDArray[np.uint8], lexicon: Lexicon) -> Matches:
    """Every match in every text."""
    room = max(256, len(offsets) * 8)
    while True:
        found = np.empty((4, room), np.int32)
        size = _find(offsets, data, lexicon, found)
        if size <= room:
            return Matches(*found[:, :size])
        room = size


def _flags(term: str) -> int:
    plain = term.strip("*")
    flag = OPEN_START if term.startswith("*") else BOUNDED
    flag |= OPEN_END if term.endswith("*") else BOUNDED
    return flag | (CAPITAL if plain[:1].isupper() else BOUNDED)


def _refuse_doubles(terms: Sequence[str], spellings: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for term, spelling in zip(terms, spellings, strict=True):
        if not spelling:
            raise ValueError(f"term {term!r} has nothing to match")
        if spelling in seen:
            raise ValueError(f"terms {seen[spelling]!r} and {term!r} are one")
        seen[spelling] = term


class _Alphabet(NamedTuple):
    """What no lexicon changes: kinds of code points, and the code points in the order of what they fold to."""

    points: NDArray[np.uint32]
    order: NDArray[np.int64]
    folded: NDArray[np.uint32]
    many: NDArray[np.int64]
    sizes: NDArray[np.int64]
    parts: NDArray[np.uint32]


def _groups(classes: NDArray[np.uint16], folds: NDArray[np.uint32]) -> NDArray[np.uint32]:
    groups = np.zeros(len(classes), np.uint32)
    groups[classes & unicode.NUMBER != 0] = NUMBER
    groups[classes & unicode.JOINER != 0] = MARK
    letters = classes & unicode.LETTER != 0
    groups[letters] = WORD
    for low, high in _HANGUL:
        groups[low:high][letters[low:high]] = HANGUL
    groups[classes & unicode.UNSPACED != 0] = UNSPACED
    groups[folds == unicode.NOTHING] = INVISIBLE
    return groups


@cache
def _alphabet() -> _Alphabet:
    folds, classes = unicode.folds(), unicode.classes()
    points = _groups(classes, folds.table) << np.uint32(_GROUP)
    points[classes & unicode.UPPER != 0] |= np.uint32(_UPPER)
    spaces = (classes & unicode.SPACE != 0) & (folds.table != unicode.NOTHING)
    points[spaces | (np.arange(len(classes)) == ord("-"))] |= np.uint32(_GAP)
    order = np.argsort(folds.table, kind="stable")
    many = np.flatnonzero(folds.table & unicode.SEVERAL)
    places, sizes = (folds.table[many].astype(np.int64) & 0x7FFFFFFF) >> 5, folds.table[many].astype(np.int64) & 31
    inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return _Alphabet(
        points, order, folds.table[order], many, sizes, folds.expansions[np.repeat(places, sizes) + inside]
    )


def _points(numbers: Mapping[str, int]) -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.uint32]]:
    """`Lexicon.points`, `several` and `spelled` for letters and their symbols."""
    base = _alphabet()
    points, symbols = base.points.copy(), np.zeros(len(base.points), np.uint32)
    for letter, number in numbers.items():
        symbols[ord(letter)] = number
        low, high = np.searchsorted(base.folded, [ord(letter), ord(letter) + 1])
        points[base.order[low:high]] |= np.uint32(number)
    spelled = symbols[base.parts]
    known = np.logical_and.reduceat(spelled != 0, np.cumsum(base.sizes) - base.sizes)
    points[base.many[known]] |= np.arange(known.sum(), dtype=np.uint32) + np.uint32(_SEVERAL)
    bounds = np.concatenate([[0], np.cumsum(base.sizes[known])])
    return points, bounds.astype(np.int32), spelled[np.repeat(known, base.sizes)]


_LEXICON = trie.named((OUT_U32, OUT_I32, OUT_U32, OUT_I32, trie.TRIE, OUT_I32, trie.TRIE), Lexicon)


@inline
def _group(point: int) -> int:
    return point >> _GROUP & 15


@inline
def _lettered(group: int) -> bool:
    """Whether a word can begin with it."""
    return WORD <= group <= NUMBER


@inline
def _spell(lexicon: Lexicon, state: int, symbol: int) -> int:
    """The state after a code point of this symbol, or -1."""
    if symbol < _SEVERAL:
        if state == 0:
            return i64(lexicon.root[symbol]) or -1
        return trie.step(lexicon.terms, state, symbol)
    for k in range(lexicon.several[symbol - _SEVERAL], lexicon.several[symbol - _SEVERAL + 1]):
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
        if point & _SYMBOL != _GAP and _group(point) != INVISIBLE:
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
    upper = i64(lexicon.points[code]) & _UPPER
    while at < end:
        code, after = unicode.decode(data, at, end)
        point = i64(lexicon.points[code])
        kind, symbol = _group(point), point & _SYMBOL
        if kind != INVISIBLE:
            state = _spell(lexicon, state, symbol) if symbol else -1
            if state < 0:
                break
            if symbol == _GAP:
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
    if symbol >= _SEVERAL:
        symbol = i64(lexicon.spelled[lexicon.several[symbol - _SEVERAL]])
    return symbol != 0 and lexicon.root[symbol] != 0


@kernel(I64, IN_I32, IN_U8, _LEXICON, types.Array(types.int32, 2, "C"))
def _find(offsets: NDArray[np.int32], data: NDArray[np.uint8], lexicon: Lexicon, found: NDArray[np.int32]) -> int:
    """Fill `found` (4, room) with rows, starts, ends and terms as far as they fit; the number of all."""
    size, inner = 0, 0
    for flags in lexicon.flags:
        inner |= flags & OPEN_START
    for row in range(len(offsets) - 1):
        begin, end, previous = i64(offsets[row]), i64(offsets[row + 1]), 0
        at = begin
        while at < end:
            code, after = unicode.decode(data, at, end)
            point = i64(lexicon.points[code])
            group = _group(point)
            starts = group != previous or group == UNSPACED
            if _lettered(group) and (starts or inner) and _leads(lexicon, point & _SYMBOL):
                term, stop, last = _walk(lexicon, data, at, end, starts)
                if term >= 0:
                    if size < found.shape[1]:
                        found[0, size], found[1, size], found[2, size] = row, at - begin, stop - begin
                        found[3, size] = term
                    size += 1
                    group, after = last, stop
            if group not in (MARK, INVISIBLE):
                previous = group
            if group == WORD and not inner:
                while after < end and 0x61 <= data[after] | 0x20 <= 0x7A:
                    after += 1
            at = after
    return size
