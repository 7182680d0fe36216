"""The shape of a text's lines: how long they are and how they end, as FineWeb asks."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import BOOL, I64, IN_I32, IN_U8, IN_U16, OUT_I64_2D, VOID, i64, kernel
from curate.ops.text import ELLIPSIS, first_visible, last_visible, length, line_end
from curate.ops.unicode import TERMINAL

Counts = NDArray[np.int64]


class Shapes(NamedTuple):
    """Per text (int64): lines, those that end a sentence, those that are short; line feeds; all other characters."""

    lines: Counts
    stopped: Counts
    short: Counts
    feeds: Counts
    characters: Counts


@kernel(VOID, IN_I32, IN_U8, IN_U16, I64, BOOL, OUT_I64_2D)
def _shapes(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    width: int,
    trim: bool,
    out: Counts,
) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            stop = line_end(data, at, end)
            start = first_visible(data, at, stop, classes)
            last, visible = last_visible(data, start, stop, classes)
            if last >= 0:
                ends = trim or visible == stop
                if not trim:
                    start, visible = at, stop
                out[0, row] += 1
                out[1, row] += ends and (i64(classes[last]) & TERMINAL) != 0 and last != ELLIPSIS
                out[2, row] += visible - start <= width or length(data, start, visible) <= width
            out[3, row] += stop < end
            out[4, row] += length(data, at, stop)
            at = stop + 1


def shapes(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    width: int,
    *,
    trim: bool = True,
    classes: NDArray[np.uint16] | None = None,
) -> Shapes:
    """Lines by shape, with or without (`trim`) white space at both ends; short: at most `width` code points.

    By other `classes` of code points where they are given.
    """
    out = np.zeros((len(Shapes._fields), len(offsets) - 1), np.int64)
    _shapes(offsets, data, unicode.classes() if classes is None else classes, width, trim, out)
    return Shapes(*out)
