"""The options of ingest and what is written of a record."""

import pytest
from pydantic import ValidationError

from curate.ingest import Ingest
from curate.ingest.records import as_meta, one_line, pick
from curate.stage import Range


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({}, Range(min=200, max=299)),
        ({"status": {"max": 399}}, Range(min=200, max=399)),
        ({"status": "off"}, Range()),
        ({"status": Range(min=100)}, Range(min=100)),
    ],
)
def test_a_partly_written_range_keeps_its_other_bound(written, meant):
    assert Ingest(**written).status == meant


@pytest.mark.parametrize(
    "wrong", [{"max_byte": 1}, {"max_bytes": 0}, {"kind": "pdf"}, {"status": {"min": 300, "max": 200}}]
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(ValidationError):
        Ingest(**wrong)


def test_meta_has_sorted_keys_and_fits_utf8():
    found = as_meta({"b": "ü", "a": {"d": 1, "c": None}, "e": "\ud800"})

    assert found == '{"a":{"c":null,"d":1},"b":"ü","e":"?"}'


def test_errors_are_told_on_one_printable_line():
    found = one_line(ValueError("first\nsecond\t\x1b[31m \ud800" + "x" * 999))

    assert found.startswith("first second ?[31m ?xxx")
    assert len(found) == 300
    assert one_line(ValueError()) == "ValueError"


def test_fields_are_found_by_name_before_path():
    row = {"a.b": 1, "a": {"b": 2, "c": {"d": 3}}, "e": "text"}

    found = [pick(row, path) for path in ("a.b", "a.c.d", "a.x", "e.f", "nothing")]

    assert found == [1, 3, None, None, None]
