"""Spans that another stage has marked, taken out."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import CurateError
from curate.stages.mask import SPANS, Mask
from curate.testing import batch, edit
from tests.conftest import build
from tests.ops.kernel_texts import texts


def marked(*rows):
    """A column `marked` of spans (start, stop, label, score)."""
    keys = ("start", "stop", "label", "score")
    spans = [None if row is None else [dict(zip(keys, one, strict=True)) for one in row] for row in rows]
    return pa.StructArray.from_arrays([pa.array(spans, SPANS)], ["spans"])


def masked(text, *spans, **fields):
    return edit(Mask(of="marked", **fields), text, marked=marked(spans))


def test_spans_give_way_to_nothing_or_to_a_placeholder():
    assert masked("one two three", (4, 8, "a", 1.0)) == "one three"
    assert masked("one two three", (4, 7, "a", 1.0), placeholder="[…]") == "one […] three"


def test_spans_are_bytes_of_the_text():
    assert masked("가나 다", (0, 3, "a", 1.0), (7, 10, "a", 0.5), placeholder="_") == "_나 _"


def test_spans_that_overlap_or_touch_are_one():
    assert masked("abcdefgh", (0, 3, "a", 1.0), (2, 5, "b", 1.0), (5, 6, "c", 1.0), placeholder="-") == "-gh"


def test_only_spans_of_some_labels_and_scores_go():
    spans = ((0, 1, "a", 0.9), (1, 2, "b", 0.9), (2, 3, "a", 0.2))

    assert masked("xyz", *spans, labels=("a",)) == "y"
    assert masked("xyz", *spans, score=0.5) == "z"


def test_only_documents_that_are_chosen_are_masked_and_rows_without_spans_stay():
    chosen = pa.StructArray.from_arrays([pa.array([True, False, True])], ["mask"])
    spans = marked([(0, 1, "a", 1.0)], [(0, 1, "a", 1.0)], None)

    edited = Mask(of="marked", where="policy").rewrite(batch("xy", "xy", "xy", marked=spans, policy=chosen))

    assert edited.text.to_pylist() == ["y", "xy", "xy"]
    assert edited.signals["masked"].tolist() == [1, 0, 0]
    assert edited.signals["masked_bytes"].tolist() == [1, 0, 0]


@pytest.mark.parametrize("span", [(0, 99), (1, 2), (-1, 2)])
def test_spans_that_are_none_of_the_text_stop_the_run(span):
    with pytest.raises(CurateError, match="stage marked gives spans that are none of a text of 6 bytes"):
        masked("가나", (*span, "a", 1.0))


@given(st.lists(texts, max_size=4), st.data())
def test_what_is_in_no_span_stays(rows, data):
    spans, left = [], []
    for text in rows:
        places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
        pairs = list(zip(places[::2], places[1::2], strict=False))
        spans.append([(len(text[:a].encode()), len(text[:b].encode()), "a", 1.0) for a, b in pairs])
        kept = [i for i in range(len(text)) if not any(a <= i < b for a, b in pairs)]
        left.append("".join(text[i] for i in kept))

    made = Mask(of="marked").rewrite(batch(*rows, marked=marked(*spans))).text.to_pylist()

    assert made == left


@pytest.mark.parametrize("between", [{"use": "c4_lines"}, {"use": "lines"}])
def test_spans_of_a_text_that_was_edited_since_are_refused(between):
    stages = [{"use": "tests.marking:Marker"}, between, {"use": "mask", "of": "marker"}]

    with pytest.raises(CurateError, match=r"'mask' masks what 'marker' found, but '\w+' edits in between"):
        build(*stages)

    assert build(stages[0], {"use": "gopher"}, stages[2]).stages[2].of == "marker"
