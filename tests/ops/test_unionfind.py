"""Disjoint sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.unionfind import flatten, singletons, unite_runs


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60))
def test_the_root_of_a_set_is_its_smallest_member(rows, pairs):
    parents = singletons(rows)
    sets = [{row} for row in range(rows)]
    for pair in pairs:
        one, other = pair[0] % rows, pair[1] % rows
        unite_runs(parents, np.array([one, other]), np.array([False, True]))
        union = sets[one] | sets[other]
        for member in union:
            sets[member] = union

    flatten(parents)
    assert parents.tolist() == [min(members) for members in sets]


def test_runs_unite_neighbours_alone():
    parents = singletons(6)

    unite_runs(parents, np.array([5, 3, 1, 4]), np.array([False, True, False, True]))

    flatten(parents)
    assert parents.tolist() == [0, 1, 2, 3, 1, 3]
