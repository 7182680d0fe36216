"""Star-shaped clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.stars import CENTRES, Sets, Stars

families = st.lists(st.frozensets(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=25)


def jaccard(one, other):
    return len(one & other) / len(one | other)


def stars_of(texts, similarity, blocks):
    """Stars of sets that all share one bucket, and whose signatures say how similar they are."""
    signatures = np.array([[number in text for number in range(10)] for text in texts], np.uint32)
    stars = Stars(signatures, np.zeros((1, len(texts)), np.int32), similarity, cutoff=0)
    hashes = np.concatenate([np.array(sorted(text), np.uint64) for text in texts])
    ends = np.cumsum([len(text) for text in texts])
    sets = Sets(ends - [len(text) for text in texts], ends, hashes)
    for start in range(0, len(texts), blocks):
        stars.decide(start, min(start + blocks, len(texts)), sets)
    return stars


@given(families, st.integers(1, 25))
def test_what_goes_is_similar_to_an_earlier_text_that_stays(texts, blocks):
    stars = stars_of(texts, 0.5, blocks)

    for row, centre in enumerate(stars.centres.tolist()):
        if centre >= 0:
            assert centre < row
            assert stars.centres[centre] == -1
            assert stars.similarities[row] == jaccard(texts[row], texts[centre]) >= 0.5


@given(st.lists(st.frozensets(st.integers(0, 9), min_size=1), min_size=1, max_size=16), st.integers(1, 16))
def test_what_stays_is_similar_to_nothing_before_it_that_stays(texts, blocks):
    stars = stars_of(texts, 0.5, blocks)

    staying = np.flatnonzero(stars.centres < 0).tolist()
    assert all(jaccard(texts[one], texts[other]) < 0.5 for one in staying for other in staying if one < other)


@given(families, st.integers(1, 25))
def test_blocks_of_any_size_give_the_same_clusters(texts, blocks):
    whole = stars_of(texts, 0.6, len(texts))

    assert stars_of(texts, 0.6, blocks).centres.tolist() == whole.centres.tolist()


def test_texts_that_are_to_stay_do_however_similar_and_take_those_after_them():
    same = frozenset({1, 2, 3})
    signatures = np.ones((4, 10), np.uint32)
    stars = Stars(signatures, np.zeros((1, 4), np.int32), 0.5, cutoff=0)
    hashes = np.tile(np.array(sorted(same), np.uint64), 4)
    ends = np.arange(3, 15, 3)

    stars.keep(2)
    stars.decide(2, 4, Sets(ends - 3, ends, hashes))

    assert stars.centres.tolist() == [-1, -1, 0, 0]


@given(families, st.integers(1, 24))
def test_all_sets_that_a_block_needs_are_announced(texts, start):
    start = min(start, len(texts) - 1)
    stars = stars_of(texts[:], 0.5, len(texts))
    fresh = Stars(stars.signatures, stars.buckets, 0.5, cutoff=0)
    hashes = np.concatenate([np.array(sorted(text), np.uint64) for text in texts])
    ends = np.cumsum([len(text) for text in texts])
    starts = ends - [len(text) for text in texts]
    fresh.decide(0, start, Sets(starts, ends, hashes))

    wanted = fresh.wanted(start, len(texts))
    known = np.zeros(len(texts), bool)
    known[wanted] = known[start:] = True
    fresh.decide(start, len(texts), Sets(starts, np.where(known, ends, starts), hashes))

    assert fresh.centres.tolist() == stars.centres.tolist()


def test_a_chain_of_small_differences_is_cut():
    chain = [frozenset(range(start, start + 8)) for start in range(3)]

    stars = stars_of(chain, 0.7, 3)

    assert stars.centres.tolist() == [-1, 0, -1]


def test_a_hundred_thousand_copies_have_one_centre():
    signatures = np.zeros((100_000, 8), np.uint32)
    stars = Stars(signatures, np.zeros((1, 100_000), np.int32), 0.8, cutoff=7)

    stars.decide(0, 100_000, None)

    assert (stars.centres[1:] == 0).all()


def test_a_bucket_of_texts_that_all_differ_remembers_a_bounded_number_of_centres():
    texts = 2 * CENTRES
    signatures = np.arange(texts * 4, dtype=np.uint32).reshape(texts, 4)
    signatures[-1] = signatures[-2]
    stars = Stars(signatures, np.zeros((1, texts), np.int32), 0.8, cutoff=3)

    stars.decide(0, texts, None)

    assert (stars.centres == -1).all()


@pytest.mark.parametrize(("cutoff", "centre"), [(6, 0), (7, -1)])
def test_signatures_under_the_cutoff_are_not_compared(cutoff, centre):
    signatures = np.array([[1] * 8, [1] * 6 + [2] * 2], np.uint32)
    stars = Stars(signatures, np.zeros((1, 2), np.int32), 0.5, cutoff)

    stars.decide(0, 2, Sets(np.array([0, 0]), np.array([2, 2]), np.array([5, 7], np.uint64)))

    assert stars.centres.tolist() == [-1, centre]
