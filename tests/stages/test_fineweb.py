"""FineWeb's filters, each broken by a text that breaks no other."""

import pytest

from curate.stages.fineweb import FineWeb
from curate.testing import signals, verdict

LINE = "The river that runs past mill number {} feeds the fields of the valley."
PROSE = "\n".join(LINE.format(i) for i in range(10))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE, None),
        (PROSE.replace("valley.", "valley"), "fineweb.line_punct_ratio.min"),
        (PROSE.replace("valley.", "valley…"), "fineweb.line_punct_ratio.min"),
        (PROSE.replace("valley.", "valley..."), None),
        (PROSE.replace("valley.", "valley。"), None),
        (PROSE.replace(".", ". \r"), None),
        ("", "fineweb.line_punct_ratio.min"),
        (PROSE + "".join(f"\nIt is as short as item {i}." for i in range(21)), "fineweb.short_line_ratio.max"),
        (f"{PROSE}\n{LINE.format(3)}", "fineweb.char_duplicates_ratio.max"),
        ("\n".join(f"{'x' * 30}{i} {'y' * 30}." for i in range(10)), "fineweb.list_ratio.max"),
    ],
)
def test_a_text_is_dropped_for_the_rule_it_breaks(text, reason):
    assert verdict(FineWeb(), text) == reason


def test_a_text_exactly_at_a_bound_stays():
    lines = [f"This line has exactly as many words as that one {i}" for i in range(22)]

    at_bound = "\n".join([*lines, *[f"{line} stopped." for line in lines[:3]]])
    below = f"{at_bound}\nOne more line makes the share of stopped ones smaller"

    assert signals(FineWeb(), at_bound)["line_punct_ratio"] == 3 / 25 == 0.12
    assert verdict(FineWeb(), at_bound) is None
    assert verdict(FineWeb(), below) == "fineweb.line_punct_ratio.min"


def test_signals_are_shares_of_lines_of_characters_and_of_words():
    measured = signals(FineWeb(), "Thirty characters are in here.\n\nThirty-one characters are here!\nno\nno")

    assert measured["line_punct_ratio"] == 2 / 4
    assert measured["short_line_ratio"] == 3 / 4
    assert measured["char_duplicates_ratio"] == 2 / 65
    assert measured["list_ratio"] == 4 / 11


def test_white_space_at_the_end_of_a_line_counts_where_datatrove_s_reading_is_asked_for():
    assert verdict(FineWeb(trim=False), PROSE.replace(".", ". ")) == "fineweb.line_punct_ratio.min"


def test_signals_of_an_empty_text_are_zero():
    measured = signals(FineWeb(), "")

    assert {measured[rule] for rule in measured if rule != "broken"} == {0}


def test_punctuation_marks_are_words_on_request():
    assert signals(FineWeb(punctuation_words="en"), "One, two.\nThree.")["list_ratio"] == 1 / 6
