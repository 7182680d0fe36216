"""Logistic regression, against the same steps in plain Python."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.descent import descend

row = st.tuples(st.lists(st.integers(0, 6), max_size=5), st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0]))


def slowly(rows, rate, decay, weights, squares):
    for ids, label, mass in rows:
        if not ids:
            continue
        value = 1 / math.sqrt(len(ids))
        total = weights[-1] + sum(weights[i] * value for i in ids)
        slope = mass * (1 / (1 + math.exp(-total)) - label)
        for i, step in [*((i, None) for i in ids), (-1, slope)]:
            step = slope * value + decay * weights[i] if step is None else step
            squares[i] += step * step
            weights[i] -= rate * step / math.sqrt(squares[i] + 1e-8)


@given(st.lists(row, min_size=1, max_size=6))
def test_every_row_moves_its_weights_against_the_error(rows):
    starts = np.cumsum([0, *(len(ids) for ids, _, _ in rows)])
    ids = np.array([i for some, _, _ in rows for i in some], np.uint32)
    labels, mass = (np.array([one[k] for one in rows]) for k in (1, 2))
    weights, squares = np.zeros(8), np.zeros(8)
    expected, expected_squares = [0.0] * 8, [0.0] * 8

    descend(starts, ids, labels, mass, np.arange(len(rows)), weights, squares, 0.1, 0.01)
    slowly(rows, 0.1, 0.01, expected, expected_squares)

    assert np.allclose(weights, expected, atol=1e-9)
    assert np.allclose(squares, expected_squares, atol=1e-9)


def test_it_learns_what_tells_two_kinds_apart():
    starts, ids = np.arange(0, 9, 2), np.array([0, 1, 0, 2, 0, 1, 0, 2], np.uint32)
    labels, weights = np.array([1.0, 0.0, 1.0, 0.0]), np.zeros(4)

    for _ in range(50):
        descend(starts, ids, labels, np.ones(4), np.arange(4), weights, np.zeros(4), 0.1, 0.0)

    assert weights[1] > 1 > -1 > weights[2]
