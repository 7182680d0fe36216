import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.arrays import buffers
from curate.ops.lexemes import LONG_STEM, SHORT_STEM, WORD, split
from tests.ops import lexemes_reference as reference


def spelled(text):
    found = split(*buffers(pa.array([text])))
    data = text.encode()
    return [data[start:stop].decode() for start, stop in zip(found.starts, found.stops, strict=True)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \n\t", []),
        ("Swedes are shy.", ["Swedes", "are", "shy", "."]),
        ("aren't", ["aren", "'", "t"]),
        ("«hard-working»", ["«", "hard", "-", "working", "»"]),
        ("한국인들은 부지런하다", ["한국인들은", "부지런하다"]),
        ("हिंदी लोग।", ["हिंदी", "लोग", "।"]),
        ("a\u200bb", ["a", "b"]),
        ("café", ["café"]),
        ("🙂🙂", ["🙂", "🙂"]),
    ],
)
def test_words_and_marks(text, words):
    assert spelled(text) == words


def test_words_are_compared_by_what_they_fold_to():
    found = split(*buffers(pa.array(["STRASSE Straße ｓｔｒａｓｓｅ stras\u00adse street"])))

    assert len(set(found.hashes[WORD][:4].tolist())) == 1
    assert len(set(found.hashes[WORD].tolist())) == 2


TEXTS = st.text() | st.lists(st.sampled_from(["he", "'", "🙂", "한국인은", "\u0301", "a", "मैं", "\u202e", "."])).map(
    "".join
)


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=5))
def test_lexemes_are_the_references(texts):
    found = split(*buffers(pa.array(texts, pa.string())))

    for row, text in enumerate(texts):
        mine = slice(found.first[row], found.first[row + 1])
        wanted = reference.lexemes(text)
        spans = list(zip(found.starts[mine].tolist(), found.stops[mine].tolist(), strict=True))
        assert spans == [(start, stop) for start, stop, _, _ in wanted]
        assert found.marks[mine].tolist() == [mark for *_, mark in wanted]
        assert found.hashes[WORD, mine].tolist() == [reference.hashed(word) for _, _, word, _ in wanted]
        for kind, letters in ((SHORT_STEM, 4), (LONG_STEM, 5)):
            assert found.hashes[kind, mine].tolist() == [
                reference.hashed(reference.stem(word, letters)) for _, _, word, _ in wanted
            ]
