"""The truth that near-duplicates are measured by: similarities of all pairs, wrong removals, the S-curve."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.dedup_sets import EDITS, edited
from tests.bench.dedup_truth import FLOOR, SIMILAR, UNLIKE, Truth, candidates, chance, curve, plain

SETS = st.lists(st.sets(st.integers(0, 12), max_size=10), min_size=2, max_size=12)


def of(sets):
    return Truth.of([np.array(sorted(one), np.uint64) for one in sets])


def jaccard(one, other):
    return len(one & other) / len(one | other) if one | other else 0.0


@given(SETS)
def test_pairs_are_those_of_the_definition(sets):
    truth = of(sets)

    slow = {(a, b): jaccard(sets[a], sets[b]) for a, b in combinations(range(len(sets)), 2)}
    found = dict(zip(map(tuple, truth.pairs.tolist()), truth.similarities.tolist(), strict=True))
    assert found == pytest.approx({pair: share for pair, share in slow.items() if share >= FLOOR})
    assert {tuple(pair) for pair in truth.similar.tolist()} == {p for p, share in slow.items() if share >= SIMILAR}


@given(SETS, st.data())
def test_a_removal_is_wrong_if_nothing_that_stays_is_like_it(sets, data):
    kept = np.array(data.draw(st.lists(st.booleans(), min_size=len(sets), max_size=len(sets))))

    stays = [one for one, keep in zip(sets, kept, strict=True) if keep]
    gone = [one for one, keep in zip(sets, kept, strict=True) if not keep]
    wrong = sum(max((jaccard(one, other) for other in stays), default=0.0) < UNLIKE for one in gone)
    assert of(sets).wrong(kept) == wrong


def test_a_pair_is_found_if_not_both_stay():
    truth = of([{1, 2, 3, 4, 5}, {1, 2, 3, 4, 5}, {1, 2, 3, 4}, {9}])

    assert len(truth.similar) == 3
    assert truth.found(np.array([True, False, True, True])) == 2
    assert truth.found(np.array([True, True, True, False])) == 0


def test_shingles_are_five_lower_cased_words():
    one, other, short = plain(["One two, three four five six", "one TWO three four five", "one two three four"])

    assert (len(one), len(other), len(short)) == (2, 1, 0)
    assert set(other) < set(one)


def test_the_curve_counts_by_bin_and_knows_theory():
    similarities = np.array([0.3, 0.35, 0.8, 0.84, 0.999, 1.0])
    met = np.array([False, True, True, True, True, True])

    rows = curve(similarities, met)

    assert [row[:4] for row in rows] == [
        (0.3, 0.4, 2, 0.5),
        (0.8, 0.85, 2, 1.0),
        (0.95, 1.0, 1, 1.0),
        (1.0, 1.0, 1, 1.0),
    ]
    assert rows[0][4] == pytest.approx(chance(similarities[:2]).mean())
    assert chance(np.array([0.8])) == pytest.approx([0.9977], abs=1e-4)


def test_pairs_that_share_a_key_in_one_band_are_candidates():
    keys = np.array([[1, 2], [3, 2], [2, 1]], np.uint64)

    assert candidates(np.array([[0, 1], [0, 2]]), keys).tolist() == [True, False]
    assert candidates(np.zeros((0, 2), np.int64), keys).tolist() == []


def test_stronger_edits_leave_less_alike():
    texts, which = edited([" ".join(f"word{n}" for n in range(500))])
    truth = Truth.of(plain(texts))
    known = dict(zip(map(tuple, truth.pairs.tolist()), truth.similarities.tolist(), strict=True))

    shares = [known.get(which[name][0], 0.0) for name in EDITS]

    assert len(texts) == 1 + len(EDITS)
    for kind in range(0, len(shares), 3):
        assert shares[kind] > shares[kind + 1] > shares[kind + 2]
    assert max(shares) > 0.9
    assert min(shares) < 0.4
