"""Star-shaped clusters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.candidates import CENTRES, Centres, numbered, renumbered, seeds, sow
from curate.ops.stars import Sets, Stars

families = st.lists(st.frozensets(st.integers(0, 9), min_size=1, max_size=8), min_size=1, max_size=25)


def jaccard(one, other):
    return len(one & other) / len(one | other)


def stars_of(texts, similarity, blocks):
    """Stars of sets that all share one bucket, and whose signatures say how similar they are."""
    signatures = np.array([[number in text for number in range(10)] for text in texts], np.uint32)
    stars = Stars(signatures, np.zeros((1, len(texts)), np.int32), 1, similarity, cutoff=0)
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
    stars = Stars(signatures, np.zeros((1, 4), np.int32), 1, 0.5, cutoff=0)
    hashes = np.tile(np.array(sorted(same), np.uint64), 4)
    ends = np.arange(3, 15, 3)

    stars.keep(2)
    stars.decide(2, 4, Sets(ends - 3, ends, hashes))

    assert stars.centres.tolist() == [-1, -1, 0, 0]


@given(families, st.integers(1, 24))
def test_all_sets_that_a_block_needs_are_announced(texts, start):
    start = min(start, len(texts) - 1)
    stars = stars_of(texts[:], 0.5, len(texts))
    fresh = Stars(stars.signatures, stars.buckets, 1, 0.5, cutoff=0)
    hashes = np.concatenate([np.array(sorted(text), np.uint64) for text in texts])
    ends = np.cumsum([len(text) for text in texts])
    starts = ends - [len(text) for text in texts]
    fresh.decide(0, start, Sets(starts, ends, hashes))

    wanted = fresh.wanted(start, len(texts))
    known = np.zeros(len(texts), bool)
    known[wanted] = known[start:] = True
    fresh.decide(start, len(texts), Sets(starts, np.where(known, ends, starts), hashes))

    assert fresh.centres.tolist() == stars.centres.tolist()


def signed(texts):
    return np.array([[number in text for number in range(10)] for text in texts], np.uint32)


def keys_of(texts):
    """A key for each of three thirds of the numbers: texts that agree in one share a bucket."""
    return [
        np.array([1 + sum(2**n for n in text if n % 3 == third) for text in texts], np.uint64) for third in range(3)
    ]


def sets_of(texts):
    ends = np.cumsum([len(text) for text in texts])
    hashes = np.concatenate([np.array(sorted(text), np.uint64) for text in texts])
    return Sets(ends - [len(text) for text in texts], ends, hashes)


def in_parts(texts, block, read):
    """Centres of texts that are decided `block` at a time, offered those before that stay `read` at a time."""
    centres = []
    for start in range(0, len(texts), block):
        mine = texts[start : start + block]
        before = [place for place, centre in enumerate(centres) if centre < 0]
        buckets = numbered(keys_of(mine), len(mine), least=1)
        found = seeds(len(mine), buckets.number)
        for first in range(0, len(before), read):
            chosen = [texts[place] for place in before[first : first + read]]
            of = np.stack([buckets.find(band, keys) for band, keys in enumerate(keys_of(chosen))])
            numbers = np.arange(first, first + len(chosen), dtype=np.int32)
            sow(found, Centres(signed(chosen), numbers, of), signed(mine), buckets, 0)
        known, found = renumbered(found)
        stars = Stars(signed(mine), buckets.of, buckets.number, 0.6, 0, len(known), found)
        places = [before[number] for number in known] + list(range(start, start + len(mine)))
        stars.decide(0, len(mine), sets_of([texts[place] for place in places]))
        centres += [places[centre] if centre >= 0 else -1 for centre in stars.centres.tolist()]
    return centres


@given(families, st.integers(1, 25), st.integers(1, 25))
def test_texts_decided_in_parts_have_the_centres_that_they_have_when_decided_at_once(texts, block, read):
    assert in_parts(texts, block, read) == in_parts(texts, len(texts), 1)


@given(st.lists(st.lists(st.integers(1, 4), min_size=5, max_size=5), min_size=1, max_size=3), st.integers(1, 2))
def test_buckets_are_the_texts_of_one_key(columns, least):
    keys = [np.array(column, np.uint64) for column in columns]

    buckets = numbered(keys, 5, least)

    for band, column in enumerate(columns):
        for text, key in enumerate(column):
            sharing = [other for other in range(5) if column[other] == key]
            bucket = buckets.of[band, text]
            assert (bucket >= 0) == (len(sharing) >= least)
            if bucket >= 0:
                assert buckets.members[buckets.starts[bucket] : buckets.starts[bucket + 1]].tolist() == sharing
        assert buckets.find(band, keys[band]).tolist() == buckets.of[band].tolist()
        assert buckets.find(band, np.array([9], np.uint64)).tolist() == [-1]


def test_a_chain_of_small_differences_is_cut():
    chain = [frozenset(range(start, start + 8)) for start in range(3)]

    stars = stars_of(chain, 0.7, 3)

    assert stars.centres.tolist() == [-1, 0, -1]


def test_a_hundred_thousand_copies_have_one_centre():
    signatures = np.zeros((100_000, 8), np.uint32)
    stars = Stars(signatures, np.zeros((1, 100_000), np.int32), 1, 0.8, cutoff=7)

    stars.decide(0, 100_000, None)

    assert (stars.centres[1:] == 0).all()


def test_a_bucket_of_texts_that_all_differ_remembers_a_bounded_number_of_centres():
    texts = 2 * CENTRES
    signatures = np.arange(texts * 4, dtype=np.uint32).reshape(texts, 4)
    signatures[-1] = signatures[-2]
    stars = Stars(signatures, np.zeros((1, texts), np.int32), 1, 0.8, cutoff=3)

    stars.decide(0, texts, None)

    assert (stars.centres == -1).all()


@pytest.mark.parametrize(("cutoff", "centre"), [(6, 0), (7, -1)])
def test_signatures_under_the_cutoff_are_not_compared(cutoff, centre):
    signatures = np.array([[1] * 8, [1] * 6 + [2] * 2], np.uint32)
    stars = Stars(signatures, np.zeros((1, 2), np.int32), 1, 0.5, cutoff)

    stars.decide(0, 2, Sets(np.array([0, 0]), np.array([2, 2]), np.array([5, 7], np.uint64)))

    assert stars.centres.tolist() == [-1, centre]
