"""xxHash64 over Arrow buffers, and seeded hashes of strings.

Source: xxHash specification 0.1.1, XXH64 (Yann Collet), https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import IN_I32, IN_U8, OUT_U64, U64, VOID, i64, inline, kernel

PRIME_1 = np.uint64(0x9E3779B185EBCA87)
PRIME_2 = np.uint64(0xC2B2AE3D27D4EB4F)
PRIME_3 = np.uint64(0x165667B19E3779F9)
PRIME_4 = np.uint64(0x85EBCA77C2B2AE63)
PRIME_5 = np.uint64(0x27D4EB2F165667C5)


@inline
def _rotate(value: np.uint64, bits: int) -> np.uint64:
    return value << np.uint64(bits) | value >> np.uint64(64 - bits)


@inline
def read_8(data: NDArray[np.uint8], at: int) -> np.uint64:
    """Eight bytes, little-endian; the compiler makes one load of it, as no index can be negative."""
    place = np.uint64(at)
    value = np.uint64(data[place])
    for i in range(1, 8):
        value |= np.uint64(data[place + np.uint64(i)]) << np.uint64(8 * i)
    return value


@inline
def read_4(data: NDArray[np.uint8], at: int) -> np.uint64:
    """Four bytes, little-endian."""
    value = np.uint64(data[at])
    for i in range(1, 4):
        value |= np.uint64(data[at + i]) << np.uint64(8 * i)
    return value


@inline
def _round(lane: np.uint64, word: np.uint64) -> np.uint64:
    return _rotate(lane + word * PRIME_2, 31) * PRIME_1


@inline
def _merge(value: np.uint64, lane: np.uint64) -> np.uint64:
    return (value ^ _round(np.uint64(0), lane)) * PRIME_1 + PRIME_4


@inline
def avalanche(value: np.uint64) -> np.uint64:
    """A bijection of 64 bits under which every bit of the result depends on every bit of the value."""
    value ^= value >> np.uint64(33)
    value *= PRIME_2
    value ^= value >> np.uint64(29)
    value *= PRIME_3
    return value ^ (value >> np.uint64(32))


@inline
def _stripes(data: NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    """The part of the hash that reads whole stripes of 32 bytes."""
    a, b, c, d = seed + PRIME_1 + PRIME_2, seed + PRIME_2, seed, seed - PRIME_1
    for at in range(start, end - 31, 32):
        a = _round(a, read_8(data, at))
        b = _round(b, read_8(data, at + 8))
        c = _round(c, read_8(data, at + 16))
        d = _round(d, read_8(data, at + 24))
    value = _rotate(a, 1) + _rotate(b, 7) + _rotate(c, 12) + _rotate(d, 18)
    return _merge(_merge(_merge(_merge(value, a), b), c), d)


@inline
def xxh64(data: NDArray[np.uint8], start: int, end: int, seed: np.uint64) -> np.uint64:
    """XXH64 of `data[start:end]`."""
    length = end - start
    value = _stripes(data, start, end, seed) if length >= 32 else seed + PRIME_5
    value += np.uint64(length)
    at = start + (length & ~31)
    while at + 8 <= end:
        value = _rotate(value ^ _round(np.uint64(0), read_8(data, at)), 27) * PRIME_1 + PRIME_4
        at += 8
    if at + 4 <= end:
        value = _rotate(value ^ (read_4(data, at) * PRIME_1), 23) * PRIME_2 + PRIME_3
        at += 4
    while at < end:
        value = _rotate(value ^ (np.uint64(data[at]) * PRIME_5), 11) * PRIME_1
        at += 1
    return avalanche(value)


@kernel(VOID, IN_I32, IN_U8, U64, OUT_U64)
def _hash_strings(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], seed: np.uint64, out: NDArray[np.uint64]
) -> None:
    for row in range(len(out)):
        out[row] = xxh64(data, i64(offsets[row]), i64(offsets[row + 1]), seed)


def hash_strings(offsets: NDArray[np.int32], data: NDArray[np.uint8], seed: int = 0) -> NDArray[np.uint64]:
    """XXH64 of every string's bytes under a seed (0 ≤ seed < 2^64), as the `xxhash` package gives it."""
    out = np.empty(len(offsets) - 1, np.uint64)
    _hash_strings(offsets, data, np.uint64(seed), out)
    return out
