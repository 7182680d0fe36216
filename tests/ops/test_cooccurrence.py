import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.cooccurrence import WINDOW, pairs


def reference(rows):
    found, base = [], 0
    for row in rows:
        for at, (_, one, _) in enumerate(row):
            for i, (_, _, other) in enumerate(row):
                low, high = sorted((at, i))
                between = sum(not mark for mark, _, _ in row[low + 1 : high])
                if one and other and i != at and between < WINDOW:
                    found.append((base + at, base + i))
        base += len(row)
    return sorted(found)


@given(st.lists(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), max_size=30), max_size=4))
def test_pairs_are_the_references(rows):
    first = np.cumsum([0, *map(len, rows)]).astype(np.int32)
    flat = np.array([entry for row in rows for entry in row], np.bool_).reshape(-1, 3)

    found = pairs(first, *(np.ascontiguousarray(flat[:, i]) for i in range(3)))

    assert sorted(map(tuple, found.T.tolist())) == reference(rows)


def test_marks_take_no_room_in_the_window():
    row = [(False, True, False), *[(True, False, False)] * 50, *[(False, False, False)] * 7, (False, False, True)]
    flat = np.array(row)
    columns = [np.ascontiguousarray(flat[:, i]) for i in range(3)]

    assert pairs(np.array([0, len(row)], np.int32), *columns).T.tolist() == [[0, len(row) - 1]]
