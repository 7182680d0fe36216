"""Where in a text the terms of a lexicon may begin, told 64 bytes at a time without looking at the terms themselves.

`lexicon.py` says what matches, and compiles terms; `lexicon_search.py` walks over the places that are left here.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import trie, windows
from curate.ops.hashing import read_8
from curate.ops.kernel import OUT_I32, OUT_U8, OUT_U32, OUT_U64, i64, inline

BOUNDED, OPEN_START, OPEN_END, CAPITAL = 0, 1, 2, 4

MARK, WORD, HANGUL, UNSPACED, NUMBER, INVISIBLE = 1, 2, 3, 4, 5, 6
"""What a code point is for the sake of word boundaries; 0 is none of these."""

GROUP, CAPITALS, SYMBOL = 20, 1 << 24, (1 << 20) - 1
GAP, FIRST, SEVERAL = 1, 2, 1 << 19
"""Symbols: 0 occurs in no term, 1 is white space or a hyphen, then letters; from 2^19 on, several letters."""

HEAD, START, CODE = 4, 8, 5
"""ASCII letters by which a word is told from all terms, first and then again; and bits of each, from 1 on."""
SPACE = 27
"""The code of a gap between two words."""
HASH = np.uint64(0x9E3779B97F4A7C15)
STRIDE = windows.SIZE - START
"""Bytes of a window behind each of which the letters lie in it."""
ALONE, BLOCK = 0x800, 6
"""Code points up to which each has its entry in `Lexicon.leads`; bits of a code point within a block of those above."""
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
    heads: NDArray[np.uint64]
    """(2^20 bits,) whether a term can begin with up to `HEAD` ASCII letters, `CODE` bits each, 0 behind the last."""
    opens: NDArray[np.uint64]
    """(2^20 bits,) the same, whether one of few letters with an open end can, behind which there may be any."""
    starts: NDArray[np.uint64]
    """(2^20 bits,) whether one of all others can begin with up to `START`, a byte each, or with a word of less, a
    `SPACE` and letters of the next word: by 20 bits of their product with `HASH`."""
    leads: NDArray[np.uint8]
    """(2048 + 17408,) of a code point, or one of a block of 64: 1 where a term can begin with it and it is of the group
    `WORD`, 2 where it is of another, 4 where it can follow the ASCII letters of a term."""
    terms: trie.Trie
    flags: NDArray[np.int32]
    """(terms,) how each is bounded."""
    tails: trie.Trie
    """Sequences of particles, over code points."""


LEXICON = trie.named(
    (OUT_U32, OUT_I32, OUT_U32, OUT_I32, OUT_U64, OUT_U64, OUT_U64, OUT_U8, trie.TRIE, OUT_I32, trie.TRIE), Lexicon
)


@inline
def _bit(table: NDArray[np.uint64], place: np.uint64) -> np.uint64:
    return np.uint64(table[place >> np.uint64(6)] >> (place & np.uint64(63)) & windows.ONE)


@inline
def _letters(data: NDArray[np.uint8], at: int, count: int) -> np.uint64:
    """So many ASCII letters, at most eight, a byte each: ASCII folds to lower case and nothing else."""
    return read_8(data, at) & np.uint64(0x1F1F1F1F1F1F1F1F) & windows.below(8 * count)


@inline
def _head(letters: np.uint64) -> np.uint64:
    """The place in `Lexicon.heads` of the first four of some letters."""
    place = (letters & np.uint64(0x1F)) << np.uint64(15) | (letters & np.uint64(0x1F00)) << np.uint64(2)
    return place | (letters & np.uint64(0x1F0000)) >> np.uint64(11) | (letters & np.uint64(0x1F000000)) >> np.uint64(24)


@inline
def _lead(data: NDArray[np.uint8], at: int) -> int:
    """The place in `Lexicon.leads` of the code point beyond ASCII that begins at `at`."""
    first, second = i64(data[at]), i64(data[at + 1]) & 0x3F
    if first < 0xE0:
        return (first & 0x1F) << 6 | second
    if first < 0xF0:
        return ALONE + ((first & 0x0F) << 6 | second)
    high = (first & 0x07) << 12 | second << 6 | (i64(data[at + 2]) & 0x3F)
    return ALONE + min(high, i64(0x10FFFF >> BLOCK))


@inline
def _runs(data: NDArray[np.uint8], at: int, floor: int, letters: np.uint64, digits: np.uint64) -> np.uint64:
    """Where runs of ASCII letters and of digits begin in the window at `at`; before `floor` nothing counts."""
    before = i64(data[at - 1]) if at > floor else i64(0)
    letter, digit = np.uint64(0x61 <= before | 0x20 <= 0x7A), np.uint64(0x30 <= before <= 0x39)
    return (letters & ~(letters << windows.ONE | letter)) | (digits & ~(digits << windows.ONE | digit))


@inline
def _follows(lexicon: Lexicon, data: NDArray[np.uint8], at: int) -> np.uint64:
    """Whether what begins at `at`, beyond ASCII, can follow letters of a term."""
    return np.uint64(lexicon.leads[_lead(data, at)] >> 2 & 1)


@inline
def _listed(lexicon: Lexicon, letters: np.uint64) -> np.uint64:
    return _bit(lexicon.starts, letters * HASH >> np.uint64(44))


@inline
def _two_words(
    lexicon: Lexicon, data: NDArray[np.uint8], at: int, size: int, letters: np.uint64, beyond: np.uint64
) -> np.uint64:
    """Whether a term of words can begin at `at`, where the first has so many letters, fewer than `START`.

    `letters` and `beyond` tell of the bytes from `at` on.
    """
    if i64(lexicon.points[data[at + size]]) & SYMBOL != GAP:
        return np.uint64(0)
    second = size + 1
    last = min(second + windows.lowest(~(letters >> np.uint64(second))), START)
    if last < START and (beyond >> np.uint64(last) & windows.ONE or (last == second and data[at + last] <= 0x2D)):
        return windows.ONE  # other letters may follow; or another gap
    words = _letters(data, at, last) & ~(np.uint64(0xFF) << np.uint64(8 * size))
    return _listed(lexicon, words | np.uint64(SPACE) << np.uint64(8 * size))


@inline
def _begins(lexicon: Lexicon, data: NDArray[np.uint8], at: int, letters: np.uint64, beyond: np.uint64) -> np.uint64:
    """Whether a term can begin at `at`, by more letters; `letters` and `beyond` tell of the bytes from there on."""
    size = min(windows.lowest(~letters), START)
    word = _letters(data, at, size)
    if _bit(lexicon.opens, _head(word)):
        return windows.ONE
    if size < START and beyond >> np.uint64(size) & windows.ONE:
        return _follows(lexicon, data, at + size)
    if _listed(lexicon, word):
        return windows.ONE
    return _two_words(lexicon, data, at, size, letters, beyond) if size < START else np.uint64(0)


@inline
def _told(
    lexicon: Lexicon, data: NDArray[np.uint8], at: int, starts: np.uint64, letters: np.uint64, beyond: np.uint64
) -> np.uint64:
    """Those of `starts` where a term can begin, by up to four letters; and of these, by what `_begins` looks at."""
    found = np.uint64(0)
    while starts:
        place = np.uint64(windows.lowest(starts))
        size = min(windows.lowest(~(letters >> place)), HEAD)
        open_end = beyond >> place >> np.uint64(size) & np.uint64(size < HEAD)
        found |= (_bit(lexicon.heads, _head(_letters(data, at + i64(place), size))) | open_end) << place
        starts &= starts - windows.ONE
    asked = found
    while asked:
        place = np.uint64(windows.lowest(asked))
        if not _begins(lexicon, data, at + i64(place), letters >> place, beyond >> place):
            found &= ~(windows.ONE << place)
        asked &= asked - windows.ONE
    return found


@inline
def _syllables(data: NDArray[np.uint8], at: int) -> np.uint64:
    """Where Hangul syllables begin, U+AC00 to U+D77F."""
    found = windows.among(data, at, 0xEB, 0xEC)
    found |= windows.among(data, at, 0xEA, 0xEA) & windows.among(data, at, 0xB0, 0xBF) >> windows.ONE
    return found | windows.among(data, at, 0xED, 0xED) & windows.among(data, at, 0x80, 0x9D) >> windows.ONE


@inline
def places(lexicon: Lexicon, data: NDArray[np.uint8], at: int, end: int, floor: int) -> np.uint64:
    """Where terms may begin in the first `STRIDE` bytes of the window at `at`: most words are told by their letters."""
    beyond, letters = windows.among(data, at, 0x80, 0xFF), windows.letters(data, at)
    inside = windows.below(min(STRIDE, end - at))
    starts = _runs(data, at, floor, letters, windows.digits(data, at)) & inside
    whole = windows.below(min(windows.SIZE, max(end - at - START + 1, 0)))
    found = starts & ~whole | _told(lexicon, data, at, starts & whole, letters, beyond)
    asked = windows.among(data, at, 0xC0, 0xFF) & inside
    if asked:  # behind a letter of its own group no word begins: Hangul behind Hangul, Latin behind ASCII
        syllables, first = _syllables(data, at), ~(letters << windows.ONE)
        asked &= ~(syllables & syllables << np.uint64(3))
        while asked:
            place = np.uint64(windows.lowest(asked))
            lead = np.uint64(lexicon.leads[_lead(data, at + i64(place))])
            found |= ((lead & first >> place | lead >> windows.ONE) & windows.ONE) << place
            asked &= asked - windows.ONE
    return found
