"""The median length of a text's words, which dolma's Gopher rules ask for in place of the mean."""

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import IN_I32, IN_U8, IN_U16, OUT_F64, OUT_I64, VOID, i64, inline, kernel
from curate.ops.text import next_word

LONGEST = 1024
"""Code points from which on all lengths count as one."""


@inline
def _at(counts: NDArray[np.int64], rank: int) -> int:
    """The length at this place (0: the first) among all in ascending order."""
    length = seen = i64(0)
    while seen + counts[length] <= rank:
        seen += counts[length]
        length += 1
    return length


@kernel(VOID, IN_I32, IN_U8, IN_U16, OUT_I64, OUT_F64)
def _medians(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    counts: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    for row in range(len(out)):
        at, end, words = i64(offsets[row]), i64(offsets[row + 1]), i64(0)
        counts[:] = 0
        while at < end:
            _, at, length, _ = next_word(data, at, end, classes)
            if length > 0:
                counts[min(length, LONGEST)] += 1
                words += 1
        if words > 0:
            out[row] = (_at(counts, (words - 1) // 2) + _at(counts, words // 2)) / 2


def medians(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], classes: NDArray[np.uint16] | None = None
) -> NDArray[np.float64]:
    """The median length of all words in code points, the mean of the middle two where they are even; 0 for none."""
    out = np.zeros(len(offsets) - 1)
    known = unicode.classes() if classes is None else classes
    _medians(offsets, data, known, np.zeros(LONGEST + 1, np.int64), out)
    return out
