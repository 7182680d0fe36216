import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretrain.ablate import statistics
from pretrain.ablate.statistics import difference, holm, resampled


def scores(rng, *, seeds=5, documents=80, shift=0.0, seed_sd=0.01, document_sd=0.05):
    """Nats of two arms whose true difference is `shift` bits per byte."""
    sizes = rng.integers(200, 4000, documents)
    per_byte = shift + rng.normal(0, seed_sd, (seeds, 1)) + rng.normal(0, document_sd, (1, documents))
    base = rng.normal(2.0, 0.2, (seeds, documents))
    return (base + per_byte) * math.log(2) * sizes, base * math.log(2) * sizes, sizes


def test_the_difference_is_the_sum_of_nats_over_that_of_bits():
    ours, theirs, sizes = scores(np.random.default_rng(1), shift=0.3)

    found = difference(ours, theirs, sizes)

    assert found.delta == pytest.approx(((ours - theirs).sum() / 5) / (math.log(2) * sizes.sum()))
    assert found.seeds.mean() == pytest.approx(found.delta)


def test_the_paired_interval_is_that_of_scipy():
    from scipy import stats

    ours, theirs, sizes = scores(np.random.default_rng(2))
    found = difference(ours, theirs, sizes)

    theirs_too = stats.ttest_1samp(found.seeds, 0).confidence_interval(0.95)

    assert found.paired() == pytest.approx(theirs_too)


def test_many_documents_leave_the_error_to_seeds_and_many_seeds_to_documents():
    rng = np.random.default_rng(3)

    few_seeds = difference(*scores(rng, documents=4000, seed_sd=0.05, document_sd=0.02))
    many_seeds = difference(*scores(rng, seeds=200, documents=20))

    assert few_seeds.document_error < few_seeds.seed_error / 20
    assert few_seeds.freedom == pytest.approx(4, abs=0.1)
    assert many_seeds.seed_error < many_seeds.document_error / 5


def test_intervals_hold_the_truth_as_often_as_they_say():
    rng = np.random.default_rng(4)
    held, resampled_held = [], []

    for _ in range(300):
        found = difference(*scores(rng, shift=0.02, documents=60))
        low, high = found.interval()
        held.append(low <= 0.02 <= high)
        resampled_held.append(found.bootstrap[0] <= 0.02 <= found.bootstrap[1])

    assert 0.92 <= np.mean(held) <= 0.99
    assert 0.82 <= np.mean(resampled_held) <= 0.99


def test_no_difference_is_rarely_called_one():
    rng = np.random.default_rng(5)
    called = 0

    for _ in range(150):
        domains = [difference(*scores(rng, documents=40)) for _ in range(3)]
        corrected = holm([domain.p for domain in domains])
        words = [domain.verdict(p) for domain, p in zip(domains, corrected, strict=True)]
        called += any(word != "not distinguishable at this budget" for word in words)

    assert called / 150 <= 0.08


def test_a_difference_as_large_as_the_detectable_one_is_found_four_times_in_five():
    rng = np.random.default_rng(6)
    truth = statistics.POWER * math.hypot(0.01 / math.sqrt(12), 0.05 / math.sqrt(200) * 1.15)

    found = [difference(*scores(rng, seeds=12, documents=200, shift=-truth)) for _ in range(60)]

    assert 0.65 <= np.mean([one.verdict(one.p) == "better" for one in found]) <= 0.95


@pytest.mark.parametrize(("shift", "word"), [(-0.5, "better"), (0.5, "worse")])
def test_a_plain_difference_has_a_word(shift, word):
    found = difference(*scores(np.random.default_rng(7), shift=shift))

    assert found.verdict(found.p) == word
    assert found.sign_p < 1e-6


def test_equal_scores_are_not_distinguishable():
    ours, _, sizes = scores(np.random.default_rng(8))

    found = difference(ours, ours, sizes)

    assert (found.p, found.sign_p, found.interval()) == (1.0, 1.0, (0.0, 0.0))
    assert found.verdict(found.p) == "not distinguishable at this budget"


def test_the_bootstrap_has_the_variance_of_the_formula():
    ours, theirs, sizes = scores(np.random.default_rng(9), seeds=6, documents=150)
    found = difference(ours, theirs, sizes)

    draws = resampled(ours - theirs, sizes, 1, 4000)

    assert draws.std() == pytest.approx(found.error, rel=0.1)


def test_the_same_seed_gives_the_same_draws():
    ours, theirs, sizes = scores(np.random.default_rng(10))

    first, second = (resampled(ours - theirs, sizes, 3, 50) for _ in range(2))

    assert np.array_equal(first, second)
    assert not np.array_equal(first, resampled(ours - theirs, sizes, 4, 50))


def test_the_mean_of_domains_weighs_each_alike():
    rng = np.random.default_rng(11)
    parts, draws = [], []
    for documents, shift in ((30, -0.4), (90, 0.1)):
        ours, theirs, sizes = scores(rng, documents=documents, shift=shift)
        parts.append(difference(ours, theirs, sizes))
        draws.append(resampled(ours - theirs, sizes, 1))

    whole = statistics.mean(parts, draws)

    assert whole.delta == pytest.approx((parts[0].delta + parts[1].delta) / 2)
    assert whole.bootstrap[0] < whole.delta < whole.bootstrap[1]


@given(st.lists(st.floats(0, 1), max_size=12))
def test_holm_is_the_step_down_rule(ps):
    corrected = holm(ps)

    for level in (0.01, 0.05, 0.3):
        rejected = set()
        for rank, index in enumerate(sorted(range(len(ps)), key=ps.__getitem__)):
            if ps[index] * (len(ps) - rank) > level:
                break
            rejected.add(index)
        assert {i for i, p in enumerate(corrected) if p <= level} == rejected
