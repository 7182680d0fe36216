"""Rows that share keys, directly or through others: parts of a corpus that can be looked at one after the other."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.clusters import Numbering, equal_keys
from curate.ops import unionfind
from curate.stage import Corpus


class Group(NamedTuple):
    """Rows of whole components, and each row's component, ascending: the smallest row in it."""

    rows: NDArray[np.int64]
    components: NDArray[np.int64]


def groups(
    corpus: Corpus, numbering: Numbering, keys: Sequence[str], without: NDArray[np.bool_], most: int
) -> Iterator[Group]:
    """All rows that share a key with another, components together until a group would have more than `most` rows.

    A larger component is a group by itself. Takes, beside what `equal_keys` needs, 17 bytes a row of the corpus and 40
    a row that shares a key.
    """
    parents = unionfind.singletons(numbering.rows)
    for key in keys:
        for portion in equal_keys(corpus, numbering, (key,), without):
            unionfind.unite_runs(parents, portion.rows, portion.same)
    members, roots = _members(parents, numbering.own)
    order = np.argsort(roots, kind="stable")
    members, roots = members[order], roots[order]
    heads = np.flatnonzero(np.append(True, roots[1:] != roots[:-1])[: len(roots)])
    for first, stop in _runs(np.append(heads, len(roots)), most):
        yield Group(members[first:stop], roots[first:stop])


def _members(parents: NDArray[np.int64], own: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The rows of components of two at least, and their roots; rows from `own` on are this run's."""
    unionfind.flatten(parents)
    several = parents != np.arange(len(parents))
    several[parents[several]] = True
    concerned = np.zeros(len(parents), np.bool_)  # components of earlier runs alone have nothing to decide
    concerned[parents[own:]] = True
    members = np.flatnonzero(several & concerned[parents])
    return members, parents[members]


def _runs(bounds: NDArray[np.int64], most: int) -> Iterator[tuple[int, int]]:
    """Successive stretches between bounds, as long as they can be without exceeding `most`, unless one alone does."""
    at = 0
    while at < len(bounds) - 1:
        after = int(np.searchsorted(bounds, bounds[at] + most, side="right")) - 1
        after = max(after, at + 1)
        yield int(bounds[at]), int(bounds[after])
        at = after
