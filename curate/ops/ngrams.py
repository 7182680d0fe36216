"""How much of a text is made of n-grams of words that it repeats.

Source: Rae et al. 2021 (Gopher), https://arxiv.org/abs/2112.11446, appendix A.1.1, in the reading of
datatrove's `gopher_repetition_filter`, which the field's corpora were filtered with:

- the mass of the *top* n-gram is its length (words joined by one space) times its occurrences, overlapping ones
  included; of several most frequent n-grams the one that occurs first counts;
- the mass of *duplicate* n-grams is the length (words joined by nothing) of all that were seen before, reading
  from left to right and, after a duplicate, going on behind it.

Words are compared as they are written. n-grams are compared by 64-bit polynomial hashes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.hashing import PRIME_1, PRIME_2, avalanche, read_8
from curate.ops.kernel import (
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    IN_U64,
    OUT_I32,
    OUT_I64,
    OUT_I64_2D,
    OUT_U64,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.tables import capacity, find, fitting
from curate.ops.text import next_word

BASE = np.uint64(0x2545F4914F6CDD1D)
"""Base of the polynomial (odd; from Vigna's xorshift*)."""
TOP, DUPLICATE = (2, 3, 4), (5, 6, 7, 8, 9, 10)
"""The n that Gopher's rules ask for."""


class WordList(NamedTuple):
    """The words of all texts: text i's are `hashes[rows[i]:rows[i + 1]]`; lengths in code points.

    `rows` is int64 (texts + 1), `hashes` uint64, `lengths` int32.
    """

    rows: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    lengths: NDArray[np.int32]


@inline
def _mixed(value: np.uint64, chunk: np.uint64) -> np.uint64:
    value = (value ^ chunk) * PRIME_1
    return value ^ (value >> np.uint64(29))


@inline
def hash_chunk(chunk: np.uint64, length: np.uint64) -> np.uint64:
    """What `hash_word` gives for a word of up to eight bytes, given as one little-endian number."""
    return avalanche(_mixed(length * PRIME_2, chunk))


@inline
def _tail(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """The up to eight bytes of `data[start:end]` as one little-endian number."""
    left = end - start
    if start + 8 <= len(data):
        chunk = read_8(data, start)
        return chunk & ((np.uint64(1) << np.uint64(8 * left)) - np.uint64(1)) if left < 8 else chunk
    chunk = np.uint64(0)
    for i in range(left):
        chunk |= np.uint64(data[start + i]) << np.uint64(8 * i)
    return chunk


@inline
def hash_word(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """A 64-bit hash of a few bytes, read eight at a time, zeros after the last."""
    value = np.uint64(end - start) * PRIME_2
    while end - start > 8:
        value = _mixed(value, read_8(data, start))
        start += 8
    return avalanche(_mixed(value, _tail(data, start, end)))


@inline
def hash_here(data: NDArray[np.uint8], at: int, length: int) -> np.uint64:
    """As `hash_word`, of a word behind whose beginning eight bytes can be read."""
    if length > 8:
        return hash_word(data, at, at + length)
    return hash_chunk(read_8(data, at) & (windows.ALL >> np.uint64(64 - 8 * length)), np.uint64(length))


@kernel(VOID, IN_I32, IN_U8, IN_U16, OUT_I64, OUT_U64, OUT_I32)
def _word_list(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    rows: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
) -> None:
    count = 0
    for row in range(len(rows) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            runs, ends, size = windows.words(data, at, end)
            while runs:
                start, stop = windows.first_word(runs, ends)
                hashes[count], lengths[count] = hash_here(data, at + start, stop - start), stop - start
                count += 1
                runs = windows.behind(runs, stop)
            if size > 0:
                at += size
                continue
            start, at, length, _ = next_word(data, at, end, classes)
            if length > 0:
                hashes[count], lengths[count] = hash_word(data, start, at), length
                count += 1
        rows[row + 1] = count


def word_list(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], classes: NDArray[np.uint16] | None = None
) -> WordList:
    """Split texts into words and hash them; by other `classes` of code points where they are given."""
    texts = len(offsets) - 1
    # A word is followed by a space or has three bytes of its own: there are at most so many.
    most = (int(offsets[-1]) - int(offsets[0]) + texts) // 2 + texts
    rows, hashes, lengths = np.zeros(texts + 1, np.int64), np.empty(most, np.uint64), np.empty(most, np.int32)
    _word_list(offsets, data, unicode.classes() if classes is None else classes, rows, hashes, lengths)
    return WordList(rows, hashes[: rows[-1]], lengths[: rows[-1]])


@inline
def _gram(prefix: NDArray[np.uint64], at: int, n: int, power: np.uint64) -> np.uint64:
    """The hash of the n words from `at` on, out of the hashes of all prefixes; `power` is BASE^n."""
    return np.uint64(prefix[at + n] - prefix[at] * power)


@inline
def _prefixes(
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    first: int,
    words: int,
    prefix: NDArray[np.uint64],
    ends: NDArray[np.int64],
) -> None:
    """Hash and length of the text's first i words, for every i."""
    prefix[0], ends[0] = 0, 0
    for i in range(words):
        prefix[i + 1] = prefix[i] * BASE + hashes[first + i]
        ends[i + 1] = ends[i] + lengths[first + i]


@inline
def _pairs_met_again(prefix: NDArray[np.uint64], count: int, places: NDArray[np.int32], met: NDArray[np.int32]) -> int:
    """Enter the places of 2-grams that may occur more than once; how many.

    2-grams are told apart by some bits of their hash alone, which sorts out most that occur once at a fraction of the
    cost of a table with keys. `met` is scratch.
    """
    size, power = fitting(count), BASE * BASE
    met[:size] = 0
    for i in range(count):
        met[i64(_gram(prefix, i, 2, power) >> np.uint64(32)) & (size - 1)] += 1
    kept = i64(0)
    for i in range(count):
        places[kept] = i
        kept += met[i64(_gram(prefix, i, 2, power) >> np.uint64(32)) & (size - 1)] > 1
    return kept


@inline
def _count(
    prefix: NDArray[np.uint64],
    n: int,
    power: np.uint64,
    places: NDArray[np.int32],
    count: int,
    keys: NDArray[np.uint64],
    used: NDArray[np.int32],
    firsts: NDArray[np.int32],
) -> tuple[int, int]:
    """Count the n-grams at `places`; occurrences and first place of the top one (0 and 0 where there is none)."""
    size = fitting(count)
    used[:size] = 0
    best, best_first = 0, 0
    for i in range(count):
        key = _gram(prefix, i64(places[i]), n, power)
        slot = find(keys, used, size, key)
        if used[slot] == 0:
            keys[slot], firsts[slot] = key, places[i]
        used[slot] += 1
        if used[slot] > best or (used[slot] == best and firsts[slot] < best_first):
            best, best_first = i64(used[slot]), i64(firsts[slot])
    return best, best_first


@inline
def _keep_repeated(
    prefix: NDArray[np.uint64],
    n: int,
    power: np.uint64,
    places: NDArray[np.int32],
    count: int,
    keys: NDArray[np.uint64],
    used: NDArray[np.int32],
) -> int:
    """Leave the places whose n-gram occurs more than once; how many."""
    size, kept = fitting(count), 0
    for i in range(count):
        if used[find(keys, used, size, _gram(prefix, i64(places[i]), n, power))] > 1:
            places[kept] = places[i]
            kept += 1
    return kept


@inline
def _longer(places: NDArray[np.int32], count: int, last: int) -> int:
    """Leave the places, up to `last`, whose neighbour is left too: only there can a longer n-gram repeat."""
    kept = 0
    for i in range(count - 1):
        if places[i + 1] == places[i] + 1 and places[i] <= last:
            places[kept] = places[i]
            kept += 1
    return kept


@inline
def _duplicates(
    prefix: NDArray[np.uint64],
    ends: NDArray[np.int64],
    n: int,
    power: np.uint64,
    places: NDArray[np.int32],
    count: int,
    keys: NDArray[np.uint64],
    used: NDArray[np.int32],
) -> int:
    """The mass of duplicate n-grams among `places`."""
    size = fitting(count)
    used[:size] = 0
    mass, free = i64(0), i64(0)
    for i in range(count):
        at = i64(places[i])
        if at >= free:
            key = _gram(prefix, at, n, power)
            slot = find(keys, used, size, key)
            if used[slot] != 0:
                mass += ends[at + n] - ends[at]
                free = at + n
            else:
                keys[slot], used[slot] = key, 1
    return mass


@kernel(VOID, IN_I64, IN_U64, IN_I32, OUT_U64, OUT_I64, OUT_I32, OUT_U64, OUT_I32, OUT_I32, OUT_I64_2D, OUT_I64_2D)
def _masses(
    rows: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    lengths: NDArray[np.int32],
    prefix: NDArray[np.uint64],
    ends: NDArray[np.int64],
    places: NDArray[np.int32],
    keys: NDArray[np.uint64],
    used: NDArray[np.int32],
    firsts: NDArray[np.int32],
    top: NDArray[np.int64],
    duplicate: NDArray[np.int64],
) -> None:
    """All masses of every text; the other arrays are scratch for the longest text."""
    for row in range(len(rows) - 1):
        words = rows[row + 1] - rows[row]
        _prefixes(hashes, lengths, rows[row], words, prefix, ends)
        count = _pairs_met_again(prefix, max(words - 1, 0), places, used)
        power = BASE
        for n in range(2, 11):
            power *= BASE
            if n <= 4:
                best, first = _count(prefix, n, power, places, count, keys, used, firsts)
                best = max(best, 1) if words >= n else 0
                first = first if best > 1 else 0
                top[n - 2, row] = best * (ends[first + n] - ends[first] + n - 1) if best else 0
                count = _keep_repeated(prefix, n, power, places, count, keys, used)
            else:
                duplicate[n - 5, row] = _duplicates(prefix, ends, n, power, places, count, keys, used)
            count = _longer(places, count, words - n - 1)


class Masses(NamedTuple):
    """Code points per text: `top` int64 (3, texts) for n = 2, 3, 4, `duplicate` int64 (6, texts) for n = 5 … 10."""

    top: NDArray[np.int64]
    duplicate: NDArray[np.int64]


def masses(words: WordList) -> Masses:
    """The mass of the top and of the duplicate n-grams of every text."""
    texts = len(words.rows) - 1
    longest = int(np.diff(words.rows).max(initial=0))
    slots = capacity(longest)
    top, duplicate = np.zeros((len(TOP), texts), np.int64), np.zeros((len(DUPLICATE), texts), np.int64)
    _masses(
        *words,
        np.empty(longest + 1, np.uint64),
        np.empty(longest + 1, np.int64),
        np.empty(longest, np.int32),
        np.empty(slots, np.uint64),
        np.empty(slots, np.int32),
        np.empty(slots, np.int32),
        top,
        duplicate,
    )
    return Masses(top, duplicate)
