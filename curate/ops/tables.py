"""An open-addressing table of 64-bit keys in arrays that the caller lends, for use inside kernels."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.hashing import PRIME_1
from curate.ops.kernel import i64, inline


def capacity(keys: int) -> int:
    """The power of two that holds so many keys at a load of at most one half."""
    return 1 << max(4, (2 * keys - 1).bit_length())


@inline
def fitting(keys: int) -> int:
    """`capacity`, for kernels that use the front of a larger table."""
    size = 16
    while size < 2 * keys:
        size *= 2
    return size


@inline
def find(keys: NDArray[np.uint64], used: NDArray[np.int32], size: int, key: np.uint64) -> int:
    """The slot among the first `size` (a power of two) that holds the key, or else the free one where it belongs.

    A slot is free while its `used` is 0; the caller sets both arrays when it claims one.
    """
    slot = i64((key * PRIME_1) >> np.uint64(32)) & (size - 1)
    while used[slot] != 0 and keys[slot] != key:
        slot = (slot + 1) & (size - 1)
    return slot
