"""Leaks are cut out of texts until none is left."""

import re

from hypothesis import given
from hypothesis import strategies as st

from curate.excision import characters, excised, gaps

LEAK = re.compile("xy+z")


def leaks(text):
    """Spans of bytes."""
    return [(len(text[: m.start()].encode()), len(text[: m.end()].encode())) for m in LEAK.finditer(text)]


texts = st.text(alphabet="xyz aé漢😀\n", max_size=60)


@given(texts, st.integers(0, 5), st.sampled_from(["", "\n", " "]))
def test_no_leak_is_left_and_pieces_are_apart_and_long_enough(text, margin, filling):
    left = excised(text, leaks, margin, filling)

    joined = filling.join(text[start:stop] for start, stop in left)
    assert not LEAK.search(joined)
    if LEAK.search(text):
        assert all(stop - start >= max(1, margin) for start, stop in left)
    else:
        assert joined == text
    places = [place for piece in left for place in piece]
    assert places == sorted(places)


@given(texts, st.integers(0, 5))
def test_gaps_and_pieces_make_the_text(text, margin):
    left = excised(text, leaks, margin, "")
    data = text.encode()

    cuts = gaps(text, left)

    kept = b"".join(
        data[a:b] for a, b in zip([0, *(e for _, e in cuts)], [*(s for s, _ in cuts), len(data)], strict=True)
    )
    assert kept.decode() == "".join(text[start:stop] for start, stop in left)
    assert all(start < stop for start, stop in cuts)


@given(texts)
def test_bytes_are_told_as_characters(text):
    assert characters(text, leaks(text)) == [m.span() for m in LEAK.finditer(text)]


def test_ten_thousand_leaks_take_no_time():
    left = excised("xyz " + "word " * 50 + ("xyz word " * 10_000), leaks, 3, "\n")

    assert len(left) == 1
