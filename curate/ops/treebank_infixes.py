"""What splits a word inside: step 2 of `treebank`."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline
from curate.ops.text import DOT, ELLIPSIS
from curate.ops.treebank_affixes import dots_end, previous
from curate.ops.treebank_rules import DIGIT, HYPHEN, ICON, LETTER, LOWER, QUOTE, START, UPPER
from curate.ops.unicode import decode

Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]

COMMA, MINUS, DASH = (ord(mark) for mark in ",-—")
ORDERS = tuple(map(ord, ":<>=/"))
SIGNS = tuple(map(ord, "+-*^"))


@inline
def _hyphen_end(data: Bytes, code: int, at: int, end: int, classes: Classes) -> int:
    """Where a hyphen that ends at byte `at`, and that a letter follows, ends: one mark, `--`, `---` or `——`."""
    for _ in range(3 if code == MINUS else 2):
        if at == end:
            break
        following, after = decode(data, at, end)
        if i64(classes[following]) & LETTER:
            return at
        if following != code or code not in (MINUS, DASH):
            break
        at = after
    return i64(-1)


@inline
def _parts(code: int, following: int, before: int, behind: int) -> bool:
    """Whether a sign between two code points, whose classes are `before` and `behind`, parts them."""
    if before & DIGIT and code in SIGNS and (behind & DIGIT or following == MINUS):
        return True
    if code == DOT:
        return before & (LOWER | QUOTE) != 0 and behind & (UPPER | QUOTE) != 0
    if code == COMMA:
        return before & behind & LETTER != 0
    return code in ORDERS and before & (LETTER | DIGIT) != 0 and behind & LETTER != 0


@inline
def _infix(data: Bytes, at: int, end: int, before: int, classes: Classes) -> int:
    """Where what splits a word at byte `at`, behind a code point of classes `before`, ends; −1 if nothing does."""
    code, after = decode(data, at, end)
    bits = i64(classes[code])
    if bits & ICON or code == ELLIPSIS:
        return after
    if after == end:
        return i64(-1)
    following, _ = decode(data, after, end)
    if code == following == DOT:
        return dots_end(data, after, end)
    if _parts(code, following, before, i64(classes[following])):
        return after
    if bits & HYPHEN and before & (LETTER | DIGIT):
        return _hyphen_end(data, code, after, end, classes)
    return i64(-1)


@inline
def split(data: Bytes, start: int, end: int, stop: int, classes: Classes, marks: Bytes, base: int) -> None:
    """Mark the words into which `data[start:end]` falls, one that starts at once aside."""
    at, before = start, i64(0)
    while at < end:
        after = _infix(data, at, end, before, classes)
        if after >= 0 and at > start:
            marks[at - base] = START
            if after < stop:
                marks[after - base] = START
        if after < 0:
            _, after = decode(data, at, end)
        last, _ = decode(data, previous(data, at, after), after)
        before = i64(classes[last])
        at = after
