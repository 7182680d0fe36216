"""Which of the copies stays, and which documents can be copies at all."""

import json
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import Options, run
from curate.deduplication import _instant, _ordered, scopes
from curate.errors import RecipeError
from curate.stages.exact import Exact
from curate.testing import batch
from tests.conftest import build, document, write_jsonl
from tests.stages.memory_corpus import MemoryCorpus

TEXTS = ["a  text", "A text", "a    text", "a text"]


def kept(stage, *texts, **columns):
    """The places of what stays of one shard."""
    (table,) = stage.resolve(MemoryCorpus(stage, texts, columns=columns))
    return [place for place, reason in enumerate(table["reason"].to_pylist()) if reason is None]


def scored(scores):
    return pa.StructArray.from_arrays([pa.array(scores), pa.array(["x"] * len(scores))], ["score", "bucket"])


def test_the_longest_stays_by_default():
    assert kept(Exact(), *TEXTS) == [2]


def test_the_first_stays_on_request():
    assert kept(Exact(keep="first"), *TEXTS) == [0]


def test_the_newest_stays_on_request_and_what_has_no_date_is_the_oldest():
    dates = [None, "2020-05-01", "2021-01-01T00:00:00+05:00", "2020-12-31T20:00:00Z"]

    assert kept(Exact(keep="newest"), *TEXTS, date=dates) == [3]
    assert kept(Exact(keep="newest"), *TEXTS[:2], date=[None, "1066"]) == [1]


@pytest.mark.parametrize(
    ("scores", "stays"),
    [([0.1, 0.9, None, 0.5], 1), ([None, None, -3.0, None], 2), ([1, 2, 3, 4], 3), ([True, False, False, None], 0)],
)
def test_the_highest_value_of_a_signal_stays_on_request(scores, stays):
    assert kept(Exact(keep="quality.score"), *TEXTS, quality=scored(scores)) == [stays]


def test_of_equals_in_rank_the_same_text_stays_whatever_the_order():
    texts = ["The mill", "the mill", "THE MILL", "the MILL"]

    staying = {order[kept(Exact(), *order)[0]] for order in (texts, texts[::-1], texts[2:] + texts[:2])}

    assert len(staying) == 1


@pytest.mark.parametrize(
    ("date", "same"),
    [
        ("2024-03-05", "2024-03-05T00:00:00Z"),
        ("2024-03", "2024-03-01T00:00:00Z"),
        ("2024", "2024-01-01T00:00:00Z"),
        (" 20240305T101500 ", "2024-03-05T10:15:00Z"),
        ("2024-03-05T10:15:00+02:00", "2024-03-05T08:15:00Z"),
        ("1871-01-18", "1871-01-18T00:00:00Z"),
    ],
)
def test_dates_are_read_as_iso_8601(date, same):
    assert _instant(date) == (datetime.fromisoformat(same) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1e6


@pytest.mark.parametrize("date", ["", "yesterday", "05/03/2024", "2024-13-01", "0", "٢٠٢٤", "9" * 5000, "\x00"])
def test_what_is_no_date_is_the_oldest(date):
    assert _instant(date) is None


@given(st.lists(st.none() | st.floats(allow_nan=False)))
def test_numbers_keep_their_order_as_bits_and_null_is_the_lowest(values):
    bits = _ordered(pa.array(values, pa.float64())).tolist()

    lowest = float("-inf")
    for one, a in zip(values, bits, strict=True):
        for other, b in zip(values, bits, strict=True):
            if one is not None and other is not None:
                assert (a < b) == (one < other)
            elif other is not None:
                assert a < b or other == lowest


@pytest.mark.parametrize(
    ("scope", "columns"),
    [
        ("source", {"source": ["a", "b", "a", "b"]}),
        ("meta.crawl", {"meta": [json.dumps({"crawl": name}) for name in (1, 2, 1, 2)]}),
        ("language", {"language": pa.StructArray.from_arrays([pa.array(["en", "de", "en", "de"])], ["label"])}),
    ],
)
def test_documents_of_different_scopes_are_no_copies(scope, columns):
    assert kept(Exact(keep="first"), *TEXTS, **columns) == [0]
    assert kept(Exact(keep="first", scope=scope), *TEXTS, **columns) == [0, 1]


def test_documents_without_a_value_share_a_scope():
    meta = ["{}", json.dumps({"crawl": "\ud800"}), json.dumps({"crawl": None}), None]

    assert kept(Exact(keep="first", scope="meta.crawl"), *TEXTS, meta=meta) == [0, 1]


@given(st.lists(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=3), max_size=5))
def test_scopes_are_equal_as_their_values_are(values):
    rows = batch(*["x"] * len(values), meta=[json.dumps({"k": value}) for value in values])

    hashes = scopes(rows, "meta.k").tolist()

    written = [v if isinstance(v, str) else "" if v is None else json.dumps(v) for v in values]
    assert [hashes.index(h) for h in hashes] == [written.index(w) for w in written]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"keep": "best"}, "keep: 'best' is none of longest, first, newest and no signal such as quality.score"),
        ({"scope": "hosts"}, "scope: 'hosts' is none of source, language and meta.<key>; empty is the whole corpus"),
        ({"keep": "quality.score"}, "stage 'exact' reads 'quality', which no stage before it measures; known are"),
        ({"keep": "gophr.words"}, "stage 'exact' reads 'gophr', which no stage before it measures; did you mean"),
        ({"scope": "language"}, "stage 'exact' goes by language, but no stage before it names languages"),
    ],
)
def test_a_policy_that_nothing_stands_for_is_refused_with_the_recipe(fields, error):
    with pytest.raises(RecipeError) as raised:
        build({"use": "gopher"}, {"use": "exact", **fields})

    assert error in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_signal_that_its_stage_does_not_measure_is_named_with_those_it_does(tmp_path):
    recipe = build({"use": "length"}, {"use": "exact", "keep": "length.word"})

    with pytest.raises(RecipeError, match=r"^exact.keep: length measures no number 'word'; did you mean 'words'\?$"):
        run(recipe, [write_jsonl(tmp_path / "in.jsonl", [document(1)])], tmp_path / "out", options=Options(workers=1))


def test_a_run_keeps_by_what_a_filter_has_measured(tmp_path):
    texts = [document(1), "The mill, the mill", "the mill, THE mill"]
    recipe = build({"use": "gopher", "act": "flag"}, {"use": "exact", "keep": "gopher.words"})

    result = run(recipe, [write_jsonl(tmp_path / "in.jsonl", texts)], tmp_path / "out", options=Options(workers=1))

    assert result.report.stages[-1].dropped["exact.duplicate"].documents == 1


def test_no_policy_reads_more_than_it_needs():
    sketch = Exact(keep="first").sketch(batch("one", "two"))

    assert not np.any(sketch["rank"].to_numpy())
    assert not np.any(sketch["tie"].to_numpy())
