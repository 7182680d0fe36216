"""`curate audit`: the table, the JSON and the page, and what they say of a crooked filter."""

import json

import pytest

from curate import Options, run
from curate.audit.findings import REFERENCE_LINE
from tests.audit.test_audit_of_runs import CROOKED, EVEN, source, text
from tests.conftest import build, write_jsonl

__all__ = ["source"]

EVIL = '<script>alert("1")</script>\u202e'


@pytest.fixture(scope="module")
def corpus(source, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "out"
    run(build(EVEN, CROOKED, output={"tokens": False}), [source], folder, options=Options(workers=1))
    return folder


def test_the_table_shows_what_is_red_and_says_what_the_line_is(corpus, curate):
    code, out, _ = curate("audit", corpus)

    assert code == 0
    row = next(line for line in out.splitlines() if "religion.muslims" in line and "crooked" in line)
    assert "red" in row
    assert REFERENCE_LINE in out


def test_a_stage_and_an_axis_can_be_chosen(corpus, curate):
    _, out, _ = curate("audit", corpus, "--stage", "even", "--axis", "religion", "--json")

    found = json.loads(out)
    assert {(one["stage"], one["group"]) for one in found} >= {("even", "religion.sikhs"), ("even", "religion.muslims")}
    assert {one["stage"] for one in found} == {"even"}


def test_wrong_names_are_one_line_with_the_nearest_right_one(corpus, curate):
    for option, wrong, right in (("--stage", "croked", "crooked"), ("--axis", "religon", "religion")):
        code, _, err = curate("audit", corpus, option, wrong)

        assert code == 2
        assert right in err
        assert len(err.splitlines()) == 1


def test_report_page_and_card_tell_of_it(corpus):
    page, card = ((corpus / name).read_text("utf-8") for name in ("report.html", "README.md"))

    assert 'id="audit"' in page
    assert "religion.muslims" in page
    assert "## Whom it took" in card
    assert "1 were surely kept less than 0.8 times" in card


@pytest.mark.parametrize("command", ["audit", "report"])
def test_a_page_goes_into_a_folder_that_is_made_for_it(corpus, curate, tmp_path, command):
    code, _, _ = curate(command, corpus, "--html", tmp_path / "new" / "folder" / "page.html")

    assert code == 0
    assert "<html" in (tmp_path / "new" / "folder" / "page.html").read_text("utf-8")


@pytest.mark.parametrize("command", ["audit", "report"])
def test_a_page_that_has_no_place_is_one_line(corpus, curate, tmp_path, command):
    (tmp_path / "file").write_text("", "utf-8")

    code, _, err = curate(command, corpus, "--html", tmp_path / "file" / "page.html")

    assert code != 0
    assert len(err.splitlines()) == 1


def test_hostile_names_of_sources_stay_text_on_the_page(curate, tmp_path):
    folder = tmp_path / "in"
    for name in (f"{EVIL.replace('/', '')}.jsonl", "b.jsonl"):
        write_jsonl(folder / name, [text(seed) for seed in range(150)])
    run(build(EVEN, output={"tokens": False}), [folder], tmp_path / "out", options=Options(workers=1))

    code, _, _ = curate("audit", tmp_path / "out", "--html", tmp_path / "page.html", "--axis", "source")

    page = (tmp_path / "page.html").read_text("utf-8")
    assert code == 0
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "\u202e" not in page


def test_a_folder_without_an_audit_is_one_line(source, curate, tmp_path):
    run(
        build(EVEN, output={"tokens": False}, audit={"documents": 0}),
        [source],
        tmp_path / "out",
        options=Options(workers=1),
    )

    code, _, err = curate("audit", tmp_path / "out")

    assert code == 2
    assert "the run kept no counters" in err
