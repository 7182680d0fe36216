"""fastText reads a cut or patched model without end or out of bounds: such a file is refused before it is loaded."""

import struct

import pytest

from curate.classifier import model_file
from curate.classifier.train import Training, train
from curate.errors import AssetError
from curate.ingest import Ingest
from curate.stages.quality import Quality
from tests.conftest import document, write_jsonl

DIM_AT, WORDS_AT = 8, 64 + 4
"""Bytes at which files hold the dimension and the number of words."""


@pytest.fixture(scope="module", params=[False, True], ids=["full", "quantised"])
def model(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    good = write_jsonl(folder / "good.jsonl", [document(i) for i in range(60)])
    bad = write_jsonl(folder / "bad.jsonl", [f"buy item {i} now" for i in range(60)])
    options = Training(dim=8, buckets=300, quantize=request.param)
    train([good], [bad], folder / "model", options, Ingest())
    return (folder / "model").read_bytes()


def refused(data, folder):
    (folder / "m.bin").write_bytes(data)
    with pytest.raises(ValueError, match=r"^it ") as error:
        model_file.check(folder / "m.bin")
    return str(error.value)


def test_a_whole_model_is_accepted(model, tmp_path):
    (tmp_path / "m.bin").write_bytes(model)

    model_file.check(tmp_path / "m.bin")


def test_a_model_that_is_cut_anywhere_is_refused(model, tmp_path):
    for size in [*range(0, 200, 7), *range(200, len(model), max(1, len(model) // 60)), len(model) - 1]:
        assert refused(model[:size], tmp_path) in ("it ends early", "it is empty")


@pytest.mark.parametrize(("at", "value"), [(DIM_AT, 9), (DIM_AT, -1), (WORDS_AT, -5), (WORDS_AT, 10**6)])
def test_a_model_whose_sizes_do_not_add_up_is_refused(model, at, value, tmp_path):
    (tmp_path / "m.bin").write_bytes(model[:at] + struct.pack("<i", value) + model[at + 4 :])

    with pytest.raises(ValueError, match=r"^its "):
        model_file.check(tmp_path / "m.bin")


def test_the_stage_says_in_one_line_what_is_wrong(model, tmp_path):
    (tmp_path / "m.bin").write_bytes(model[: len(model) // 2])

    with pytest.raises(AssetError, match=r"^quality\.model: .*m\.bin is no fastText model: it ends early$"):
        Quality(model=tmp_path / "m.bin").prepare()
