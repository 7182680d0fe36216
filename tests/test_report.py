import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.errors import RunError
from curate.report import Report, StageReport, Tally

tallies = st.builds(Tally, st.integers(0, 9), st.integers(0, 999), st.integers(0, 99))


SOME, LEFT = Tally(5, 50, 10), Tally(3, 20, 4)


def stage(name="gopher", incoming=SOME, out=LEFT):
    made = StageReport(name, "filter", incoming, out)
    made.add("dropped", f"{name}.words.min", incoming - out)
    return made


def test_a_stage_that_accounts_for_everything_balances():
    Report([stage()]).balance()


def test_a_stage_that_lost_a_document_does_not_balance():
    lossy = stage()
    lossy.out = Tally(2, 20, 4)

    with pytest.raises(RunError, match="books of gopher do not balance"):
        Report([lossy]).balance()


def test_what_one_stage_hands_on_the_next_must_receive():
    with pytest.raises(RunError, match="between gopher and exact"):
        Report([stage(), stage("exact", Tally(2, 20, 4), Tally(2, 20, 4))]).balance()


def test_rewritten_bytes_are_part_of_the_balance():
    edited = StageReport("extract", "rewrite", Tally(2, 100, 30), Tally(2, 60, 20), rewritten=Tally(0, 40, 10))

    Report([edited]).balance()


@given(st.lists(tallies, min_size=1, max_size=5))
def test_a_report_is_the_sum_of_its_parts_in_any_order(parts):
    reports = [Report([stage(incoming=part, out=Tally())]) for part in parts]

    forward = sum(reports, Report()).as_dict()
    backward = sum(reversed(reports), Report()).as_dict()

    assert forward == backward
    assert forward["input"]["documents"] == sum(part.documents for part in parts)


def test_a_report_survives_json():
    report = Report([stage()], {"en": Tally(5, 50, 10)}, {"en": Tally(3, 20, 4)})

    assert Report.from_dict(json.loads(json.dumps(report.as_dict()))).as_dict() == report.as_dict()


def test_the_yield_names_its_denominator():
    extract = StageReport("extract", "rewrite", Tally(4, 400, 100), Tally(4, 100, 40), rewritten=Tally(0, 300, 60))
    rest = stage(incoming=Tally(4, 100, 40), out=Tally(1, 25, 10))

    found = Report([extract, rest]).as_dict()["yield"]

    assert found["of_raw"]["tokens"] == 0.1
    assert found["of_extracted"]["tokens"] == 0.25
