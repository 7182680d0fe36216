"""Words as a screen reads them: folded, undisguised, and with one word for every name of a group of people.

A word is a run of letters, marks and digits, folded (`unicode.folds`). Inside words that hold a letter, digits and
signs stand for the letters that they look like (`3` is `e`, `@` is `a`), three or more equal letters for one, and at
least three single letters in a row for one word. What a mark of kind `GROUP` covers is one and the same word whichever
group it names; several in a row are one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import i64, inline
from curate.ops.unicode import JOINER, LETTER, NOTHING, NUMBER, SEVERAL, UNSPACED, decode

Bytes = NDArray[np.uint8]

ROOM = 8192
"""Features of a piece at most; one of 400 bytes has fewer."""
LETTERS = 1024
"""Code points of a piece at most that are kept."""
GROUP = 0
"""The kind of a mark that names a group of people."""
CONTEXTS = 5
"""Kinds from here on are no features: they say in what surroundings a group is named."""
NAME = 2
"""What stands in a word's fourth field where it is such a name."""
PRIME, SPREAD = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
"""Of FNV-1a, and the golden ratio's 64 bits."""
_NAME_HASH = np.uint64(3)


class Marks(NamedTuple):
    """Matches in text order, by row: bytes within the row's text, and of what kind each is."""

    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    stops: NDArray[np.int32]
    kinds: NDArray[np.int32]


class Desk(NamedTuple):
    """What kernels look up, and what they work on."""

    classes: NDArray[np.uint16]
    folds: NDArray[np.uint32]
    expansions: NDArray[np.uint32]
    letters: NDArray[np.int32]
    """A piece's letters, word after word."""
    words: NDArray[np.int64]
    """(4, words): first letter, the one behind the last, hash, and whether it is unspaced (1) or a name (2)."""
    ids: NDArray[np.uint32]
    """A piece's features."""


def desk() -> Desk:
    """The tables, and room for one piece."""
    folds, words = unicode.folds(), np.zeros((4, LETTERS), np.int64)
    return Desk(
        unicode.classes(), folds.table, folds.expansions, np.zeros(LETTERS, np.int32), words, np.zeros(ROOM, np.uint32)
    )


DOLLAR, APOSTROPHES = ord("$"), (0x27, 0x2019)
_SIGNS = tuple(map(ord, "@$!|*'’"))
"""What may stand inside a word for a letter, or between two."""
_LIKE_FROM, _LIKE_TO = tuple(map(ord, "01!|34@5$7")), tuple(map(ord, "oiiieaasst"))


@inline
def _looks_like(code: int) -> int:
    """The letter that a digit or sign stands for inside a word, or 0."""
    if code < 0x61 or code == 0x7C:
        for k in range(len(_LIKE_FROM)):
            if _LIKE_FROM[k] == code:
                return i64(_LIKE_TO[k])
    return i64(0)


@inline
def _letter_at(data: Bytes, at: int, end: int, classes: NDArray[np.uint16]) -> bool:
    """Whether a letter or digit starts at a byte."""
    if at >= end:
        return False
    code, _ = decode(data, at, end)
    return (i64(classes[code]) & (LETTER | NUMBER)) != 0


@inline
def _end_word(
    letters: NDArray[np.int32], words: NDArray[np.int64], count: int, start: int, stop: int, kind: int
) -> int:
    """Note a word unless it has no letter; how many words there are now."""
    lettered = False
    for k in range(start, stop):
        lettered |= _looks_like(i64(letters[k])) == 0 and not 0x30 <= letters[k] <= 0x39
    if not lettered or count >= words.shape[1] - 1:
        return count
    for k in range(start, stop):
        plain = _looks_like(i64(letters[k]))
        if plain:
            letters[k] = plain
    words[0, count], words[1, count], words[3, count] = start, stop, kind
    return count + 1


@inline
def _put(letters: NDArray[np.int32], start: int, filled: int, code: int, run: int) -> tuple[int, int]:
    """Append a letter to the word that began at `start`, several equal ones as one; how much is filled, and the run."""
    if filled > start and letters[filled - 1] == code:
        run += 1
        if run == 3:
            return filled - 1, run
        if run > 3:
            return filled, run
    else:
        run = 1
    if filled < len(letters) - 1:
        letters[filled] = code
        filled += 1
    return filled, run


@inline
def _fold_into(desk: Desk, start: int, filled: int, code: int, run: int) -> tuple[int, int]:
    """Append what a code point folds to."""
    letters = desk.letters
    value = i64(desk.folds[code])
    if value == NOTHING:
        return filled, run
    if not value & SEVERAL:
        return _put(letters, start, filled, value, run)
    first = (value & ~SEVERAL) >> 5
    for k in range(first, first + (value & 31)):
        filled, run = _put(letters, start, filled, i64(desk.expansions[k]), run)
    return filled, run


@inline
def _spelled_out(words: NDArray[np.int64], count: int) -> int:
    """Make one word of at least three single letters in a row; how many words there are now."""
    made, k = i64(0), i64(0)
    while k < count:
        last = k
        while last < count and words[3, last] == 0 and words[1, last] - words[0, last] == 1:
            if last > k and words[0, last] != words[1, last - 1]:
                break
            last += 1
        stop = last if last - k >= 3 else k + 1
        words[0, made], words[1, made], words[3, made] = words[0, k], words[1, stop - 1], words[3, k]
        made, k = made + 1, stop
    return made


@inline
def words_of(
    data: Bytes,
    at: int,
    end: int,
    base: int,
    marks: Marks,
    mark: int,
    last_mark: int,
    desk: Desk,
) -> int:
    """Fill `words` with those of a piece; how many there are."""
    letters, words, classes = desk.letters, desk.words, desk.classes
    count, start, filled, kind, run = i64(0), i64(0), i64(0), i64(0), i64(0)
    began = at
    while at < end:
        while mark < last_mark and (marks.kinds[mark] != GROUP or base + marks.stops[mark] <= at):
            mark += 1
        if mark < last_mark and at >= base + marks.starts[mark]:
            count = _end_word(letters, words, count, start, filled, kind)
            if count < words.shape[1] - 1 and not (count > 0 and words[3, count - 1] == NAME):
                words[0, count], words[1, count], words[3, count] = filled, filled, NAME
                count += 1
            start, run, at = filled, 0, min(end, base + i64(marks.stops[mark]))
            continue
        code, after = decode(data, at, end)
        bits = i64(classes[code])
        inside = filled > start and at > began
        if desk.folds[code] == NOTHING:
            at = after
            continue
        if bits & (LETTER | NUMBER | JOINER):
            here = i64(1) if bits & UNSPACED else kind if bits & JOINER else i64(0)
            if here != kind and filled > start:
                count = _end_word(letters, words, count, start, filled, kind)
                start, run = filled, 0
            kind = here
            filled, run = _fold_into(desk, start, filled, code, run)
        elif code in _SIGNS and (inside or code == DOLLAR) and _letter_at(data, after, end, classes):
            if code not in APOSTROPHES:
                filled, run = _put(letters, start, filled, code, run)
        else:
            count = _end_word(letters, words, count, start, filled, kind)
            start, run = filled, 0
        at = after
    count = _end_word(letters, words, count, start, filled, kind)
    return _spelled_out(words, count)


@inline
def hash_words(letters: NDArray[np.int32], words: NDArray[np.int64], count: int) -> None:
    """Fill in the hashes of a piece's words."""
    for k in range(count):
        state = _NAME_HASH
        if words[3, k] != NAME:
            state = SPREAD
            for i in range(words[0, k], words[1, k]):
                state = (state ^ np.uint64(letters[i])) * PRIME
        words[2, k] = i64(state ^ (state >> np.uint64(31)))
