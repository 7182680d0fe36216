"""Mean log-probabilities of words, against a dictionary and a loop."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings

from curate.ops import normal, unigram
from tests.ops.kernel_texts import batches, packed, texts, unpacked
from tests.ops.text_reference import words

UNKNOWN = math.log(1e-9)


def table(counts, total=None):
    offsets, data = packed(list(counts), before="")
    return unigram.frequencies(
        offsets, data, np.array(list(counts.values()), np.float64), total or sum(counts.values())
    )


@settings(max_examples=200, deadline=None)
@given(batches)
def test_split_gives_every_word_of_every_text(rows):
    split = unpacked(*unigram.split(*packed(rows)))

    assert split == [word for row in rows for word in words(row)]


@settings(max_examples=200, deadline=None)
@given(batches)
def test_by_choice_only_white_space_separates_words(rows):
    split = unpacked(*unigram.split(*packed(rows), single_letters=False))

    blanks = [character for row in rows for character in row if words(character) == []]
    spaced = [row.translate({ord(blank): " " for blank in blanks}) for row in rows]
    assert split == [word for row in spaced for word in row.split(" ") if word]


@settings(max_examples=200, deadline=None)
@given(batches, texts)
def test_means_equal_those_of_a_loop_over_a_dictionary(rows, known):
    counts = Counter(words(known)) or Counter(["a"])
    total = sum(counts.values())

    found = unigram.mean_log_probabilities(*packed(rows), table(counts), UNKNOWN)

    for row, text in enumerate(rows):
        logarithms = [math.log(counts[word] / total) if word in counts else UNKNOWN for word in words(text)]
        assert found.words[row] == len(logarithms)
        assert found.unknown[row] == sum(word not in counts for word in words(text))
        assert found.means[row] == pytest.approx(sum(logarithms) / max(1, len(logarithms)))


def test_counts_of_one_word_add_up():
    offsets, data = packed(["a", "b", "a"], before="")
    made = unigram.frequencies(offsets, data, np.array([1.0, 2.0, 1.0]), 8.0)

    found = unigram.mean_log_probabilities(*packed(["a", "b"]), made, UNKNOWN)

    assert np.exp(found.means) == pytest.approx([0.25, 0.25])


def test_words_of_the_normal_form_are_free_of_case_and_punctuation():
    offsets, data = normal.normalise(*packed(['"The Café," (the) 漢字!'], before=""), punctuation=False)

    assert unpacked(*unigram.split(offsets, data)) == ["the", "cafe\u0301", "the", "漢字"]


def test_a_large_table_holds_exactly_its_words():
    held = {f"word{i}": i + 1 for i in range(20_000)}

    found = unigram.mean_log_probabilities(*packed([f"word{i}" for i in range(40_000)]), table(held), UNKNOWN)

    assert found.unknown.tolist() == [0] * 20_000 + [1] * 20_000


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_a_text_without_words_has_none(text):
    found = unigram.mean_log_probabilities(*packed([text]), table({"a": 1}), UNKNOWN)

    assert (found.means[0], found.words[0], found.unknown[0]) == (0, 0, 0)
