"""The yield beside the figures of others, and shares of the corpus beside what they became."""

import pytest

from curate.reports import table
from curate.reports.html import report_html
from curate.reports.ledger import settled, shown
from curate.reports.yields import cuts, elsewhere, published, told
from tests.reports.conftest import run

CUT = {
    "fields": {"score": {"min": 0.3741, "max": None}, "keep_ratio": None},
    "documents": 3200,
    "shares": {"kept": {"share": 0.1, "low": 0.0901, "high": 0.1109}},
}
STAGE = {"use": "quality", "name": "quality", "score": {"min": "none", "max": "none"}, "keep_ratio": 0.1}


def test_every_published_figure_has_a_basis_and_a_source():
    assert published()
    for one in published():
        assert one.source.startswith(tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
        assert "https://arxiv.org/abs/" in one.source
        assert all("% of " in share for share in one.shares)


def test_only_figures_of_a_run_s_own_bases_stand_in_the_table():
    assert elsewhere() == (
        "published, of other crawls: DCLM-Baseline 1.6% of extracted tokens, 1.4% of documents;"
        " RefinedWeb 11.7% of documents"
    )


def test_the_page_has_every_published_figure_with_its_source(run_with):
    page = report_html(run_with("").report, run_with("").manifest)

    for one in published():
        assert one.name in page
        assert one.source.split(": ")[0].replace("&", "&amp;") in page


def test_a_cut_says_what_is_expected_and_on_how_many_documents():
    assert list(cuts({"cuts": {"quality": CUT}})) == [
        "cut of quality, on 3 200 documents of the pilot: kept 10.0% (9.0% to 11.1%)"
    ]


def test_a_cut_on_nothing_says_that_everything_passes():
    empty = {"fields": {}, "documents": 0, "shares": {}}

    assert list(cuts({"cuts": {"quality": empty}})) == [
        "cut of quality, on 0 documents of the pilot: none, everything passes"
    ]


def test_a_reason_names_the_bound_that_was_found():
    books = {"recipe": {"name": "x", "stage": [STAGE]}, "cuts": {"quality": CUT}}

    assert shown(settled(books), "quality", "quality.score.min") == "score < 0.3741"
    assert shown(settled({"recipe": books["recipe"]}), "quality", "quality.score.min") == "score.min"


@pytest.mark.parametrize("word", ["", "<script>", "\u202e"])
def test_the_table_and_the_page_show_cuts_whatever_their_names(word):
    found = run(word)
    found.report["cuts"] = {f"mine{word}": {**CUT, "shares": {f"kept{word}": CUT["shares"]["kept"]}}}

    for text in (table.yield_text(found.report), table.yield_markdown(found.report), report_html(found.report, None)):
        assert "10.0% (9.0% to 11.1%)" in text
        assert "\u202e" not in text
    assert "<script>" not in report_html(found.report, None)


def test_a_screen_that_was_tried_on_what_it_rejected_tells_its_recall():
    rows = [
        {"band": "clean", "documents": 9, "rejected": 100_000, "sampled": 500, "missed": 2, "caught": 0},
        {"band": "toxic", "documents": 1, "rejected": 0, "sampled": 0, "missed": 0, "caught": 600},
    ]

    (sentence,) = told({"told": {"toxicity": rows}})

    assert sentence == "toxicity: 60.0% (29.3% to 92.5%) of toxic sentences pass, by 500 of 100 000 that did not"


def test_sentences_by_group_are_not_counted_twice():
    rows = [{"group": "kin.sister", "documents": 99, "rejected": 1_000, "sampled": 50, "missed": 1, "caught": 9}]

    assert list(told({"told": {"toxicity by group": rows}})) == []


def test_a_screen_that_nobody_tried_tells_nothing():
    assert (
        list(told({"told": {"toxicity": [{"band": "clean", "documents": 9}], "bias": [{"trait": "x", "n": 1}]}})) == []
    )
