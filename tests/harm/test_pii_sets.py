"""Findings against labelled spans, and the section on real sets where they are."""

from pathlib import Path

import pytest

from curate.harm import SECTIONS
from curate.harm.pii_sets import Score, scored
from curate.personal.found import LABELS, Finding

DATA = Path(__file__).parents[3] / "shared" / "data"
EMAIL, PHONE = LABELS.index("email"), LABELS.index("phone")


def test_a_finding_counts_where_it_overlaps_a_span_of_its_label():
    gold = [[(0, 5, "email"), (9, 12, "email")], [(0, 4, "phone")], []]
    found = [Finding(0, 4, 7, EMAIL), Finding(0, 9, 12, PHONE), Finding(1, 2, 3, PHONE), Finding(2, 0, 1, EMAIL)]

    scores = scored(found, gold)

    assert scores["email"] == Score(found=1, gold=2, right=1, findings=2)
    assert scores["phone"] == Score(found=1, gold=1, right=1, findings=2)
    assert scores["iban"] == Score(0, 0, 0, 0)


def test_touching_spans_do_not_overlap():
    assert scored([Finding(0, 5, 9, EMAIL)], [[(0, 5, "email")]])["email"].found == 0


@pytest.mark.skipif(not (DATA / "pii_presidio").is_dir(), reason="the sets are not here")
def test_the_section_finds_nearly_all_of_presidio_s_own_spans():
    text = SECTIONS["pii"](DATA)

    lines = {line.split("|")[1].strip(): line for line in text.splitlines() if "| Sluice |" in line}
    recall = {
        label: float(lines[f"`{label}`"].split("|")[3].split("%")[0])
        for label in ("email", "iban", "credit_card", "national_id")
    }
    assert min(recall.values()) > 99
