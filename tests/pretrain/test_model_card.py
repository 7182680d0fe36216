import json
import re
from html.parser import HTMLParser

import pytest

from pretrain import train
from pretrain.card import plain
from pretrain.report import chart, ticks
from tests.pretrain import token_folder

HOSTILE = "<script>alert(1)</script>|](javascript:x) ![y](http://evil) `#` \"'\n# head"


class Elements(HTMLParser):
    """Names of the elements and all text of a page."""

    def __init__(self, page):
        super().__init__()
        self.names, self.text, self.attributes = [], "", []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.names.append(tag)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def hostile_run(settings, tmp_path):
    data = token_folder.make(tmp_path / "data", token_folder.texts(30), token_folder.texts(3), source=HOSTILE)
    stage = {"name": HOSTILE, "in": {"tokens": 2000}, "out": {"tokens": 500}}
    report = {
        "recipe": {"name": HOSTILE},
        "stages": [stage, {"name": "odd"}, 7],
        "yield": {"of_raw": {"tokens": 0.025}},
    }
    (data / "report.json").write_text(json.dumps(report))
    train(settings, data, tmp_path / "run")
    return tmp_path / "run"


def test_hostile_names_are_text_in_the_page(hostile_run):
    page = Elements((hostile_run / "run.html").read_text())

    assert "script" not in page.names
    assert "<script>alert(1)</script>" in page.text
    assert not [value for _, value in page.attributes if value and re.match(r"(https?:)?//|javascript:", value)]


def test_hostile_names_are_text_in_the_card(hostile_run):
    card = (hostile_run / "README.md").read_text()

    assert "<script" not in card
    assert "](javascript" not in card.replace("\\]", "")
    assert "http://evil" not in card
    assert not [line for line in card.splitlines() if line.startswith("# head")]


def test_the_page_shows_loss_and_validation(hostile_run):
    page = Elements((hostile_run / "run.html").read_text())

    assert page.names.count("svg") == 6
    assert "Training loss (nats a token)" in page.text
    assert "Validation (bits per byte)" in page.text


def test_the_card_tells_what_curation_kept(hostile_run):
    card = (hostile_run / "README.md").read_text()

    assert "| 2,000 | 500 | 25.0% |" in card
    assert "| yield of raw text | 2.50% of tokens |" in card


def test_the_card_says_how_to_repeat_the_run(settings, corpus, tmp_path):
    train(settings, corpus, tmp_path / "run")

    card = (tmp_path / "run/README.md").read_text()

    assert (tmp_path / "run/config.toml").read_text().strip() in card
    assert token_folder.digest(corpus / "manifest.json") in card
    for title in (
        "Intended use",
        "Evaluation",
        "Data",
        "Tokenizer",
        "Architecture",
        "Cost",
        "Limitations",
        "Reproduction",
    ):
        assert re.search(rf"^##+ {title}$", card, re.MULTILINE), title


@pytest.mark.parametrize("report", ["", "[]", '{"stages": 5}', '{"stages": [{"in": 3}], "yield": []}'])
def test_a_report_of_another_kind_is_passed_over(settings, tmp_path, report):
    data = token_folder.make(tmp_path / "data", token_folder.texts(30), token_folder.texts(3))
    (data / "report.json").write_text(report)

    train(settings, data, tmp_path / "run")

    assert "What curation kept" not in (tmp_path / "run/README.md").read_text()


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a_b*c", r"a\_b\*c"), ("<b>", "&lt;b&gt;"), ("x|y", r"x\|y"), ("one\ntwo", "one two"), ("me@x", "me&#64;x")],
)
def test_plain_text_has_no_markup(text, shown):
    assert shown == plain(text)


@pytest.mark.parametrize(
    ("low", "high", "marks"), [(0, 10, [0, 2, 4, 6, 8, 10]), (2.1, 2.9, [2.0, 2.2, 2.4, 2.6, 2.8, 3.0])]
)
def test_ticks_are_round_and_span_the_values(low, high, marks):
    assert marks == ticks(low, high)


def test_a_flat_curve_is_drawn_too():
    drawn = chart("flat", [(0, 1.0), (5, 1.0)])

    assert len(drawn.points.split()) == 2
    assert "nan" not in drawn.points


def test_a_long_curve_is_thinned_by_means():
    drawn = chart("long", [(i, i % 2) for i in range(100_000)])

    assert 300 <= len(drawn.points.split()) <= 600
