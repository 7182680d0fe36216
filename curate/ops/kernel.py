"""How every kernel of this package is compiled: ahead of use, without the interpreter's lock, cached on disk.

The types of arguments: `IN` arrays are read-only (Arrow's buffers are; writable arrays may be passed
as well), `OUT` arrays are written. All are one-dimensional and contiguous unless said otherwise.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numba import types

F = TypeVar("F", bound=Callable[..., Any])
_compile: Any = numba.njit  # its annotations leave `_nrt` out

IN_BOOL, IN_U8, IN_U16, IN_U32, IN_U64, IN_I32, IN_I64 = (
    types.Array(scalar, 1, "C", readonly=True)
    for scalar in (types.boolean, types.uint8, types.uint16, types.uint32, types.uint64, types.int32, types.int64)
)
IN_F32, IN_F64 = (types.Array(scalar, 1, "C", readonly=True) for scalar in (types.float32, types.float64))
OUT_U8, OUT_U32, OUT_U64, OUT_I32, OUT_I64, OUT_F64 = (
    types.Array(scalar, 1, "C")
    for scalar in (types.uint8, types.uint32, types.uint64, types.int32, types.int64, types.float64)
)
OUT_U32_2D, OUT_U64_2D, OUT_I64_2D = (
    types.Array(scalar, 2, "C") for scalar in (types.uint32, types.uint64, types.int64)
)
OUT_F32 = types.Array(types.float32, 1, "C")
OUT_I32_2D = types.Array(types.int32, 2, "C")
IN_U32_2D, IN_I32_2D = (types.Array(scalar, 2, "C", readonly=True) for scalar in (types.uint32, types.int32))
I64_3 = cast("Any", types.UniTuple)(types.int64, 3)
I64, U64, F64, BOOL, VOID = types.int64, types.uint64, types.float64, types.boolean, types.void

i64 = cast("Callable[[Any], int]", np.int64)
"""What kernels convert to before they compute: mixing signed and unsigned would make floats."""


def kernel(result: Any, *arguments: Any) -> Callable[[F], F]:
    """Compile a function for exactly these types while its module is imported, or load it from the cache.

    Kernels run in one thread and release the interpreter's lock; parallelism is the runner's business.
    They allocate nothing: without numba's run time (`_nrt`) an array passed on costs no reference
    count, which is worth a factor of ten in loops that call functions once a character.
    """
    return cast("Callable[[F], F]", _compile(result(*arguments), nogil=True, cache=True, _nrt=False))


def inline(function: F) -> F:
    """Compile a small function as part of the kernels that call it."""
    return cast("F", _compile(function, nogil=True, forceinline=True, _nrt=False))
