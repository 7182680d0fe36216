"""Masses of n-grams, against the algorithm as Gopher's readers write it."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import ngrams
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed

sentences = st.lists(st.sampled_from(["a", "b", "cc", "dé", "漢"]), max_size=120).map(" ".join)


def top_mass(words, n):
    grams = [" ".join(words[i : i + n]) for i in range(len(words) - n + 1)]
    if not grams:
        return 0
    gram, count = Counter(grams).most_common(1)[0]
    return len(gram) * count


def duplicate_mass(words, n):
    seen, mass, at = set(), 0, 0
    while at < len(words) - n + 1:
        gram = tuple(words[at : at + n])
        if gram in seen:
            mass += len("".join(gram))
            at += n
        else:
            seen.add(gram)
            at += 1
    return mass


@given(st.lists(sentences, max_size=4))
def test_masses_are_those_of_the_plain_algorithm(rows):
    measured = ngrams.masses(ngrams.word_list(*packed(rows)))
    words = [reference.words(row) for row in rows]

    assert measured.top.tolist() == [[top_mass(found, n) for found in words] for n in (2, 3, 4)]
    assert measured.duplicate.tolist() == [[duplicate_mass(found, n) for found in words] for n in (5, 6, 7, 8, 9, 10)]


@given(batches)
def test_words_are_listed_in_order_with_their_lengths(rows):
    listed = ngrams.word_list(*packed(rows))
    words = [reference.words(row) for row in rows]

    assert np.diff(listed.rows).tolist() == [len(found) for found in words]
    assert listed.lengths.tolist() == [len(word) for found in words for word in found]


@given(batches)
def test_words_have_one_hash_wherever_they_stand(rows):
    listed = ngrams.word_list(*packed(rows))
    words = [word for row in rows for word in reference.words(row)]
    hashes = dict(zip(words, listed.hashes.tolist(), strict=True))

    assert listed.hashes.tolist() == [hashes[word] for word in words]
    assert len(set(hashes.values())) == len(hashes)


def test_of_equally_frequent_ngrams_the_first_is_on_top():
    words = ["long", "words", ".", "a", "b", ".", "long", "words", ".", "a", "b"]

    measured = ngrams.masses(ngrams.word_list(*packed([" ".join(words)])))

    assert measured.top[0, 0] == top_mass(words, 2) == 2 * len("long words")


def test_a_duplicate_is_left_behind_as_a_whole():
    words = ("a b c d e " * 3).split()

    measured = ngrams.masses(ngrams.word_list(*packed([" ".join(words)])))

    assert measured.duplicate[0, 0] == 10


@pytest.mark.parametrize("text", ["", " ", "one", "one two", "x" * 100_000])
def test_texts_without_ngrams_have_no_mass(text):
    measured = ngrams.masses(ngrams.word_list(*packed([text])))

    assert measured.duplicate.sum() == 0
    assert measured.top[1:].sum() == 0


def test_a_batch_without_texts_has_no_masses():
    measured = ngrams.masses(ngrams.word_list(*packed([])))

    assert (measured.top.shape, measured.duplicate.shape) == ((3, 0), (6, 0))
