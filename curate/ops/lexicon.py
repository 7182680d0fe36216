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

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import trie, unicode
from curate.ops.lexicon_places import (
    ALONE,
    BLOCK,
    BOUNDED,
    CAPITAL,
    CAPITALS,
    CODE,
    FIRST,
    GAP,
    GROUP,
    HANGUL,
    HANGUL_BLOCKS,
    HASH,
    HEAD,
    INVISIBLE,
    MARK,
    NUMBER,
    OPEN_END,
    OPEN_START,
    SEVERAL,
    SPACE,
    START,
    SYMBOL,
    UNSPACED,
    WORD,
    Lexicon,
)
from curate.ops.lexicon_search import find_terms

__all__ = ["Lexicon", "Matches", "compile_lists", "compile_terms", "find", "find_in", "fold"]


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
    if text.isascii() and "`" not in text and text.isprintable():
        return " ".join(text.lower().replace("-", " ").split())
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
    return compile_lists([(terms, particles)])[0]


def compile_lists(lists: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[Lexicon]:
    """A lexicon of each list's terms and particles, as `compile_terms` makes it; they share the tables of letters."""
    spelled = [[fold(term.strip("*")) for term in terms] for terms, _ in lists]
    for (terms, _), spellings in zip(lists, spelled, strict=True):
        _refuse_doubles(terms, spellings)
    alphabet = sorted(set().union(*("".join(spellings) for spellings in spelled)) - {" "})
    numbers = {letter: FIRST + i for i, letter in enumerate(alphabet)}
    letters = _letters(numbers)
    return [
        _compiled(terms, spellings, particles, numbers, letters)
        for (terms, particles), spellings in zip(lists, spelled, strict=True)
    ]


class _Letters(NamedTuple):
    """The first fields of `Lexicon`."""

    points: NDArray[np.uint32]
    several: NDArray[np.int32]
    spelled: NDArray[np.uint32]


def _compiled(
    terms: Sequence[str],
    spellings: Sequence[str],
    particles: Sequence[str],
    numbers: Mapping[str, int],
    letters: _Letters,
) -> Lexicon:
    flags = np.array([_flags(term) for term in terms], np.int32)
    paths = {tuple(numbers.get(letter, GAP) for letter in spelling): i for i, spelling in enumerate(spellings)}
    states = trie.build(paths)
    root = np.zeros(FIRST + len(numbers), np.int32)
    root[states.symbols[: states.first[1]]] = states.targets[: states.first[1]]
    inside = np.zeros(len(root), np.bool_)
    inside[states.symbols] = True
    heads, opens = _heads(spellings, flags)
    starts, leads = _starts(spellings, flags), _leads(letters, root, inside)
    return Lexicon(*letters, root, heads, opens, starts, leads, states, flags, trie.repeat(particles))


def _run(spelling: str, most: int) -> int:
    """How many ASCII letters a spelling begins with, at most so many."""
    return next((i for i, letter in enumerate(spelling[:most]) if not "a" <= letter <= "z"), len(spelling[:most]))


def _codes(spelling: str, size: int) -> list[int]:
    """The codes of the first so many characters, letters and spaces, and zeros up to `START`."""
    codes = [SPACE if letter == " " else ord(letter) - 0x60 for letter in spelling[:size]]
    return codes + [0] * (START - size)


def _heads(spellings: Sequence[str], flags: NDArray[np.int32]) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """See `Lexicon.heads` and `opens`.

    Terms in which other than ASCII follows are left out here and in `starts`: text that they match is not told by its
    letters.
    """
    heads, opens = (np.zeros((1 << CODE,) * HEAD, np.bool_) for _ in range(2))
    for spelling, flag in zip(spellings, flags.tolist(), strict=True):
        size = _run(spelling, HEAD)
        open_end = bool(flag & OPEN_END) and _run(spelling, START) == len(spelling) < START
        if size == HEAD or spelling[size : size + 1].isascii():
            place = tuple(_codes(spelling, size)[: min(size, HEAD) if open_end else HEAD])
            heads[place] = True
            opens[place] |= open_end
    return _bits(heads), _bits(opens)


def _starts(spellings: Sequence[str], flags: NDArray[np.int32]) -> NDArray[np.uint64]:
    """See `Lexicon.starts`."""
    packed = [
        codes for spelling, flag in zip(spellings, flags.tolist(), strict=True) for codes in _first(spelling, flag)
    ]
    starts = np.zeros(1 << 20, np.bool_)
    starts[np.array(packed, np.uint8).reshape(-1, START).view("<u8")[:, 0] * HASH >> np.uint64(44)] = True
    return _bits(starts)


def _first(spelling: str, flag: int) -> Iterator[list[int]]:
    """What the text of a term is told by: its first word, or that and letters of the second, if by any letters."""
    size = _run(spelling, START)
    if size < START and spelling[size : size + 1] == " ":
        last = size + 1 + _run(spelling[size + 1 :], START - size - 1)
        if last < START and last == len(spelling) and flag & OPEN_END:
            last = size  # any letters may follow: the first word has to be enough
        if last >= START or spelling[last : last + 1].isascii():
            yield _codes(spelling, last)
    elif size == START or spelling[size : size + 1].isascii():
        yield _codes(spelling, size)


def _bits(table: NDArray[np.bool_]) -> NDArray[np.uint64]:
    return np.packbits(table, bitorder="little").view(np.uint64)


def _leads(letters: _Letters, root: NDArray[np.int32], inside: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """See `Lexicon.leads`: the first letter of whatever a code point folds to begins a term, or all are of some.

    `inside` says of each symbol whether a term has it.
    """
    symbols = letters.points & SYMBOL
    single = symbols < SEVERAL
    firsts = np.where(single, symbols, 0)
    firsts[~single] = letters.spelled[letters.several[symbols[~single] - SEVERAL]]
    words = letters.points >> np.uint32(GROUP) & 15 == WORD
    leads = np.where(root[firsts] == 0, 0, np.where(words, 1, 2)).astype(np.uint8)
    leads[~words | inside[firsts]] |= 4
    return np.concatenate([leads[:ALONE], np.bitwise_or.reduce(leads.reshape(-1, 1 << BLOCK), axis=1)])


def find(offsets: NDArray[np.int32], data: NDArray[np.uint8], lexicon: Lexicon) -> Matches:
    """Every match in every text."""
    return find_in(offsets[:-1], offsets[1:], data, lexicon)


def find_in(begins: NDArray[np.int32], ends: NDArray[np.int32], data: NDArray[np.uint8], lexicon: Lexicon) -> Matches:
    """Every match in the texts `data[begins[i]:ends[i]]`, each as if nothing stood around it."""
    room = max(256, len(begins) * 8)
    while True:
        found = np.empty((4, room), np.int32)
        size = find_terms(begins, ends, data, lexicon, found)
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
    for low, high in HANGUL_BLOCKS:
        groups[low:high][letters[low:high]] = HANGUL
    groups[classes & unicode.UNSPACED != 0] = UNSPACED
    groups[folds == unicode.NOTHING] = INVISIBLE
    return groups


@cache
def _alphabet() -> _Alphabet:
    folds, classes = unicode.folds(), unicode.classes()
    points = _groups(classes, folds.table) << np.uint32(GROUP)
    points[classes & unicode.UPPER != 0] |= np.uint32(CAPITALS)
    spaces = (classes & unicode.SPACE != 0) & (folds.table != unicode.NOTHING)
    points[spaces | (np.arange(len(classes)) == ord("-"))] |= np.uint32(GAP)
    order = np.argsort(folds.table, kind="stable")
    many = np.flatnonzero(folds.table & unicode.SEVERAL)
    places, sizes = (folds.table[many].astype(np.int64) & 0x7FFFFFFF) >> 5, folds.table[many].astype(np.int64) & 31
    inside = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return _Alphabet(
        points, order, folds.table[order], many, sizes, folds.expansions[np.repeat(places, sizes) + inside]
    )


def _letters(numbers: Mapping[str, int]) -> _Letters:
    """`Lexicon.points`, `several` and `spelled` for letters and their symbols."""
    base = _alphabet()
    points, symbols = base.points.copy(), np.zeros(len(base.points), np.uint32)
    for letter, number in numbers.items():
        symbols[ord(letter)] = number
        low, high = np.searchsorted(base.folded, [ord(letter), ord(letter) + 1])
        points[base.order[low:high]] |= np.uint32(number)
    spelled = symbols[base.parts]
    known = np.logical_and.reduceat(spelled != 0, np.cumsum(base.sizes) - base.sizes)
    points[base.many[known]] |= np.arange(known.sum(), dtype=np.uint32) + np.uint32(SEVERAL)
    bounds = np.concatenate([[0], np.cumsum(base.sizes[known])])
    return _Letters(points, bounds.astype(np.int32), spelled[np.repeat(known, base.sizes)])
