import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.reports import figures


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (999, "999"), (1_200_000, "1 200 000"), (-412_000, "−412 000"), (10**15, "1 000 000 000 000 000")],
)
def test_counts_stand_in_groups_of_three(number, shown):
    assert figures.grouped(number) == shown


@given(st.integers())
def test_a_grouped_count_is_exact(number):
    assert int(figures.grouped(number).replace(" ", "").replace("−", "-")) == number


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "0.0%"),
        (5, 0, "0.0%"),
        (0, 10, "0.0%"),
        (343, 1_000, "34.3%"),
        (1, 10_000, "<0.1%"),
        (9_999, 10_000, ">99.9%"),
        (10, 10, "100.0%"),
        (-3, 10, "30.0%"),
        (12, 10, "120.0%"),
    ],
)
def test_a_share_neither_hides_something_nor_rounds_up_to_all(part, whole, shown):
    assert figures.share(part, whole) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (612_345_678, "612 MB"),
        (6_100_000_000, "6.1 GB"),
        (999_960, "1.0 MB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_sizes_are_decimal(count, shown):
    assert figures.size(count) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0.0 s"), (0.04, "<0.1 s"), (96.4, "96.4 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")]
)
def test_times_are_told_in_the_units_people_use(seconds, shown):
    assert figures.duration(seconds) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(50.0, "50"), (100_000, "100 000"), (0.65, "0.65"), (1e-4, "0.0001"), (-0.5, "−0.5")]
)
def test_limits_are_written_out(value, shown):
    assert figures.limit(value) == shown
