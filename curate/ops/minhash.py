"""Shingles of normalised text, their MinHash signatures, and the keys of bands.

A *shingle* is a run of n words (Broder 1997, "On the resemblance and containment of documents"). Words are those
of every stage (`docs/words.md`): short runs of letters in scripts without spaces, or by choice single `letters`. Text
of fewer than n words has no shingle.

Signatures are those of datasketch 2.0's scheme `affine32`, bit for bit: a shingle's 32-bit hash h is mixed once by
MurmurHash3's finalizer, and hash function k gives a_k · h + b_k mod 2^32 with a_k odd. The k-th value of a
signature is the minimum over all shingles, 2^32 − 1 where there is none.
"""

from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.hashing import PRIME_1, PRIME_3, avalanche
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    IN_U32,
    IN_U32_2D,
    IN_U64,
    OUT_I64,
    OUT_U32_2D,
    OUT_U64,
    OUT_U64_2D,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.ngrams import BASE, hash_here, hash_word
from curate.ops.text import next_word
from curate.ops.unicode import ALONE, KIND, UNSPACED

LANES = 16
"""Signatures are computed for a multiple of so many functions, which fills the processor's vectors."""


class Shingles(NamedTuple):
    """64-bit hashes in text order, repeated ones included: text i's are `hashes[rows[i]:rows[i + 1]]`."""

    rows: NDArray[np.int64]
    hashes: NDArray[np.uint64]


@inline
def _words(data: NDArray[np.uint8], at: int, end: int) -> tuple[np.uint64, np.uint64, int]:
    """As `windows.words`, of normalised text without punctuation, and besides of the scripts that put spaces.

    Those are all of two bytes a letter, of three the ones from Devanagari to Sinhala, jamo and Ethiopic: what else is
    in those ranges and ends words, such as a danda, is gone. Jamo are what is left of Hangul.
    """
    if at + windows.MARGIN > len(data) or data[at] >= 0xE2:
        return np.uint64(0), np.uint64(0), i64(0)
    indic, jamo = windows.among(data, at, 0xE0, 0xE0), windows.among(data, at, 0xE1, 0xE1)
    odd = (indic << windows.ONE) & ~windows.among(data, at, 0xA0, 0xB7)
    odd |= (jamo << windows.ONE) & ~windows.among(data, at, 0x84, 0x8F)
    odd |= ((indic | jamo) & LAST) | windows.among(data, at, 0xE2, 0xFF)
    spaces = windows.among(data, at, 0x20, 0x20)
    return windows.ended(spaces, odd, end - at)


LAST = np.uint64(1 << 63)


@kernel(VOID, IN_I32, IN_U8, IN_U16, I64, OUT_U64, OUT_I64, OUT_U64)
def _shingles(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    n: int,
    ring: NDArray[np.uint64],
    rows: NDArray[np.int64],
    hashes: NDArray[np.uint64],
) -> None:
    power = np.uint64(1)
    for _ in range(n):
        power *= BASE
    count = 0
    for row in range(len(rows) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        rolling, words, oldest = np.uint64(0), 0, 0
        ring[:] = 0
        while at < end:
            runs, ends, size = _words(data, at, end)
            at += size
            start, stop = i64(0), i64(0)
            while size == 0 or runs:
                if size == 0:
                    start, stop, length, _ = next_word(data, at, end, classes)
                    at = stop
                    if length == 0:
                        break
                    word = hash_word(data, start, stop)
                    runs, size = np.uint64(0), i64(1)
                else:
                    start, stop = windows.first_word(runs, ends)
                    word = hash_here(data, at - size + start, stop - start)
                    runs = windows.behind(runs, stop)
                rolling = rolling * BASE + word - ring[oldest] * power
                ring[oldest] = word
                oldest = oldest + 1 if oldest + 1 < n else 0
                words += 1
                if words >= n:
                    hashes[count] = avalanche(rolling)
                    count += 1
        rows[row + 1] = count


@cache
def letters() -> NDArray[np.uint16]:
    """Classes by which every letter of a script without spaces is a word.

    `unspaced.py` cuts such text into words of two or four letters, all of which shift behind one that is put in or
    left out: copies of Chinese, Thai or Khmer with such a difference would share few runs of words.
    """
    made = unicode.classes().copy()
    apart = made & UNSPACED != 0
    made[apart] = made[apart] & ~np.uint16(KIND) | np.uint16(ALONE)
    return made


def shingles(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], n: int, classes: NDArray[np.uint16] | None = None
) -> Shingles:
    """The hashes of all runs of n words of normalised texts; by other `classes` of code points where they are given."""
    texts = len(offsets) - 1
    most = (int(offsets[-1]) - int(offsets[0]) + texts) // 2 + texts
    rows, hashes = np.zeros(texts + 1, np.int64), np.empty(most, np.uint64)
    _shingles(offsets, data, unicode.classes() if classes is None else classes, n, np.empty(n, np.uint64), rows, hashes)
    return Shingles(rows, hashes[: rows[-1]])


def distinct(found: Shingles) -> Shingles:
    """Every text's shingles in ascending order, none repeated; uses up those given."""
    rows, hashes = found
    for start, end in pairwise(rows.tolist()):
        hashes[start:end].sort()
    first = np.ones(len(hashes), np.bool_)
    first[1:] = hashes[1:] != hashes[:-1]
    first[rows[:-1][rows[:-1] < len(hashes)]] = True
    return Shingles(np.append(0, np.cumsum(first))[rows], hashes[first])


class Permutations(NamedTuple):
    """The factors (odd) and summands of hash functions, uint32 each."""

    factors: NDArray[np.uint32]
    summands: NDArray[np.uint32]


def permutations(count: int, seed: int) -> Permutations:
    """The hash functions that `datasketch.MinHash(num_perm=count, seed=seed)` has; 0 ≤ seed < 2^32."""
    generator = np.random.RandomState(seed)
    factors = generator.randint(0, 1 << 31, count, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return Permutations(factors, generator.randint(0, 1 << 32, count, dtype=np.uint32))


@inline
def _mix_32(shingle: np.uint64) -> np.uint32:
    """MurmurHash3's 32-bit finalizer of the low half of a hash."""
    value = np.uint32(shingle)
    value ^= value >> np.uint32(16)
    value = np.uint32(value * np.uint32(0x85EBCA6B))
    value ^= value >> np.uint32(13)
    value = np.uint32(value * np.uint32(0xC2B2AE35))
    return np.uint32(value ^ (value >> np.uint32(16)))


@kernel(VOID, IN_I64, IN_U64, IN_U32, IN_U32, OUT_U32_2D)
def _signatures(
    rows: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    factors: NDArray[np.uint32],
    summands: NDArray[np.uint32],
    out: NDArray[np.uint32],
) -> None:
    functions = out.shape[1]
    for row in range(out.shape[0]):
        last = rows[row + 1] - 1
        # Four shingles at a time, so that a signature is loaded and stored a quarter as often;
        # the last four may repeat the last one, which changes no minimum.
        for at in range(rows[row], rows[row + 1], 4):
            one, two = _mix_32(hashes[at]), _mix_32(hashes[min(at + 1, last)])
            three, four = _mix_32(hashes[min(at + 2, last)]), _mix_32(hashes[min(at + 3, last)])
            for k in range(functions):
                a, b = factors[k], summands[k]
                low = min(np.uint32(a * one + b), np.uint32(a * two + b))
                high = min(np.uint32(a * three + b), np.uint32(a * four + b))
                out[row, k] = min(out[row, k], min(low, high))  # noqa: PLW3301


def signatures(found: Shingles, functions: Permutations) -> NDArray[np.uint32]:
    """The MinHash signature of every text, uint32 (texts, functions)."""
    count = len(functions.factors)
    padding = -count % LANES
    factors = np.concatenate([functions.factors, np.ones(padding, np.uint32)])
    summands = np.concatenate([functions.summands, np.zeros(padding, np.uint32)])
    out = np.full((len(found.rows) - 1, count + padding), 0xFFFFFFFF, np.uint32)
    _signatures(*found, factors, summands, out)
    return np.ascontiguousarray(out[:, :count])


@kernel(VOID, IN_U32_2D, OUT_U64_2D)
def _band_keys(signature: NDArray[np.uint32], out: NDArray[np.uint64]) -> None:
    bands = out.shape[0]
    width = signature.shape[1] // bands
    for row in range(signature.shape[0]):
        for band in range(bands):
            key = np.uint64(band) * PRIME_3
            for k in range(band * width, (band + 1) * width):
                key = (key ^ np.uint64(signature[row, k])) * PRIME_1
                key ^= key >> np.uint64(29)
            out[band, row] = avalanche(key)


def band_keys(signature: NDArray[np.uint32], bands: int) -> NDArray[np.uint64]:
    """A 64-bit key of every band of every signature, uint64 (bands, texts)."""
    out = np.empty((bands, len(signature)), np.uint64)
    _band_keys(signature, out)
    return out
