"""Spans taken out of texts."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.spans import Spans, first_bad, replace
from tests.ops.kernel_texts import batches, packed, unpacked


def spans(rows):
    """`Spans` of lists of (start, stop)."""
    flat = np.array([span for row in rows for span in row], np.int64).reshape(-1, 2)
    ends = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Spans(ends, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1]))


def good(text, found):
    """The definition, on bytes: every piece between cuts is a text of its own."""
    raw, last = text.encode(), 0
    for start, stop in found:
        if not last <= start < stop <= len(raw):
            return False
        try:
            raw[last:start].decode(), raw[start:stop].decode()
        except UnicodeDecodeError:
            return False
        last = stop
    try:
        raw[last:].decode()
    except UnicodeDecodeError:
        return False
    return True


def taken_out(text, found, filling):
    raw, pieces, last = text.encode(), [], 0
    for start, stop in found:
        pieces.append(raw[last:start].decode())
        last = stop
    return filling.join([*pieces, raw[last:].decode()])


@st.composite
def cut_texts(draw):
    """Texts with good spans."""
    made = []
    for text in draw(batches):
        places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
        at = [len(text[:place].encode()) for place in places]
        made.append((text, list(zip(at[::2], at[1::2], strict=False))))
    return made


@given(cut_texts(), st.sampled_from(["", " … ", "\n"]))
def test_what_stands_between_spans_stays_as_it_is(rows, filling):
    texts, found = [text for text, _ in rows], [cut for _, cut in rows]
    offsets, data = packed(texts)

    made = replace(offsets, data, spans(found), filling.encode())

    assert first_bad(offsets, data, spans(found)) == -1
    assert unpacked(*made) == [taken_out(text, cut, filling) for text, cut in rows]


@given(batches, st.lists(st.lists(st.tuples(st.integers(-1, 20), st.integers(-1, 20)), max_size=3), max_size=6))
def test_bad_spans_are_told_by_their_text(texts, found):
    found = [*found, *([] for _ in texts)][: len(texts)]

    row = first_bad(*packed(texts), spans(found))

    bad = [i for i, (text, cut) in enumerate(zip(texts, found, strict=True)) if not good(text, cut)]
    assert row == (bad[0] if bad else -1)


def test_nothing_is_left_of_a_text_that_is_one_span():
    offsets, data = packed(["whole", ""])

    assert unpacked(*replace(offsets, data, spans([[(0, 5)], []]))) == ["", ""]
