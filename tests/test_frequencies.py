"""Tables of word frequencies, from texts to files and back."""

import gzip

import numpy as np
import pytest

from curate import frequencies
from curate.errors import AssetError
from curate.ops import unigram
from tests.ops.kernel_texts import packed


def pairs(table):
    return list(zip(table["word"].to_pylist(), table["count"].to_pylist(), strict=True))


def probabilities(path, *words):
    table = frequencies.load(path, "unigram.model", punctuation=False)
    return np.exp(unigram.mean_log_probabilities(*packed(list(words)), table, -50.0).means).tolist()


def test_words_are_counted_in_their_normal_form_the_most_frequent_first():
    table = frequencies.count(["The cat, the dog.", "THE “Cat” — 漢字"])

    assert pairs(table) == [("the", 3), ("cat", 2), ("dog", 1), ("漢字", 1)]


def test_punctuation_is_counted_on_request():
    assert pairs(frequencies.count(["a , b ,"], punctuation=True)) == [(",", 2), ("a", 1), ("b", 1)]


def test_rare_words_can_be_left_out():
    assert pairs(frequencies.count(["a a b"], min_count=2)) == [("a", 2)]


def test_batches_do_not_change_the_table(monkeypatch):
    texts = [f"word{i % 7} and word{i % 11} or ß" for i in range(100)]
    whole = frequencies.count(texts)
    monkeypatch.setattr(frequencies, "BATCH_BYTES", 64)

    assert frequencies.count(texts).equals(whole)


def test_nothing_counts_nothing():
    assert pairs(frequencies.count([])) == []


@pytest.mark.parametrize("packed_", [False, True])
def test_a_written_table_is_read_again(tmp_path, packed_):
    data = frequencies.encoded(frequencies.count(["a a a b"]), packed=packed_)
    assert data == frequencies.encoded(frequencies.count(["a a a b"]), packed=packed_)
    (tmp_path / "words").write_bytes(data)

    assert probabilities(tmp_path / "words", "a", "b") == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize(
    "content",
    [
        "a\t3\nb\t1\n",
        "a,3\nb,1",
        "word,count\na,3\nb,1\n",
        "\nword\na\t3\n\nb\t1\r\n",
        "a\t1\nA\t2\nb\t1\n",
        "a\t0.75\nb\t2.5e-1\n",
    ],
)
def test_tables_come_in_several_forms(tmp_path, content):
    (tmp_path / "words").write_text(content)

    assert probabilities(tmp_path / "words", "a", "b") == pytest.approx([0.75, 0.25])


def test_an_entry_of_several_words_counts_in_the_whole_alone(tmp_path):
    (tmp_path / "words").write_text("a\t1\na b\t3\n")

    assert probabilities(tmp_path / "words", "a") == pytest.approx([0.25])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\t1\nb\n", "'b': each line holds a word, a tab and its count"),
        (b"a\t1\nb\tmany\n", r"'b\\tmany': each line"),
        (b"a\t1\nb\t-1\n", "each line"),
        (b"a\t1\nb\tnan\n", "each line"),
        (b"a\t1\nb\t1e999\n", "each line"),
        (b"", "counts no word"),
        (b"a\t0\n", "counts no word"),
        (b"word\tcount\n", "counts no word"),
        (b"\xff\xfe\t1\n", "cannot read"),
        (gzip.compress(b"a\t1\n" * 99)[:-9], "cannot read"),
    ],
)
def test_a_bad_table_is_an_error_of_one_line(tmp_path, content, message):
    (tmp_path / "words").write_bytes(content)

    with pytest.raises(AssetError, match=message) as error:
        frequencies.load(tmp_path / "words", "unigram.model", punctuation=False)

    assert "\n" not in str(error.value)


def test_a_missing_table_is_an_error(tmp_path):
    with pytest.raises(AssetError, match=r"unigram\.model: cannot read .*: No such file"):
        frequencies.load(tmp_path / "absent", "unigram.model", punctuation=False)
