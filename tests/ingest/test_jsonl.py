"""JSON Lines: one object a line."""

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curate.ingest import Fault, Ingest, Record, Run, discover, read, read_in_runs
from curate.ingest.jsonl import _record
from curate.ingest.records import as_meta
from tests.ingest.sources import compressed, reasons, texts

odd_lines = st.sampled_from(
    [
        b'{"text": "plain", "id": "x"}',
        b'{"text": "caf\xc3\xa9 \\u00e9 \\ud83d\\ude00", "url": "http://x/\xc3\xa9", "date": "2020", "created": "2021"}',
        b'{"text": "\xff not UTF-8"}',
        b'{"text": "nul\\u0000"}',
        b'{"text": "\\ud800", "m": {"id": 7}}',
        b'{"text": "a", "text": "b"}',
        b'{"text": "<html><body>x</body></html>"}',
        b'{"text": " leading"}',
        b'{"text": ""}',
        b'{"text": "long, with more than sixty bytes, so that it is dropped for its length alone"}',
        b'{"text": "t", "media": "text/html"}',
        b'{"text": "t", "media": 3, "a": NaN}',
        b'{"text": "t", "n": 123456789012345678901234567890, "f": 1e16, "b": [1, {"c": null}]}',
        b'{"text": "t", "x": [}',
        b'{"text": 3}',
        b"not json",
        b"[1]",
        b"  ",
        b"\x0b\x0c ",
        b'{"text": "cr"}\r',
        b'\xef\xbb\xbf{"text": "mark"}',
        b'{"text": "t", "url": 1, "timestamp": 3, "id": "\\u007f\\u0001\\"\\/"}',
    ]
)


def lines(*rows: object) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda data: compressed(data, "zstd")])
def test_a_line_is_a_record_numbered_by_line(records, pack):
    data = lines({"text": "one"}) + b"\n  \n" + lines({"text": "four"})

    found = records("a.jsonl", pack(data))

    assert [(one.id, one.text) for one in found] == [("a.jsonl#0", "one"), ("a.jsonl#3", "four")]


def test_url_and_date_have_columns_and_the_rest_is_meta(records):
    row = {"text": "t", "url": "http://x/", "date": "2024-01-01", "id": 7, "nested": {"b": [1, None], "a": "ü"}}

    (one,) = records("a.jsonl", lines(row))

    assert (one.url, one.date, one.media, one.decoding) == ("http://x/", "2024-01-01", "text/plain", "unicode")
    assert one.meta == '{"id":7,"nested":{"a":"ü","b":[1,null]}}'


def test_a_url_or_date_of_another_type_stays_in_meta(records):
    (one,) = records("a.jsonl", lines({"text": "t", "url": None, "date": 1700000000, "timestamp": "2024"}))

    assert (one.url, one.date, one.meta) == (None, "2024", '{"date":1700000000,"url":null}')


def test_text_and_id_may_lie_inside_objects(records):
    data = lines({"doc": {"body": "t", "n": 1}, "m": {"id": "x"}}, {"doc": {"body": "u"}})

    found = records("a.jsonl", data, text_field="doc.body", id_field="m.id")

    assert texts(found) == ["t", "u"]
    assert [one.meta for one in found] == ['{"doc":{"n":1},"m":{"id":"x"},"m.id":"x"}', '{"doc":{},"m.id":null}']


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"not json", "json"),
        (b'{"text": "cut', "json"),
        (b'{"text": 1} trailing', "json"),
        (b"[1, 2]", "field"),
        (b'"text"', "field"),
        (b"null", "field"),
        (b"{}", "field"),
        (b'{"text": null}', "field"),
        (b'{"text": 3}', "field"),
        (b'{"text": ["a"]}', "field"),
        (b'{"text": "a", "x": ' + b"[" * 100_000, "json"),
        (b'{"text": "a", "x": ' + b"9" * 10_000 + b"}", "json"),
    ],
)
def test_a_line_that_is_no_document_is_a_fault_and_reading_goes_on(records, line, reason):
    found = records("a.jsonl", lines({"text": "before"}) + line + b"\n" + lines({"text": "after"}))

    assert reasons(found) == [None, reason, None]
    assert found[1].place == "a.jsonl#1"
    assert found[1].bytes == len(line) + 1
    assert "\n" not in found[1].error


@pytest.mark.parametrize("value", [[{"text": "a"}, {"text": "b"}], {"text": "a"}])
def test_a_value_over_many_lines_is_one_fault(records, value):
    data = json.dumps(value, indent=1).encode()

    found = records("a.json", data)

    assert [(one.place, one.reason, one.bytes) for one in found] == [("a.json", "json", len(data))]


def test_broken_characters_are_repaired_and_counted(records):
    data = b'{"text": "a\\ud800b"}\n{"text": "bad \xff byte"}\n{"text": "nul\\u0000"}\n{"text": "\\ud83d\\ude00"}\n'

    found = records("a.jsonl", data)

    assert texts(found) == ["a\ufffdb", "bad \ufffd byte", "nul", "😀"]
    assert [one.decoding for one in found] == ["repaired", "repaired", "repaired", "unicode"]


def test_what_json_has_not_becomes_null_in_meta(records):
    (one,) = records("a.jsonl", b'{"text": "t", "a": NaN, "b": -Infinity, "c": "\\ud800"}\n')

    assert one.meta == '{"a":null,"b":null,"c":"?"}'


def test_markup_in_the_text_is_told_and_text_about_markup_is_not(records):
    data = lines(
        {"text": "<!DOCTYPE html><html><body>x</body></html>"},
        {"text": "  <div class='a'><p>x</p></div>\n"},
        {"text": "The <html> tag comes first: <html>"},
        {"text": "<sarcasm> this is text"},
        {"text": "x", "media": "text/html"},
    )

    found = records("a.jsonl", data)

    assert [one.media for one in found] == ["text/html", "text/html", "text/plain", "text/plain", "text/html"]


def test_a_text_over_the_bound_is_dropped_and_a_line_far_over_it_is_never_held(records):
    data = lines({"text": "x" * 2_000}) + b'{"text": "' + b"y" * 300_000 + b'"}\n' + lines({"text": "ok"})

    found = records("a.jsonl", data, max_bytes=1_000)

    assert [(one.reason, one.text, one.bytes) for one in found] == [
        ("max_bytes", None, 2_000),
        ("max_bytes", None, 300_013),
        (None, "ok", None),
    ]


def test_a_cut_gzip_gives_its_whole_lines_then_faults(records):
    data = gzip.compress(lines(*({"text": f"line {i}"} for i in range(1_000))))

    found = records("a.jsonl.gz", data[:-300])

    assert found[-1] == Fault(found[-1].place, "truncated", "gzip: the file ends within a member", 0)
    assert texts(found)[:3] == ["line 0", "line 1", "line 2"]
    assert {one.reason for one in found} == {None, "json", "truncated"}


def test_a_bomb_costs_no_memory_and_ends_in_a_fault(records):
    bomb = gzip.compress(bytes(270 << 20), 6)

    found = records("a.jsonl.gz", gzip.compress(lines({"text": "ok"})) + bomb, max_bytes=1 << 20)

    assert len(bomb) < 2 << 20
    assert [one.reason for one in found if one.reason != "max_bytes"] == [None, "bomb"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_no_line_raises(records, noise):
    found = records("a.jsonl", b'{"text": "a"}\n' + noise + b'\n{"text": "b"}')

    assert found[0].text == "a"
    assert all(isinstance(one, (Record, Fault)) for one in found)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.text(), st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists), max_size=4
    )
)
def test_meta_gives_back_every_other_field(records, row):
    row = {
        key: value
        for key, value in row.items()
        if key not in ("text", "url", "date", "timestamp", "crawl_date", "created", "media")
    }

    (one,) = records("a.jsonl", lines({**row, "text": "t"}))

    assert json.loads(one.meta) == json.loads(json.dumps(row).encode("utf-8", "replace"))


@given(st.lists(odd_lines, min_size=1, max_size=12))
def test_lines_read_together_give_the_records_that_each_gives_by_itself(tmp_path_factory, found):
    path = tmp_path_factory.mktemp("lines") / "a.jsonl"
    path.write_bytes(b'{"text": "first"}\n' + b"\n".join(found) + b"\n")
    options = Ingest(max_bytes=60, id_field="m.id")
    (source,) = discover([path], options).sources

    together = list(read(source, options))

    alone = [_record(line + b"\n", f"a.jsonl#{i + 1}", options) for i, line in enumerate(found) if line.strip()]
    assert together[1:] == alone


def test_runs_hold_most_records_and_what_is_odd_stands_between_them(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        lines({"text": "a"}) + lines(*[{"text": f"t{i}"} for i in range(5)], {"text": "<p>"}, {"text": "z"})
    )
    (source,) = discover([path], Ingest()).sources

    found = list(read_in_runs(source, Ingest()))

    assert [len(one.records) if isinstance(one, Run) else one.text for one in found] == ["a", 5, "<p>", 1]
    assert found[1].texts.to_pylist() == [f"t{i}" for i in range(5)]


@given(st.dictionaries(st.text(st.characters(max_codepoint=0x7D)), st.text(), max_size=4))
def test_meta_of_strings_is_written_as_other_meta_is(values):
    written = as_meta(values)

    assert written == as_meta({**values, "~~~~~": 1}).removesuffix('"~~~~~":1}').removesuffix(",") + "}"
    assert json.loads(written) == {k: v.encode("utf-8", "replace").decode() for k, v in values.items()}
