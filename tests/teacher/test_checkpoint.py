import json
import pickle
import shutil

import pytest
import torch

from curate.errors import AssetError
from curate.teacher import checkpoint
from curate.teacher.checkpoint import LABELS, files, read, write
from curate.teacher.model import Teacher
from tests.tiny_teachers import KINDS, UNBIASED
from tests.tiny_teachers import checkpoint as made

TEXTS = ["you vile number 3 fool", "The river carried a letter.", "", "한국어 문장"]


@pytest.fixture
def copy(tmp_path):
    def copied(kind, weights=None):
        place = tmp_path / kind
        shutil.copytree(made(kind), place)
        if weights is not None:
            (place / "teacher.ckpt").unlink()
            torch.save(weights, place / "teacher.ckpt")
        return place

    return copied


class Bomb:
    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (open, (self.path, "w"))


@pytest.mark.parametrize("kind", KINDS)
def test_detoxifys_layout_is_read(kind):
    found = read(made(kind), "model")

    assert found.architecture == KINDS[kind][0]
    assert found.labels[0] == "toxicity"
    assert set(found.labels) <= set(LABELS)
    assert found.outputs == KINDS[kind][3]


def test_outputs_of_identities_are_no_labels():
    assert read(made("unbiased"), "model").labels == tuple(UNBIASED)


def test_labels_of_the_first_challenge_have_detoxifys_names():
    assert set(read(made("original"), "model").labels) == set(LABELS) - {"sexual_explicit"}


def test_a_file_of_weights_stands_for_its_folder():
    place = made("original")

    assert files(place) == files(place / "teacher.ckpt")
    assert list(files(place)) == ["weights", "config.json", "tokenizer_config.json", "vocab.txt"]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_anew_scores_alike_and_holds_no_pickle(kind, tmp_path):
    sha256 = write(made(kind), tmp_path / "plain", "model")

    assert (Teacher(tmp_path / "plain").scores(TEXTS) == Teacher(made(kind)).scores(TEXTS)).all()
    assert not list(tmp_path.glob("plain/*.ckpt"))
    assert sha256 == checkpoint.digest(tmp_path / "plain" / "model.safetensors")


def test_the_hubs_layout_is_read_from_a_pickle_of_tensors_too(copy):
    place = copy("unbiased")
    state = torch.load(place / "teacher.ckpt", weights_only=True)["state_dict"]
    (place / "teacher.ckpt").unlink()
    torch.save(state, place / "pytorch_model.bin")
    config = json.loads((place / "config.json").read_text())
    names = [*UNBIASED, "male", "female", *(f"identity_{i}" for i in range(7))]
    config |= {"architectures": ["RobertaForSequenceClassification"], "id2label": dict(enumerate(names))}
    (place / "config.json").write_text(json.dumps(config))

    assert (Teacher(place).scores(TEXTS) == Teacher(made("unbiased")).scores(TEXTS)).all()


def test_a_folder_is_not_overwritten(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(AssetError, match="is not empty"):
        write(made("original"), tmp_path, "model")


@pytest.mark.parametrize("where", ["alone", "config", "state_dict"])
def test_a_pickle_that_would_run_something_is_refused_and_not_run(where, copy, tmp_path):
    bomb = Bomb(tmp_path / "ran")
    whole = torch.load(made("original") / "teacher.ckpt", weights_only=True)
    place = copy("original", bomb if where == "alone" else {**whole, where: bomb})

    with pytest.raises(AssetError, match=r"teacher\.ckpt holds more than tensors") as raised:
        read(place, "toxicity.model")

    assert str(raised.value).startswith("toxicity.model: ")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "ran").exists()


def test_an_old_pickle_that_would_run_something_is_refused_too(copy, tmp_path):
    place = copy("original")
    (place / "teacher.ckpt").write_bytes(pickle.dumps(Bomb(tmp_path / "ran"), protocol=2))

    with pytest.raises(AssetError, match="holds more than tensors"):
        read(place, "model")

    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"", "teacher.ckpt"), (b"PK\x03\x04 cut", "cannot read"), (b"<html>not found</html>", "teacher.ckpt")],
)
def test_a_damaged_file_is_an_error_of_one_line(content, says, copy):
    place = copy("original")
    (place / "teacher.ckpt").write_bytes(content)

    with pytest.raises(AssetError, match=says) as raised:
        read(place, "model")

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda whole: [1, 2],
        lambda whole: {"config": {}, "state_dict": {}},
        lambda whole: {**whole, "state_dict": {}},
        lambda whole: {**whole, "config": {**whole["config"], "dataset": {"args": {"classes": ["a", "b"]}}}},
        lambda whole: {**whole, "config": {**whole["config"], "arch": {"args": {"model_name": "GPT2LMHeadModel"}}}},
    ],
)
def test_a_file_of_other_contents_is_an_error_of_one_line(change, copy):
    whole = torch.load(made("original") / "teacher.ckpt", weights_only=True)

    with pytest.raises(AssetError, match="is no checkpoint of Detoxify") as raised:
        read(copy("original", change(whole)), "model")

    assert "\n" not in str(raised.value)


def test_weights_of_another_network_are_refused(copy):
    whole = torch.load(made("original") / "teacher.ckpt", weights_only=True)
    short = {name: value for name, value in whole["state_dict"].items() if "layer.1" not in name}

    with pytest.raises(AssetError, match="differ in bert"):
        Teacher(copy("original", {**whole, "state_dict": short}), field="model")


def test_places_without_a_model_are_errors(tmp_path, copy):
    with pytest.raises(AssetError, match=r"holds no model\.safetensors"):
        read(tmp_path, "model")
    place = copy("original")
    (place / "config.json").unlink()
    with pytest.raises(AssetError, match=r"no config\.json beside it"):
        read(place, "model")
    (place / "config.json").write_text("{")
    with pytest.raises(AssetError, match="is no checkpoint"):
        read(place, "model")
    (place / "vocab.txt").unlink()
    (place / "config.json").write_text((made("original") / "config.json").read_text())
    with pytest.raises(AssetError, match="tokenizer"):
        Teacher(place)
