import pytest

from curate.stages.length import Length
from curate.testing import signals, verdict


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({}, "", None),
        ({"characters": {"min": 300}}, "a" * 300, None),
        ({"characters": {"min": 300}}, "é" * 299, "characters.min"),
        ({"characters": {"max": 3}}, "😀😀😀", None),
        ({"words": {"min": 3}}, "one two", "words.min"),
        ({"words": {"max": 2}}, "one two three", "words.max"),
    ],
)
def test_verdicts(fields, text, reason):
    assert verdict(Length(**fields), text) == (reason and f"length.{reason}")


def test_white_space_counts_as_characters_and_two_letters_of_chinese_as_a_word():
    assert signals(Length(), " a\n\n漢字 ") == {"characters": 7, "words": 2, "broken": 0}
