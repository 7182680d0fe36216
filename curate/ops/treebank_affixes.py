"""What comes off the front and the end of a word as a word of its own: step 1 of `treebank`."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline
from curate.ops.text import DOT, ELLIPSIS
from curate.ops.treebank_rules import (
    BACK,
    FRONT,
    LONGEST,
    MEASURE,
    START,
    STOPPED,
    UNIT,
    UPPER,
    WHOLE,
    Rules,
    find_entry,
)
from curate.ops.unicode import decode

Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]

PLUS, DEGREE, DOLLAR = (ord(mark) for mark in "+°$")
APOSTROPHES = tuple(map(ord, "'’"))
US, DOLLARS, S = ord("U"), (ord("C"), ord("A")), (ord("s"), ord("S"))
DEGREES = tuple(map(ord, "FfCcKk"))


@inline
def previous(data: Bytes, start: int, at: int) -> int:
    """Where the code point that ends at byte `at` starts, not before `start`."""
    at -= 1
    while at > start and data[at] & 0xC0 == 0x80:
        at -= 1
    return at


@inline
def dots_end(data: Bytes, at: int, end: int) -> int:
    """Where the full stops from byte `at` on end."""
    while at < end and data[at] == DOT:
        at += 1
    return at


@inline
def _front(data: Bytes, start: int, end: int, classes: Classes) -> int:
    """Where the mark on the front of `data[start:end]` ends; `start` if there is none."""
    if start >= end:
        return start
    code, after = decode(data, start, end)
    following = i64(data[after]) if after < end else i64(-1)
    if i64(classes[code]) & FRONT or (code == PLUS and not 48 <= following <= 57):
        return after
    if code == following == DOT:
        return dots_end(data, after, end)
    if code in DOLLARS and following == DOLLAR:
        return after + 1
    us_dollar = code == US and following == S[1] and after + 1 < end and data[after + 1] == DOLLAR
    return after + 2 if us_dollar else start


@inline
def _stop_is_off(data: Bytes, start: int, at: int, classes: Classes) -> bool:
    """Whether the full stop at byte `at` comes off the end of a word that starts at byte `start`."""
    if at == start:
        return False
    before = previous(data, start, at)
    code, _ = decode(data, before, at)
    bits = i64(classes[code])
    if bits & STOPPED:
        return True
    if before == start:
        return False
    prior, _ = decode(data, previous(data, start, before), before)
    return bits & i64(classes[prior]) & UPPER != 0 or (code in DEGREES and prior == DEGREE)


@inline
def _measure(data: Bytes, start: int, end: int, rules: Rules) -> int:
    """Where the longest unit or currency behind a digit on the end of `data[start:end]` starts; `end` if none does."""
    for at in range(max(start + 1, end - LONGEST), end):
        if 48 <= data[at - 1] <= 57:
            entry = find_entry(data, at, end, rules)
            if entry >= 0 and rules.kinds[entry] & UNIT:
                return at
    return end


@inline
def _back(data: Bytes, start: int, end: int, rules: Rules) -> int:
    """Where the longest of what comes off the end of `data[start:end]` starts; `end` if nothing does."""
    if start >= end:
        return end
    last = previous(data, start, end)
    code, _ = decode(data, last, end)
    bits = i64(rules.classes[code])
    best = last if bits & BACK else end
    before = i64(-1)
    if last > start:
        place = previous(data, start, last)
        before, _ = decode(data, place, last)
        if (code in S and before in APOSTROPHES) or code == before == ELLIPSIS:
            best = place
        elif code == PLUS and 48 <= before <= 57:
            best = last
    if code == DOT:
        if before == DOT:
            while last > start and data[last - 1] == DOT:
                last -= 1
            return last
        if _stop_is_off(data, start, last, rules.classes):
            best = last
    if bits & MEASURE:
        best = min(best, _measure(data, start, end, rules))
    return best


@inline
def is_exception(data: Bytes, start: int, end: int, rules: Rules) -> bool:
    """Whether `data[start:end]` is an exception."""
    entry = find_entry(data, start, end, rules)
    return entry >= 0 and rules.kinds[entry] & WHOLE != 0


@inline
def trim(data: Bytes, begin: int, stop: int, rules: Rules, marks: Bytes, base: int) -> tuple[int, int]:
    """Take off marks at both ends, marking where words start; what is left."""
    start, end = begin, stop
    while start < end and not is_exception(data, start, end, rules):
        head = _front(data, start, end, rules.classes)
        if head > start and is_exception(data, head, end, rules):
            marks[head - base] = START
            return head, end
        tail = _back(data, head, end, rules)
        if tail < end and is_exception(data, start, tail, rules):
            marks[tail - base] = START
            return start, tail
        if head == start and tail == end:
            break
        start, end = head, tail
        if start < stop:
            marks[start - base] = START
        if end < stop:
            marks[end - base] = START
    return start, end
