"""A linear text classifier over hashed character n-grams: fastText's supervised model, as a kernel.

Bojanowski et al., "Enriching Word Vectors with Subword Information" (TACL 2017) and Joulin et al., "Bag of
Tricks for Efficient Text Classification" (EACL 2017): a text is the mean of the vectors of its words'
character n-grams, `<` and `>` marking a word's ends; class scores are a matrix times that mean. The n-grams'
rows are found by FNV-1a modulo the number of buckets. A table with no words but the end of a line, as the
project's own models have, needs no dictionary.
"""

from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_U8, VOID, i64, inline, kernel

CENTROIDS = 256
_IN_U8_2D = types.Array(types.uint8, 2, "C", readonly=True)
_IN_F32_2D = types.Array(types.float32, 2, "C", readonly=True)
_OUT_F32_2D = types.Array(types.float32, 2, "C")
_LESS, _GREATER = np.uint32(0x3C), np.uint32(0x3E)


class Table(NamedTuple):
    """A product-quantised table of vectors, the classes, and how texts find their rows.

    Row i is norm[norms[i]] times the centroids that its codes name, one for every few dimensions.
    """

    codes: NDArray[np.uint8]
    """(1 + buckets, P): the end of a line, then the n-grams' buckets."""
    norms: NDArray[np.uint8]
    """(1 + buckets,)"""
    norm: NDArray[np.float32]
    """(CENTROIDS,)"""
    centroids: NDArray[np.float32]
    """(P · CENTROIDS, D / P): each part's in turn."""
    outputs: NDArray[np.float32]
    """(C, D): the classes."""
    shortest: int
    longest: int
    """Lengths of n-grams in code points."""


def scores(offsets: NDArray[np.int32], data: NDArray[np.uint8], table: Table) -> NDArray[np.float32]:
    """(texts, C) scores before the softmax.

    Words are separated by single spaces; a word with a digit is none.
    """
    made = np.zeros((len(offsets) - 1, len(table.outputs)), np.float32)
    work = np.zeros((2, len(table.centroids)), np.float32)
    norms, norm = table.norms.reshape(1, -1), table.norm.reshape(1, -1)
    layers = (table.centroids, table.outputs)
    _scores(offsets, data, table.codes, norms, norm, *layers, table.shortest, table.longest, work[:1], work[1:], made)
    return made


@inline
def _hash(state: np.uint32, byte: np.uint32) -> np.uint32:
    """FNV-1a as fastText writes it: bytes from 0x80 on are negative and spread over all 32 bits."""
    spread = byte | np.uint32(0xFFFFFF00) if byte >= np.uint32(0x80) else byte
    return np.uint32((state ^ spread) * np.uint32(16777619))


@inline
def _word_end(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, bool]:
    """Where the word at `at` ends, and whether it holds a digit."""
    digits = False
    while at < end and data[at] != 0x20:
        digits |= 0x30 <= data[at] <= 0x39
        at += 1
    return at, digits


@inline
def _add_row(
    row: int, codes: NDArray[np.uint8], norms: NDArray[np.uint8], norm: NDArray[np.float32], mass: NDArray[np.float32]
) -> None:
    """Give the row's norm to each of its centroids: their vectors are added up once, at the end of the text."""
    share = norm[0, norms[0, row]]
    for part in range(codes.shape[1]):
        mass[0, (part << 8) + codes[row, part]] += share


@inline
def _add_word(
    data: NDArray[np.uint8],
    begin: int,
    end: int,
    codes: NDArray[np.uint8],
    norms: NDArray[np.uint8],
    norm: NDArray[np.float32],
    shortest: int,
    longest: int,
    mass: NDArray[np.float32],
) -> int:
    """Add the n-grams of one word; position `begin - 1` stands for `<`, `end` for `>`."""
    buckets, found = np.uint32(len(codes) - 1), 0
    for start in range(begin - 1, end + 1):
        if start >= begin and start < end and data[start] & 0xC0 == 0x80:
            continue
        state, at, length = np.uint32(2166136261), start, 0
        while at <= end and length < longest:
            if at < begin:
                state, at = _hash(state, _LESS), at + 1
            elif at == end:
                state, at = _hash(state, _GREATER), at + 1
            else:
                state, at = _hash(state, np.uint32(data[at])), at + 1
                while at < end and data[at] & 0xC0 == 0x80:
                    state, at = _hash(state, np.uint32(data[at])), at + 1
            length += 1
            if length >= shortest and not (length == 1 and (start < begin or start == end)):
                row = 1 + i64(state % buckets)
                _add_row(row, codes, norms, norm, mass)
                found += 1
    return found


@inline
def _sum_up(mass: NDArray[np.float32], centroids: NDArray[np.float32], hidden: NDArray[np.float32]) -> None:
    """The sum of all rows' vectors, from how much of each centroid there is; forgets the masses."""
    width = centroids.shape[1]
    for k in range(hidden.shape[1]):
        hidden[0, k] = 0
    for i in range(mass.shape[1]):
        share, part = mass[0, i], (i >> 8) * width
        mass[0, i] = 0
        for k in range(width):
            hidden[0, part + k] += share * centroids[i, k]


@kernel(
    VOID,
    IN_I32,
    IN_U8,
    _IN_U8_2D,
    _IN_U8_2D,
    _IN_F32_2D,
    _IN_F32_2D,
    _IN_F32_2D,
    I64,
    I64,
    _OUT_F32_2D,
    _OUT_F32_2D,
    _OUT_F32_2D,
)
def _scores(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    codes: NDArray[np.uint8],
    norms: NDArray[np.uint8],
    norm: NDArray[np.float32],
    centroids: NDArray[np.float32],
    outputs: NDArray[np.float32],
    shortest: int,
    longest: int,
    mass: NDArray[np.float32],
    hidden: NDArray[np.float32],
    made: NDArray[np.float32],
) -> None:
    for row in range(len(made)):
        at, end, found = i64(offsets[row]), i64(offsets[row + 1]), 1
        _add_row(0, codes, norms, norm, mass)
        while at < end:
            after, digits = _word_end(data, at, end)
            if after > at and not digits:
                found += _add_word(data, at, after, codes, norms, norm, shortest, longest, mass)
            at = after + 1
        _sum_up(mass, centroids, hidden)
        for label in range(len(outputs)):
            total = np.float32(0)
            for k in range(outputs.shape[1]):
                total += hidden[0, k] * outputs[label, k]
            made[row, label] = total / np.float32(found)
