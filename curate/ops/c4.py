"""C4's line rules: text in, the lines worth keeping out.

Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
Transformer", https://jmlr.org/papers/v21/20-074.html, section 2.2; lists and order of the rules as in
TensorFlow Datasets' `c4_utils` and in datatrove's `C4QualityFilter`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.breaks import line_break
from curate.ops.kernel import (
    BOOL,
    I64,
    IN_I32,
    IN_I64,
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
from curate.ops.phrases import Phrases, holds_phrase
from curate.ops.text import DOT, NEWLINE, first_visible, last_visible, next_word
from curate.ops.unicode import DIGIT, decode

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]
Classes = NDArray[np.uint16]

OPEN, CLOSE = ord("["), ord("]")
_NOTES = (b"edit]", b"citation needed]")
_NOTE_STARTS = np.cumsum([0, *map(len, _NOTES)]).astype(np.int32)
_NOTE_BYTES = np.frombuffer(b"".join(_NOTES), np.uint8)


class KeptLines(NamedTuple):
    """The texts that are left, and per text (int64) how many lines there were and what became of them."""

    offsets: Offsets
    data: Bytes
    lines: Counts
    kept: Counts
    overlong: Counts
    unended: Counts
    short: Counts
    phrased: Counts
    citations: Counts


LINES, KEPT, OVERLONG, UNENDED, SHORT, PHRASED, CITATIONS = range(7)


@inline
def _citation_end(data: Bytes, at: int, end: int, classes: Classes, starts: Offsets, notes: Bytes) -> int:
    """Where `[12]`, `[]`, `[edit]` or `[citation needed]` ends if one begins at byte `at`, else −1."""
    begin = at = at + 1
    while at < end:
        code, after = decode(data, at, end)
        if not i64(classes[code]) & DIGIT:
            break
        at = after
    if at < end and data[at] == CLOSE:
        return at + 1
    for which in range(len(starts) - 1):
        size = i64(starts[which + 1]) - i64(starts[which])
        same = end - begin >= size
        i = 0
        while same and i < size:
            same = data[begin + i] == notes[starts[which] + i]
            i += 1
        if same:
            return begin + size
    return i64(-1)


@inline
def _copy_line(
    data: Bytes, at: int, end: int, cut: bool, classes: Classes, starts: Offsets, notes: Bytes, out: Bytes, to: int
) -> tuple[int, int]:
    """Write `data[at:end]` from byte `to` of `out`; where it ends, and how many citations were cut."""
    cited = i64(0)
    while at < end:
        if cut and data[at] == OPEN:
            after = _citation_end(data, at, end, classes, starts, notes)
            if after >= 0:
                cited += 1
                at = after
                continue
        stop = windows.find_byte(data, at + 1, end, OPEN) if cut else end
        for i in range(stop - at):
            out[to + i] = data[at + i]
        to += stop - at
        at = stop
    return to, cited


@inline
def _ends(out: Bytes, start: int, end: int, marks: Counts) -> bool:
    """Whether `out[start:end]` ends in one of `marks` and not in three full stops."""
    if end == start:
        return False
    at = end - 1
    while at > start and out[at] & 0xC0 == 0x80:
        at -= 1
    code, _ = decode(out, at, end)
    for i in range(len(marks)):
        if code == marks[i]:
            return not (code == DOT and end - start >= 3 and out[end - 2] == DOT and out[end - 3] == DOT)
    return False


@inline
def _measure_words(data: Bytes, at: int, end: int, classes: Classes, most: int) -> tuple[int, int]:
    """How many words, and the length of the longest, which is right where it passes `most`."""
    words, longest = i64(0), i64(0)
    while at < end:
        runs, ends, size = windows.words(data, at, end)
        words += windows.ones(windows.starts(runs))
        while runs and most < windows.SIZE:
            start, stop = windows.first_word(runs, ends)
            longest = max(longest, stop - start)
            runs = windows.behind(runs, stop)
        if size > 0:
            at += size
            continue
        _, at, length, _ = next_word(data, at, end, classes)
        words += length > 0
        longest = max(longest, length)
    return words, longest


@inline
def strip(out: Bytes, start: int, end: int, classes: Classes) -> int:
    """Take white space off both ends of `out[start:end]`; where the rest, moved to `start`, ends."""
    first = first_visible(out, start, end, classes)
    _, end = last_visible(out, first, end, classes)
    if first > start:
        for at in range(first, end):
            out[start + at - first] = out[at]
    return start + end - first


@kernel(
    VOID,
    IN_I32,
    IN_U8,
    IN_U16,
    IN_I64,
    I64,
    I64,
    BOOL,
    IN_I32,
    IN_U8,
    IN_I32,
    IN_U8,
    IN_U8,
    OUT_I32,
    OUT_U8,
    OUT_I64_2D,
)
def _keep_lines(
    offsets: Offsets,
    data: Bytes,
    classes: Classes,
    marks: Counts,
    fewest: int,
    longest: int,
    cut: bool,
    note_starts: Offsets,
    notes: Bytes,
    starts: Offsets,
    phrase: Bytes,
    first: Bytes,
    out_offsets: Offsets,
    out: Bytes,
    counts: Counts,
) -> None:
    to = i64(0)
    for row in range(counts.shape[1]):
        at, end, begin = i64(offsets[row]), i64(offsets[row + 1]), to
        while at < end:
            start = at
            stop, at = line_break(data, at, end)
            start = first_visible(data, start, stop, classes)
            _, visible = last_visible(data, start, stop, classes)
            if start >= visible:
                continue
            counts[LINES, row] += 1
            words, length = _measure_words(data, start, visible, classes, longest)
            if length > longest:
                counts[OVERLONG, row] += 1
                continue
            if to > begin:
                out[to] = NEWLINE
            place = to + (to > begin)
            after, cited = _copy_line(data, start, visible, cut, classes, note_starts, notes, out, place)
            if len(marks) > 0 and not _ends(out, place, after, marks):
                counts[UNENDED, row] += 1
            elif words < fewest:
                counts[SHORT, row] += 1
            elif holds_phrase(out, place, after, starts, phrase, first):
                counts[PHRASED, row] += 1
            else:
                counts[KEPT, row] += 1
                counts[CITATIONS, row] += cited
                to = after
        to = strip(out, begin, to, classes)
        out_offsets[row + 1] = to


def keep_lines(
    offsets: Offsets,
    data: Bytes,
    *,
    marks: str,
    min_words: int,
    max_word_length: int,
    citations: bool,
    listed: Phrases,
    classes: Classes | None = None,
) -> KeptLines:
    """Keep the lines that break no rule, without citations and without white space at their ends.

    A line counts under the first rule that it breaks: a word longer than `max_word_length`; an end that is none
    of `marks`, or is `...`, once citations are cut (no marks: any end will do); fewer words than `min_words`,
    citations included; a phrase of `listed`. Blank lines are no lines. What a word is, is a matter of `classes`.
    """
    size = int(offsets[-1]) - int(offsets[0])
    made, out = np.zeros(len(offsets), np.int32), np.empty(size + 1, np.uint8)
    counts = np.zeros((7, len(offsets) - 1), np.int64)
    ends = np.array([ord(mark) for mark in marks], np.int64)
    limits = (ends, min_words, max_word_length, citations)
    rules: tuple[Any, ...] = (*limits, _NOTE_STARTS, _NOTE_BYTES, *listed, made, out, counts)
    _keep_lines(offsets, data, unicode.classes() if classes is None else classes, *rules)
    return KeptLines(made, out[: made[-1]], *counts)
