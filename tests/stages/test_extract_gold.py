"""What `extract` finds of the text that people marked; needs the pages of ../shared/data for the last test."""

from itertools import islice
from pathlib import Path
from statistics import fmean

import pytest

from tests.bench.gold import Score, extractors, gold_pages, score, tokens

DATA = Path(__file__).parents[2].parent / "shared" / "data"


def test_tokens_are_words_and_characters_of_scripts_without_blanks():
    found = tokens("Don’t panic, PANIC! 我们 3.5 ภาษา")

    assert found == {
        "don": 1,
        "t": 1,
        "panic": 2,
        "我": 1,
        "们": 1,
        "3": 1,
        "5": 1,
        **dict.fromkeys("ภา", 1),
        "ษ": 1,
        "า": 2,
    }


@pytest.mark.parametrize(
    ("found", "gold", "expected"),
    [
        ("a b c d", "a b", Score(0.5, 1.0, 2 / 3)),
        ("a a", "a", Score(0.5, 1.0, 2 / 3)),
        ("", "a", Score(0, 0, 0)),
        ("b a", "a b", Score(1, 1, 1)),
    ],
)
def test_scores_are_those_of_bags_of_tokens(found, gold, expected):
    assert score(found, gold) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "margin"),
    [("web_dragnet", 0.01), ("web_cleaneval_final", -0.03), ("web_l3s_gn1", -0.01)],
)
def test_the_default_reads_gold_no_worse_than_trafilatura(name, margin):
    if not (DATA / name).is_dir():
        pytest.skip("needs the gold pages of ../shared/data")
    pages = list(islice(gold_pages(DATA / name), 150))
    made = extractors()

    ours, theirs = (
        fmean(score(made[which](page.html), page.gold).f1 for page in pages) for which in ("extract", "trafilatura")
    )

    assert ours > theirs - margin
