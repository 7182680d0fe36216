"""Passages to look for in texts: their grams, and the seeds by which grams are found.

The unit is the *gram*: from each word of a passage on, the shortest run of words that weighs n words (`bare.py` says
what words weigh); of a passage that is shorter, all of it. Brown et al. 2020 (GPT-3), appendix C, take n between 8 and
13 by data set. Every gram contains a *seed*, a run of `k` words: of the gram's runs the one that is rarest among
the passages, so that what many begin with is not looked up.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.bare import WORD, BareWords
from curate.ops.hashing import avalanche, read_8, xxh64
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U64,
    OUT_I32,
    OUT_I64,
    OUT_U8,
    OUT_U64,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.ngrams import BASE, hash_chunk, hash_word
from curate.ops.tables import capacity, find
from curate.ops.trie import named

VARIETY = 2
"""Different words, numbers and single letters aside, that a gram has at least: page numbers and one word over and over
say nothing, sums with the names of what is counted do."""
NINE = ord("9")
SIEVE_BITS = 16
"""Bits a seed of the sieve that most words of a text fall through."""


class Passages(NamedTuple):
    """Passages to look for.

    Passage i has the words `rows[i]` to `rows[i + 1]` of `begins` and `data` (as `BareWords` has them); word w begins
    a gram of `grams[w]` words (uint8, 0 for none). The seed whose hash is at a used slot of `keys` stands at
    `places[used - 1]` and after, as long as `seeds` is its hash. `sieve` has a bit for each seed, which
    is `k` words.
    """

    rows: NDArray[np.int64]
    data: NDArray[np.uint8]
    begins: NDArray[np.int32]
    grams: NDArray[np.uint8]
    keys: NDArray[np.uint64]
    used: NDArray[np.int32]
    seeds: NDArray[np.uint64]
    places: NDArray[np.int64]
    sieve: NDArray[np.uint64]
    k: int


PASSAGES = named((OUT_I64, OUT_U8, OUT_I32, OUT_U8, OUT_U64, OUT_I32, OUT_U64, OUT_I64, OUT_U64, I64), Passages)


@inline
def word_hash(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """`hash_word`, in one step where a word has up to seven bytes."""
    length = end - start
    if length < 8 and start + 8 <= len(data):
        mask = (np.uint64(1) << np.uint64(8 * length)) - np.uint64(1)
        return hash_chunk(read_8(data, start) & mask, np.uint64(length))
    return hash_word(data, start, end)


@kernel(VOID, IN_I64, IN_U8, IN_I32, I64, OUT_U64, OUT_U64)
def _seeds(
    rows: NDArray[np.int64],
    data: NDArray[np.uint8],
    begins: NDArray[np.int32],
    k: int,
    hashes: NDArray[np.uint64],
    seeds: NDArray[np.uint64],
) -> None:
    """The hash of every word, and of the k words from it on, 0 where the passage has no k words more."""
    power = np.uint64(1)
    for _ in range(k):
        power *= BASE
    for row in range(len(rows) - 1):
        rolling = np.uint64(0)
        for word in range(rows[row], rows[row + 1]):
            hashes[word] = word_hash(data, i64(begins[word]), i64(begins[word + 1]) - 1)
            rolling = rolling * BASE + hashes[word]
            if word - rows[row] >= k:
                rolling -= hashes[word - k] * power
            if word - rows[row] >= k - 1:
                seeds[word - k + 1] = max(avalanche(rolling), np.uint64(1))


@kernel(VOID, IN_I64, IN_U8, I64, I64, I64, OUT_U8)
def _grams(
    rows: NDArray[np.int64], weights: NDArray[np.uint8], k: int, n: int, least: int, out: NDArray[np.uint8]
) -> None:
    """Words of the gram at every word; `n` and `least` in quarters."""
    for row in range(len(rows) - 1):
        first, last = rows[row], rows[row + 1]
        total, end = i64(0), first
        for word in range(first, last):
            while end < last and total < n:
                total += i64(weights[end])
                end += 1
            if total >= n:
                out[word] = end - word
            elif word == first and total >= least and last - first >= k:
                out[word] = last - first
            total -= i64(weights[word])


@inline
def _various(
    begins: NDArray[np.int32], data: NDArray[np.uint8], hashes: NDArray[np.uint64], start: int, stop: int
) -> bool:
    """Whether words `start` to `stop` are of `VARIETY` kinds at least."""
    different = 0
    for i in range(start, stop):
        new = begins[i + 1] - begins[i] > 2 and data[begins[i]] > NINE
        for j in range(start, i):
            new &= hashes[j] != hashes[i]
        different += new
        if different == VARIETY:
            return True
    return False


@kernel(VOID, IN_I32, IN_U8, IN_U64, OUT_U8, OUT_U64)
def _gram_hashes(
    begins: NDArray[np.int32],
    data: NDArray[np.uint8],
    hashes: NDArray[np.uint64],
    grams: NDArray[np.uint8],
    out: NDArray[np.uint64],
) -> None:
    """The hash of every gram; those of too few different words are taken out."""
    for word in range(len(grams)):
        stop = word + i64(grams[word])
        if _various(begins, data, hashes, word, stop):
            out[word] = xxh64(data, i64(begins[word]), i64(begins[stop]) - 1, np.uint64(0))
        else:
            grams[word] = 0


@kernel(VOID, IN_U8, IN_I32, I64, OUT_U8)
def _choose(grams: NDArray[np.uint8], counts: NDArray[np.int32], k: int, out: NDArray[np.uint8]) -> None:
    """Mark one seed in every gram: the rarest, an already marked one if it is as rare."""
    last = i64(-1)
    for word in range(len(grams)):
        if grams[word] == 0:
            continue
        best = i64(word)
        for place in range(word, word + i64(grams[word]) - k + 1):
            if counts[place] <= counts[best]:
                best = i64(place)
        if last < word or counts[last] > counts[best]:
            last = best
        out[last] = 1


@kernel(VOID, IN_U64, OUT_U64)
def _fill_sieve(seeds: NDArray[np.uint64], sieve: NDArray[np.uint64]) -> None:
    mask = np.uint64(64 * len(sieve) - 1)
    for seed in seeds:
        bit = seed & mask
        sieve[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))


@kernel(VOID, IN_U64, OUT_U64, OUT_I32)
def _fill_table(seeds: NDArray[np.uint64], keys: NDArray[np.uint64], used: NDArray[np.int32]) -> None:
    for i in range(len(seeds)):
        if i == 0 or seeds[i] != seeds[i - 1]:
            slot = find(keys, used, len(keys), seeds[i])
            keys[slot], used[slot] = seeds[i], i + 1


@kernel(VOID, IN_U64, OUT_U64, OUT_I32, OUT_I32)
def _count(
    values: NDArray[np.uint64], keys: NDArray[np.uint64], used: NDArray[np.int32], out: NDArray[np.int32]
) -> None:
    for value in values:
        slot = find(keys, used, len(keys), value)
        keys[slot] = value
        used[slot] += 1
    for i in range(len(values)):
        out[i] = used[find(keys, used, len(keys), values[i])]


def _counts(values: NDArray[np.uint64]) -> NDArray[np.int32]:
    """How often each value stands there."""
    slots, out = capacity(len(values)), np.empty(len(values), np.int32)
    _count(values, np.zeros(slots, np.uint64), np.zeros(slots, np.int32), out)
    return out


def passages(words: BareWords, n: int, least: int, shared: int) -> Passages:
    """Passages, for grams of `n` words (4 to 63), or of all of a passage of `least` words (4 to n) or more.

    Grams that stand in more than `shared` places are the set's own wording ("Choose the best answer") and none.
    """
    count = len(words.weights)
    hashes, seeds, grams = np.zeros(count, np.uint64), np.zeros(count, np.uint64), np.zeros(count, np.uint8)
    _seeds(words.rows, words.data, words.begins, least, hashes, seeds)
    _grams(words.rows, words.weights, least, WORD * n, WORD * least, grams)
    ids = np.zeros(count, np.uint64)
    _gram_hashes(words.begins, words.data, hashes, grams, ids)
    found = np.flatnonzero(grams)
    grams[found[_counts(ids[found]) > shared]] = 0
    chosen = np.zeros(count, np.uint8)
    _choose(grams, _counts(seeds), least, chosen)
    places = np.flatnonzero(chosen)
    places = places[np.argsort(seeds[places], kind="stable")]
    return _tabled(words, grams, seeds[places], places, least)


def _tabled(
    words: BareWords, grams: NDArray[np.uint8], seeds: NDArray[np.uint64], places: NDArray[np.int64], k: int
) -> Passages:
    """With what seeds are looked up in."""
    slots = capacity(len(seeds))
    keys, used = np.zeros(slots, np.uint64), np.zeros(slots, np.int32)
    _fill_table(seeds, keys, used)
    sieve = np.zeros(slots * SIEVE_BITS // 128, np.uint64)
    _fill_sieve(seeds, sieve)
    return Passages(words.rows, words.data, words.begins, grams, keys, used, seeds, places, sieve, k)
