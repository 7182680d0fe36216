"""Words that stand near others in one sentence."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I32_2D, i64, kernel

WINDOW = 8
"""Words to either side, marks not counted."""


def pairs(
    first: NDArray[np.int32], marks: NDArray[np.bool_], ones: NDArray[np.bool_], others: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """(2, n): every lexeme of `ones` with every one of `others` in the same row at most `WINDOW` words away."""
    room = max(64, len(first))
    while True:
        found = np.empty((2, room), np.int32)
        size = _pairs(first, marks.view(np.uint8), ones.view(np.uint8), others.view(np.uint8), found)
        if size <= room:
            return found[:, :size]
        room = size


@kernel(I64, IN_I32, IN_U8, IN_U8, IN_U8, OUT_I32_2D)
def _pairs(
    first: NDArray[np.int32],
    marks: NDArray[np.uint8],
    ones: NDArray[np.uint8],
    others: NDArray[np.uint8],
    found: NDArray[np.int32],
) -> int:
    """Fill `found` as far as it has room; the number of all pairs."""
    size = i64(0)
    for row in range(len(first) - 1):
        start, stop = i64(first[row]), i64(first[row + 1])
        for at in range(start, stop):
            if not ones[at]:
                continue
            for step in (-1, 1):
                i, words = at + step, i64(0)
                while start <= i < stop and words < WINDOW:
                    words += i64(not marks[i])
                    if others[i]:
                        if size < found.shape[1]:
                            found[0, size], found[1, size] = at, i
                        size += 1
                    i += step
    return size
