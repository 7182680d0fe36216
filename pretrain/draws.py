"""Random numbers that are functions of a key, the same for all time: SplitMix64 (Steele, Lea and Flood 2014).

NumPy's generators may give other streams in another version; a mask or an order of documents must not change with
it, nor with who asks for it first.
"""

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key(*parts: int) -> Keys:
    """(1,) one key from whole numbers below 2⁶⁴."""
    state = np.zeros(1, np.uint64)
    for part in parts:
        state = _mix(state ^ np.uint64(part))
    return state


def keyed(key_1: Keys, numbers_B: NDArray[np.int64]) -> Keys:
    """(B,) a key for each number under one key; equal to `key(*parts, number)`."""
    return _mix(key_1 ^ numbers_B.astype(np.uint64))


def draws(keys_B: Keys, count: int, stream: int = 0) -> Keys:
    """(B, count) numbers uniform over 0..2⁶⁴ − 1 for each key; every `stream` holds others."""
    with np.errstate(over="ignore"):
        starts = keys_B if not stream else _mix(keys_B ^ np.uint64(stream))
        return _mix(starts[:, None] + np.arange(count, dtype=np.uint64) * _GOLDEN)


def below(draws: Keys, limits: int | NDArray[np.int64]) -> NDArray[np.int64]:
    """Whole numbers 0..limit − 1 from draws, by their upper half times the limit (below 2³¹)."""
    upper = draws >> np.uint64(32)
    return ((upper * np.asarray(limits, np.uint64)) >> np.uint64(32)).astype(np.int64)


def permutation(size: int, *parts: int) -> NDArray[np.int64]:
    """A permutation of 0..size − 1 that depends on the key alone."""
    return np.argsort(draws(key(*parts), size)[0], kind="stable")


def _mix(x: Keys) -> Keys:
    with np.errstate(over="ignore"):
        x = x + _GOLDEN
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))
