"""Counters that add up: what entered each phase and what each stage took, by group and bucket, by group and stratum."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.audit.membership import BUCKETS, Members, Names

FEW = 2**18
"""Entries that are held before they are summed."""
BITS = 20
"""Of an event's, a group's and a cell's number each in the key of an entry."""


class Entries(NamedTuple):
    """What happened at each key: an event of a group in a bucket or a stratum."""

    keys: NDArray[np.int64]
    documents: NDArray[np.int64]
    tokens: NDArray[np.int64]

    def named(self) -> Iterator[NDArray[np.int64]]:
        """Events, groups and cells of the keys."""
        yield self.keys >> 2 * BITS
        yield self.keys >> BITS & (1 << BITS) - 1
        yield self.keys & (1 << BITS) - 1


@dataclass
class Counter:
    """Counts events of one unit: `entered.<phase>` and `lost.<stage>`."""

    events: Names = field(default_factory=Names)
    _buckets: list[Entries] = field(default_factory=list)
    _strata: list[Entries] = field(default_factory=list)
    _held: int = 0

    def add(self, event: str, members: Members, documents: NDArray[np.int64], tokens: NDArray[np.int64]) -> None:
        """Count an event of some documents: how many each stands for, and its tokens."""
        owners = members.owners()
        if not len(owners):
            return
        keys = (self.events.number(event) << BITS | members.groups.astype(np.int64)) << BITS
        weights = documents[owners], tokens[owners]
        self._buckets.append(Entries(keys | members.bucket[owners], *weights))
        self._strata.append(Entries(keys | members.stratum[owners], *weights))
        self._held += len(owners)
        if self._held > FEW:
            self._sum()

    def _sum(self) -> None:
        self._buckets, self._strata = [summed(self._buckets)], [summed(self._strata)]
        self._held = len(self._strata[0].keys)

    def table(self, groups: Names, strata: Names) -> pa.Table:
        """All counts: `event, kind, group, cell, documents, tokens`, in the order of these names."""
        self._sum()
        buckets = pa.array([str(n) for n in range(BUCKETS)])
        parts = []
        for kind, entries, cells in (
            ("bucket", self._buckets[0], buckets),
            ("stratum", self._strata[0], strata.listed()),
        ):
            event, group, cell = (
                names.take(pa.array(numbers))
                for names, numbers in zip((self.events.listed(), groups.listed(), cells), entries.named(), strict=True)
            )
            columns = [event, pa.array([kind] * len(cell), pa.string()), group, cell]
            weights = [pa.array(entries.documents), pa.array(entries.tokens)]
            parts.append(pa.Table.from_arrays([*columns, *weights], names=COLUMNS))
        return merged(parts)


COLUMNS = ["event", "kind", "group", "cell", "documents", "tokens"]


def summed(parts: Sequence[Entries]) -> Entries:
    """The entries with the same key added up, in the order of keys."""
    if not parts:
        return Entries(*(np.zeros(0, np.int64) for _ in Entries._fields))
    keys, documents, tokens = map(np.concatenate, zip(*parts, strict=True))
    order = np.argsort(keys)
    keys = keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])[: len(keys)])
    if not len(starts):
        return Entries(keys, documents, tokens)
    return Entries(keys[starts], *(np.add.reduceat(values[order], starts) for values in (documents, tokens)))


def ranked(column: pa.ChunkedArray) -> tuple[NDArray[np.int64], pa.StringArray]:
    """The names of a column in order, and the place of each row's among them."""
    coded = column.combine_chunks().dictionary_encode()
    order = np.asarray(pc.sort_indices(coded.dictionary))
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(len(order))
    return places[np.asarray(coded.indices)], coded.dictionary.take(pa.array(order))


def merged(tables: Iterable[pa.Table]) -> pa.Table:
    """The sum of tables in the order of their names, the same whatever the tables' order."""
    parts = [pa.table({name: pa.array([], pa.int64() if name in COLUMNS[4:] else pa.string()) for name in COLUMNS})]
    for table in tables:
        parts.append(table)
        if sum(map(len, parts)) > FEW:
            parts = [_one(parts)]
    return _one(parts)


def _one(parts: Sequence[pa.Table]) -> pa.Table:
    whole = pa.concat_tables(parts)
    codes, names = zip(*(ranked(whole.column(name)) for name in COLUMNS[:4]), strict=True)
    shape = [max(1, len(one)) for one in names]
    weights = (np.asarray(whole.column(name)) for name in COLUMNS[4:])
    entries = summed([Entries(np.ravel_multi_index(codes, shape), *weights)])
    places = np.unravel_index(entries.keys, shape)
    columns = [one.take(pa.array(place)) for one, place in zip(names, places, strict=True)]
    return pa.Table.from_arrays([*columns, pa.array(entries.documents), pa.array(entries.tokens)], names=COLUMNS)
