"""Lines by length and ending."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import unicode
from curate.ops.shapes import shapes
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed


def stops(line):
    return bool(line) and line[-1] != "…" and bool(unicode.classes()[ord(line[-1])] & unicode.TERMINAL)


@given(batches, st.integers(0, 12), st.booleans())
def test_lines_are_counted_by_shape(rows, width, trim):
    counted = shapes(*packed(rows), width, trim=trim)
    lines = [[reference.strip(line) if trim else line for line in reference.lines(row)] for row in rows]

    assert counted.lines.tolist() == [len(found) for found in lines]
    assert counted.stopped.tolist() == [sum(map(stops, found)) for found in lines]
    assert counted.short.tolist() == [sum(len(line) <= width for line in found) for found in lines]
    assert counted.feeds.tolist() == [row.count("\n") for row in rows]
    assert counted.characters.tolist() == [len(row.replace("\n", "")) for row in rows]


@pytest.mark.parametrize(("trim", "stopped"), [(True, 2), (False, 1)])
def test_white_space_behind_a_full_stop_counts_on_request(trim, stopped):
    assert shapes(*packed(["One.\r\nTwo."]), 30, trim=trim).stopped.tolist() == [stopped]
