"""How much of a text is made of its language's commonest character trigrams.

The profiles of Cavnar and Trenkle, "N-Gram-Based Text Categorization" (SDAIR 1994), used to doubt an answer and not
to find one: a text in a language that no model knows gets the label of some relative, whose common trigrams
it lacks. A profile is a set of hashed trigrams, a bit each.
"""

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops.kernel import IN_I32, IN_U8, OUT_F64, OUT_I32, VOID, i64, inline, kernel
from curate.ops.unicode import decode

BUCKETS = 1 << 13
_IN_U8_2D = types.Array(types.uint8, 2, "C", readonly=True)


def buckets(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The buckets of all trigrams of all texts, one after the other; texts are in normal form."""
    made = np.zeros(max(1, len(data)), np.int32)
    ends = np.zeros(len(offsets) - 1, np.int32)
    _buckets(offsets, data, ends, made)
    return made[: ends[-1] if len(ends) else 0]


def coverage(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], labels: NDArray[np.int32], bits: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """The share of every text's trigrams that is in its label's row of `bits` (labels, BUCKETS); 0 for label −1."""
    made = np.zeros(len(labels))
    _coverage(offsets, data, labels, bits, made)
    return made


@inline
def _bucket(a: int, b: int, c: int) -> int:
    mixed = (
        np.uint32(a) * np.uint32(0x9E3779B1)
        ^ np.uint32(b) * np.uint32(0x85EBCA77)
        ^ np.uint32(c) * np.uint32(0xC2B2AE3D)
    )
    return i64(np.uint32(np.uint32(mixed * np.uint32(0x27D4EB2F)) >> np.uint32(19)))


@inline
def _digit(code: int) -> bool:
    return 0x30 <= code <= 0x39


@kernel(VOID, IN_I32, IN_U8, OUT_I32, OUT_I32)
def _buckets(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], ends: NDArray[np.int32], made: NDArray[np.int32]
) -> None:
    filled = 0
    for row in range(len(ends)):
        at, end, a, b = i64(offsets[row]), i64(offsets[row + 1]), i64(0), i64(0x20)
        while at < end:
            code, at = decode(data, at, end)
            if a > 0 and not (_digit(a) or _digit(b) or _digit(code)):
                made[filled] = _bucket(a, b, code)
                filled += 1
            a, b = b, code
        ends[row] = filled


@kernel(VOID, IN_I32, IN_U8, IN_I32, _IN_U8_2D, OUT_F64)
def _coverage(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    labels: NDArray[np.int32],
    bits: NDArray[np.uint8],
    made: NDArray[np.float64],
) -> None:
    for row in range(len(labels)):
        at, end, a, b = i64(offsets[row]), i64(offsets[row + 1]), i64(0), i64(0x20)
        found, hits = 0, 0
        while at < end and labels[row] >= 0:
            code, at = decode(data, at, end)
            if a > 0 and not (_digit(a) or _digit(b) or _digit(code)):
                place = _bucket(a, b, code)
                hits += bits[labels[row], place >> 3] >> (place & 7) & 1
                found += 1
            a, b = b, code
        if found > 0:
            made[row] = hits / found
