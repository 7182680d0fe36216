"""Rows that share keys, directly or through others."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate.clusters import Numbering
from curate.components import groups


class Keys:
    """A corpus that has nothing but keys: per shard a list of pairs."""

    past = 0

    def __init__(self, shards, memory=1 << 20):
        self.memory = memory
        self.tables = [
            pa.table({name: pa.array([row[i] for row in rows], pa.uint64()) for i, name in enumerate("ab")})
            for rows in shards
        ]

    def __len__(self):
        return len(self.tables)

    def sketch(self, shard):
        return self.tables[shard]

    def alive(self, shard):
        return np.ones(len(self.tables[shard]), bool)


def connected(rows):
    """The components of rows that share one of their keys (0 is none), as sets."""
    sets = [{row} for row in range(len(rows))]
    for one, mine in enumerate(rows):
        for other, theirs in enumerate(rows):
            if any(a == b != 0 for a, b in zip(mine, theirs, strict=True)):
                union = sets[one] | sets[other]
                for member in union:
                    sets[member] = union
    return {frozenset(found) for found in sets if len(found) > 1}


pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=12)


@given(st.lists(pairs, max_size=3), st.integers(1, 8), st.sampled_from([100, 1 << 20]))
def test_groups_are_whole_components_of_as_many_rows_as_fit(shards, most, memory):
    corpus = Keys(shards, memory)
    numbering = Numbering(corpus)

    found = list(groups(corpus, numbering, ("a", "b"), np.zeros(numbering.rows, bool), most))

    components = set()
    for group in found:
        mine = {c: frozenset(group.rows[group.components == c].tolist()) for c in group.components.tolist()}
        assert all(min(members) == component for component, members in mine.items())
        assert len(group.rows) <= most or len(mine) == 1
        assert not components & set(mine.values())
        components |= set(mine.values())
    assert components == connected([row for rows in shards for row in rows])


def test_rows_that_are_left_out_connect_nobody():
    corpus = Keys([[(1, 0), (1, 2), (0, 2)]])
    numbering = Numbering(corpus)

    assert len(list(groups(corpus, numbering, ("a", "b"), np.zeros(3, bool), 10))) == 1
    assert list(groups(corpus, numbering, ("a", "b"), np.array([False, True, False]), 10)) == []
