import math

import numpy as np
import pytest

from pretrain.evaluation import intervals


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(1).normal(3, 2, 400)

    found = intervals.mean(values, seed=5)

    error = values.std() / math.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 1.96 * error, abs=0.02)
    assert found.high == pytest.approx(values.mean() + 1.96 * error, abs=0.02)


def test_a_ratio_resamples_both_sides_together():
    below = np.random.default_rng(2).integers(1, 100, 50).astype(float)

    found = intervals.ratio(3 * below, below, seed=1)

    assert found == pytest.approx((3, 3, 3))


def test_one_item_tells_a_value_and_no_interval():
    found = intervals.ratio(np.array([6.0]), np.array([4.0]), seed=1)

    assert found.value == 1.5
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_the_same_seed_gives_the_same_interval_and_another_gives_another():
    values = np.random.default_rng(3).random(30)

    assert intervals.mean(values, seed=1) == intervals.mean(values, seed=1)
    assert intervals.mean(values, seed=1) != intervals.mean(values, seed=2)


def test_a_macro_average_weighs_groups_alike_and_is_unsure_of_both_levels():
    small, large = np.array([1.0] * 8 + [0.0] * 2), np.array([1.0] * 500 + [0.0] * 500)

    whole = intervals.macro([small, large], seed=1)
    fixed = intervals.macro([small, large], seed=1, fixed=True)

    assert whole.value == fixed.value == pytest.approx(0.65)
    error = math.hypot(math.sqrt(0.16 / 10), math.sqrt(0.25 / 1000)) / 2
    assert fixed.high - fixed.low == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert whole.high - whole.low > 1.3 * (fixed.high - fixed.low)


def test_a_statistic_of_one_run_is_as_sure_as_the_mean():
    values = np.random.default_rng(4).random(200)

    found = intervals.crossed(1, 200, lambda weights: float((weights * values).sum() / weights.sum()), seed=1)

    known = intervals.mean(values, seed=9)
    assert found.value == pytest.approx(known.value)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=0.01)


def test_runs_that_differ_make_a_statistic_less_sure():
    values = np.random.default_rng(5).random(200) + np.array([[0.0], [0.3], [0.6]])

    found = intervals.crossed(3, 200, lambda weights: float((weights * values).sum() / weights.sum()), seed=1)

    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low > 0.3


def test_a_ratio_to_nothing_is_no_number():
    assert all(map(math.isnan, intervals.ratio(np.ones(3), np.zeros(3), seed=1)))
