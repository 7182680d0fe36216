"""How two versions of a text differ, word by word.

Texts are anchored at the words that occur once in both, in the longest order that both have in common (the "patience
diff" of Bram Cohen, as Bazaar and Git have it); what lies between anchors is anchored again, and short stretches
without anchors are compared word by word. What is left is told as replaced. Time is bounded whatever the text:
stretches longer than `STRETCH` words are never compared each with each.
"""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import groupby, pairwise
from typing import Literal, NamedTuple

STRETCH = 160
"""Words up to which stretches without anchors are compared each with each."""
DEPTH = 16
"""How often what lies between anchors is anchored again."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_THAI_LAO_MARKS = "\u0e31\u0e33-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb3-\u0ebc\u0ec8-\u0ece"
_MARKS = rf"\u0300-\u036f{_THAI_LAO_MARKS}\u102b-\u103e\u17b4-\u17d3\u3099\u309a"
_PUNCTUATION = r"!-/:-@\[-`{-~\u00a1-\u00bf\u2010-\u205e\u3000-\u3003\u3008-\u3020\uff01-\uff0f"
_WORD = re.compile(rf"(\s*)([{_UNSPACED}][{_MARKS}]*|[^\s{_PUNCTUATION}{_UNSPACED}]+|\S)")

Kind = Literal["alike", "gone", "stayed"]


class Word(NamedTuple):
    """A word, a letter of a script without spaces, or a mark; and the gap before it: nothing, a space or a line end."""

    gap: Literal["", " ", "\n"]
    text: str


class Stretch(NamedTuple):
    """Words that both texts have, or that only one of them has."""

    kind: Kind
    words: Sequence[Word]


def words(text: str, most: int) -> list[Word]:
    """The first `most` words of a text."""
    found: list[Word] = []
    for match in _WORD.finditer(text):
        if len(found) == most:
            break
        space = match[1]
        found.append(Word("\n" if "\n" in space else " " if space else "", match[2]))
    return found


def differences(gone: Sequence[Word], stayed: Sequence[Word]) -> Iterator[Stretch]:
    """The stretches that make up both texts, in order: all but `stayed` are the one, all but `gone` the other."""
    partner = partners([word.text for word in gone], [word.text for word in stayed])
    at = 0
    for alone, run in groupby(range(len(gone)), key=lambda i: partner[i] < 0):
        rows = list(run)
        if alone:
            yield Stretch("gone", gone[rows[0] : rows[-1] + 1])
            continue
        for piece in _unbroken(rows, partner):
            if partner[piece[0]] > at:
                yield Stretch("stayed", stayed[at : partner[piece[0]]])
            yield Stretch("alike", gone[piece[0] : piece[-1] + 1])
            at = partner[piece[-1]] + 1
    if at < len(stayed):
        yield Stretch("stayed", stayed[at:])


def _unbroken(rows: list[int], partner: Sequence[int]) -> Iterator[list[int]]:
    """Runs of rows whose partners follow one another."""
    for _, run in groupby(rows, key=lambda i: partner[i] - i):
        yield list(run)


def partners(one: Sequence[str], other: Sequence[str]) -> list[int]:
    """Per word of `one` the place of its equal in `other`, ascending; −1 where it has none."""
    partner = [-1] * len(one)
    spans = [(0, len(one), 0, len(other), 0)]
    while spans:
        low, high, start, stop, depth = spans.pop()
        while low < high and start < stop and one[low] == other[start]:
            partner[low] = start
            low, start = low + 1, start + 1
        while low < high and start < stop and one[high - 1] == other[stop - 1]:
            high, stop = high - 1, stop - 1
            partner[high] = stop
        anchors = _anchors(one[low:high], other[start:stop]) if depth < DEPTH else []
        if not anchors and max(high - low, stop - start) <= STRETCH:
            anchors = _each_with_each(one[low:high], other[start:stop])
            depth = DEPTH
        edges = [(low - 1, start - 1), *((low + i, start + j) for i, j in anchors), (high, stop)]
        for i, j in edges[1:-1]:
            partner[i] = j
        if anchors and depth < DEPTH:
            spans += [(i + 1, ni, j + 1, nj, depth + 1) for (i, j), (ni, nj) in pairwise(edges)]
    return partner


def _anchors(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    """Places of the words that occur once in both, of the longest sequence that ascends in both."""
    once = {word for word, count in Counter(one).items() if count == 1}
    again = Counter(other)
    place = {word: j for j, word in enumerate(other) if word in once and again[word] == 1}
    pairs = [(i, place[word]) for i, word in enumerate(one) if word in place]
    ends: list[int] = []  # the smallest last place of an ascending sequence of each length
    last: list[int] = []  # … and the pair that it belongs to
    before = [-1] * len(pairs)
    for n, (_, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        before[n] = last[length - 1] if length else -1
        ends[length : length + 1], last[length : length + 1] = [j], [n]
    found: list[tuple[int, int]] = []
    n = last[-1] if last else -1
    while n >= 0:
        found.append(pairs[n])
        n = before[n]
    return found[::-1]


def _each_with_each(one: Sequence[str], other: Sequence[str]) -> list[tuple[int, int]]:
    blocks = SequenceMatcher(None, one, other, autojunk=False).get_matching_blocks()
    return [(a + n, b + n) for a, b, size in blocks for n in range(size)]
