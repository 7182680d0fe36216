"""Word differences, against what they must add up to and the longest common sequence."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from curate.differences import Word, differences, partners, words

some = st.lists(st.sampled_from(["a", "b", "c", "d", "rare", "once"]), max_size=30)


def told(one, other):
    found = differences(words(one, 1000), words(other, 1000))
    return [(kind, " ".join(word.text for word in run)) for kind, run in found]


def test_a_changed_word_stands_between_what_both_have():
    assert told("the old mill by the river", "the new mill by the river") == [
        ("alike", "the"),
        ("gone", "old"),
        ("stayed", "new"),
        ("alike", "mill by the river"),
    ]


def test_what_was_put_in_and_what_was_left_out_are_told_apart():
    assert told("a b c", "a b x c") == [("alike", "a b"), ("stayed", "x"), ("alike", "c")]
    assert told("a b x c", "a b c") == [("alike", "a b"), ("gone", "x"), ("alike", "c")]
    assert told("", "x") == [("stayed", "x")]
    assert told("x", "") == [("gone", "x")]
    assert told("", "") == []


def test_equal_texts_are_alike_from_end_to_end():
    assert told("one two three", "one  two\nthree") == [("alike", "one two three")]


def test_words_keep_the_gaps_before_them_and_scripts_without_spaces_are_cut_by_letters():
    assert words("A mill,\n\n水車。 กำ हिन्दी", 100) == [
        Word("", "A"),
        Word(" ", "mill"),
        Word("", ","),
        Word("\n", "水"),
        Word("", "車"),
        Word("", "。"),
        Word(" ", "กำ"),
        Word(" ", "हिन्दी"),
    ]
    assert words("one two three", 2) == [Word("", "one"), Word(" ", "two")]


@given(st.text(), st.text())
def test_every_character_but_white_space_is_in_a_word(one, other):
    assert "".join(word.text for word in words(one + other, 10**6)) == "".join((one + other).split())


@given(some, some)
@example(["a"] * 30, ["a"] * 7)
def test_stretches_add_up_to_both_texts(one, other):
    left, right = ([Word(" ", word) for word in row] for row in (one, other))

    found = list(differences(left, right))

    assert [word.text for kind, run in found if kind != "stayed" for word in run] == one
    assert [word.text for kind, run in found if kind != "gone" for word in run] == other
    assert all(run for _, run in found)


@given(some, some)
def test_partners_are_equal_and_ascend(one, other):
    partner = partners(one, other)

    matched = [(i, j) for i, j in enumerate(partner) if j >= 0]
    assert all(one[i] == other[j] for i, j in matched)
    assert [j for _, j in matched] == sorted({j for _, j in matched})


@given(some, st.integers(0, 29), st.integers(0, 29))
def test_a_text_with_a_stretch_left_out_has_nothing_of_its_own(row, one, other):
    first, last = sorted((one, other))

    partner = partners(row[:first] + row[last:], row)

    assert -1 not in partner


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["a"] * 20_000, ["a", "b"] * 10_000),
        (["a", "b", "c"] * 6_000, ["c", "b", "a"] * 6_000),
        ([str(i) for i in range(20_000)], [str(i) for i in reversed(range(20_000))]),
        ([str(i) for i in range(20_000)], [str(i // 2) for i in range(20_000)]),
    ],
)
def test_hostile_texts_of_many_words_are_told_in_bounded_time(one, other):
    """Each word with each would take hours."""
    matched = [j for j in partners(one, other) if j >= 0]

    assert matched == sorted(set(matched))
