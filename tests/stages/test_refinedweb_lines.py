"""RefinedWeb's line-wise corrections, line by line."""

import pytest

from curate.stages.refinedweb_lines import RefinedWebLines
from curate.testing import batch, edit

GOOD = "The river feeds the fields of the valley below."


@pytest.mark.parametrize(
    ("line", "left"),
    [
        (GOOD, GOOD),
        ("  indented as it was", "  indented as it was"),
        ("HOME NEWS ABOUT", None),
        ("Half OF IT", "Half OF IT"),
        ("123456", None),
        ("123 456", "123 456"),
        ("3 likes", None),
        ("• 12.5K Views", None),
        ("3 likes and a heart", "3 likes and a heart"),
        ("Home", None),
        ("Sign-in to comment", "to comment"),
        ("To comment sign-in", "To comment sign-in"),
        ("The mill is sold. Read more...", "The mill is sold."),
        ("The mill is sold. READ MORE…", "The mill is sold."),
        ("Read more about mills", "Read more about mills"),
        ("You have 0 items in cart now", "You have 0 now"),
        ("Read more...", None),
        (f"{GOOD} Read more...", f"{GOOD} Read more..."),
        ("Items in cart Read more...", None),
    ],
)
def test_a_line_is_kept_cut_or_dropped(line, left):
    edited = edit(RefinedWebLines(), f"{GOOD}\n{line}\n{GOOD}")

    assert edited == "\n".join([GOOD, *([left] if left else []), GOOD])


def test_paragraphs_stay_apart():
    assert edit(RefinedWebLines(), f"MENU MENU\n\n{GOOD}\n\n{GOOD}\n") == f"{GOOD}\n\n{GOOD}"


def test_every_line_is_counted_and_removed_words_are_a_share():
    text = f"{GOOD}\nHOME NEWS\n2024\n3 likes\nHome\nRead more...\nSign-in to comment\n"

    column = RefinedWebLines().struct(RefinedWebLines().rewrite(batch(text)), 1)

    assert column[0].as_py() == {
        "lines": 7,
        "capital_lines": 1,
        "numeric_lines": 1,
        "counter_lines": 1,
        "short_lines": 1,
        "emptied_lines": 1,
        "edited_lines": 1,
        "removed_word_ratio": (9 + 2 + 1 + 2 + 1 + 2 + 3 - 9 - 2) / (9 + 2 + 1 + 2 + 1 + 2 + 3),
    }


def test_nothing_is_removed_from_nothing():
    column = RefinedWebLines().struct(RefinedWebLines().rewrite(batch("", " \n")), 2)

    assert column.field("removed_word_ratio").to_pylist() == [0, 0]


def test_a_recipe_brings_lists_of_its_own():
    stage = RefinedWebLines(counters=("j’aime",), suffixes=("lire la suite",))

    assert edit(stage, f"3 J’aime\n{GOOD[:20]} Lire la suite") == GOOD[:20].rstrip()


@pytest.mark.parametrize("wrong", [{"counters": ("",)}, {"max_upper_ratio": 2}, {"short_words": -1}])
def test_rules_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        RefinedWebLines(**wrong)
