"""C4's line rules, line by line."""

import pytest

from curate.stages.c4_lines import C4Lines
from curate.testing import batch, edit

GOOD = "A line of prose ends well."


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (GOOD, GOOD),
        (f" \t{GOOD} \r", GOOD),
        ("Does it end well?", "Does it end well?"),
        ("It ends well!", "It ends well!"),
        ('She said "it ends well"', 'She said "it ends well"'),
        ("She said 'it ends well'", "She said 'it ends well'"),
        ("Home | About | Contact", None),
        ("It never really ends...", None),
        ("It never really ends…", None),
        ("It ends with a mark。", None),
        ("Two words.", None),
        ("漢字は三。", None),
        ("A word of " + "x" * 1000 + " letters.", "A word of " + "x" * 1000 + " letters."),
        ("A word of " + "x" * 1001 + " letters.", None),
        ("Please enable JavaScript to go on.", None),
        ("Read our Privacy Policy before you go.", None),
        ("These pages USE COOKIES for all.", None),
        ("It is so[1] since 1999.[2][note]", None),
        ("It is so[1] since 1999[].[12]", "It is so since 1999."),
        ("A history [edit] of all the claims[citation needed].", "A history  of all the claims."),
        ("The array[i] is not a citation.", "The array[i] is not a citation."),
    ],
)
def test_a_line_is_kept_cut_or_dropped(line, left):
    edited = edit(C4Lines(), f"{GOOD}\n\n{line}\n{GOOD}")

    assert edited == "\n".join([GOOD, *([left] if left else []), GOOD])


def test_fineweb_s_switch_keeps_lines_whatever_their_end():
    stage = C4Lines(terminal_punctuation=False)

    assert edit(stage, "A title without end\nMenu\nIt goes on...") == "A title without end\nIt goes on..."


def test_lines_end_where_python_ends_them():
    assert edit(C4Lines(), f"{GOOD}\rMenu\x0c{GOOD}\u2028Menu\x85{GOOD}") == "\n".join([GOOD] * 3)


def test_a_line_without_spaces_is_one_word_on_request():
    text = "漢字は三。\nThree words here。"

    assert edit(C4Lines(end_marks="。"), text) == text
    assert edit(C4Lines(end_marks="。", unspaced_words=False), text) == "Three words here。"


def test_other_scripts_bring_their_own_marks():
    stage = C4Lines(end_marks="。！？")

    assert edit(stage, "今日は雨。\n目次\nAn English line.") == "今日は雨。"


def test_every_line_is_counted_once_under_the_first_rule_it_breaks():
    text = "\n".join([GOOD, "", "Menu", "Two words.", "We use cookies here.", "y" * 1001, "So it is[1], and[2] so on."])

    column = C4Lines().struct(C4Lines().rewrite(batch(text)), 1)

    assert column[0].as_py() == {
        "lines": 6,
        "kept_lines": 2,
        "overlong_lines": 1,
        "unended_lines": 1,
        "short_lines": 1,
        "phrase_lines": 1,
        "citations": 2,
    }


def test_a_page_without_a_good_line_is_left_empty():
    assert edit(C4Lines(), "Home\nAbout\nContact us") == ""


@pytest.mark.parametrize("wrong", [{"phrases": ("",)}, {"end_marks": ""}, {"min_words": -1}, {"max_word_length": 0}])
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        C4Lines(**wrong)
