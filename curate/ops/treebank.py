r"""Words as treebanks count them: punctuation marks are words of their own.

This is the algorithm of spaCy's tokenizer with its English rules, which datatrove counts by; the facts (letters, marks,
units, exceptions) are in `treebank.toml`. A run of what is not white space is taken apart so:

1. As long as it is none of the exceptions, a mark or currency is taken off its front, and off its end a mark, a unit
   or currency behind a digit, `'s`, full stops in a row, or one full stop behind a small letter, a digit, two capitals
   or a mark. If what one of them leaves is an exception, nothing more is taken.
2. What is left is an exception (`do|n't`, `Mr.`, `10|am`, `:-)`), or a web address, which stays whole; or else full
   stops in a row, symbols, a full stop between a small letter and a capital, a comma between letters, a hyphen or one
   of `: < > = /` before a letter and behind a letter or digit, and `+ - * ^` between digits are words of their own.
3. Exceptions that steps 1 and 2 have taken apart (`Mr` `.` of `Mr.Smith`) are looked for once more, longest first.

Source: spaCy 3.8 (Honnibal et al., MIT), `tokenizer.pyx`, https://spacy.io/usage/linguistic-features#tokenization.
Without the exceptions of English the same rules serve other languages. One thing is left out: in step 3 spaCy also sees
parts that white space separates, which never become an exception but may keep an overlapping one from it.
"""

from functools import cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import treebank_rules as table
from curate.ops import unicode, windows
from curate.ops.kernel import IN_I32, IN_U8, OUT_I32, OUT_U8, VOID, i64, inline, kernel
from curate.ops.normal import LARGEST
from curate.ops.text import DOT
from curate.ops.treebank_affixes import is_exception, trim
from curate.ops.treebank_again import again, mark_words
from curate.ops.treebank_infixes import split
from curate.ops.treebank_rules import BACK, INERT, LOWER, MEASURE, RULES, SPACE, START, WHOLE, Rules, find_entry
from curate.ops.unicode import decode
from curate.ops.web_address import is_address

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]

GAP = ord(" ")
RUN = 2
"""Beside `START`, the mark of a word that stands behind white space or nothing."""


class Spaced(NamedTuple):
    """Texts in the form in which kernels take texts."""

    offsets: Offsets
    data: Bytes


@inline
def cut(data: Bytes, begin: int, stop: int, rules: Rules, marks: Bytes, base: int) -> None:
    """Mark in `marks`, whose first byte stands for byte `base`, where the words of `data[begin:stop]` start.

    There is no white space in it; `marks` are 0 before.
    """
    marks[begin - base] = START
    start, end = trim(data, begin, stop, rules, marks, base)
    if start < end:
        entry = find_entry(data, start, end, rules)
        if entry >= 0 and rules.kinds[entry] & WHOLE:
            mark_words(rules.splits[entry], start, end, marks, base, START)
        elif not is_address(data, start, end, rules.classes):
            split(data, start, end, stop, rules.classes, marks, base)
    again(data, begin, stop, rules, marks, base)


@inline
def visible_end(data: Bytes, at: int, end: int, classes: Classes) -> tuple[int, bool]:
    """Where the run of what is not white space from byte `at` on ends, and whether it is of plain letters alone."""
    inert = True
    while at < end:
        code, after = decode(data, at, end)
        bits = i64(classes[code])
        if bits & SPACE:
            break
        inert = inert and bits & INERT != 0
        at = after
    return at, inert


@inline
def _lettered(data: Bytes, start: int, stop: int, letters: np.uint64, rules: Rules) -> int:
    """Where the last word of a run of ASCII letters starts, −1 where the rules have to be followed step by step.

    `letters` are the letters of `data[start:stop]`, as bits. A run of them alone is one word, and one with a mark that
    comes off its end is two, unless the run or its letters are an exception.
    """
    length = stop - start
    most = windows.below(length)
    if letters != most:
        last = i64(data[stop - 1])
        bits = i64(rules.classes[last])
        if length == 1 or letters != most >> np.uint64(1) or bits & MEASURE:
            return i64(-1)
        if not (i64(rules.classes[data[stop - 2]]) & LOWER if last == DOT else bits & BACK):
            return i64(-1)
        length -= 1
    if is_exception(data, start, start + length, rules) or is_exception(data, start, stop, rules):
        return i64(-1)
    return start if length == stop - start else stop - 1


@inline
def mark_text(data: Bytes, at: int, end: int, rules: Rules, marks: Bytes, base: int) -> None:
    """Mark every word of `data[at:end]`, and as `RUN` those behind white space or nothing."""
    while at < end:
        runs, ends, size = windows.words(data, at, end)
        letters = windows.letters(data, at) if size > 0 else np.uint64(0)
        while runs:
            first, last = windows.first_word(runs, ends)
            inside = (letters >> np.uint64(first)) & windows.below(last - first)
            begin, stop = at + first, at + last
            word = _lettered(data, begin, stop, inside, rules)
            if word < 0:
                cut(data, begin, stop, rules, marks, base)
            else:
                marks[word - base] = START
            marks[begin - base] = START | RUN
            runs = windows.behind(runs, last)
        if size > 0:
            at += size
            continue
        stop, inert = visible_end(data, at, end, rules.classes)
        if stop > at:
            if not inert or is_exception(data, at, stop, rules):
                cut(data, at, stop, rules, marks, base)
            marks[at - base] = START | RUN
            at = stop
        else:
            _, at = decode(data, at, end)


@kernel(VOID, IN_I32, IN_U8, RULES, OUT_U8)
def _marks(offsets: Offsets, data: Bytes, rules: Rules, marks: Bytes) -> None:
    base = i64(offsets[0])
    for row in range(len(offsets) - 1):
        mark_text(data, i64(offsets[row]), i64(offsets[row + 1]), rules, marks, base)


@kernel(VOID, IN_I32, IN_U8, IN_U8, OUT_I32, OUT_U8)
def _spaced(offsets: Offsets, data: Bytes, marks: Bytes, out_offsets: Offsets, out: Bytes) -> None:
    base, to = i64(offsets[0]), i64(0)
    for row in range(len(offsets) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            stop = base + windows.find_byte(marks, at + 1 - base, end - base, START)
            if marks[at - base] == START:
                out[to] = GAP
                to += 1
            for i in range(stop - at):
                out[to + i] = data[at + i]
            to += stop - at
            at = stop
        out_offsets[row + 1] = to


def _marked(offsets: Offsets, data: Bytes, rules: Rules) -> Bytes:
    marks = np.zeros(int(offsets[-1]) - int(offsets[0]) + 1, np.uint8)
    _marks(offsets, data, rules, marks)
    return marks


@cache
def rules(*, english: bool) -> Rules:
    """The rules of `treebank.toml`, with the exceptions of English or without; some milliseconds, once a process."""
    exceptions = table.exceptions(english=english)
    listed = sorted(exceptions)
    offsets, data = table.packed(listed)
    marks, patterns = _marked(offsets, data, table.rules({}, {})), {}
    for word, start, end in zip(listed, offsets, offsets[1:], strict=False):
        parts = [at for at in range(end - start) if marks[start + at]]
        if len(parts) > 1:
            patterns[word] = sum(1 << at for at in parts)
    return table.rules(exceptions, patterns)


def spaced(offsets: Offsets, data: Bytes, *, english: bool = True) -> Spaced:
    """Every text with a space put in wherever a word follows another at once, for all kernels that read words."""
    size = int(offsets[-1]) - int(offsets[0])
    if size > LARGEST // 2:
        raise OverflowError(f"{size} bytes of text are more than can be taken apart at once")
    made, out = np.zeros(len(offsets), np.int32), np.empty(2 * size, np.uint8)
    _spaced(offsets, data, _marked(offsets, data, rules(english=english)), made, out)
    return Spaced(made, out[: made[-1]])


Reading = bool | Literal["en"]
"""What a word is: that of `docs/words.md` (False); the same, taken apart (True); a word of spaCy's English tokenizer,
by the lists that datatrove has beside it ("en")."""


def read(offsets: Offsets, data: Bytes, reading: Reading) -> tuple[Offsets, Bytes, Classes]:
    """Texts in which the words of this reading stand between spaces, and the classes of code points to read them by."""
    if reading == "en":
        return (*spaced(offsets, data), classes())
    return (*(spaced(offsets, data, english=False) if reading else (offsets, data)), unicode.classes())


@cache
def classes() -> Classes:
    """Classes of code points, as `unicode.classes`, by datatrove's reading.

    White space is Python's; no script is written without spaces; a word is plain unless it is made of datatrove's
    `PUNCTUATION_SET` alone, which lacks `•` and `‘` and has control characters and `１`; a line or sentence is ended by
    its `TERMINAL_PUNCTUATION`.
    """
    made, own = unicode.classes() & ~np.uint16(unicode.UNSPACED | unicode.KIND), table.classes()
    made[ord("\u200b")] = unicode.JOINER
    made[own & SPACE != 0] |= np.uint16(unicode.SPACE)
    made |= np.uint16(unicode.PLAIN)
    made[table.decoration()] &= ~np.uint16(unicode.PLAIN)
    made[own & SPACE != 0] &= ~np.uint16(unicode.PLAIN)
    made &= ~np.uint16(unicode.TERMINAL)
    made[table.ends()] |= np.uint16(unicode.TERMINAL)
    return made
