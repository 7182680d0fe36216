"""Figures and their intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.harm import intervals


@pytest.mark.parametrize(
    ("hits", "total", "expected"),
    [(0, 0, (0, 0, 1)), (0, 10, (0, 0, 0.2775)), (10, 10, (1, 0.7225, 1)), (263, 300, (0.8767, 0.8347, 0.9091))],
)
def test_wilsons_interval_is_the_textbooks(hits, total, expected):
    assert intervals.wilson(hits, total) == pytest.approx(expected, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=2, max_size=30))
def test_the_area_is_the_share_of_pairs_in_the_right_order(rows):
    scores, positive = np.array([row[0] for row in rows], float), np.array([row[1] for row in rows])
    wins = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]

    assert intervals.auc(scores, positive) == pytest.approx(np.mean(wins) if wins else 0.5)


def test_a_bootstrap_is_the_same_every_time_and_holds_its_figure():
    values = np.arange(50.0)
    value, low, high = intervals.bootstrap(lambda rows: float(values[rows].mean()), 50)

    assert (value, low, high) == intervals.bootstrap(lambda rows: float(values[rows].mean()), 50)
    assert low < value == 24.5 < high


def test_shares_are_shown_in_per_cent():
    assert intervals.share(9, 10) == "90.0 % [59.6, 98.2]"
