"""What the shipped screen has to reach, on the real sets where they are: HateCheck and pages of C4."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curate.harm import hatecheck, web
from curate.harm.sets import rows
from curate.models.screen import shipped

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled sets are not beside the repository")


@pytest.fixture(scope="module")
def cases():
    """HateCheck's cases on which nothing was chosen, and whether each passes."""
    found = [case for case in rows(DATA, "tox_hatecheck/norm.jsonl.zst") if not hatecheck.looked_at(case["text"])]
    scores = shipped().scores(pa.array([case["text"] for case in found])).highest(len(found))
    return list(zip(found, scores >= shipped().pass_score, strict=True))


def test_four_of_five_hateful_cases_pass(cases):
    assert np.mean([passed for case, passed in cases if case["toxic"] == 1]) >= 0.8


def test_no_group_has_its_harmless_cases_kept_half_as_often_as_another(cases):
    kept = {}
    for case, passed in cases:
        if case["toxic"] == 0 and case["target"]:
            kept.setdefault(case["target"], []).append(not passed)
    shares = [np.mean(some) for some in kept.values()]

    assert min(shares) / max(shares) > 0.5


def test_of_plain_web_text_few_sentences_pass_and_hardly_any_alarms():
    pages = [row["text"] for row in rows(DATA, web.C4)][1::2]
    scores = shipped().scores(pa.array(pages)).scores

    assert np.mean(scores >= shipped().pass_score) <= 0.05
    assert np.mean(scores >= shipped().alarm_score) <= 0.01
