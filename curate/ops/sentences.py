"""How many sentences a text has, by rules that need no model of a language.

A sentence ends with its line, or at a full stop, question or exclamation mark that white space follows,
closing punctuation between them aside; full stops of scripts without spaces need no white space. A full
stop after a single letter (an initial, `U.S.`, `p.m.`) ends none, nor do several in a row; one between a small
letter and a capital does, for text that has lost its spaces. Letters are here those of scripts with capitals. This
is what spaCy's rule-based `sentencizer` makes of its English tokens, which datatrove counts by, but for spaCy's list
of abbreviations.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.kernel import IN_I32, IN_U8, IN_U16, OUT_I64, VOID, i64, inline, kernel
from curate.ops.text import DOT, ELLIPSIS, NEWLINE
from curate.ops.unicode import JOINER, LETTER, LOWER, PUNCTUATION, SPACE, TERMINAL, UPPER, decode

Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]


@inline
def _dot(data: Bytes, at: int, end: int, classes: Classes, last: int, prior: int) -> tuple[bool, bool]:
    """Whether a full stop that ends at byte `at` ends a sentence if white space follows, and whether it does so now."""
    following = i64(NEWLINE)
    if at < end:
        following, _ = decode(data, at, end)
    several = DOT in (last, following)
    initial = i64(classes[last]) & (UPPER | LOWER) and not i64(classes[prior]) & LETTER
    if several or initial:
        return False, False
    return True, (i64(classes[last]) & LOWER) != 0 and (i64(classes[following]) & UPPER) != 0


@inline
def _count(data: Bytes, at: int, end: int, classes: Classes) -> int:
    """Sentences of one text. `pending`: a mark that ends a sentence if white space follows; `ended`: it has ended."""
    sentences = i64(0)
    started = pending = ended = False
    last, prior = i64(NEWLINE), i64(NEWLINE)
    while at < end:
        if started and not (ended or pending) and at + windows.SIZE <= len(data):
            # Letters and spaces change nothing until a mark comes.
            calm = min(windows.lowest(~(windows.letters(data, at) | windows.among(data, at, 0x20, 0x20))), end - at)
            if calm > 1:
                at += calm
                last, prior = i64(data[at - 1]), i64(data[at - 2])
                continue
        code, at = decode(data, at, end)
        bits = i64(classes[code])
        if code == NEWLINE:
            started = pending = ended = False
        elif bits & SPACE:
            ended, pending = ended or pending, False
        else:
            plain = not bits & (PUNCTUATION | JOINER)
            if not started or (ended and plain):
                sentences += 1
                started, ended = True, False
            if plain:
                pending = False
            elif code == DOT:
                may, does = _dot(data, at, end, classes, last, prior)
                pending, ended = pending or may, ended or does
            elif bits & TERMINAL and code != ELLIPSIS:
                pending, ended = True, ended or code >= 0x80
        last, prior = code, last
    return sentences


@kernel(VOID, IN_I32, IN_U8, IN_U16, OUT_I64)
def _sentences(offsets: NDArray[np.int32], data: Bytes, classes: Classes, out: NDArray[np.int64]) -> None:
    for row in range(len(out)):
        out[row] = _count(data, i64(offsets[row]), i64(offsets[row + 1]), classes)


def sentences(offsets: NDArray[np.int32], data: Bytes) -> NDArray[np.int64]:
    """Sentences per text (int64)."""
    out = np.zeros(len(offsets) - 1, np.int64)
    _sentences(offsets, data, unicode.classes(), out)
    return out
