"""Which passages stand in which texts: runs of words that both have, proposed by seeds and confirmed word for word.

A seed (`passages.py`) found in a text is compared byte by byte and extended to both sides as far as the words are the
same; a run is reported if it holds a gram. Hashes only propose; nothing rests on them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.bare import WORDS, BareWords
from curate.ops.hashing import avalanche
from curate.ops.kernel import I64, OUT_I64_2D, OUT_U64, i64, inline, kernel
from curate.ops.ngrams import BASE
from curate.ops.passages import PASSAGES, Passages, word_hash
from curate.ops.tables import find

CROWD = 1024
"""Places of a seed that are looked at."""
RECENT = 64
"""Runs found last in a text that are not found again from their other seeds."""


class Runs(NamedTuple):
    """One entry a run (int64), ordered by place in the texts: `words` words from word `start` of the texts on.

    They are those from word `at` of the passages on. A run begins and ends with a gram.
    """

    start: NDArray[np.int64]
    at: NDArray[np.int64]
    words: NDArray[np.int64]


@inline
def _equal(one: NDArray[np.uint8], start: int, stop: int, two: NDArray[np.uint8], at: int) -> bool:
    """Whether the bytes `start` to `stop` of one stand in the other from `at` on; both have as many."""
    same = True
    for i in range(stop - start):
        same &= one[start + i] == two[at + i]
    return same


@inline
def _same_word(texts: BareWords, word: int, known: Passages, place: int) -> bool:
    begin, stop = i64(texts.begins[word]), i64(texts.begins[word + 1])
    other = i64(known.begins[place])
    return known.begins[place + 1] - other == stop - begin and _equal(texts.data, begin, stop, known.data, other)


@inline
def _passage_of(rows: NDArray[np.int64], place: int) -> tuple[int, int]:
    """First word and end of the passage that has the word `place`."""
    low, high = i64(0), i64(len(rows) - 1)
    while high - low > 1:
        middle = (low + high) // 2
        if rows[middle] <= place:
            low = middle
        else:
            high = middle
    return rows[low], rows[low + 1]


@inline
def _extended(texts: BareWords, first: int, last: int, word: int, known: Passages, place: int) -> tuple[int, int]:
    """The passages' words, from and to, that the text from `first` to `last` has around a common word."""
    begin, end = _passage_of(known.rows, place)
    left = i64(0)
    while place - left > begin and word - left > first and _same_word(texts, word - left - 1, known, place - left - 1):
        left += 1
    right = i64(0)
    while place + right < end and word + right < last and _same_word(texts, word + right, known, place + right):
        right += 1
    return place - left, place + right


@inline
def _trimmed(grams: NDArray[np.uint8], begin: int, end: int) -> tuple[int, int]:
    """From the first gram within to the end of the last; nothing where there is none."""
    start, stop = end, begin
    for place in range(begin, end):
        if grams[place] != 0 and place + i64(grams[place]) <= end:
            start, stop = min(start, place), place + i64(grams[place])
    return start, stop


@inline
def _known(found: NDArray[np.int64], size: int, word: int, place: int) -> bool:
    """Whether one of the runs found last pairs these two words."""
    for i in range(max(0, size - RECENT), min(size, found.shape[1])):
        if place - word == found[1, i] - found[0, i] and found[0, i] <= word < found[0, i] + found[2, i]:
            return True
    return False


@inline
def _at_seed(
    texts: BareWords,
    first: int,
    last: int,
    word: int,
    known: Passages,
    seed: np.uint64,
    found: NDArray[np.int64],
    size: int,
) -> int:
    """Add the runs around a seed that starts at `word`; how many there are then."""
    at = i64(known.used[find(known.keys, known.used, len(known.keys), seed)]) - 1
    stop = min(at + CROWD, len(known.seeds))
    while 0 <= at < stop and known.seeds[at] == seed:
        place = known.places[at]
        at += 1
        if _known(found, size, word, place):
            continue
        begin, end = _extended(texts, first, last, word, known, place)
        start, end = _trimmed(known.grams, begin, end)
        if start < end:
            if size < found.shape[1]:
                found[0, size], found[1, size], found[2, size] = word + start - place, start, end - start
            size += 1
    return size


@kernel(I64, WORDS, PASSAGES, OUT_U64, OUT_I64_2D)
def _find(texts: BareWords, known: Passages, ring: NDArray[np.uint64], found: NDArray[np.int64]) -> int:
    """Fill `found` (3, room) as far as runs fit; the number of all, some of them found twice."""
    size, k, power = i64(0), known.k, np.uint64(1)
    mask = np.uint64(64 * len(known.sieve) - 1)
    for _ in range(k):
        power *= BASE
    for row in range(len(texts.rows) - 1):
        rolling, oldest, first = np.uint64(0), 0, texts.rows[row]
        ring[:] = 0
        for word in range(first, texts.rows[row + 1]):
            value = word_hash(texts.data, i64(texts.begins[word]), i64(texts.begins[word + 1]) - 1)
            rolling = rolling * BASE + value - ring[oldest] * power
            ring[oldest] = value
            oldest = oldest + 1 if oldest + 1 < k else 0
            if word - first >= k - 1:
                seed = max(avalanche(rolling), np.uint64(1))
                bit = seed & mask
                if known.sieve[bit >> np.uint64(6)] >> (bit & np.uint64(63)) & np.uint64(1):
                    size = _at_seed(texts, first, texts.rows[row + 1], word - k + 1, known, seed, found, size)
    return size


def find_runs(texts: BareWords, known: Passages) -> Runs:
    """Every longest run of words that a text and a passage have in common and that holds a gram."""
    room = 4096
    while True:
        found = np.empty((3, room), np.int64)
        size = _find(texts, known, np.empty(known.k, np.uint64), found)
        if size <= room:
            return Runs(*np.ascontiguousarray(np.unique(found[:, :size], axis=1)))
        room = size
