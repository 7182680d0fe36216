"""RefinedWeb's line-wise corrections: text in, text without menus, counters and buttons out.

Source: Penedo et al. 2023, "The RefinedWeb Dataset for Falcon LLM", https://arxiv.org/abs/2306.01116, G.2; what the
paper leaves open is settled as in DCLM's reproduction (Li et al. 2024, https://arxiv.org/abs/2406.11794).
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.c4 import strip
from curate.ops.kernel import (
    BOOL,
    F64,
    I64,
    IN_I32,
    IN_U8,
    IN_U16,
    OUT_I32,
    OUT_I64_2D,
    OUT_U8,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.phrases import Phrases, any_phrase_end, lowered, phrase_end
from curate.ops.text import DOT, NEWLINE, first_visible, last_visible, line_end, next_word
from curate.ops.unicode import DIGIT, LETTER, NUMBER, SPACE, UPPER, decode

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]
Classes = NDArray[np.uint16]

COMMA, UNDERSCORE = ord(","), ord("_")
THOUSAND, MILLION, BILLION = ord("k"), ord("m"), ord("b")
LINES, CAPITALS, NUMERIC, COUNTER, SHORT, EMPTIED, EDITED, BEFORE, AFTER = range(9)


class Corrected(NamedTuple):
    """The texts that are left, and per text (int64) what became of the lines, and words before and after."""

    offsets: Offsets
    data: Bytes
    lines: Counts
    capitals: Counts
    numeric: Counts
    counters: Counts
    short: Counts
    emptied: Counts
    edited: Counts
    words_before: Counts
    words_after: Counts


@inline
def _count_words(data: Bytes, at: int, end: int, classes: Classes) -> int:
    words = i64(0)
    while at < end:
        _, at, length, _ = next_word(data, at, end, classes)
        words += length > 0
    return words


@inline
def _nature(data: Bytes, at: int, end: int, classes: Classes) -> tuple[int, int, int]:
    """Code points, capitals and digits."""
    total, upper, digits = i64(0), i64(0), i64(0)
    while at < end:
        code, at = decode(data, at, end)
        bits = i64(classes[code])
        total += 1
        upper += (bits & UPPER) != 0
        digits += (bits & DIGIT) != 0
    return total, upper, digits


@inline
def _is_counter(data: Bytes, at: int, end: int, classes: Classes, starts: Offsets, nouns: Bytes) -> bool:
    """Whether all that the line says is a number, perhaps with K, M or B, white space, and one of the nouns."""
    at = _next_wordlike(data, at, end, classes)
    number = at
    while at < end:
        code, after = decode(data, at, end)
        if not (i64(classes[code]) & DIGIT or (at > number and code in (COMMA, DOT))):
            break
        at = after
    if at in (number, end):
        return False
    at += lowered(i64(data[at])) in (THOUSAND, MILLION, BILLION)
    noun = first_visible(data, at, end, classes)
    if noun == at:
        return False
    for which in range(len(starts) - 1):
        after = phrase_end(data, noun, end, starts, nouns, which)
        if after >= 0 and _next_wordlike(data, after, end, classes) == end:
            return True
    return False


@inline
def _next_wordlike(data: Bytes, at: int, end: int, classes: Classes) -> int:
    """Where the next letter, number or underscore is; `end` where there is none."""
    while at < end:
        code, after = decode(data, at, end)
        if i64(classes[code]) & (LETTER | NUMBER) or code == UNDERSCORE:
            break
        at = after
    return at


@inline
def _copy_without(
    data: Bytes, at: int, end: int, classes: Classes, starts: Offsets, phrase: Bytes, first: Bytes, out: Bytes, to: int
) -> int:
    """Write `data[at:end]` without phrases, nor the white space before each, from byte `to` of `out`; where it ends."""
    while at < end:
        code, after = decode(data, at, end)
        begin = after if i64(classes[code]) & SPACE else at
        found = any_phrase_end(data, begin, end, starts, phrase, first)
        if found >= 0:
            at = found
            continue
        while at < after:
            out[to] = data[at]
            to += 1
            at += 1
    return to


@inline
def _suffix_start(out: Bytes, start: int, end: int, classes: Classes, starts: Offsets, phrase: Bytes) -> int:
    """Where a phrase that ends at `end`, with a space before it, begins; `end` where there is none."""
    for which in range(len(starts) - 1):
        at = end - (i64(starts[which + 1]) - i64(starts[which]))
        if at >= start and phrase_end(out, at, end, starts, phrase, which) >= 0:
            before = at - 1
            while before > start and out[before] & 0xC0 == 0x80:
                before -= 1
            if before >= start:
                code, _ = decode(out, before, at)
                at = before if i64(classes[code]) & SPACE else at
            return at
    return end


@inline
def _drop_prefix(
    out: Bytes, start: int, end: int, classes: Classes, starts: Offsets, phrase: Bytes, first: Bytes
) -> int:
    """Take a phrase and a space after it off the start of `out[start:end]`; where the rest ends."""
    after = any_phrase_end(out, start, end, starts, phrase, first)
    if after < 0:
        return end
    if after < end:
        code, beyond = decode(out, after, end)
        after = beyond if i64(classes[code]) & SPACE else after
    for at in range(after, end):
        out[start + at - after] = out[at]
    return start + end - after


@inline
def _breach(
    data: Bytes,
    start: int,
    end: int,
    classes: Classes,
    capitals: float,
    numeric: bool,
    words: int,
    fewest: int,
    starts: Offsets,
    nouns: Bytes,
) -> int:
    """The first rule that a line breaks, or `LINES`."""
    total, upper, digits = _nature(data, start, end, classes)
    if upper > capitals * total:
        return CAPITALS
    if numeric and digits == total:
        return NUMERIC
    if _is_counter(data, start, end, classes, starts, nouns):
        return COUNTER
    return SHORT if words < fewest else LINES


@inline
def _break(out: Bytes, begin: int, to: int) -> int:
    """Write the end of a blank line, unless nothing stands before it; where the next byte goes."""
    if to > begin:
        out[to] = NEWLINE
        to += 1
    return to


@inline
def _copy(data: Bytes, start: int, stop: int, out: Bytes, to: int) -> int:
    """Write bytes as they are; where the next ones go."""
    for i in range(start, stop):
        out[to + i - start] = data[i]
    return to + stop - start


_LIST = (IN_I32, IN_U8, IN_U8)


@kernel(VOID, IN_I32, IN_U8, IN_U16, F64, BOOL, I64, I64, *_LIST, *_LIST, *_LIST, *_LIST, OUT_I32, OUT_U8, OUT_I64_2D)
def _correct(
    offsets: Offsets,
    data: Bytes,
    classes: Classes,
    capitals: float,
    numeric: bool,
    fewest: int,
    editable: int,
    noun_starts: Offsets,
    nouns: Bytes,
    _: Bytes,
    any_starts: Offsets,
    anywhere: Bytes,
    any_first: Bytes,
    prefix_starts: Offsets,
    prefixes: Bytes,
    prefix_first: Bytes,
    suffix_starts: Offsets,
    suffixes: Bytes,
    __: Bytes,
    out_offsets: Offsets,
    out: Bytes,
    counts: Counts,
) -> None:
    to = i64(0)
    for row in range(counts.shape[1]):
        at, end, begin = i64(offsets[row]), i64(offsets[row + 1]), to
        while at < end:
            line, stop = at, line_end(data, at, end)
            start = first_visible(data, line, stop, classes)
            _last, visible = last_visible(data, start, stop, classes)
            at = stop + 1
            if start >= visible:
                to = _break(out, begin, to)
                continue
            counts[LINES, row] += 1
            words = _count_words(data, start, visible, classes)
            counts[BEFORE, row] += words
            broken = _breach(data, start, visible, classes, capitals, numeric, words, fewest, noun_starts, nouns)
            if broken != LINES:
                counts[broken, row] += 1
                continue
            after = to
            if words <= editable:
                after = _copy_without(data, start, visible, classes, any_starts, anywhere, any_first, out, to)
                after = _suffix_start(out, to, after, classes, suffix_starts, suffixes)
                after = _drop_prefix(out, to, after, classes, prefix_starts, prefixes, prefix_first)
                if first_visible(out, to, after, classes) == after:
                    counts[EMPTIED, row] += 1
                    continue
            if words <= editable and after - to < visible - start:
                counts[EDITED, row] += 1
                words = _count_words(out, to, after, classes)
            else:
                after = _copy(data, line, stop, out, to)
            counts[AFTER, row] += words
            out[after] = NEWLINE
            to = after + 1
        to = strip(out, begin, to, classes)
        out_offsets[row + 1] = to


def correct(
    offsets: Offsets,
    data: Bytes,
    *,
    max_upper_ratio: float,
    numeric: bool,
    min_words: int,
    short_words: int,
    counters: Phrases,
    anywhere: Phrases,
    prefixes: Phrases,
    suffixes: Phrases,
) -> Corrected:
    """Drop and edit lines, and take white space off the ends of the text.

    A line is dropped for the first of these: more than `max_upper_ratio` of its code points are capitals; all
    are digits (if `numeric`); it says nothing but a number and one of `counters`; it has fewer than `min_words`
    words. One of at most `short_words` words loses `anywhere` phrases, one of `suffixes`, and one of `prefixes`, each
    with one white space beside it; if nothing is left, the line goes. White space at a line's ends is no part of it;
    blank lines stay.
    """
    size = int(offsets[-1]) - int(offsets[0])
    made, out = np.zeros(len(offsets), np.int32), np.empty(size + len(offsets), np.uint8)
    counts = np.zeros((9, len(offsets) - 1), np.int64)
    limits = (max_upper_ratio, numeric, min_words, short_words)
    rules: tuple[Any, ...] = (*limits, *counters, *anywhere, *prefixes, *suffixes, made, out, counts)
    _correct(offsets, data, unicode.classes(), *rules)
    return Corrected(made, out[: made[-1]], *counts)
