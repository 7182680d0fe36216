"""Models from files: the project's scores are those of KenLM's own package, where it is installed."""

import numpy as np
import pyarrow as pa
import pytest

from curate.errors import AssetError
from curate.language_models import BINARY, KenLM, Reading, load
from tests.conftest import document
from tests.tiny_models import bigram_model

TEXTS = pa.array(
    [document(i) for i in range(40)] + ["", "\n \n", "漢字 and <s> a </s> <unk>", "the the\nthe", "x" * 5000]
)


@pytest.mark.parametrize("lines", [True, False])
@pytest.mark.parametrize("single_letters", [True, False])
def test_scores_are_those_of_kenlm(lines, single_letters):
    kenlm = pytest.importorskip("kenlm", reason="compares with the package kenlm")
    theirs = KenLM(kenlm.Model(str(bigram_model()))).score(TEXTS, lines=lines, single_letters=single_letters)

    ours = load(bigram_model(), "perplexity.model").score(TEXTS, lines=lines, single_letters=single_letters)

    assert np.allclose(ours.sums, theirs.sums, rtol=1e-5)
    for mine, other in zip(ours[1:], theirs[1:], strict=True):
        assert mine.tolist() == other.tolist()


def test_a_binary_model_without_the_package_is_an_error_that_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "kenlm", None)
    (tmp_path / "en.arpa.bin").write_bytes(BINARY + b" format version 5\n\0")

    with pytest.raises(
        AssetError, match=r"perplexity\.model: .*en\.arpa\.bin is a binary model of KenLM: pip install kenlm"
    ):
        load(tmp_path / "en.arpa.bin", "perplexity.model")


def test_a_reading_gives_training_the_words_that_scoring_sees():
    assert list(Reading(ccnet=True).sentences("Élan 漢字\n\nTWO 2")) == [["elan", "漢字"], ["two", "0"]]
    assert list(Reading(lines=False, single_letters=False).sentences("a 漢字\nb")) == [["a", "漢字", "b"]]
    assert list(Reading().sentences(" \n")) == []
