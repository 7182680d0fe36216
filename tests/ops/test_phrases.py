"""Phrases, whatever their case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.phrases import occurrences, phrases
from tests.ops.kernel_texts import packed, texts

LISTED = ["lorem ipsum", "{", "é漢", "aa"]


def lower(text):
    """ASCII letters in lower case."""
    return text.encode().lower().decode()


def counted(text, listed):
    text, found, at = lower(text), 0, 0
    while at < len(text):
        match = next((phrase for phrase in listed if text.startswith(phrase, at)), "")
        found += bool(match)
        at += len(match) or 1
    return found


pieces = st.lists(
    st.one_of(texts, st.sampled_from(["Lorem IPSUM", "{", "é漢", "É漢", "aAa", "lorem", " "])), max_size=9
)


@given(st.lists(pieces.map("".join), max_size=4))
def test_occurrences_are_counted_from_left_to_right_without_overlaps(rows):
    found = occurrences(*packed(rows), phrases(LISTED))

    assert found.tolist() == [counted(row, LISTED) for row in rows]


def test_the_case_of_ascii_letters_alone_is_folded():
    found = occurrences(*packed(["Straße É é"]), phrases(["STRASSE", "é"]))

    assert found.tolist() == [1]


def test_an_empty_list_occurs_nowhere_and_an_empty_phrase_is_refused():
    assert occurrences(*packed(["text"]), phrases([])).tolist() == [0]
    with pytest.raises(ValueError, match="everywhere"):
        phrases(["word", ""])
