"""Spans of texts: byte ranges that are checked, and taken out or replaced.

The spans of a text are *good* if they are not empty, lie inside the text, are in ascending order without overlap, and
begin and end between code points.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_I64, IN_U8, OUT_I32, OUT_U8, VOID, i64, inline, kernel

LARGEST = (1 << 31) - 1
"""Bytes that the offsets of an Arrow string array can address."""


class Spans(NamedTuple):
    """Those of text i are `starts[rows[i]:rows[i + 1]]` and `stops[…]`, bytes from its beginning; all int64."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


@inline
def _inside_code_point(data: NDArray[np.uint8], at: int, end: int) -> bool:
    return at < end and data[at] & 0xC0 == 0x80


@kernel(I64, IN_I32, IN_U8, IN_I64, IN_I64, IN_I64)
def _first_bad(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> int:
    for row in range(len(rows) - 1):
        base, end = i64(offsets[row]), i64(offsets[row + 1])
        last = i64(0)
        for i in range(rows[row], rows[row + 1]):
            start, stop = starts[i], stops[i]
            if start < last or stop <= start or stop > end - base:
                return row
            if _inside_code_point(data, base + start, end) or _inside_code_point(data, base + stop, end):
                return row
            last = stop
    return i64(-1)


def first_bad(offsets: NDArray[np.int32], data: NDArray[np.uint8], spans: Spans) -> int:
    """The first text whose spans are not good; −1 where all are."""
    return int(_first_bad(offsets, data, *spans))


@inline
def _copy(data: NDArray[np.uint8], start: int, stop: int, out: NDArray[np.uint8], at: int) -> int:
    for i in range(start, stop):
        out[at + i - start] = data[i]
    return at + stop - start


@kernel(VOID, IN_I32, IN_U8, IN_I64, IN_I64, IN_I64, IN_U8, OUT_I32, OUT_U8)
def _replace(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    filling: NDArray[np.uint8],
    made: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    at = i64(0)
    for row in range(len(rows) - 1):
        base = i64(offsets[row])
        left = base
        for i in range(rows[row], rows[row + 1]):
            at = _copy(data, left, base + starts[i], out, at)
            at = _copy(filling, 0, len(filling), out, at)
            left = base + stops[i]
        at = _copy(data, left, i64(offsets[row + 1]), out, at)
        made[row + 1] = at


def replace(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], spans: Spans, filling: bytes = b""
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Offsets and bytes of the texts with `filling` in place of every span; the spans must be good."""
    texts = len(offsets) - 1
    size = int(offsets[-1]) - int(offsets[0]) - int((spans.stops - spans.starts).sum())
    size += len(filling) * len(spans.starts)
    if size > LARGEST:
        raise OverflowError(f"{size} bytes of text are more than a batch can hold")
    made, out = np.zeros(texts + 1, np.int32), np.empty(size, np.uint8)
    _replace(offsets, data, *spans, np.frombuffer(filling, np.uint8), made, out)
    return made, out
