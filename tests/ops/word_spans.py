"""The words of a text as kernels see them."""

import numba
import numpy as np

from curate.ops.kernel import i64
from curate.ops.text import next_word
from curate.ops.unicode import classes


@numba.njit  # not cached: numba's cache would not see changes in `next_word`
def _spans(offsets, data, table, out):
    at, end, count = i64(offsets[0]), i64(offsets[1]), 0
    while at < end:
        start, at, length, _ = next_word(data, at, end, table)
        if length > 0:
            out[0, count], out[1, count] = start, at
            count += 1


def words(text: str) -> list[str]:
    """All words, as they are written."""
    data = np.frombuffer(text.encode(), np.uint8)
    out = np.zeros((2, len(data) + 1), np.int32)
    _spans(np.array([0, len(data)], np.int32), data, classes(), out)
    return [data[start:end].tobytes().decode() for start, end in out.T.tolist() if end]
