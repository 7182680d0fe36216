import re
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from py3langid import langid as py3langid

from curate.lexicons import language_code
from curate.models.identifiers import Bayes
from curate.ops import langid

BLANK = re.compile("[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+")


def packed(texts):
    encoded = [text.encode() for text in texts]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    return offsets, np.frombuffer(b"".join(encoded), np.uint8)


def unpacked(cut):
    return [bytes(cut.data[a:b]).decode() for a, b in pairwise(cut.offsets)]


def reference_window(text, width):
    """The same, said slowly; right for texts of one-byte characters and for texts shorter than the window."""
    if len(text.encode()) > width:
        text = text[max(0, len(text) // 2 - (width + 1) // 2) :]
    folded = BLANK.sub(" ", text).strip(" ")
    return folded[:width].rstrip(" ")


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(max_codepoint=127), max_size=60), max_size=4), st.integers(1, 30))
def test_windows_of_ascii_text_are_as_the_slow_reference_says(texts, width):
    assert unpacked(langid.windows(*packed(texts), width)) == [reference_window(text, width) for text in texts]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40))
def test_a_window_wider_than_the_text_folds_white_space_and_nothing_else(text):
    (window,) = unpacked(langid.windows(*packed([text]), 1000))

    assert window == reference_window(text, 1000)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.integers(1, 20))
def test_a_window_is_valid_text_of_at_most_its_width(text, width):
    (window,) = unpacked(langid.windows(*packed([text]), width))

    assert len(window) <= width
    assert window in BLANK.sub(" ", text)


@pytest.fixture(scope="module")
def original():
    return py3langid.LanguageIdentifier.from_model_file(py3langid.MODEL_FILE, norm_probs=True)


def test_the_kernel_gives_py3langids_answer(original):
    model = Bayes()
    words = ["the", "de la", "и в", "한국", "の", "的", "wir sind", "não está", "över", "için", "الذي", "וכל", "ไทย"]
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(words, size)) for size in rng.integers(2, 40, 500)]

    scores = model.scores(pa.array(texts)).astype(float)

    expected = [original.classify(text) for text in texts]
    assert [model.classes[k] for k in scores.argmax(1)] == [language_code(label) for label, _ in expected]
    shares = np.exp(scores - scores.max(1, keepdims=True))
    assert np.allclose(1 / shares.sum(1), [score for _, score in expected], atol=5e-4)


def test_a_text_without_features_has_the_prior():
    scores = Bayes().scores(pa.array(["", "\x01"]))

    assert np.array_equal(scores[0], scores[1])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.sampled_from("ab가 \n1"), max_size=60), max_size=4), st.integers(1, 9), st.integers(1, 5))
def test_line_groups_are_runs_of_whole_lines_that_make_up_the_text(texts, least, most):
    offsets, data = packed(texts)

    groups = langid.line_groups(offsets, data, least, most)
    parts = [bytes(data[a:b]).decode() for a, b in pairwise(groups.offsets)]

    for row, text in enumerate(texts):
        mine = [parts[i] for i in range(len(groups.rows)) if groups.rows[i] == row]
        assert "".join(mine) == text
        assert len(mine) <= most + 1
        assert all(part.endswith("\n") and sum(map(str.isalpha, part)) >= least for part in mine[:-1])
    assert [sum(map(str.isalpha, part)) for part in parts] == groups.letters.tolist()


def test_windows_say_whether_they_hold_a_letter():
    cut = langid.windows(*packed(["", "12 3", "a", "…é", "한", "🙂"]), 512)

    assert cut.lettered.tolist() == [False, False, True, True, True, False]
