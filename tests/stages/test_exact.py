"""Exact deduplication."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.stages.exact import Exact
from curate.testing import batch
from tests.stages.memory_corpus import reasons, resolve

FIRST = Exact(keep="first")
KEPT, COPY = None, "duplicate"


def test_the_first_of_equal_texts_stays_and_bears_their_number():
    resolved = resolve(Exact(), ["a text", "another"], ["a text", "a text"])

    assert resolved == [
        [(KEPT, "d0", 3), (KEPT, None, 1)],
        [(COPY, "d0", 3), (COPY, "d0", 3)],
    ]


@pytest.mark.parametrize(
    "copy",
    ["The  Mill\n", "the mill", "THE\tMILL", "the mi\u00adll", "\ufeffthe mill", "ｔｈｅ ｍｉｌｌ"],
)
def test_case_spacing_and_invisible_characters_do_not_matter(copy):
    assert reasons(FIRST, ["The mill"], [copy]) == [[KEPT], [COPY]]


@pytest.mark.parametrize("other", ["The mill.", "The mil", "Themill", "Thé mill", "The mill the mill"])
def test_punctuation_accents_and_words_do(other):
    assert reasons(Exact(), ["The mill"], [other]) == [[KEPT], [KEPT]]


def test_documents_without_text_are_no_duplicates():
    texts = ["", " \n", "\u200b", None]

    assert reasons(Exact(), texts, texts) == [[KEPT] * 4, [KEPT] * 4]


def test_what_an_earlier_barrier_dropped_is_no_reason_to_drop_its_copy():
    resolved = resolve(Exact(), ["same", "same", "same"], dropped={(0, 0)})

    assert resolved == [[(KEPT, None, None), (KEPT, "d1", 2), (COPY, "d1", 2)]]


def test_shards_without_documents_get_their_verdicts():
    assert resolve(Exact(), [], ["one"], []) == [[], [(KEPT, None, 1)], []]
    assert resolve(Exact()) == []


@given(st.lists(st.lists(st.sampled_from(["a", "b", "c", "A", ""]), max_size=6), max_size=4), st.integers(1, 500))
def test_exactly_one_of_each_text_stays_whatever_the_shards_and_the_memory(shards, memory):
    kept = reasons(FIRST, *shards, memory=memory)

    flat = [text.lower() for texts in shards for text in texts]
    expected = [COPY if text and text in flat[:i] else KEPT for i, text in enumerate(flat)]
    assert [reason for found in kept for reason in found] == expected


def test_a_document_takes_thirty_two_bytes_of_sketch():
    sketch = Exact().sketch(batch("one", "two", ""))

    assert sketch.nbytes == 3 * 32
    assert sketch["low"][2].as_py() == sketch["high"][2].as_py() == 0
