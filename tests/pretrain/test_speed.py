import json

import pytest
import torch

from pretrain import load, speed, train
from pretrain.config import Config, Model, Train
from pretrain.models import build


def configured(architecture, objective, **fields):
    model = Model(architecture=architecture, vocabulary=64, context=512, layers=2, width=16, heads=2)
    return Config(model=model.resolved(64), train=Train(objective=objective, **fields))


@pytest.mark.parametrize(
    ("architecture", "objective", "read", "asked"),
    [("qwen3", "clm", 1, 1), ("modernbert", "mlm", 1, 0.3), ("t5", "span", 512 / 568, 114 / 568)],
)
def test_work_a_token_is_what_the_objective_reads_and_asks(architecture, objective, read, asked):
    config = configured(architecture, objective)
    model = build(config.model)

    assert speed.flops_per_token(model, config) == pytest.approx(model.flops_per_token(read, asked))


@pytest.mark.parametrize(
    ("name", "flops"), [("NVIDIA H100 80GB HBM3", 989e12), ("NVIDIA A100-SXM4-80GB", 312e12), ("Ours 1000", None)]
)
def test_the_peak_of_a_gpu_is_its_makers(monkeypatch, name, flops):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)

    assert speed.peak(torch.device("cuda:0"), torch.bfloat16) == flops


def test_the_peak_of_a_cpu_is_measured():
    assert 1e8 < speed.peak(torch.device("cpu"), torch.float32) < 1e15


def test_mfu_is_work_over_peak(settings, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "peak", lambda *_: 1e9)
    train(load(settings, ["train.steps=2"]), corpus, tmp_path / "run")

    line = json.loads((tmp_path / "run/metrics.jsonl").read_text().splitlines()[-1])
    work = json.loads((tmp_path / "run/card.json").read_text())["flops_per_token"]
    assert line["mfu"] == pytest.approx(line["tokens_per_second"] * work / 1e9, rel=0.01)
    assert 0 <= line["loader_seconds"] < line["seconds"]


def test_a_device_of_unknown_peak_has_no_mfu(settings, corpus, tmp_path, monkeypatch):
    monkeypatch.setattr(speed, "peak", lambda *_: None)
    train(load(settings, ["train.steps=1"]), corpus, tmp_path / "run")

    assert "mfu" not in json.loads((tmp_path / "run/metrics.jsonl").read_text().splitlines()[-1])
