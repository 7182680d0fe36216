"""The language model's file, its training and what is fitted on top of it."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from curate import lexicons
from curate.errors import AssetError
from curate.models import bounds_language, fit_language, language_texts, quantised, train_language
from curate.models.identifiers import Embedded
from curate.stages.language import Language

SHIPPED = Path(quantised.__file__).with_name("language.ftz")
VOICES = {
    "eng": "all human beings are born free and equal in dignity and rights",
    "deu": "alle menschen sind frei und gleich an würde und rechten geboren",
    "rus": "все люди рождаются свободными и равными в своём достоинстве и правах",
}


@pytest.fixture
def data(tmp_path):
    """The two sets in small: shuffled words of three languages."""
    draw = np.random.default_rng(1)
    sentences, paragraphs = [], []
    for code, text in VOICES.items():
        for n in range(60):
            some = " ".join(draw.permutation(text.split())[:6])
            sentences.append({"lang": code, "text": some, "n": n})
            paragraphs.append({"code": code, "bcp47": None, "text": f"{some}, {some}.", "n": n})
    for folder, name, rows in (("lid_tatoeba", "sentences", sentences), ("lid_udhr", "paragraphs", paragraphs)):
        (tmp_path / folder).mkdir()
        with pa.output_stream(tmp_path / folder / f"{name}.jsonl.zst", compression="zstd") as stream:
            stream.write("\n".join(map(json.dumps, rows)).encode())
    return tmp_path


def test_the_same_data_train_the_same_bytes(data, tmp_path):
    for name in ("one.ftz", "two.ftz"):
        lines = train_language.lines(train_language.gather(data), frozenset())
        train_language.train(lines[:600], tmp_path / name, buckets=4096, dimensions=8, epochs=1)

    assert (tmp_path / "one.ftz").read_bytes() == (tmp_path / "two.ftz").read_bytes()


def test_parts_share_no_text_and_a_paragraphs_number_decides_in_all_languages(data):
    parts = {}
    for row in language_texts.declarations(data):
        parts.setdefault(row.part, []).append(row)

    assert {part: len(rows) for part, rows in parts.items()} == {"test": 36, "dev": 18, "train": 126}


def test_strangers_are_some_of_the_languages_that_py3langid_lacks():
    labels = {f"x{a}{b}" for a in "abcdefgh" for b in "abcdefgh"}

    gone = train_language.strangers(labels, frozenset({"xaa", "xab"}))

    assert 4 < len(gone) < 18
    assert not gone & {"xaa", "xab"}


def test_profiles_know_their_own_language(data):
    rows = [*language_texts.tatoeba(data), *language_texts.declarations(data)]

    profile = fit_language.profiled(rows)

    assert list(profile["labels"]) == ["de", "en", "ru"]
    assert (profile["usual"] > 0.8).all()


def test_blocks_are_the_scripts_that_a_language_is_written_in(data):
    blocks = fit_language.blocks(language_texts.tatoeba(data))

    assert blocks["ru"] == [0x400 >> 7]
    assert blocks["en"] == [0]
    assert blocks["or"] == [0xB05 >> 7]


def test_a_regression_finds_what_made_its_data():
    draw = np.random.default_rng(1)
    features = draw.normal(size=(20_000, 9))
    right = draw.random(20_000) < 1 / (1 + np.exp(-(1 + 2 * features[:, 0] - features[:, 8])))

    weights = fit_language.regression(features, right, np.ones(20_000))

    assert weights[[0, 1, 9]] == pytest.approx([1, 2, -1], abs=0.15)
    assert abs(weights[2:9]).max() < 0.1


def test_the_shipped_model_knows_more_than_four_hundred_languages_and_its_files_agree():
    model = quantised.read(SHIPPED)

    assert len(model.labels) > 440
    assert len(Embedded().labels) > 470
    assert set(model.labels) < set(Embedded().labels)


@pytest.mark.parametrize("keep", [0, 3, 100, 5_000, 200_000])
def test_a_broken_model_file_is_an_error_of_one_line(tmp_path, keep):
    (tmp_path / "broken.ftz").write_bytes(SHIPPED.read_bytes()[:keep])

    with pytest.raises(AssetError, match="is no quantised fastText model") as error:
        quantised.read(tmp_path / "broken.ftz")
    assert "\n" not in str(error.value)


def test_a_file_of_another_kind_is_an_error(tmp_path):
    (tmp_path / "text.ftz").write_bytes(b"not a model at all" * 9)

    with pytest.raises(AssetError, match="wrong magic number"):
        quantised.read(tmp_path / "text.ftz")


@pytest.mark.parametrize(
    ("answers", "low"),
    [
        ([(0.3, True)] * 30, 0.25),
        ([(0.3, False)] * 10 + [(0.7, True)] * 30, 0.35),
        ([(0.97, False)] * 30, 0.95),
        ([(0.97, True)] * 19, None),
    ],
)
def test_a_bound_is_the_lowest_that_leaves_nineteen_of_twenty_right(answers, low):
    assert bounds_language.bound(answers) == low


def test_the_shipped_bounds_are_for_languages_that_the_model_knows():
    tables = {
        key: table
        for key, table in lexicons.read("thresholds/language-bounds.toml").items()
        if key.islower() and isinstance(table, dict)
    }

    assert len(tables) > 100
    assert set(tables) <= set(Embedded().labels)
    stage = Language(by_language={label: table["language"] for label, table in tables.items()})
    assert set(stage.variants) == set(tables)
