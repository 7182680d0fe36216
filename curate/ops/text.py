"""What words, lines and characters a text has: the counts behind every heuristic rule.

A *word* is a maximal run of code points that are not white space, except that letters of scripts written
without spaces between words make words of their own (`unspaced.py`). Punctuation belongs to the word that it
touches, in every script; behind marks such as the ideographic comma, the danda and the tsheg a word ends
without white space. `docs/words.md` says more, with examples and measurements; every stage counts by `next_word`.

A *line* ends at a line feed; a line of white space alone is no line. Lengths are in code points, those of `words`
in syllables of Hangul even where it is decomposed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    OUT_F64,
    OUT_I64,
    OUT_I64_2D,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.unicode import (
    BREAK,
    DIGIT,
    KIND,
    LETTER,
    PLAIN,
    PUNCTUATION,
    SPACE,
    SYMBOL,
    TAIL,
    TERMINAL,
    UNSPACED,
    UPPER,
    decode,
)
from curate.ops.unspaced import unspaced_word

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]

DOT, ELLIPSIS, NEWLINE = ord("."), ord("…"), ord("\n")


class Characters(NamedTuple):
    """Per text (int64): code points in all and by class."""

    total: Counts
    spaces: Counts
    letters: Counts
    upper: Counts
    digits: Counts
    punctuation: Counts
    symbols: Counts


LONGEST = 1024
"""Code points from which on all words count as equally long for the median."""


class Words(NamedTuple):
    """Words per text (int64): all, those with a letter, those not of punctuation and symbols alone, their length.

    And the median length of all words in code points (float64): the mean of the middle two where they are even, 0 for
    none.
    """

    total: Counts
    alphabetic: Counts
    plain: Counts
    plain_characters: Counts
    median: NDArray[np.float64]


class Lines(NamedTuple):
    """Lines per text (int64): all, those that begin with a bullet, those that end in an ellipsis, in a full stop."""

    total: Counts
    bullets: Counts
    ellipses: Counts
    terminal: Counts


@kernel(VOID, IN_I32, IN_U8, IN_U16, OUT_I64_2D)
def _characters(offsets: Offsets, data: Bytes, classes: NDArray[np.uint16], out: NDArray[np.int64]) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        total = spaces = letters = upper = digits = punctuation = symbols = 0
        while at < end:
            code, at = decode(data, at, end)
            bits = i64(classes[code])
            total += 1
            spaces += (bits & SPACE) != 0
            letters += (bits & LETTER) != 0
            upper += (bits & UPPER) != 0
            digits += (bits & DIGIT) != 0
            punctuation += (bits & PUNCTUATION) != 0
            symbols += (bits & SYMBOL) != 0
        out[0, row], out[1, row], out[2, row], out[3, row] = total, spaces, letters, upper
        out[4, row], out[5, row], out[6, row] = digits, punctuation, symbols


def characters(offsets: Offsets, data: Bytes) -> Characters:
    """Code points by class."""
    out = np.zeros((len(Characters._fields), len(offsets) - 1), np.int64)
    _characters(offsets, data, unicode.classes(), out)
    return Characters(*out)


@inline
def first_visible(data: Bytes, at: int, end: int, classes: NDArray[np.uint16]) -> int:
    """Where the first code point that is not white space starts; `end` where there is none."""
    while at < end:
        code, after = decode(data, at, end)
        if not i64(classes[code]) & SPACE:
            break
        at = after
    return at


@inline
def next_word(data: Bytes, at: int, end: int, classes: NDArray[np.uint16]) -> tuple[int, int, int, int]:
    """The first word at or after byte `at`: its start, its end, its length, and the union of its classes.

    Length 0 where there is none.
    """
    start = first_visible(data, at, end, classes)
    at, length, union, closed = start, i64(0), i64(0), False
    while at < end:
        if data[at] < 0x80 and not closed:  # most text; nothing below applies to ASCII
            bits = i64(classes[data[at]])
            if bits & SPACE:
                break
            union |= bits
            length += 1
            at += 1
            continue
        code, after = decode(data, at, end)
        bits = i64(classes[code])
        if bits & SPACE or ((closed or bits & UNSPACED) and bits & union & PLAIN):
            break
        if bits & UNSPACED:
            after, letters, bits = unspaced_word(data, at, end, classes)
            length += letters
            closed = True
        else:
            length += 1
            closed = closed or bits >= BREAK
        union |= bits
        at = after
    return start, at, length, union


@inline
def _tails(data: Bytes, at: int, end: int, classes: NDArray[np.uint16]) -> int:
    """Vowels and finals of decomposed Hangul."""
    count = i64(0)
    while at < end:
        code, at = decode(data, at, end)
        count += i64(classes[code]) & KIND == TAIL
    return count


@inline
def _at(lengths: Counts, rank: int) -> int:
    """The length at this place (0: the first) among all in ascending order, where `lengths[n]` words are n long."""
    length = seen = i64(0)
    while seen + lengths[length] <= rank:
        seen += lengths[length]
        length += 1
    return length


@inline
def _lengths_of(runs: np.uint64, ends: np.uint64, plains: np.uint64, lengths: Counts) -> int:
    """Enter the words of a window into `lengths`; the length of those that hold one of `plains`."""
    characters = windows.ones(runs)
    while runs:
        start, stop = windows.first_word(runs, ends)
        length = stop - start
        lengths[length] += 1
        if not (plains >> np.uint64(start)) & windows.below(length):
            characters -= length
        runs = windows.behind(runs, stop)
    return characters


@kernel(VOID, IN_I32, IN_U8, IN_U16, OUT_I64, OUT_I64_2D, OUT_F64)
def _words(
    offsets: Offsets,
    data: Bytes,
    classes: NDArray[np.uint16],
    lengths: Counts,
    out: NDArray[np.int64],
    medians: NDArray[np.float64],
) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        total = alphabetic = plain = plain_characters = 0
        lengths[:] = 0
        while at < end:
            runs, ends, size = windows.words(data, at, end)
            if size > 0:
                letters = windows.letters(data, at)
                plains = letters | windows.digits(data, at)
                total += windows.ones(windows.starts(runs))
                alphabetic += windows.holding(runs, letters)
                plain += windows.holding(runs, plains)
                plain_characters += _lengths_of(runs, ends, plains, lengths)
                at += size
                continue
            start, at, length, union = next_word(data, at, end, classes)
            if length == 0:
                break
            total += 1
            alphabetic += (union & LETTER) != 0
            lengths[min(length, LONGEST)] += 1
            if union & PLAIN:
                plain += 1
                if union & TAIL == TAIL:
                    length = max(length - _tails(data, start, at, classes), 1)
                plain_characters += length
        out[0, row], out[1, row], out[2, row], out[3, row] = total, alphabetic, plain, plain_characters
        if total > 0:
            medians[row] = (_at(lengths, (total - 1) // 2) + _at(lengths, total // 2)) / 2


def words(offsets: Offsets, data: Bytes, classes: NDArray[np.uint16] | None = None) -> Words:
    """Words and their lengths; by other `classes` of code points where they are given."""
    out, medians = np.zeros((4, len(offsets) - 1), np.int64), np.zeros(len(offsets) - 1)
    known = unicode.classes() if classes is None else classes
    _words(offsets, data, known, np.zeros(LONGEST + 1, np.int64), out, medians)
    total, alphabetic, plain, plain_characters = out
    return Words(total, alphabetic, plain, plain_characters, medians)


@inline
def length(data: Bytes, start: int, end: int) -> int:
    """Code points of `data[start:end]`: all bytes but those that continue one."""
    count = 0
    for at in range(start, end):
        count += data[at] & 0xC0 != 0x80
    return count


@inline
def line_end(data: Bytes, at: int, end: int) -> int:
    """Where the line that starts at `at` ends: at its line feed, or at `end`."""
    return windows.find_byte(data, at, end, NEWLINE)


@inline
def last_visible(data: Bytes, start: int, end: int, classes: NDArray[np.uint16]) -> tuple[int, int]:
    """The last code point of `data[start:end]` that is not white space, and where it ends; −1 where there is none."""
    while end > start:
        at = end - 1
        while at > start and data[at] & 0xC0 == 0x80:
            at -= 1
        code, _ = decode(data, at, end)
        if not i64(classes[code]) & SPACE:
            return code, end
        end = at
    return i64(-1), end


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_I64, OUT_I64_2D)
def _lines(offsets: Offsets, data: Bytes, classes: NDArray[np.uint16], bullets: Counts, out: Counts) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            start, stop = at, line_end(data, at, end)
            last, visible = last_visible(data, at, stop, classes)
            if last >= 0:
                first = i64(-1)
                while first < 0 or i64(classes[first]) & SPACE:
                    first, at = decode(data, at, stop)
                out[0, row] += 1
                for i in range(len(bullets)):
                    out[1, row] += first == bullets[i]
                dotted = visible - start >= 3 and last == DOT and data[visible - 2] == DOT and data[visible - 3] == DOT
                out[2, row] += dotted or last == ELLIPSIS
                out[3, row] += (i64(classes[last]) & TERMINAL) != 0
            at = stop + 1


def lines(offsets: Offsets, data: Bytes, bullets: str = "•-") -> Lines:
    """Lines, by how they begin and end, white space aside; `bullets` are distinct characters."""
    out = np.zeros((len(Lines._fields), len(offsets) - 1), np.int64)
    _lines(offsets, data, unicode.classes(), np.array([ord(bullet) for bullet in bullets], np.int64), out)
    return Lines(*out)


@kernel(VOID, IN_I32, IN_U8, OUT_I64)
def _lengths(offsets: Offsets, data: Bytes, out: Counts) -> None:
    for row in range(len(out)):
        out[row] = length(data, i64(offsets[row]), i64(offsets[row + 1]))


def lengths(offsets: Offsets, data: Bytes) -> Counts:
    """Code points per text (int64)."""
    out = np.zeros(len(offsets) - 1, np.int64)
    _lengths(offsets, data, out)
    return out


@kernel(VOID, IN_I32, IN_U8, I64, OUT_I64)
def _count_byte(offsets: Offsets, data: Bytes, byte: int, out: Counts) -> None:
    for row in range(len(out)):
        count = i64(0)
        for at in range(i64(offsets[row]), i64(offsets[row + 1])):
            count += data[at] == byte
        out[row] = count


def count_byte(offsets: Offsets, data: Bytes, byte: int) -> Counts:
    """How often a byte occurs in each text (int64)."""
    out = np.zeros(len(offsets) - 1, np.int64)
    _count_byte(offsets, data, byte, out)
    return out


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """Part / whole, 0 where there is no whole."""
    return np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0)
