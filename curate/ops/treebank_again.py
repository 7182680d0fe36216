"""Exceptions that have been taken apart, found again among the words of a run: step 3 of `treebank`."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline
from curate.ops.treebank_rules import AGAIN, LONGEST, START, Rules, find_entry

Bytes = NDArray[np.uint8]

SEEN, GONE, NEW = 2, 4, 8
"""Marks of a byte, beside `START`: taken by an exception; no start any more; a new one."""


@inline
def mark_words(bits: np.uint64, start: int, end: int, marks: Bytes, base: int, mark: int) -> None:
    """Add the mark wherever `bits` say that a word starts in `data[start:end]`, its first byte aside."""
    for i in range(1, end - start):
        if bits >> np.uint64(i) & np.uint64(1):
            marks[start + i - base] |= mark


@inline
def _pattern(data: Bytes, start: int, end: int, rules: Rules, marks: Bytes, base: int) -> int:
    """The exception that `data[start:end]`, words as marked, would be without having been taken apart, or −1."""
    entry = find_entry(data, start, end, rules)
    if entry < 0 or not rules.kinds[entry] & AGAIN:
        return i64(-1)
    found = np.uint64(1)
    for i in range(1, end - start):
        if marks[start + i - base] & START:
            found |= np.uint64(1) << np.uint64(i)
    return entry if found == rules.patterns[entry] else i64(-1)


@inline
def _next(marks: Bytes, at: int, stop: int, base: int) -> int:
    """Where the word that starts at byte `at` ends."""
    at += 1
    while at < stop and not marks[at - base] & START:
        at += 1
    return at


@inline
def _most(data: Bytes, begin: int, stop: int, rules: Rules, marks: Bytes, base: int) -> int:
    """Of how many words the longest exception that was taken apart consists; 0 where there is none."""
    most, start = 0, begin
    while start < stop:
        first = end = _next(marks, start, stop, base)
        words = 1
        while end < stop and end - start < LONGEST:
            end = _next(marks, end, stop, base)
            words += 1
            if words > most and _pattern(data, start, end, rules, marks, base) >= 0:
                most = words
        start = first
    return most


@inline
def _join(data: Bytes, begin: int, stop: int, words: int, rules: Rules, marks: Bytes, base: int) -> None:
    """Settle the exceptions of so many words: those whose first and last word no other has."""
    start = begin
    while start < stop:
        first = last = end = _next(marks, start, stop, base)
        last = start
        for _ in range(words - 1):
            if end < stop:
                last = end
                end = _next(marks, end, stop, base)
            else:
                last = i64(-1)
        entry = _pattern(data, start, end, rules, marks, base) if last >= 0 else i64(-1)
        if entry >= 0:
            free = not (marks[start - base] & SEEN or marks[last - base] & SEEN)
            for at in range(start, end):
                marks[at - base] |= SEEN | (GONE if free and at > start else 0)
            if free:
                mark_words(rules.splits[entry], start, end, marks, base, NEW)
        start = first


@inline
def again(data: Bytes, begin: int, stop: int, rules: Rules, marks: Bytes, base: int) -> None:
    """Look for exceptions among the words once more."""
    most = _most(data, begin, stop, rules, marks, base)
    if most == 0:
        return
    for words in range(most, 1, -1):
        _join(data, begin, stop, words, rules, marks, base)
    for at in range(begin - base, stop - base):
        mark = marks[at]
        marks[at] = START if mark & NEW or (mark & START and not mark & GONE) else 0
