"""Deduplication by address."""

import pytest

from curate import Options, run
from curate.stages.same_url import SameUrl
from curate.testing import batch
from tests.conftest import build, document, write_jsonl
from tests.stages.memory_corpus import reasons, resolve

KEPT, COPY = None, "duplicate"
FIRST = SameUrl(keep="first")


def urls(*found, stage=FIRST):
    (rows,) = reasons(stage, [f"text {i}" for i in range(len(found))], columns={"url": list(found)})
    return rows


def test_the_longest_of_one_address_stays_and_bears_their_number():
    columns = {"url": ["http://a.example/x", "http://b.example/", "https://www.a.example/x/#top"]}

    resolved = resolve(SameUrl(), ["short", "another", "longer text"], columns=columns)

    assert resolved == [[(COPY, "d2", 2), (KEPT, None, 1), (KEPT, "d2", 2)]]


def test_the_newest_version_of_a_page_stays_on_request():
    columns = {"url": ["http://a.example/x"] * 3, "date": ["2024-01-01", "2025-01-01", None]}

    assert reasons(SameUrl(keep="newest"), ["long text", "text", "x"], columns=columns) == [[COPY, KEPT, COPY]]


def test_documents_without_an_address_are_no_copies():
    assert urls(None, None, "", " ", "http://", "https://#") == [KEPT] * 6


@pytest.mark.parametrize(
    ("field", "other"),
    [
        ("scheme", "https://example.com/a?b"),
        ("www", "http://www.example.com/a?b"),
        ("trailing_slash", "http://example.com/a/?b"),
        ("fragment", "http://example.com/a?b#c"),
    ],
)
def test_a_field_says_what_makes_another_page(field, other):
    page = "http://example.com/a?b"

    assert urls(page, other) == [KEPT, COPY]
    assert urls(page, other, stage=SameUrl(keep="first", **{field: True})) == [KEPT, KEPT]


def test_parameters_can_be_ignored_altogether_or_by_name():
    pages = ["http://e.com/?page=1&ref=x", "http://e.com/?page=1&REF=y", "http://e.com/?page=2", "http://e.com/"]

    assert urls(*pages) == [KEPT] * 4
    assert urls(*pages, stage=SameUrl(keep="first", tracking=("Ref",))) == [KEPT, COPY, KEPT, KEPT]
    assert urls(*pages, stage=SameUrl(keep="first", query=False)) == [KEPT, COPY, COPY, COPY]


@pytest.mark.parametrize("name", ["", "*", "a*b", "*a"])
def test_a_name_that_cannot_be_one_is_refused(name):
    with pytest.raises(ValueError, match="cannot be a parameter's name"):
        SameUrl(tracking=(name,))


def test_texts_do_not_matter_but_for_what_stays():
    sketch = SameUrl(keep="first").sketch(batch("one", "two", url="http://a.example"))

    assert sketch.nbytes == 2 * 32
    assert sketch["low"][0] == sketch["low"][1]


def test_a_run_keeps_one_document_of_each_address(tmp_path):
    texts = [document(i) for i in range(6)]
    addresses = [f"http{'s' * (i % 2)}://example.org/page?id={i // 2}&utm_campaign={i}" for i in range(6)]
    source = write_jsonl(tmp_path / "in.jsonl", texts, url=addresses)

    result = run(build({"use": "same_url"}), [source], tmp_path / "out", options=Options(workers=1))

    assert result.report.stages[-1].dropped["same_url.duplicate"].documents == 3
