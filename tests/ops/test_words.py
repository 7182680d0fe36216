"""What a word is in each script: the examples of docs/words.md, and the kernel against its slow form."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.ops import text_reference as reference
from tests.ops.kernel_texts import texts
from tests.ops.word_spans import words

DOCUMENT = Path(__file__).parents[2] / "docs" / "words.md"
SCRIPTS = st.one_of(
    st.text("漢字的是々ひらがなをはのカタナーｶﾞㄅ、。「」aé9 ", max_size=24),
    st.text("กขคงเแาะำๆฯัิ่ກເາະຳັ9 .\u200b", max_size=24),
    st.text("ကခင္်ျာိကခក្ខុាៗ។ꦏ꧀༌ཀ་།", max_size=24),
    st.text("가한\u1112\u1161\u11abㅋㅠनिक्षाए।\u200c\u200dكتبَـ؟۔", max_size=24),
)


def examples():
    rows = re.findall(r"^\| [^|]+ \| `([^`]+)` \| `([^`]+)` \|", DOCUMENT.read_text("utf-8"), re.MULTILINE)
    assert len(rows) >= 20
    return rows


@pytest.mark.parametrize(("text", "expected"), examples())
def test_the_examples_of_the_documentation_hold(text, expected):
    assert words(text) == expected.split(" · ")


@settings(max_examples=400)
@given(st.lists(st.one_of(SCRIPTS, texts), max_size=3).map("".join))
def test_words_are_those_of_the_slow_definition(text):
    assert words(text) == reference.words(text)


@given(SCRIPTS, SCRIPTS)
def test_white_space_always_ends_a_word(left, right):
    assert words(f"{left} {right}") == words(left) + words(right)


@given(texts)
def test_nothing_but_white_space_is_outside_words(text):
    assert "".join(words(text)) == "".join(character for character in text if not reference.is_space(character))


@pytest.mark.parametrize(
    ("written", "spaced"),
    [("แม่\u200bน้ำ", "แม่ น้ำ"), ("한국어\u3000문서", "한국어 문서"), ("mot\u00a0!", "mot !"), ("है।यह", "है। यह")],
)
def test_invisible_wide_and_missing_spaces_end_words(written, spaced):
    assert words(written) == spaced.split(" ")


def test_marks_and_joiners_are_no_words():
    for text in ("नहीं", "می\u200cخواهم", "क्\u200dष", "كِتَابٌ", "كـــتاب", "ที่", "ក្រុម", "စက်", "가\u11a8"):
        assert len(words(text)) == 1, text


def test_a_decomposed_syllable_is_as_long_as_a_composed_one():
    import unicodedata

    import numpy as np

    from curate.ops.text import words as counted

    for text in ("한국어 문서를 읽는다", unicodedata.normalize("NFD", "한국어 문서를 읽는다")):
        data = np.frombuffer(text.encode(), np.uint8)
        assert counted(np.array([0, len(data)], np.int32), data).plain_characters[0] == 9
