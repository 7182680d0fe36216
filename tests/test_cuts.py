"""Shares become values: the nearest cut, and how sure a sample is of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.cuts import Cut, Share, cut_at, share_of

values = st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9999, 1.0]), min_size=1, max_size=60)


@given(values, st.floats(0, 1))
def test_no_other_value_of_the_sample_comes_nearer_to_the_share_that_was_asked(sample, ratio):
    array = np.array(sample)

    cut = cut_at(array, ratio)

    def off(value):
        return round(abs((array >= value).sum() - ratio * len(array)), 9)

    assert cut in sample
    assert off(cut) == min(off(value) for value in sample)
    assert not [value for value in sample if off(value) == off(cut) and value > cut]


def test_a_tenth_of_distinct_values_is_a_tenth():
    assert cut_at(np.arange(1000.0), 0.1) == 900.0


def test_the_lowest_tenth_is_asked_for_with_signs_turned():
    assert -cut_at(-np.arange(1000.0), 0.1) == 99.0


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (0, 50), (50, 50), (5, 50), (500, 5000)])
def test_an_interval_holds_its_share_and_narrows_with_the_sample(part, whole):
    found, larger = share_of(part, whole), share_of(part * 100, whole * 100)

    assert 0 <= found.low <= found.share <= found.high <= 1
    assert larger.high - larger.low < found.high - found.low


def test_of_ten_draws_of_a_hundred_wilson_gives_the_textbook_interval():
    assert share_of(10, 100) == Share(0.1, 0.055229, 0.174366)


def test_nothing_is_known_of_no_draws():
    assert share_of(0, 0) == Share(0.0, 0.0, 1.0)


def test_a_cut_is_the_same_after_a_round_through_json():
    cut = Cut({"score": {"min": 0.25}}, 40, {"kept": share_of(4, 40)})

    assert Cut.from_dict(cut.as_dict()) == cut
