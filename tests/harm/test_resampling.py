import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.harm import resampling


def slow(scores, truth):
    total, area, before = sum(truth), 0.0, 0.0
    for bar in sorted(set(scores), reverse=True):
        taken = [right for score, right in zip(scores, truth, strict=True) if score >= bar]
        found = sum(taken) / total if total else 0.0
        area += (found - before) * sum(taken) / len(taken)
        before = found
    return area


@given(st.lists(st.tuples(st.sampled_from([-np.inf, 0.0, 0.2, 0.5, 1.0]), st.booleans()), max_size=30))
def test_average_precision_is_the_area_under_the_steps(rows):
    scores, truth = np.array([s for s, _ in rows]), np.array([t for _, t in rows], np.bool_)

    assert resampling.average_precision(scores, truth) == pytest.approx(slow(scores.tolist(), truth.tolist()))


def test_rows_count_as_often_as_their_weight():
    scores, truth, times = np.array([0.9, 0.5, 0.1]), np.array([True, False, True]), np.array([2, 0, 1])

    assert resampling.average_precision(scores, truth, times) == resampling.average_precision(
        np.array([0.9, 0.9, 0.1]), np.array([True, True, True])
    )


def test_a_cluster_is_drawn_as_a_whole():
    cluster = np.array([0, 1, 0, 2, 1])
    times = resampling.drawn(cluster)

    assert (times[:, 0] == times[:, 2]).all()
    assert (times[:, 1] == times[:, 4]).all()
    assert times.max() > 1


def test_few_clusters_give_wide_intervals_however_many_rows_they_have():
    right = np.repeat([True, False, True, True], 100)
    flags, alone = np.ones(400, np.bool_), np.arange(400)

    clustered = resampling.precision(flags, right, np.repeat(np.arange(4), 100))
    single = resampling.precision(flags, right, alone)

    assert clustered[0] == single[0] == resampling.recall(right, flags, alone)[0] == 0.75
    assert clustered[2] - clustered[1] > 3 * (single[2] - single[1])
    assert resampling.precision(~flags, right, alone) == (0.0, 0.0, 1.0)
