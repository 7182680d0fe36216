"""How every kernel of this package is compiled: once, without the interpreter's lock, cached on disk.

The types of arguments: `IN` arrays are read-only (Arrow's buffers are; writable arrays may be passed
as well), `OUT` arrays are written. All are one-dimensional and contiguous unless said otherwise.
"""

import importlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


def _numba() -> Any:
    """Numba, without SciPy's linear algebra, which takes 0.13 s to load and serves kernels that multiply matrices."""
    blas: Any = "scipy.linalg.cython_blas"
    if blas not in sys.modules:
        sys.modules[blas] = cast("Any", None)
        importlib.import_module("numba.np.arraymath")
        del sys.modules[blas]
    return importlib.import_module("numba")


numba = _numba()
types = numba.types
_compile = numba.njit

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


class _Kernel:
    """A kernel that is compiled, or loaded from the cache, when it is first called: a run needs few of them all."""

    def __init__(self, function: Callable[..., Any], compiler: Callable[..., Any]) -> None:
        self._function, self._compiler = function, compiler
        self._compiled: Callable[..., Any] | None = None
        _KERNELS.append(self)

    def ready(self) -> Callable[..., Any]:
        """The compiled function."""
        if self._compiled is None:
            self._compiled = self._compiler(self._function)
        return cast("Callable[..., Any]", self._compiled)

    def __call__(self, *arguments: Any) -> Any:
        return self.ready()(*arguments)


_KERNELS: list[_Kernel] = []


def load() -> None:
    """Compile all kernels of the modules that are imported, or load them: before processes start that need them."""
    for found in _KERNELS:
        found.ready()


def _from_cache(dispatcher: Any, signature: Any) -> Any:
    """Load what is compiled for a signature, or compile it.

    Numba brings itself up for a compilation before it looks into its cache, which takes 0.14 s and 45 MB; code that
    is there needs none of it.
    """
    cache = dispatcher._cache  # noqa: SLF001 - there is no public way
    whole = cache.load_overload

    def load_overload(signature: Any, target: Any) -> Any:
        with cache._guard_against_spurious_io_errors():  # noqa: SLF001
            found = cache._load_overload(signature, target)  # noqa: SLF001
        return found or whole(signature, target)

    cache.load_overload = load_overload
    dispatcher.compile(signature)
    dispatcher.disable_compile()
    return dispatcher


def kernel(result: Any, *arguments: Any, called: bool = False) -> Callable[[F], F]:
    """Compile a function for exactly these types when it is first called, or load it from the cache.

    One that is `called` by other kernels is compiled while its module is imported. Kernels run in one thread and free
    the interpreter's lock; parallelism is the runner's business. They allocate nothing: without numba's run time
    (`_nrt`) an array passed on costs no reference count, which is worth a factor of ten in loops that call functions
    once a character.
    """
    signature = result(*arguments)

    def made(function: Callable[..., Any]) -> Any:
        return _from_cache(_compile(nogil=True, cache=True, _nrt=False)(function), signature)

    def waiting(function: F) -> F:
        return cast("F", _Kernel(function, made))

    return cast("Callable[[F], F]", made) if called else waiting


def inline(function: F) -> F:
    """Compile a small function as part of the kernels that call it."""
    return cast("F", _compile(function, nogil=True, forceinline=True, _nrt=False))
