"""Repetitions among equal keys, and bitmaps."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.occurrences import Bitmap, repetitions

members = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 5)), max_size=30)
"""Keys low and high, and document; its rank and tie follow from the tables below."""


def plain(rows, ranks, ties, count, within, keep, width):
    """The definition, run by run."""
    runs = defaultdict(list)
    for i, (low, high, _) in enumerate(rows):
        runs[low, high].append(i)
    out = [False] * len(rows)
    for run in runs.values():
        documents = [rows[i][2] for i in run]
        if (len(run) if within else len(set(documents))) < count:
            continue
        first = min(documents, key=lambda d: (-ranks[d], ties[d], d))
        mine = [i for i in run if rows[i][2] == first]
        near = [i for i in mine if 2 * i < 2 * mine[0] + width]
        spared = (near if within else mine) if keep else []
        for i in run:
            out[i] = i not in spared
    return out


@given(
    members.map(sorted),
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
    st.lists(st.integers(0, 2), min_size=6, max_size=6),
    st.integers(2, 4),
    st.booleans(),
    st.booleans(),
    st.integers(1, 9),
)
def test_all_but_the_first_document_of_a_run_that_is_long_enough_repeat_it(
    rows, ranks, ties, count, within, keep, width
):
    low, high, document = (np.array([row[i] for row in rows], np.int64) for i in range(3))
    rank, tie = (np.array([table[d] for d in document], np.uint64) for table in (ranks, ties))

    made = repetitions(
        low.astype(np.uint64),
        high.astype(np.uint64),
        rank,
        tie,
        document,
        np.arange(len(rows)) * 2,
        count=count,
        within=within,
        keep=keep,
        width=width,
    )

    assert made.tolist() == plain(rows, ranks, ties, count, within, keep, width)


@given(st.sets(st.integers(0, 99)), st.integers(0, 100), st.integers(0, 100))
def test_a_bitmap_holds_what_was_added(numbers, start, stop):
    bitmap = Bitmap(100)
    bitmap.add(np.array(list(numbers), np.int64))

    found = bitmap.between(min(start, stop), max(start, stop))

    assert found.tolist() == [i in numbers for i in range(min(start, stop), max(start, stop))]
