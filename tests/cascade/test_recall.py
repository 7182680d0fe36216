import numpy as np
import pytest

from curate.cascade.recall import recall


def test_misses_of_the_sample_stand_for_all_that_was_rejected():
    found = recall(caught=90, missed=2, sampled=50, rejected=10_000)

    assert found.share == pytest.approx(90 / (90 + 2 / 0.005))
    assert found.low < found.share < found.high


def test_without_a_miss_the_rule_of_three_bounds_it():
    found = recall(caught=300, missed=0, sampled=500, rejected=100_000)

    assert found.share == found.high == 1
    assert found.low == pytest.approx(300 / (300 + 3 / 0.005))


def test_nothing_is_claimed_without_a_sample_or_without_anything_toxic():
    assert recall(caught=10, missed=0, sampled=0, rejected=5) is None
    assert recall(caught=0, missed=0, sampled=5, rejected=500) is None
    assert recall(caught=10, missed=0, sampled=0, rejected=0).share == 1


def test_only_misses_are_a_recall_of_nothing():
    assert recall(caught=0, missed=3, sampled=10, rejected=100).share == 0


def test_the_interval_holds_the_truth_nineteen_times_in_twenty():
    random = np.random.default_rng(5)
    rejected, toxic_rejected, caught, share = 40_000, 600, 2_000, 0.02
    truth, covered = caught / (caught + toxic_rejected), 0
    for _ in range(400):
        sampled = int(random.binomial(rejected, share))
        missed = int(random.hypergeometric(toxic_rejected, rejected - toxic_rejected, sampled))
        found = recall(caught, missed, sampled, rejected)
        covered += found.low <= truth <= found.high

    assert 0.93 <= covered / 400 <= 0.995
