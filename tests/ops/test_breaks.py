"""Lines as Python splits them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.breaks import broken_lines
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed, texts

BREAKS = ["\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"]
broken = st.lists(
    st.one_of(texts, st.sampled_from([*BREAKS, "•", "- x", "...", "…", " ", "\xc2\x84", "\u2027"])), max_size=12
)


@given(st.one_of(batches, st.lists(broken.map("".join), max_size=4)))
def test_lines_end_where_python_ends_them(rows):
    counted = broken_lines(*packed(rows), "•-")
    lines = [[reference.strip(line) for line in row.splitlines()] for row in rows]

    assert counted.total.tolist() == [len(found) for found in lines]
    assert counted.bullets.tolist() == [sum(line.startswith(("•", "-")) for line in found) for found in lines]
    assert counted.ellipses.tolist() == [sum(line.endswith(("...", "…")) for line in found) for found in lines]


@pytest.mark.parametrize(("row", "lines"), [("", 0), ("\n", 1), ("a\r\nb", 2), ("a\r\rb\n", 3), ("a\u2029b\x85", 2)])
def test_a_text_has_so_many_lines(row, lines):
    assert broken_lines(*packed([row]), "").total.tolist() == [lines]
