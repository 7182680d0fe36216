"""Arrow arrays as stages and kernels hand them over: checked signals, and strings as offsets and bytes."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def as_array(values: Any, rows: int) -> pa.Array:
    """An Arrow array of `rows` values; refuses NaN, which no rule could judge."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not isinstance(array, pa.Array):
        array = pa.array(array)
    if len(array) != rows:
        raise ValueError(f"{len(array)} values for {rows} rows")
    if pa.types.is_floating(array.type) and pc.any(pc.is_nan(array)).as_py():
        raise ValueError("a signal holds NaN")
    return array


def buffers(strings: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Offsets (rows + 1) and UTF-8 bytes of a string array without nulls, as views: what `ops` kernels take.

    Text i is `data[offsets[i]:offsets[i + 1]]`; a slice's offsets do not start at 0. Nulls read as empty.
    """
    if strings.null_count:
        strings = pc.fill_null(strings, "")
    _, offsets, data = strings.buffers()
    if offsets is None or len(strings) == 0:
        return np.zeros(1, np.int32), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, np.int32, len(strings) + 1, strings.offset * 4)
    return starts, np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)


def strings(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.StringArray:
    """The string array of offsets and UTF-8 bytes that a kernel has written; the way back from `buffers`."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
