import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import tokens
from curate.errors import AssetError
from tests.conftest import document

VOCABULARY = 704


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    made = tmp_path_factory.mktemp("tokenizer") / "tokenizer.json"
    made.write_text(tokens.train([document(i) for i in range(50)], VOCABULARY), "utf-8")
    return made


def test_reserved_ids_are_where_the_format_says(path):
    added = {token["content"]: token["id"] for token in json.loads(path.read_text("utf-8"))["added_tokens"]}

    assert [added[token] for token in tokens.SPECIALS] == list(range(6))
    assert [added[token] for token in tokens.SPARE] == list(range(6, 22))
    assert [added[token] for token in tokens.SENTINELS] == list(range(VOCABULARY - 1, VOCABULARY - 257, -1))
    assert tokens.describe(path)["vocabulary"] == VOCABULARY


def test_a_vocabulary_is_full_even_where_the_texts_are_few(tmp_path):
    (tmp_path / "t.json").write_text(tokens.train([], VOCABULARY), "utf-8")

    encoder = tokens.load(tmp_path / "t.json")
    ids, _ = encoder.encode(["any text at all, 한국어 too"])

    assert encoder.vocabulary == VOCABULARY
    assert 22 <= ids.min() <= ids.max() < VOCABULARY - 256


def test_training_gives_the_same_bytes_on_any_number_of_threads():
    texts = [document(i) for i in range(300)]

    assert tokens.train(texts, 1024, 1) == tokens.train(texts, 1024, 2)


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=5))
def test_the_fast_encoder_gives_the_ids_of_the_reference(path, texts):
    definition = tokens.whole(path)
    fast, reference = tokens.FastEncoder(definition), tokens.PlainEncoder(definition)

    assert np.array_equal(fast.encode(texts)[0], reference.encode(texts)[0])
    assert np.array_equal(fast.encode(texts)[1], reference.encode(texts)[1])


@settings(deadline=None)
@given(st.text(max_size=80))
def test_ids_decode_to_the_text_and_none_of_them_is_reserved(path, text):
    from tokenizers import Tokenizer

    ids, _ = tokens.load(path).encode([text])

    assert Tokenizer.from_file(str(path)).decode(ids.tolist(), skip_special_tokens=False) == text
    assert all(22 <= i < VOCABULARY - 256 for i in ids.tolist())


def test_tokens_are_counted_per_row_and_a_null_has_none(path):
    counts = tokens.count(tokens.load(path), pa.array(["The river", None, ""]))

    assert counts[0] > 0
    assert counts.tolist()[1:] == [0, 0]


@pytest.mark.parametrize("text", ["", "{}", '{"model": 1}', "not json"])
def test_a_file_that_is_no_tokenizer_is_one_line(tmp_path, text):
    (tmp_path / "t.json").write_text(text)

    for use in (tokens.load, tokens.describe):
        with pytest.raises(AssetError, match="not a tokenizer") as error:
            use(tmp_path / "t.json")
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("endless", ["x" * 400_000, " " * 400_000, "=" * 400_000])
def test_an_endless_word_does_not_hold_up_training(endless):
    made = tokens.train([f"before {endless} behind", "a few words more"], VOCABULARY)

    assert tokens.size_of(json.loads(made)) == VOCABULARY
