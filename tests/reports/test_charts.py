from hypothesis import given
from hypothesis import strategies as st

from curate.report import Report, StageReport, Tally, total
from curate.reports import charts

flow = st.builds(
    lambda a, b: {"in": Tally(1, 1, a).as_dict(), "out": Tally(1, 1, b).as_dict()},
    st.integers(0, 10**9),
    st.integers(0, 10**9),
)


def test_where_markup_was_most_text_gets_a_scale_of_its_own(run_with):
    falls = charts.waterfalls(run_with("").report)

    assert [[step.label for step in fall.steps] for fall in falls] == [
        ["input", "ingest", "extract", "extracted text"],
        ["extracted text", "gopher", "mine", "output"],
    ]


def test_where_nothing_was_extracted_one_scale_does():
    came = Tally(10, 100, 50)
    stages = [
        StageReport("ingest", "ingest", came, came),
        StageReport("gopher", "filter", came, Tally(5, 50, 20), dropped={"gopher.x": Tally(5, 50, 30)}),
    ]

    (fall,) = charts.waterfalls(Report(stages).as_dict())

    assert [(step.label, step.left, step.taken) for step in fall.steps] == [
        ("input", 50, 0),
        ("ingest", 50, 0),
        ("gopher", 20, 30),
        ("output", 20, 0),
    ]
    assert fall.steps[2].segments == (charts.Segment("left", 0.0, 40.0), charts.Segment("dropped", 40.0, 60.0))


def test_what_an_edit_added_is_drawn_as_added():
    came, out = Tally(1, 10, 10), Tally(1, 20, 20)
    stage = StageReport("lines", "rewrite", came, out, Tally(0, -10, -10))

    (fall,) = charts.waterfalls(Report([stage]).as_dict())

    assert [part.kind for part in fall.steps[1].segments] == ["left", "added"]


def test_every_bar_stays_inside_its_chart(run_with):
    falls = charts.waterfalls(run_with("").report)

    ends = [part.start + part.width for fall in falls for step in fall.steps for part in step.segments]
    assert max(ends) <= 100.01
    assert min(part.width for fall in falls for step in fall.steps for part in step.segments) >= charts.HAIRLINE


@given(st.dictionaries(st.text(max_size=4), flow, max_size=80))
def test_bars_sum_up_to_all_there_is(found):
    bars = charts.flows(found)

    assert len(bars) <= charts.MOST_BARS + 1
    assert total(bar.incoming for bar in bars) == total(Tally(**flow["in"]) for flow in found.values())
    assert total(bar.out for bar in bars) == total(Tally(**flow["out"]) for flow in found.values())
    assert sum(bar.rest or 1 for bar in bars) == len(found)
    assert all(0 <= width <= 100 for bar in bars for width in (bar.in_width, bar.out_width))


def test_five_thousand_sources_are_thirty_and_the_rest(wide):
    bars = charts.flows(wide.report["by_source"])

    assert (len(bars), bars[0].label, bars[-1].rest) == (31, "source-4999.warc.gz", 4_970)
