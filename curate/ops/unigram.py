"""Words of normalised text, one by one: to count them, and to look up how probable each is."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.hashing import hash_strings, xxh64
from curate.ops.kernel import (
    F64,
    I64,
    IN_F64,
    IN_I32,
    IN_U8,
    IN_U16,
    IN_U64,
    OUT_F64,
    OUT_I32,
    OUT_I64,
    OUT_U8,
    OUT_U64,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.text import next_word

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]


class Frequencies(NamedTuple):
    """A hash table of words: 64-bit hashes (0 is a free slot) and the natural logarithms of their probabilities."""

    keys: NDArray[np.uint64]
    values: NDArray[np.float64]


class Means(NamedTuple):
    """Per text: the mean over its words, how many they are, and how many the table does not know."""

    means: NDArray[np.float64]
    words: NDArray[np.int64]
    unknown: NDArray[np.int64]


def split(offsets: Offsets, data: Bytes, *, single_letters: bool = True) -> tuple[Offsets, Bytes]:
    """Every word of every text, in order, as texts of their own: offsets and bytes.

    `single_letters`: letters of scripts without spaces make words of their own; else only white space separates words.
    """
    ignored = np.uint16(0 if single_letters else unicode.UNSPACED | unicode.KIND)
    table = unicode.classes() & ~ignored
    size = int(offsets[-1]) - int(offsets[0])
    starts, out = np.zeros(size + 1, np.int32), np.empty(size, np.uint8)
    words = _split(offsets, data, table, starts, out)
    return starts[: words + 1], out[: starts[words]]


def frequencies(offsets: Offsets, data: Bytes, counts: NDArray[np.float64], total: float) -> Frequencies:
    """A table of these words; counts of one word add up, and `total` is what probabilities are shares of."""
    size = 1 << max(4, (2 * len(counts)).bit_length())
    keys, sums = np.zeros(size, np.uint64), np.zeros(size, np.float64)
    _insert(hash_strings(offsets, data), counts, keys, sums)
    return Frequencies(keys, np.log(np.divide(sums, total, out=np.ones(size), where=sums > 0)))


def mean_log_probabilities(offsets: Offsets, data: Bytes, table: Frequencies, unknown: float) -> Means:
    """Means of the natural logarithms of words' probabilities, 0 for a text without words.

    `unknown` is the logarithm that counts for a word that the table does not hold.
    """
    rows = len(offsets) - 1
    means, (words, misses) = np.zeros(rows), np.zeros((2, rows), np.int64)
    _mean_log_probabilities(offsets, data, unicode.classes(), *table, unknown, means, words, misses)
    return Means(means, words, misses)


@kernel(I64, IN_I32, IN_U8, IN_U16, OUT_I32, OUT_U8)
def _split(offsets: Offsets, data: Bytes, classes: NDArray[np.uint16], starts: Offsets, out: Bytes) -> int:
    words, filled = i64(0), i64(0)
    for row in range(len(offsets) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            start, at, length, _ = next_word(data, at, end, classes)
            if length == 0:
                break
            for i in range(start, at):
                out[filled] = data[i]
                filled += 1
            words += 1
            starts[words] = filled
    return words


@inline
def _slot(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """Where the key is, or belongs."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return i64(slot)


@kernel(VOID, IN_U64, IN_F64, OUT_U64, OUT_F64)
def _insert(
    hashes: NDArray[np.uint64], counts: NDArray[np.float64], keys: NDArray[np.uint64], sums: NDArray[np.float64]
) -> None:
    for i in range(len(hashes)):
        key = hashes[i] or np.uint64(1)
        slot = _slot(keys, key)
        keys[slot] = key
        sums[slot] += counts[i]


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_U64, IN_F64, F64, OUT_F64, OUT_I64, OUT_I64)
def _mean_log_probabilities(
    offsets: Offsets,
    data: Bytes,
    classes: NDArray[np.uint16],
    keys: NDArray[np.uint64],
    values: NDArray[np.float64],
    unknown: float,
    means: NDArray[np.float64],
    words: NDArray[np.int64],
    misses: NDArray[np.int64],
) -> None:
    for row in range(len(means)):
        at, end, total = i64(offsets[row]), i64(offsets[row + 1]), 0.0
        while at < end:
            start, at, length, _ = next_word(data, at, end, classes)
            if length == 0:
                break
            slot = _slot(keys, xxh64(data, start, at, np.uint64(0)) or np.uint64(1))
            known = keys[slot] != 0
            total += values[slot] if known else unknown
            words[row] += 1
            misses[row] += not known
        if words[row]:
            means[row] = total / words[row]
