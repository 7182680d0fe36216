import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from curate.report import Report, StageReport, Tally, total
from curate.reports import ledger, table

counts = st.integers(0, 10**12)
tallies = st.builds(Tally, st.integers(1, 10**9), counts, counts)
books = st.dictionaries(st.text(max_size=8).map("r{}".format), tallies, max_size=50)


@st.composite
def reports(draw):
    """Reports whose books balance: built backwards, from what is left."""
    stages, out = [], draw(tallies)
    for number in range(draw(st.integers(1, 4))):
        edited = Tally(0, draw(st.integers(0, 10**9)), draw(st.integers(0, 10**9)))
        gone = [draw(books), draw(books)]
        incoming = out + edited + total(gone[0].values()) + total(gone[1].values())
        stages.append(StageReport(f"s{number}", "filter", incoming, out, edited, *gone, draw(books), 1.0))
        out = incoming
    report = Report(stages[::-1])
    report.balance()
    return {"recipe": {"name": "any"}, **report.as_dict()}


def drawn(renderable, width, **options):
    sink = io.StringIO()
    Console(file=sink, width=width, **options).print(renderable)
    return sink.getvalue()


@settings(max_examples=50, deadline=None)
@given(reports())
def test_the_lines_of_a_ledger_add_up(report):
    lines = ledger.ledger(report)

    left = lines[0].tally
    for line in lines[1:]:
        if line.taken:
            left -= line.tally
        elif line.kind in {"left", "output"}:
            assert line.tally == left


@settings(max_examples=50, deadline=None)
@given(reports())
def test_the_printed_documents_add_up_to_what_came_in(report):
    printed = table.yield_markdown(report)

    cells = [
        [cell.strip().strip("*") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in printed.splitlines()[4:]
        if line.startswith("|")
    ]
    numbers = [
        int(cell[2].replace("\u202f", "").replace("−", "-"))
        for cell in cells
        if cell[2] and "(" not in cell[2] and cell[1] != "left"
    ]
    assert sum(numbers[:-1]) == numbers[-1]


def test_plain_text_shows_every_book_with_its_share(run_with):
    run = run_with("")

    assert table.yield_text(run.report, run.manifest) == EXPECTED


EXPECTED = """\
web-en · 7 193 documents · 612 MB

                                     documents                 tokens
──────────────────────────────────────────────────────────────────────────────
input                                   7 193            201 345 678
ingest   status not in 200 to 299        −213    3.0%     −2 100 345     1.0%
         quarantined: truncated            −4    0.1%              0     0.0%
         flagged: encoding.repaired       (12)  (0.2%)        (9 000)  (<0.1%)
         left                           6 976   97.0%    199 245 333    99.0%
extract  rewritten                                      −178 345 678    88.6%
         empty                           −141    2.0%              0     0.0%
         left                           6 835   95.0%     20 899 655    10.4%
gopher   words < 50                      −800   11.1%       −120 000     0.1%
         gopher.                          −20    0.3%         −7 001    <0.1%
         left                           6 015   83.6%     20 772 654    10.3%
mine     flagged: skew > 0.8             (321)  (4.5%)      (210 000)   (0.1%)
         left                           6 015   83.6%     20 772 654    10.3%
──────────────────────────────────────────────────────────────────────────────
output   2 token shards                 6 015   83.6%     20 772 654    10.3%

yield from raw text: 83.6% of documents, 39.8% of bytes, 10.3% of tokens
yield from extracted text: 88.0% of documents, 99.8% of bytes, 99.4% of tokens
published, of other crawls: DCLM-Baseline 1.6% of extracted tokens, 1.4% of documents; RefinedWeb 11.7% of documents
"""


@pytest.mark.parametrize("width", [200, 80, 72, 60, 50])
def test_no_number_is_cut_and_no_line_is_wider_than_the_terminal(run_with, width):
    run = run_with("")

    shown = drawn(table.yield_table(run.report, run.manifest, width), width)

    assert all(cell_len(line) <= width for line in shown.splitlines())
    for number in ("7 193", "201 345 678", "−213", "−178 345 678", "(321)", "6 015"):
        assert number in shown


def test_a_terminal_table_says_what_the_plain_text_says(run_with):
    run = run_with("")

    shown = drawn(table.yield_table(run.report, run.manifest, 200), 200)

    def words(text):
        return [line.split() for line in text.splitlines() if line.strip() and "──" not in line]

    assert words(shown) == words(table.yield_text(run.report, run.manifest))


@pytest.mark.parametrize(
    ("stage", "reason", "shown"),
    [
        ("gopher", "gopher.words.min", "words < 50"),
        ("gopher", "gopher.words.max", "words.max"),
        ("gopher", "gopher.ratio.max", "ratio > 0.1"),
        ("language", "language.label", "label not in en, ko"),
        ("many", "many.label", "label not in a, b, c, d, e and 2 more"),
        ("spoken", "spoken.words.min", "words < 50 (by language)"),
        ("spoken", "spoken.words.max", "words > 90"),
        ("spoken", "spoken.stop_words.min", "stop_words.min (by language)"),
        ("extract", "extract.max_depth", "depth > 2 000"),
        ("ingest", "ingest.status", "status not in 200 to 299"),
        ("ingest", "ingest.truncated", "truncated"),
        ("minhash", "minhash.duplicate", "duplicate"),
        ("unknown", "unknown.words.min", "words.min"),
        ("gopher", "gopher", "gopher"),
        ("gopher", "", ""),
    ],
)
def test_a_reason_is_told_with_the_limit_of_the_recipe(stage, reason, shown):
    recipe = {
        "ingest": {"status": {"min": 200.0, "max": 299.0}},
        "stage": [
            {"use": "gopher", "words": {"min": 50.0, "max": "none"}, "ratio": {"min": "none", "max": 0.1}},
            {"use": "language", "name": "language", "label": ["en", "ko"]},
            {"use": "language", "name": "many", "label": list("abcdefg")},
            {
                "use": "gopher",
                "name": "spoken",
                "words": {"min": 50.0, "max": 90.0},
                "stop_words": {"min": "none", "max": "none"},
                "by_language": {"ko": {"words": {"min": 30}, "stop_words": {"min": 2}}},
            },
            {"use": "extract", "name": "extract", "max_depth": 2_000},
        ],
    }

    assert ledger.shown(recipe, stage, reason) == shown


def test_a_run_given_nothing_still_has_its_table(empty):
    assert table.yield_text(empty.report, empty.manifest) == NOTHING


NOTHING = """\
none · 0 documents · 0 B

                         documents        tokens
──────────────────────────────────────────────────────
input                            0             0
ingest   left                    0  0.0%       0  0.0%
extract  left                    0  0.0%       0  0.0%
──────────────────────────────────────────────────────
output   0 token shards          0  0.0%       0  0.0%

yield from raw text: 0.0% of documents, 0.0% of bytes, 0.0% of tokens
yield from extracted text: 0.0% of documents, 0.0% of bytes, 0.0% of tokens
published, of other crawls: DCLM-Baseline 1.6% of extracted tokens, 1.4% of documents; RefinedWeb 11.7% of documents
"""


def test_reasons_beyond_the_fortieth_are_one_line(wide):
    lines = [line for line in ledger.ledger(wide.report) if line.kind == "dropped"]

    assert (len(lines), lines[-1].label) == (40, "61 more reasons")
    assert total(line.tally for line in lines) == Tally(5_050, 151_500, 50_500)


@pytest.mark.parametrize(
    "word", ["\x1b[2J\x1b]8;;http://evil\x07", "\u202e", "[bold red]", "x" * 5_000, "\n\n", "한" * 300]
)
def test_hostile_names_neither_drive_a_terminal_nor_break_the_table(run_with, word):
    run = run_with(word)

    shown = drawn(table.yield_table(run.report, run.manifest, 90), 90)

    assert not set(shown) & {"\x1b", "\x07", "\u202e"}
    assert all(cell_len(line) <= 90 for line in shown.splitlines())
    assert len(shown.splitlines()) == len(drawn(table.yield_table(*run_with("")[:2], 90), 90).splitlines())


@pytest.mark.parametrize("word", ["|", "\\|", "`|`", "<b>", "\n|x|", "**"])
def test_hostile_names_leave_a_markdown_table_its_six_columns(run_with, word):
    rows = [line for line in table.yield_markdown(run_with(word).report).splitlines() if line.startswith("|")]

    assert {len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) for row in rows} == {7}
    assert not any("<" in row for row in rows)
