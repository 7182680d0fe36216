"""Gopher's quality rules, each broken by a text that breaks no other."""

import pytest

from curate.stages.gopher import Gopher
from curate.testing import signals, verdict

PROSE = "The river that runs past the mill turns with the season and feeds the fields of the valley below. " * 4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE, None),
        ("The mill and the river.", "gopher.words.min"),
        ("", "gopher.words.min"),
        ("the of a a a a a a a a a a " * 10, "gopher.mean_word_length.min"),
        ("the of incomprehensibilities incomprehensibilities " * 30, "gopher.mean_word_length.max"),
        (PROSE + "#" * 9, "gopher.symbol_ratio.max"),
        (PROSE + "... " * 12, "gopher.symbol_ratio.max"),
        (PROSE + "… " * 12, "gopher.symbol_ratio.max"),
        ("\n".join(f"• the fields of valley {i}" for i in range(20)), "gopher.bullet_line_ratio.max"),
        ("\n".join(f"  - the fields of valley {i}" for i in range(20)), "gopher.bullet_line_ratio.max"),
        (
            "\n".join(["the fields of the mill feed the valley …", PROSE, PROSE[:60] + "..."]),
            "gopher.ellipsis_line_ratio.max",
        ),
        (PROSE + "1234 5678 " * 20, "gopher.alpha_word_ratio.min"),
        ("Rivers run past mills, turning every season, feeding fields below. " * 8, "gopher.stop_words.min"),
    ],
)
def test_a_text_is_dropped_for_the_rule_it_breaks(text, reason):
    stage = Gopher()

    dropped = verdict(stage, text)

    assert dropped == reason


def test_the_bounds_of_the_paper_are_inclusive():
    stage = Gopher()

    fifty = " ".join(["the", "of", *["fields"] * 48])

    assert verdict(stage, fifty) is None
    assert verdict(stage, fifty.rsplit(" ", 1)[0]) == "gopher.words.min"


def test_stop_words_count_once_whatever_their_case_and_punctuation():
    measured = signals(Gopher(), '"The" the THE, (of) that; thereof')

    assert measured["stop_words"] == 3


def test_a_recipe_brings_particles_for_korean():
    stage = Gopher(stop_list=("-는", "-에", "그리고"), mean_word_length={"min": 1})

    measured = signals(stage, "나는 학교에 간다. 그리고 너는 집에 간다.")

    assert measured["stop_words"] == 3


def test_scripts_without_spaces_are_cut_into_words():
    measured = signals(Gopher(), "漢字 ひらがな abc กำ")

    assert (measured["words"], measured["alpha_word_ratio"]) == (1 + 3 + 1 + 1, 1)


def test_signals_of_an_empty_text_are_zero():
    measured = signals(Gopher(), "")

    assert {measured[rule] for rule in measured if rule != "broken"} == {0}


@pytest.mark.parametrize("wrong", [{"stop_list": ("two words",)}, {"stop_list": ("",)}, {"bullets": "--"}])
def test_a_list_that_cannot_be_counted_is_refused(wrong):
    with pytest.raises(ValueError, match="validation error"):
        Gopher(**wrong)


def test_dolma_s_median_takes_the_place_of_the_mean_on_request():
    dolma = Gopher(mean_word_length="off", median_word_length={"min": 3, "max": 10})

    assert signals(dolma, "a the of fields")["median_word_length"] == 2.5
    assert verdict(dolma, "a of fields " * 40) == "gopher.median_word_length.min"
    assert verdict(dolma, "the of fields valley incomprehensibilities incomprehensibilities " * 20) is None


def test_blank_lines_and_python_s_line_ends_count_on_request():
    text = "- the\n \n\n- of\u2028x..."

    apart = signals(Gopher(blank_lines=True), text)

    assert (apart["bullet_line_ratio"], apart["ellipsis_line_ratio"]) == (2 / 5, 1 / 5)
    assert signals(Gopher(), text)["bullet_line_ratio"] == 1


def test_stop_words_may_have_to_stand_as_they_are_and_may_count_again():
    text = "The mill, of of (the) valley; that"

    assert signals(Gopher(exact_stop_words=True), text)["stop_words"] == 2
    assert signals(Gopher(repeated_stop_words=True), text)["stop_words"] == 5
    assert signals(Gopher(exact_stop_words=True, punctuation_words="en"), text)["stop_words"] == 3


def test_punctuation_marks_are_words_on_request():
    text = '"Don\'t go," he said (twice)... #1'

    apart = signals(Gopher(punctuation_words="en"), text)
    together = signals(Gopher(), text)

    assert (apart["words"], together["words"]) == (7, 6)
    assert apart["alpha_word_ratio"] == 6 / 14
    assert apart["symbol_ratio"] == 1 / 14
    assert together["symbol_ratio"] == 1 / 6
