"""Ratios, intervals that go by sites, and the adjusted ratio against a slow reference."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from curate.audit.statistics import (
    FEW_BUCKETS,
    Shares,
    Strata,
    design_effect,
    disparity,
    mantel_haenszel,
    removal,
)

BUCKETS = 64


def shares(kept, whole, other_kept, other_whole):
    return Shares(*(np.atleast_2d(np.asarray(side, float)) for side in (kept, whole, other_kept, other_whole)))


def even(rate, other_rate, documents=6400):
    """A group and others spread evenly over all buckets, kept at these rates."""
    whole = np.full(BUCKETS, documents / BUCKETS)
    return shares(whole * rate, whole, whole * other_rate, whole)


def simulated(rng, domains=3000, spread=0.3, disparity_=1.0):
    """Documents of sites that are kept at rates of their own (beta, this correlation inside a site), half of a group."""
    sizes = 1 + rng.geometric(0.1, domains)
    mean, precision = 0.5, (1 - spread) / spread
    rates = rng.beta(mean * precision, (1 - mean) * precision, domains)
    bucket = rng.integers(0, BUCKETS, domains)
    mine = rng.binomial(sizes, 0.2)
    kept = rng.binomial(mine, rates * disparity_), rng.binomial(sizes - mine, rates)
    sides = [np.bincount(bucket, weights, BUCKETS) for weights in (kept[0], mine, kept[1], sizes - mine)]
    return shares(*sides)


def separate(rng, domains=3000, spread=0.3):
    """As `simulated`, but sites are about the group or not at all: the case where documents say least."""
    sizes = 1 + rng.geometric(0.1, domains)
    precision = (1 - spread) / spread
    rates = rng.beta(0.5 * precision, 0.5 * precision, domains)
    bucket, about = rng.integers(0, BUCKETS, domains), rng.random(domains) < 0.2
    kept = rng.binomial(sizes, rates)
    sides = [np.bincount(bucket, w, BUCKETS) for w in (kept * about, sizes * about, kept * ~about, sizes * ~about)]
    return shares(*sides)


@pytest.mark.parametrize("draw", [simulated, separate])
def test_the_jackknife_covers_the_truth_nineteen_times_out_of_twenty(draw):
    rng = np.random.default_rng(5)
    parts = [draw(rng) for _ in range(400)]

    ratios = [disparity([part]) for part in parts]

    covered = np.mean([ratio.low()[0] <= 1 <= ratio.high()[0] for ratio in ratios])
    assert 0.91 <= covered <= 0.975


def test_an_interval_of_independent_documents_would_cover_far_less():
    rng = np.random.default_rng(6)
    effects = [design_effect(separate(rng))[0] for _ in range(50)]

    assert np.median(effects) > 3


@given(st.integers(1, 3), st.data())
def test_the_jackknife_is_what_leaving_out_each_bucket_gives(groups, data):
    whole = data.draw(arrays.arrays(np.int64, (groups, BUCKETS), elements=st.integers(1, 50)))
    kept = np.minimum(data.draw(arrays.arrays(np.int64, (groups, BUCKETS), elements=st.integers(0, 50))), whole)
    part = shares(kept, whole, kept[::-1] // 2, whole[::-1])

    found = disparity([part])

    for g in range(groups):
        thetas = []
        for left in range(BUCKETS):
            k, n, c, m = (sum(float(side[g, b]) for b in range(BUCKETS) if b != left) for side in part)
            thetas.append(math.log((k + 0.5) / (n + 0.5)) - math.log((c + 0.5) / (m + 0.5)))
        mean = sum(thetas) / BUCKETS
        error = math.sqrt((BUCKETS - 1) / BUCKETS * sum((theta - mean) ** 2 for theta in thetas))
        assert found.error[g] == pytest.approx(error, abs=1e-9)


def test_equal_retention_is_a_ratio_of_one_and_its_interval_holds_one():
    found = disparity([even(0.6, 0.6)])

    assert found.value()[0] == pytest.approx(1, abs=1e-3)
    assert found.low()[0] <= 1 <= found.high()[0]


def test_a_group_of_which_nothing_is_left_has_a_ratio_near_nothing():
    found = disparity([even(0.0, 1.0)])

    assert found.high()[0] < 0.01


def test_ratios_over_stages_are_the_product_of_those_of_each():
    found = disparity([even(0.5, 1.0), even(0.5, 1.0)])

    assert found.value()[0] == pytest.approx(0.25, abs=1e-3)


def test_the_removal_ratio_sees_what_retention_hides():
    part = even(0.96, 0.99)

    assert disparity([part]).value()[0] == pytest.approx(0.97, abs=0.001)
    assert removal([part]).value()[0] == pytest.approx(4, abs=0.1)


def test_few_sites_give_a_wide_interval():
    whole = np.zeros(BUCKETS)
    whole[: FEW_BUCKETS - 1] = 100
    others = np.full(BUCKETS, 100.0)

    few = disparity([shares(whole * 0.5, whole, others * 0.5, others)])

    assert few.high()[0] / few.low()[0] > math.exp(2 * 2 * 1.96 * math.sqrt(0.5 / (0.5 * 700)))


def reference(a, n1, c, n0):
    """Mantel and Haenszel's ratio, and the variance of its logarithm by Greenland and Robins, one stratum at a time."""
    over = under = spread = 0.0
    for i in range(len(a)):
        size = n1[i] + n0[i]
        if size:
            over += a[i] * n0[i] / size
            under += c[i] * n1[i] / size
            spread += ((a[i] + c[i]) * n1[i] * n0[i] - a[i] * c[i] * size) / size**2
    return over / under, spread / (over * under)


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 4), min_size=1, max_size=8))
def test_the_adjusted_ratio_is_mantel_and_haenszel_s(cells):
    a, more, c, others = (np.array(column, float) for column in zip(*cells, strict=True))
    n1, n0 = a + more, c + others

    found = mantel_haenszel(Strata(*(side[None, :] for side in (a, n1, c, n0))), np.ones(1))

    if (a * n0).sum() and (c * n1).sum():
        ratio, variance = reference(a, n1, c, n0)
        assert math.exp(found.log[0]) == pytest.approx(ratio)
        assert found.error[0] ** 2 == pytest.approx(max(variance, 0), abs=1e-12)
    else:
        assert math.isnan(found.log[0])


def test_adjusting_finds_that_a_difference_was_one_of_length_alone():
    a, n1, c, n0 = np.array([[10.0, 80]]), np.array([[100.0, 100]]), np.array([[100.0, 80]]), np.array([[1000.0, 100]])

    raw = (a.sum() / n1.sum()) / (c.sum() / n0.sum())

    assert raw > 2
    assert math.exp(mantel_haenszel(Strata(a, n1, c, n0), np.ones(1)).log[0]) == pytest.approx(1)
