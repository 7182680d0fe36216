"""Hash signs and ellipses, which Gopher's rules hold against the number of words."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import windows
from curate.ops.kernel import IN_I32, IN_U8, OUT_I64_2D, VOID, i64, kernel
from curate.ops.text import DOT

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Counts = NDArray[np.int64]

HASH = ord("#")


class Marks(NamedTuple):
    """Per text (int64): "#"; ellipses, which are "..." (not overlapping) and "…"."""

    hashes: Counts
    ellipses: Counts


@kernel(VOID, IN_I32, IN_U8, OUT_I64_2D)
def _marks(offsets: Offsets, data: Bytes, out: Counts) -> None:
    for row in range(out.shape[1]):
        start, end = i64(offsets[row]), i64(offsets[row + 1])
        hashes = ellipses = dots = i64(0)
        for at in range(start, end):
            hashes += data[at] == HASH
        at = start
        while at < end:
            if at + windows.SIZE <= len(data):
                calm = windows.lowest(windows.among(data, at, DOT, DOT) | windows.among(data, at, 0xA6, 0xA6))
                dots = dots if calm == 0 else i64(0)
                at += calm
                if calm == windows.SIZE or at >= end:
                    continue
            byte = data[at]
            dots = dots + 1 if byte == DOT else i64(0)
            single = byte == 0xA6 and at - start >= 2 and data[at - 1] == 0x80 and data[at - 2] == 0xE2
            if dots == 3 or single:
                ellipses += 1
                dots = i64(0)
            at += 1
        out[0, row], out[1, row] = hashes, ellipses


def marks(offsets: Offsets, data: Bytes) -> Marks:
    """Hash signs and ellipses."""
    out = np.zeros((len(Marks._fields), len(offsets) - 1), np.int64)
    _marks(offsets, data, out)
    return Marks(*out)
