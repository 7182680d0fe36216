import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate.cascade.lists import Lists
from curate.cascade.pieces import Pieces, highest, mean, top
from curate.testing import batch

SIZES = st.lists(st.integers(0, 6), min_size=1, max_size=8)


def made(sizes):
    """Rows of so many pieces of ten bytes."""
    rows = np.repeat(np.arange(len(sizes)), sizes)
    number = np.concatenate([np.arange(size) for size in sizes]) if rows.size else np.zeros(0, np.int64)
    return Pieces.scored(rows, number * 11, number * 11 + 10, np.zeros(len(rows)))


@given(SIZES, st.data())
def test_neighbours_are_those_beside_in_the_same_text(sizes, data):
    pieces = made(sizes)
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(pieces.rows), max_size=len(pieces.rows))), np.bool_)

    wider = pieces.beside(mask).tolist()

    rows = pieces.rows.tolist()
    expected = [
        any(mask[j] and rows[j] == rows[i] for j in range(max(0, i - 1), min(len(rows), i + 2)))
        for i in range(len(rows))
    ]
    assert wider == expected


@given(SIZES, st.data())
def test_a_rows_numbers_are_those_of_its_own_pieces(sizes, data):
    rows = made(sizes).rows
    values = np.array(data.draw(st.lists(st.floats(0, 1), min_size=len(rows), max_size=len(rows))), np.float64)

    found = highest(rows, values, len(sizes)), mean(rows, values, len(sizes)), top(rows, values, np.array(sizes))

    own = [values[rows == row] for row in range(len(sizes))]
    np.testing.assert_allclose(found[0], [max(part, default=0) for part in own])
    np.testing.assert_allclose(found[1], [part.mean() if len(part) else 0 for part in own])
    np.testing.assert_allclose(found[2], [np.sort(part)[-3:].mean() if len(part) else 0 for part in own])


def test_pieces_that_nobody_scored_count_as_nothing_in_the_top_three():
    assert top(np.array([0, 2, 2]), np.array([0.9, 0.6, 0.8]), np.array([1, 4, 5])).tolist() == [
        0.9,
        0,
        (0.6 + 0.8) / 3,
    ]


@given(SIZES, st.integers(0, 8))
def test_the_sample_is_the_same_however_texts_are_split(sizes, cut):
    ids = pa.array([f"a#{i}" for i in range(len(sizes))])

    whole = made(sizes).drawn(ids, 3, 0.4).tolist()

    parts = [(sizes[:cut], ids[:cut]), (sizes[cut:], ids[cut:])]
    assert [one for part, mine in parts if part for one in made(part).drawn(mine, 3, 0.4).tolist()] == whole


def test_the_sample_is_of_the_share_that_was_asked_for():
    pieces = made([50] * 1000)
    ids = pa.array([f"a#{i}" for i in range(1000)])

    counts = {share: pieces.drawn(ids, 1, share).sum() for share in (0.0, 0.005, 0.5, 1.0)}

    assert counts[0.0] == 0
    assert 180 < counts[0.005] < 320
    assert 24_500 < counts[0.5] < 25_500
    assert counts[1.0] == 50_000
    assert (pieces.drawn(ids, 1, 0.5) != pieces.drawn(ids, 2, 0.5)).any()


def test_matches_are_put_down_to_the_sentences_that_hold_them():
    texts = ["It rained. What the fuck! It went on.", "", "Nothing.", "son of a\nbitch. End."]
    rows = batch(*texts)
    pieces = Pieces.unscored(rows["text"])

    first, last = pieces.holding(Lists(("en",), None, "toxicity").find(rows))

    named = pieces.texts(rows["text"], np.ones(len(pieces.rows), np.bool_))
    assert [(named[a], named[b]) for a, b in zip(first, last, strict=True)] == [
        ("What the fuck!", "What the fuck!"),
        ("son of a", "bitch."),
    ]


@given(st.lists(st.text() | st.text("Fuck. 씨발! \n？。x"), min_size=1, max_size=5))
def test_every_match_lies_in_a_sentence_of_its_text(texts):
    rows = batch(*texts)
    hits, pieces = Lists(("en", "ko"), None, "toxicity").find(rows), Pieces.unscored(rows["text"])

    for first, last, row, start, stop in zip(*pieces.holding(hits), hits.rows, hits.starts, hits.stops, strict=True):
        assert pieces.rows[first] == pieces.rows[last] == row
        assert pieces.starts[first] <= start < pieces.stops[first]
        assert pieces.starts[last] < stop <= pieces.stops[last]
