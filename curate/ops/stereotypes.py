"""Features of sentences that name a group, for a linear model that cannot know which group it is.

Where a group is named, every kernel here sees its form alone (as it is, plural, place), so that two sentences that
differ in the group have the same features. They are, hashed to `BUCKETS`: sequences of up to three words; the words'
first letters; words around each mention by place and side; and the roles of words (copula, trait, negation …) by side
and distance from the mention, in sequence, and in pairs.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.hashing import PRIME_1, PRIME_2, PRIME_3, avalanche
from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U16, OUT_I32, OUT_I64, OUT_U64_2D, i64, inline, kernel
from curate.ops.lexemes import LONG_STEM, SHORT_STEM, WORD

BUCKETS = 1 << 18
REACH, NEAR, FAR = 8, 4, 10
"""Lexemes around a mention whose words count by side, by place, and whose roles count."""

_ONE, _TWO, _THREE, _STEM, _AT, _SIDE, _START, _ROLE, _AFTER, _BEFORE, _CLOSE, _LOOSE, _OWN, _PAIR, _TONGUE, _SIZE = (
    np.uint64(kind) for kind in range(1, 17)
)
_EDGE, _MARK, _OTHER, _FORM = 30, 31, 32, 40
"""Symbols of what has no role; role i has the symbol i."""
_PLACED = 3

Counts = NDArray[np.int32]
Hashes = NDArray[np.uint64]
Symbols = NDArray[np.uint8]


class Features(NamedTuple):
    """Row r has `counts[i]` of bucket `buckets[i]` for i from `first[r]` to `first[r + 1]`, each bucket once."""

    first: NDArray[np.int64]
    buckets: NDArray[np.int32]
    counts: NDArray[np.int32]


def features(
    first: NDArray[np.int32],
    hashes: Hashes,
    marks: NDArray[np.bool_],
    forms: NDArray[np.uint8],
    roles: NDArray[np.uint16],
    languages: NDArray[np.uint8],
) -> Features:
    """The features of every row of lexemes; `forms` is 0 for all but mentions, `languages` one number a row."""
    lowest = np.log2((roles & -roles.astype(np.int32)) | (roles == 0)).astype(np.uint8)
    plain = np.where(roles > 0, lowest, np.where(marks, np.uint8(_MARK), np.uint8(_OTHER)))
    symbols = np.where(forms, forms + np.uint8(_FORM), plain).astype(np.uint8)
    seen = hashes.copy()
    seen[WORD] = np.where(forms, forms.astype(np.uint64), hashes[WORD])
    seen[SHORT_STEM:] = np.where(forms, np.uint64(0), hashes[SHORT_STEM:])
    room, counts, touched = max(1024, 32 * len(forms)), np.zeros(BUCKETS, np.int32), np.zeros(BUCKETS, np.int32)
    while True:
        ends, found = np.zeros(len(first), np.int64), np.empty((2, room), np.int32)
        size = _features(first, seen, symbols, forms, roles, languages, counts, touched, ends, found[0], found[1])
        if size <= room:
            return Features(ends, found[0, :size], found[1, :size])
        room = size


@inline
def _hit(kind: np.uint64, a: Any, b: Any, c: Any, counts: Counts, touched: Counts, n: int) -> int:
    """Count a feature; how many different ones there are now."""
    key = ((kind * PRIME_1 + np.uint64(a)) * PRIME_2 + np.uint64(b)) * PRIME_3 + np.uint64(c)
    bucket = i64(avalanche(key) & np.uint64(BUCKETS - 1))
    if counts[bucket] == 0:
        touched[n] = bucket
        n += 1
    counts[bucket] += 1
    return n


@inline
def _words(seen: Hashes, start: int, stop: int, counts: Counts, touched: Counts, n: int) -> int:
    for i in range(start, stop):
        one = seen[WORD, i]
        n = _hit(_ONE, one, 0, 0, counts, touched, n)
        if i + 1 < stop:
            n = _hit(_TWO, one, seen[WORD, i + 1], 0, counts, touched, n)
        if i + 2 < stop:
            n = _hit(_THREE, one, seen[WORD, i + 1], seen[WORD, i + 2], counts, touched, n)
        for stem in (SHORT_STEM, LONG_STEM):
            if seen[stem, i]:
                n = _hit(_STEM, seen[stem, i], 0, 0, counts, touched, n)
    return n


@inline
def _around(seen: Hashes, at: int, start: int, stop: int, form: int, counts: Counts, touched: Counts, n: int) -> int:
    """Words by their place and side."""
    n = _hit(_START, min(at - start, 3), form, 0, counts, touched, n)
    for i in range(at - REACH, at + REACH + 1):
        near = i != at and at - NEAR < i <= at + NEAR
        if near:
            n = _hit(_AT, seen[WORD, i] if start <= i < stop else np.uint64(0), i - at + NEAR, 0, counts, touched, n)
        if i != at and start <= i < stop:
            n = _hit(_SIDE, seen[WORD, i], i > at, 0, counts, touched, n)
    return n


@inline
def _sequences(symbols: Symbols, at: int, start: int, stop: int, counts: Counts, touched: Counts, n: int) -> int:
    """What roles follow a mention, and stand before it, one after the other."""
    path = np.uint64(symbols[at])
    for i in range(at + 1, min(stop, at + 6)):
        path = path * np.uint64(64) + np.uint64(symbols[i])
        n = _hit(_AFTER, path, 0, 0, counts, touched, n)
    path = np.uint64(symbols[at])
    for i in range(at - 1, max(start - 1, at - 4) - 1, -1):
        path = path * np.uint64(64) + np.uint64(symbols[i] if i >= start else _EDGE)
        n = _hit(_BEFORE, path, 0, 0, counts, touched, n)
    return n


@inline
def _roles(
    roles: NDArray[np.uint16], forms: Symbols, language: int, at: int, start: int, stop: int,
    counts: Counts, touched: Counts, n: int,
) -> int:  # fmt: skip
    """Roles by side and distance; other mentions are roles of their own."""
    form = i64(forms[at])
    for i in range(max(start, at - FAR), min(stop, at + FAR + 1)):
        far = abs(i - at)
        step = 1 if far <= 1 else 2 if far <= 3 else 3 if far <= 6 else 4
        side = i64(i > at)
        for role in range(20):
            held = i64(roles[i]) >> role & 1 if role < 16 else i64(forms[i] == role - 16) & i64(role > 16)
            if i != at and held:
                n = _hit(_CLOSE, form * 64 + step * 2 + side, role, 0, counts, touched, n)
                n = _hit(_LOOSE, i64(form == _PLACED) * 2 + side, role, 0, counts, touched, n)
                n = _hit(_OWN, i64(form == _PLACED) * 2 + side, role, language, counts, touched, n)
    return n


@inline
def _pairs(symbols: Symbols, at: int, stop: int, counts: Counts, touched: Counts, n: int) -> int:
    """Two roles that follow a mention, in their order."""
    for i in range(at + 1, min(stop, at + REACH + 1)):
        for j in range(i + 1, min(stop, at + REACH + 1)):
            if symbols[i] not in (_MARK, _OTHER) and symbols[j] not in (_MARK, _OTHER):
                n = _hit(_PAIR, i64(symbols[at]), i64(symbols[i]), i64(symbols[j]), counts, touched, n)
    return n


@kernel(
    I64, IN_I32, OUT_U64_2D, IN_U8, IN_U8, IN_U16, IN_U8, OUT_I32, OUT_I32, OUT_I64, OUT_I32, OUT_I32
)  # fmt: skip
def _features(
    first: NDArray[np.int32],
    seen: Hashes,
    symbols: Symbols,
    forms: Symbols,
    roles: NDArray[np.uint16],
    languages: NDArray[np.uint8],
    counts: Counts,
    touched: Counts,
    ends: NDArray[np.int64],
    buckets: Counts,
    times: Counts,
) -> int:
    """Fill `buckets` and `times` as far as they have room; `counts` is all 0 before and after."""
    size = i64(0)
    for row in range(len(first) - 1):
        start, stop, n = i64(first[row]), i64(first[row + 1]), i64(0)
        n = _words(seen, start, stop, counts, touched, n)
        n = _hit(_TONGUE, i64(languages[row]), 0, 0, counts, touched, n)
        n = _hit(_SIZE, min(6, (stop - start) // 8), 0, 0, counts, touched, n)
        for at in range(start, stop):
            for role in range(16):
                if i64(roles[at]) >> role & 1:
                    n = _hit(_ROLE, role, 0, 0, counts, touched, n)
            if forms[at]:
                n = _around(seen, at, start, stop, i64(forms[at]), counts, touched, n)
                n = _sequences(symbols, at, start, stop, counts, touched, n)
                n = _roles(roles, forms, i64(languages[row]), at, start, stop, counts, touched, n)
                n = _pairs(symbols, at, stop, counts, touched, n)
        for k in range(n):
            if size < len(buckets):
                buckets[size], times[size] = touched[k], counts[touched[k]]
            size += 1
            counts[touched[k]] = 0
        ends[row + 1] = size
    return size
