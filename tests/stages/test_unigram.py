import math
import pickle

import pytest

from curate.errors import AssetError
from curate.stages.unigram import Unigram
from curate.testing import signals, verdict


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    path = tmp_path_factory.mktemp("unigram") / "words.tsv"
    path.write_text("the\t50\nriver\t30\ncafé\t20\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({}, "The river, the café.", None),
        ({}, "Xq zzk vvw bbn", "mean_log_probability.min"),
        ({}, "", None),
        ({}, "!!! ---", None),
        ({"mean_log_probability": {"min": -1}}, "the river", None),
        ({"mean_log_probability": {"min": -0.9}}, "the river", "mean_log_probability.min"),
        ({"unknown_word_ratio": {"max": 0.5}}, "the river zzk", None),
        ({"unknown_word_ratio": {"max": 0.4}}, "the zzk", "mean_log_probability.min"),
        ({"mean_log_probability": "off", "unknown_word_ratio": {"max": 0.4}}, "the zzk", "unknown_word_ratio.max"),
        ({"unknown_probability": 0.01}, "zzk vvw", None),
    ],
)
def test_verdicts(table, fields, text, reason):
    assert verdict(Unigram(model=table, **fields), text) == (reason and f"unigram.{reason}")


def test_the_mean_is_that_of_the_words_logarithms(table):
    measured = signals(Unigram(model=table), "The RIVER the xyz")

    expected = (2 * math.log(0.5) + math.log(0.3) + math.log(1e-9)) / 4
    assert measured["mean_log_probability"] == round(expected, 4)
    assert measured["unknown_word_ratio"] == 0.25


def test_punctuation_counts_as_unknown_words_on_request(table):
    measured = signals(Unigram(model=table, punctuation_words=True), "The river, the café.")

    assert measured["unknown_word_ratio"] == pytest.approx(2 / 6)


def test_a_text_without_words_has_null_signals(table):
    measured = signals(Unigram(model=table), " … ")

    assert measured == {"mean_log_probability": None, "unknown_word_ratio": None, "broken": 0}


def test_without_a_table_the_error_says_how_to_make_one():
    with pytest.raises(AssetError, match=r"unigram\.model: needs model: count one with `curate unigram train`"):
        Unigram().prepare()


def test_a_worker_reads_the_table_itself(table):
    stage = Unigram(model=table)
    stage.prepare()

    assert len(pickle.dumps(stage)) < 2000
    assert signals(pickle.loads(pickle.dumps(stage)), "the river") == signals(stage, "the river")
