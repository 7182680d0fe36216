"""Counters that add up: what entered each phase and what each stage took, by group and bucket, by group and stratum."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.audit.membership import Members, Names

FEW = 2**18
"""Entries that are held before they are summed."""


@dataclass
class Counter:
    """Counts events of one unit: `entered.<phase>` and `lost.<stage>`."""

    events: Names = field(default_factory=Names)
    _buckets: list[NDArray[np.int64]] = field(default_factory=list)
    _strata: list[NDArray[np.int64]] = field(default_factory=list)
    _held: int = 0

    def add(self, event: str, members: Members, documents: NDArray[np.int64], tokens: NDArray[np.int64]) -> None:
        """Count an event of some documents: how many each stands for, and its tokens."""
        owners = members.owners()
        if not len(owners):
            return
        number = np.full(len(owners), self.events.number(event), np.int64)
        group, weights = members.groups.astype(np.int64), (documents[owners], tokens[owners])
        self._buckets.append(np.stack([number, group, members.bucket[owners].astype(np.int64), *weights]))
        self._strata.append(np.stack([number, group, members.stratum[owners].astype(np.int64), *weights]))
        self._held += len(owners)
        if self._held > FEW:
            self._sum()

    def _sum(self) -> None:
        self._buckets, self._strata = [summed(self._buckets)], [summed(self._strata)]
        self._held = self._buckets[0].shape[1]

    def table(self, groups: Names, strata: Names) -> pa.Table:
        """All counts: `event, group, bucket | stratum, documents, tokens`, in a fixed order."""
        self._sum()
        events, named = self.events.listed(), groups.listed()
        parts = []
        for kind, (event, group, cell, documents, tokens) in (
            ("bucket", self._buckets[0]),
            ("stratum", self._strata[0]),
        ):
            cells = pa.array(cell).cast(pa.string()) if kind == "bucket" else strata.listed().take(pa.array(cell))
            columns = [
                events.take(pa.array(event)),
                pa.array([kind] * len(cell), pa.string()),
                named.take(pa.array(group)),
            ]
            parts.append(pa.Table.from_arrays([*columns, cells, pa.array(documents), pa.array(tokens)], names=COLUMNS))
        return pa.concat_tables(parts).sort_by([(name, "ascending") for name in COLUMNS[:4]])


COLUMNS = ["event", "kind", "group", "cell", "documents", "tokens"]


def summed(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """The entries of `(5, n)` arrays with the same first three numbers added up, in ascending order of these."""
    whole = np.concatenate([np.zeros((5, 0), np.int64), *parts], axis=1)
    order = np.lexsort(whole[2::-1])
    whole = whole[:, order]
    first = np.ones(whole.shape[1], np.bool_)
    first[1:] = (whole[:3, 1:] != whole[:3, :-1]).any(axis=0)
    starts = np.flatnonzero(first)
    if not len(starts):
        return whole
    return np.concatenate([whole[:3, starts], np.add.reduceat(whole[3:], starts, axis=1)])


def merged(tables: Iterable[pa.Table]) -> pa.Table:
    """The sum of units' tables, the same whatever their order."""
    whole = pa.table({name: pa.array([], pa.int64() if name in COLUMNS[4:] else pa.string()) for name in COLUMNS})
    for table in tables:
        both = pa.concat_tables([whole, table])
        whole = both.group_by(COLUMNS[:4]).aggregate([("documents", "sum"), ("tokens", "sum")]).rename_columns(COLUMNS)
    return whole.sort_by([(name, "ascending") for name in COLUMNS[:4]])
