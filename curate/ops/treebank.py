r"""Words as treebanks count them: punctuation marks are words of their own.

A word of `text` is taken apart:

- a punctuation mark or symbol before its first letter or number, or behind its last, is a word; full stops in a row
  are one. A full stop behind a single letter of a script with capitals, as in `U.S.` or `p.m.`, stays where it is, and
  so do the marks `/ \ - + @ ^ | ~` and what they keep from the edge;
- a hyphen or dash between letters, digits, or a digit and a letter, one of `/ : = < > ~` before a letter and behind a
  letter or digit, a comma between letters, and a full stop between a small letter and a capital is a word, and so is
  what stands before and behind it;
- the end of an English contraction (`n't`, `'s`, `'m`, `'d`, `'ll`, `'re`, `'ve`, with either apostrophe) is a word.

This is what spaCy's English tokenizer, which datatrove counts by, makes of most text; it knows more exceptions.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import IN_I32, IN_U8, IN_U16, OUT_I32, OUT_U8, VOID, i64, inline, kernel
from curate.ops.normal import LARGEST
from curate.ops.phrases import any_phrase_end, phrases
from curate.ops.text import DOT, next_word
from curate.ops.unicode import DIGIT, LETTER, LOWER, PUNCTUATION, SYMBOL, UPPER, decode

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]

HYPHENS, COMMA, OTHERS = "-‐‑‒–—", ord(","), "/:=<>~"
GLUED = tuple(ord(mark) for mark in "/\\-+@^|~")
CONTRACTIONS = [ending.replace("'", mark) for mark in "'’" for ending in ("n't", "'s", "'m", "'d", "'ll", "'re", "'ve")]
LONGEST = max(len(ending.encode()) for ending in CONTRACTIONS)
GAP, HYPHEN = ord(" "), 2


class Spaced(NamedTuple):
    """Texts in the form in which kernels take texts."""

    offsets: Offsets
    data: Bytes


@inline
def _core(data: Bytes, at: int, end: int, classes: Classes) -> tuple[int, int]:
    """Where the core of a word, which marks surround, starts and ends; both `end` if the word is all marks."""
    first, last = end, end
    letter = single = False
    while at < end:
        code, after = decode(data, at, end)
        bits = i64(classes[code])
        if not bits & (PUNCTUATION | SYMBOL) or code in GLUED:
            first, last = min(first, at), after
            single = bits & (UPPER | LOWER) != 0 and not letter
            letter = bits & LETTER != 0
        else:
            if code == DOT and single and last == at:
                last = after
            letter = single = False
        at = after
    return first, last


@inline
def _splits(data: Bytes, code: int, before: int, after: int, end: int, classes: Classes, splitters: Bytes) -> bool:
    """Whether a mark that ends at byte `after`, behind a code point of classes `before`, splits a word."""
    if after == end or code >= len(splitters) or not splitters[code]:
        return False
    following, _ = decode(data, after, end)
    behind = i64(classes[following])
    if code == DOT:
        return before & LOWER != 0 and behind & UPPER != 0
    if behind & LETTER:
        return before & LETTER != 0 or (before & DIGIT != 0 and code != COMMA)
    return splitters[code] == HYPHEN and before & DIGIT != 0 and behind & DIGIT != 0


@inline
def _contraction(data: Bytes, start: int, end: int, starts: Offsets, endings: Bytes, first: Bytes) -> int:
    """Where the end of a contraction begins in `data[start:end]`, with something before it; `end` if nowhere."""
    for at in range(max(start + 1, end - LONGEST), end):
        if any_phrase_end(data, at, end, starts, endings, first) == end:
            return at
    return end


@inline
def _put(data: Bytes, start: int, end: int, out: Bytes, to: int, gap: bool) -> int:
    """Write `data[start:end]`, behind a space if `gap`, from byte `to` of `out`; where it ends."""
    if start < end and gap:
        out[to] = GAP
        to += 1
    for at in range(start, end):
        out[to] = data[at]
        to += 1
    return to


@inline
def _put_marks(data: Bytes, at: int, end: int, out: Bytes, to: int, gap: bool) -> int:
    """Write marks with spaces between them, but for full stops in a row."""
    last = i64(-1)
    while at < end:
        code, after = decode(data, at, end)
        to = _put(data, at, after, out, to, (gap or last >= 0) and not (code == last == DOT))
        last = code
        at = after
    return to


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_U8, IN_I32, IN_U8, IN_U8, OUT_I32, OUT_U8)
def _spaced(
    offsets: Offsets,
    data: Bytes,
    classes: Classes,
    splitters: Bytes,
    starts: Offsets,
    endings: Bytes,
    first: Bytes,
    out_offsets: Offsets,
    out: Bytes,
) -> None:
    to = i64(0)
    for row in range(len(offsets) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            begin, stop, _, _ = next_word(data, at, end, classes)
            to = _put(data, at, begin, out, to, False)
            place, last = _core(data, begin, stop, classes)
            to = _put_marks(data, begin, place, out, to, False)
            part, before = place, i64(0)
            while place < last:
                code, after = decode(data, place, last)
                split = _splits(data, code, before, after, last, classes, splitters)
                if split or after == last:
                    edge = place if split else after
                    cut = _contraction(data, part, edge, starts, endings, first)
                    to = _put(data, part, cut, out, to, part > begin)
                    to = _put(data, cut, edge, out, to, True)
                    to = _put(data, edge, after, out, to, True)
                    part = after
                before = i64(classes[code])
                place = after
            to = _put_marks(data, last, stop, out, to, True)
            at = stop
        out_offsets[row + 1] = to


def spaced(offsets: Offsets, data: Bytes) -> Spaced:
    """Every text with a space put in wherever one of its words is taken apart, for all kernels that read words."""
    size = int(offsets[-1]) - int(offsets[0])
    if size > LARGEST // 2:
        raise OverflowError(f"{size} bytes of text are more than can be taken apart at once")
    splitters = np.zeros(ord("—") + 1, np.uint8)
    splitters[[DOT, COMMA, *map(ord, OTHERS)]] = 1
    splitters[[*map(ord, HYPHENS)]] = HYPHEN
    made, out = np.zeros(len(offsets), np.int32), np.empty(2 * size, np.uint8)
    lists: tuple[Any, ...] = (splitters, *phrases(CONTRACTIONS), made, out)
    _spaced(offsets, data, unicode.classes(), *lists)
    return Spaced(made, out[: made[-1]])
