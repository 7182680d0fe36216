"""The median length of words."""

from statistics import median

import pytest
from hypothesis import given

from curate.ops.text import LONGEST, words
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed


@given(batches)
def test_the_median_is_that_of_all_words(rows):
    lengths = [[len(word) for word in reference.words(row)] for row in rows]

    assert words(*packed(rows)).median.tolist() == [median(found) if found else 0 for found in lengths]


@pytest.mark.parametrize(
    ("row", "expected"),
    [("", 0), ("a bb ccc", 2), ("a bb", 1.5), ("x" * 5000, LONGEST), ("x" * 5000 + " a", (LONGEST + 1) / 2)],
)
def test_a_text_has_this_median(row, expected):
    assert words(*packed([row])).median.tolist() == [expected]
