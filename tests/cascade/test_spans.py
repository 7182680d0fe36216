import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate.cascade.spans import MOST, SPANS, column

ENTRIES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99), st.floats(0, 1, width=32)), max_size=60)


@given(ENTRIES)
def test_the_highest_of_each_row_stay_in_text_order(entries):
    entries = list({(row, place): (row, place, score) for row, place, score in entries}.values())
    rows, starts, scores = (np.array([one[i] for one in entries], kind) for i, kind in enumerate((int, int, float)))
    labels = pa.array([f"{row}-{start}" for row, start, _ in entries], pa.string())

    found = column(rows, starts * 10, starts * 10 + 5, labels, scores, 4)

    assert found.type == SPANS
    for row, spans in enumerate(found.to_pylist()):
        mine = sorted(((-score, place) for r, place, score in entries if r == row))[:MOST]
        assert [(span["start"], span["score"]) for span in spans] == sorted((10 * p, -s) for s, p in mine)
        assert all(span["label"] == f"{row}-{span['start'] // 10}" for span in spans)
