import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.scripts import _BLOCKS, SCRIPTS, written_in
from curate.stage import buffers


def script_of(character):
    return next((name for name, low, high in reversed(_BLOCKS) if low <= ord(character) < high), "other")


def told(text, window):
    """The slow way."""
    size = np.cumsum([0, *(len(character.encode()) for character in text)])[:-1]
    counts = dict.fromkeys(SCRIPTS, 0)
    for character, start in zip(text, size, strict=True):
        if start < window:
            counts[script_of(character)] += 1
    counts["other"] = 0
    if counts["kana"] and 4 * counts["kana"] >= counts["han"]:
        counts["kana"] += counts["han"]
    return (max(counts.values()) and max(SCRIPTS, key=lambda name: (counts[name], -SCRIPTS.index(name)))) or "other"


LETTERS = st.text(max_size=40) | st.text("abc é漢かな한Д", max_size=120)


@given(st.lists(LETTERS, max_size=6), st.integers(0, 60) | st.integers(60, 300))
def test_the_script_is_that_of_most_letters_in_the_window(texts, window):
    found = written_in(*buffers(pa.array(texts, pa.string())), window)

    assert [SCRIPTS[n] for n in found] == [told(text, window) for text in texts]


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Hello, world", "latin"),
        ("Straße und Öl", "latin"),
        ("Привет", "cyrillic"),
        ("한국어 text", "latin"),
        ("한국어 글자들 ab", "hangul"),
        ("日本語の文章です", "kana"),
        ("中文网页", "han"),
        ("שלום", "hebrew"),
        ("مرحبا", "arabic"),
        ("नमस्ते", "devanagari"),
        ("1234 …!?", "other"),
        ("", "other"),
    ],
)
def test_scripts_are_told_apart(text, script):
    assert SCRIPTS[written_in(*buffers(pa.array([text])), 4096)[0]] == script
