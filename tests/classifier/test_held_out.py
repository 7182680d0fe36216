"""Measures of a classifier against their definitions, one pair and one document at a time."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.classifier.held_out import measures

pairs = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.5, 0.7, 1.0])), min_size=2, max_size=30)


def by_definition(good, scores):
    """Precision, recall, F1, AUC over all pairs, average precision over all good documents."""
    passed = [g for g, s in zip(good, scores, strict=True) if s >= 0.5]
    precision = sum(passed) / len(passed) if passed else 0.0
    recall = sum(passed) / sum(good)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    positives = [s for g, s in zip(good, scores, strict=True) if g]
    negatives = [s for g, s in zip(good, scores, strict=True) if not g]
    wins = sum((a > b) + (a == b) / 2 for a, b in product(positives, negatives))
    at = [
        sum(p >= score for p in positives) / sum(s >= score for s in scores) for score in positives
    ]  # precision where that document is the last to be taken
    return precision, recall, f1, wins / (len(positives) * len(negatives)), sum(at) / len(at)


@given(pairs)
def test_measures_are_their_definitions(rows):
    good, scores = [g for g, _ in rows], [s for _, s in rows]

    found = measures(np.array(good), np.array(scores), seed=1)

    if all(good) or not any(good):
        assert found is None
        return
    assert [measure.value for measure in found.values()] == pytest.approx(by_definition(good, scores), abs=6e-5)
    assert all(0 <= measure.low <= measure.high <= 1 for measure in found.values())


def test_an_interval_holds_the_value_narrows_with_more_documents_and_hangs_on_the_seed_alone():
    rng = np.random.default_rng(0)
    good = rng.random(4000) < 0.3
    scores = np.round(np.where(good, 0.6, 0.4) + rng.normal(0, 0.2, 4000), 4)

    few, many = measures(good[:200], scores[:200], seed=1), measures(good, scores, seed=1)

    for name in many:
        assert many[name].low <= many[name].value <= many[name].high
        assert many[name].high - many[name].low < few[name].high - few[name].low
    assert many == measures(good, scores, seed=1) != measures(good, scores, seed=2)


def test_a_score_that_knows_nothing_has_an_auc_of_a_half():
    good = np.array([True, False] * 50)

    assert measures(good, np.full(100, 0.3), seed=1)["roc_auc"].value == 0.5
