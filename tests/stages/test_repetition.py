"""Gopher's repetition rules, each broken by a text that breaks no earlier one."""

import pytest

from curate.stages.repetition import Repetition
from curate.testing import signals, verdict


def distinct(words, start=100):
    return " ".join(f"w{i}" for i in range(start, start + words))


def lines(count, again):
    return "\n".join([*(distinct(5, 100 + 5 * i) for i in range(count)), *["so on"] * (again + 1)])


def passage(n, times, words=300):
    """Words of which the same n stand in so many places."""
    gap = words // times
    return " ".join(
        f"{distinct(gap - n, 1000 * i)} {' '.join('same' + str(j) for j in range(n))}" for i in range(times)
    )


def only(rule):
    """The stage with this rule alone."""
    return Repetition(**{key: "off" for key in signals(Repetition(), "") if key not in (rule, "broken")})


@pytest.mark.parametrize(
    ("rule", "kept", "dropped"),
    [
        ("duplicate_line_ratio", lines(13, again=6), lines(13, again=7)),
        (
            "duplicate_paragraph_ratio",
            lines(13, again=6).replace("\n", "\n\n"),
            lines(13, again=7).replace("\n", "\n\n"),
        ),
        (
            "duplicate_line_character_ratio",
            "\n".join([distinct(50), distinct(15), distinct(15)]),
            "\n".join([distinct(47), distinct(17), distinct(17)]),
        ),
        (
            "duplicate_paragraph_character_ratio",
            "\n\n".join([distinct(50), distinct(15), distinct(15)]),
            "\n\n".join([distinct(47), distinct(17), distinct(17)]),
        ),
        ("top_2_gram_ratio", passage(2, 15), passage(2, 50)),
        ("top_3_gram_ratio", passage(3, 10), passage(3, 30)),
        ("top_4_gram_ratio", passage(4, 5), passage(4, 20)),
        ("duplicate_5_gram_ratio", passage(5, 6), passage(5, 15)),
        ("duplicate_6_gram_ratio", passage(6, 6), passage(6, 15)),
        ("duplicate_7_gram_ratio", passage(7, 5), passage(7, 12)),
        ("duplicate_8_gram_ratio", passage(8, 4), passage(8, 10)),
        ("duplicate_9_gram_ratio", passage(9, 4), passage(9, 10)),
        ("duplicate_10_gram_ratio", passage(10, 3), passage(10, 10)),
    ],
)
def test_a_text_is_dropped_for_the_one_rule_it_breaks(rule, kept, dropped):
    stage = only(rule)

    reasons = [verdict(stage, text) for text in (kept, dropped)]

    assert reasons == [None, f"repetition.{rule}.max"]


@pytest.mark.parametrize("text", ["", " ", "word", distinct(200), "\n".join(distinct(8, 8 * i) for i in range(50))])
def test_a_text_that_repeats_nothing_passes_all_rules(text):
    assert verdict(Repetition(), text) is None


def test_repeated_paragraphs_are_measured_apart_from_their_lines():
    text = "first line\nsecond line\n\nfirst line\nsecond line\n\nlast"

    measured = signals(Repetition(), text)

    assert measured["duplicate_line_ratio"] == 2 / 5
    assert measured["duplicate_paragraph_ratio"] == 1 / 3
    assert measured["duplicate_paragraph_character_ratio"] == len("first line\nsecond line") / len(text)


def test_the_most_frequent_bigram_counts_with_its_space():
    measured = signals(Repetition(), "to be or not to be")

    assert measured["top_2_gram_ratio"] == 2 * len("to be") / len("to be or not to be")


def test_a_repeated_passage_counts_in_every_length_of_ngram_that_fits():
    passage = "one two three four five six seven"

    measured = signals(Repetition(), f"{passage} and then again {passage}")

    ratios = [measured[f"duplicate_{n}_gram_ratio"] > 0 for n in (5, 6, 7, 8, 9, 10)]
    assert ratios == [True, True, True, False, False, False]


def test_chinese_that_repeats_itself_is_found_without_spaces():
    dropped = verdict(Repetition(), "我们今天去公园散步" * 12)

    assert dropped == "repetition.top_2_gram_ratio.max"


def test_blank_lines_repeat_each_other_on_request():
    text = "\none\n \n \n\ntwo\n"

    assert signals(Repetition(blank_lines=True), text)["duplicate_line_ratio"] == 2 / 6
    assert signals(Repetition(blank_lines=True), "a\n\n \n\n \n\nb")["duplicate_paragraph_ratio"] == 1 / 4
    assert signals(Repetition(), text)["duplicate_line_ratio"] == 0


def test_punctuation_marks_are_words_on_request():
    text = "I know, you know, we know."

    assert signals(Repetition(punctuation_words="en"), text)["top_2_gram_ratio"] == 2 * len("know ,") / len(text)
    assert signals(Repetition(), text)["top_2_gram_ratio"] == len("I know,") / len(text)
