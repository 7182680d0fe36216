"""The commands that make models of words from text, run as a user runs them."""

import gzip

import pytest

from curate.stages.perplexity import Perplexity
from curate.stages.unigram import Unigram
from curate.testing import signals
from tests.conftest import document, write_jsonl
from tests.test_cli import curate  # noqa: F401


@pytest.fixture(scope="module")
def texts(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("texts") / "texts.jsonl", [document(i) for i in range(50)])


def test_a_table_of_words_is_counted_and_serves_the_stage(curate, texts, tmp_path):  # noqa: F811
    code, out, err = curate("unigram", "train", texts, "--output", tmp_path / "words.tsv.gz")

    assert code == 0, err
    lines = gzip.decompress((tmp_path / "words.tsv.gz").read_bytes()).splitlines()
    assert out == f"{tmp_path / 'words.tsv.gz'}: {len(lines)} words\n"
    measured = signals(Unigram(model=tmp_path / "words.tsv.gz"), document(3))
    assert measured["unknown_word_ratio"] == 0
    assert -6 < measured["mean_log_probability"] < -3


def test_the_same_text_makes_the_same_table(curate, texts, tmp_path):  # noqa: F811
    for name in ("one.gz", "two.gz"):
        curate("unigram", "train", texts, "--output", tmp_path / name, "--min-count", 2)

    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_words_that_are_too_rare_make_no_table(curate, texts, tmp_path):  # noqa: F811
    code, _, err = curate("unigram", "train", texts, "--output", tmp_path / "words.tsv", "--min-count", 10**6)

    assert code == 1
    assert err.strip() == "curate: no word occurs 1000000 times"
    assert not (tmp_path / "words.tsv").exists()


@pytest.mark.parametrize("name", ["model.arpa", "model.arpa.gz"])
def test_a_language_model_is_trained_and_serves_the_stage(curate, texts, tmp_path, name):  # noqa: F811
    code, out, err = curate("perplexity", "train", texts, "--output", tmp_path / name, "--order", 3)

    assert (code, out) == (0, f"{tmp_path / name}\n"), err
    stage = Perplexity(model=tmp_path / name)
    seen, unseen = signals(stage, document(3)), signals(stage, document(900))
    assert seen["unknown_word_ratio"] == 0
    assert 1 < seen["perplexity"] < unseen["perplexity"] < 100


def test_a_model_is_trained_on_text_as_the_stage_reads_it(curate, texts, tmp_path):  # noqa: F811
    fields = ("--normal-form", "ccnet", "--sentences", "document", "--separators", "spaces")
    curate("perplexity", "train", texts, "--output", tmp_path / "model.arpa", "--order", 2, *fields)

    stage = Perplexity(model=tmp_path / "model.arpa", normal_form="ccnet", sentences="document", separators="spaces")

    assert signals(stage, document(3).upper())["unknown_word_ratio"] == 0


def test_the_same_text_makes_the_same_model(curate, texts, tmp_path):  # noqa: F811
    for name in ("one.gz", "two.gz"):
        curate("perplexity", "train", texts, "--output", tmp_path / name, "--order", 3)

    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_text_without_words_trains_no_model(curate, tmp_path):  # noqa: F811
    empty = write_jsonl(tmp_path / "empty.jsonl", [" ", "\n"])

    code, _, err = curate("perplexity", "train", empty, "--output", tmp_path / "model.arpa")

    assert (code, err.strip()) == (1, "curate: no text could be read")


@pytest.mark.parametrize("command", ["tokenizer", "unigram", "perplexity", "classifier"])
def test_what_cannot_be_read_is_told_and_the_rest_is_trained_on(curate, command, tmp_path):  # noqa: F811
    source = write_jsonl(tmp_path / "part.jsonl", [document(i) for i in range(50)])
    with source.open("a") as file:
        file.write('{"text": "cut off\n')
    other = write_jsonl(tmp_path / "other.jsonl", [f"buy item {i} now" for i in range(50)])
    small = {"tokenizer": ["--vocabulary", 640], "classifier": ["--dim", 4, "--buckets", 100]}.get(command, [])
    inputs = ["--positive", source, "--negative", other] if command == "classifier" else [source]

    code, _, err = curate(command, "train", *inputs, *small, "--output", tmp_path / "made")

    assert code == 0, err
    assert err.startswith("left out: 1 record that cannot be read; the first: part.jsonl#50: ")
    assert err.count("\n") == 1
