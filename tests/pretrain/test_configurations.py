"""The configurations that come with Sluice: `pipelines/*.toml` with a [model]."""

from pathlib import Path

import pytest
import torch

from pretrain import load, train
from pretrain.models import build

SIZES = {
    "tiny": (1e6, 3e6, 8_192),
    "10m": (8e6, 13e6, 16_384),
    "124m": (75e6, 130e6, 32_768),
    "350m": (280e6, 360e6, 32_768),
}
"""Size in the name → least and most weights in the layers, and the vocabulary that it is made for."""
FAMILIES = {"gpt": "decoder", "ablate": "decoder", "bert": "encoder", "t5": "seq2seq"}
PATHS = sorted(p for p in (Path(__file__).parents[2] / "pipelines").glob("*.toml") if "[model]" in p.read_text("utf-8"))


def test_every_family_has_its_ladder():
    names = {path.stem for path in PATHS}

    assert names >= {f"{family}-{size}" for family in ("gpt", "bert", "t5") for size in ("tiny", "10m", "124m")}
    assert "gpt-350m" in names


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_configuration_is_what_its_name_says(path):
    family, _, size = path.stem.partition("-")
    low, high, vocabulary = SIZES[size]
    config = load(path)

    with torch.device("meta"):
        weights = build(config.model.resolved(vocabulary)).matrix_parameters()

    assert config.model.family == FAMILIES[family]
    assert low <= weights <= high


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_configuration_says_purpose_source_data_and_cost(path):
    heads = {line[2:].partition(":")[0] for line in path.read_text("utf-8").splitlines() if line.startswith("# ")}

    assert {"Purpose", "Source", "Data", "Cost"} <= heads


SMALLER = {
    "model.context": 32, "model.layers": 1, "model.width": 32, "model.heads": 2, "train.steps": 2, "train.batch": 2,
    "train.micro_batch": 0, "train.compile": "false",
}  # fmt: skip


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_configuration_trains_once_it_is_small(path, corpus, tmp_path):
    smaller = SMALLER | ({"model.decoder_layers": 1} if path.stem.startswith("t5") else {})
    config = load(path, [f"{key}={value}" for key, value in smaller.items()])

    result = train(config, corpus, tmp_path / "run")

    assert result.step == 2
    assert result.bits_per_byte is not None
