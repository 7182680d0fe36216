"""Counting distinct words of a short list."""

import pytest

from curate.ops.stopwords import stop_list, stop_words
from tests.ops.kernel_texts import packed


@pytest.mark.parametrize(
    ("text", "entries", "count"),
    [
        ("the cat and the dog", ("the", "and", "with"), 2),
        ("THE “And”", ("the", "and"), 2),
        ("other bandit", ("the", "and"), 0),
        ("나는 집에", ("-는", "-에", "-은"), 2),
        ("는 에", ("-는", "-에"), 0),
        ("これは本です", ("は", "です"), 1),
        ("x" * 1000 + " the", ("the",), 1),
        ("...", ("the",), 0),
        ("", ("the",), 0),
        ("the", (), 0),
    ],
)
def test_distinct_entries_are_counted(text, entries, count):
    assert stop_words(*packed([text, ""]), stop_list(entries)).tolist() == [count, 0]


@pytest.mark.parametrize(
    ("exact", "every", "count"), [(False, False, 2), (False, True, 5), (True, False, 1), (True, True, 2)]
)
def test_entries_are_counted_as_written_and_as_often_as_they_occur_on_request(exact, every, count):
    texts = packed(["The “the” the And the x"])

    assert stop_words(*texts, stop_list(("the", "and"), exact=exact), exact=exact, every=every).tolist() == [count]


def test_exact_entries_keep_their_case():
    assert stop_words(*packed(["The THE the"]), stop_list(("The",), exact=True), exact=True, every=True).tolist() == [1]


def test_at_most_sixty_four_entries_are_allowed():
    with pytest.raises(ValueError, match="65 stop words"):
        stop_list([f"w{i}" for i in range(65)])


def test_an_entry_of_two_words_is_refused():
    with pytest.raises(ValueError, match="not one word"):
        stop_list(["two words"])
