"""Disjoint sets of row numbers; the smallest member of a set is its root."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import IN_BOOL, IN_I64, OUT_I64, VOID, i64, inline, kernel


@inline
def _root(parents: NDArray[np.int64], row: int) -> int:
    """The root of a row's set; halves the path to it."""
    while parents[row] != row:
        parents[row] = parents[parents[row]]
        row = parents[row]
    return row


@inline
def _unite(parents: NDArray[np.int64], one: int, other: int) -> None:
    """Make one set of two."""
    one, other = _root(parents, one), _root(parents, other)
    parents[max(one, other)] = min(one, other)


@kernel(VOID, OUT_I64, IN_I64, IN_BOOL)
def _unite_runs(parents: NDArray[np.int64], rows: NDArray[np.int64], same: NDArray[np.bool_]) -> None:
    for i in range(1, len(rows)):
        if same[i]:
            _unite(parents, i64(rows[i - 1]), i64(rows[i]))


@kernel(VOID, OUT_I64)
def _flatten(parents: NDArray[np.int64]) -> None:
    for row in range(len(parents)):
        parents[row] = parents[parents[row]]  # roots are smaller: the parent's is final


def singletons(rows: int) -> NDArray[np.int64]:
    """So many sets of one row each: every row is its own parent."""
    return np.arange(rows, dtype=np.int64)


def unite_runs(parents: NDArray[np.int64], rows: NDArray[np.int64], same: NDArray[np.bool_]) -> None:
    """Unite, in place, every row i of `rows` for which `same[i]` with the row before it."""
    _unite_runs(parents, rows, same)


def flatten(parents: NDArray[np.int64]) -> None:
    """Put, in place, the smallest member of every row's set for its parent."""
    _flatten(parents)
