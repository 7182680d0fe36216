import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretrain.draws import below, draws, key, keyed


def splitmix(state):
    """The slow reference, in whole numbers: one step of SplitMix64."""
    state = (state + 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ (state >> 27)) * 0x94D049BB133111EB % 2**64
    return state ^ (state >> 31)


@given(st.integers(0, 2**64 - 1), st.integers(0, 9))
def test_draws_are_those_of_splitmix64(seed, stream):
    start = splitmix(seed ^ stream) if stream else seed

    found = draws(np.array([seed], np.uint64), 5, stream)[0]

    assert [splitmix((start + i * 0x9E3779B97F4A7C15) % 2**64) for i in range(5)] == found.tolist()


@given(st.lists(st.integers(0, 2**63), min_size=1, max_size=4), st.integers(0, 2**62))
def test_a_numbered_key_is_the_key_with_the_number_behind(parts, number):
    assert keyed(key(*parts), np.array([number])).tolist() == key(*parts, number).tolist()


@given(st.integers(1, 2**31 - 1), st.integers(0, 2**64 - 1))
def test_a_number_below_a_limit_is_below_it(limit, draw):
    assert 0 <= below(np.array([draw], np.uint64), limit)[0] < limit


def test_numbers_below_a_limit_are_uniform():
    found = np.bincount(below(draws(key(4), 70_000)[0], 7))

    assert found == pytest.approx(10_000, rel=0.05)


def test_keys_are_fixed_for_all_time():
    assert key(1, 0, 2).tolist() == [2086163135720482291]
