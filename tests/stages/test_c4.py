"""C4's rules for pages, each broken by a text that breaks no other."""

import pytest

from curate.stages.c4 import C4
from curate.testing import signals, verdict

PROSE = "One is here. Two is here! Is three here? Four is. Five is here."


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE, None),
        ("one line here\n" * 5, None),
        ("", "c4.sentences.min"),
        (PROSE.removesuffix(" Five is here."), "c4.sentences.min"),
        ("Mr. J. S. T. Smith of the U.S. said 1.5, 2.5 and 3.5 and so on... and on.", "c4.sentences.min"),
        (f"{PROSE} Lorem Ipsum dolor.", "c4.lorem_ipsum.max"),
        (f"{PROSE} It goes: if (x) {{ y }}.", "c4.curly_brackets.max"),
        (f"{PROSE} It closes }} only.", None),
    ],
)
def test_a_page_is_dropped_for_the_rule_it_breaks(text, reason):
    assert verdict(C4(), text) == reason


def test_all_occurrences_are_counted():
    measured = signals(C4(), "{{ lorem ipsum }} LOREM IPSUM")

    assert (measured["lorem_ipsum"], measured["curly_brackets"], measured["sentences"]) == (2, 2, 1)


def test_abbreviations_end_no_sentence_on_request():
    text = "It is in St. Paul vs. Mr. Smith."

    assert (signals(C4(punctuation_words="en"), text)["sentences"], signals(C4(), text)["sentences"]) == (1, 4)


def test_the_last_version_of_the_paper_is_a_matter_of_one_field():
    assert verdict(C4(sentences={"min": 3}), "One is here. Two is here. Three is here.") is None
