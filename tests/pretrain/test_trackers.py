import json
import sys
import types

import pytest

from pretrain import load, trackers, train
from pretrain.errors import ConfigError


class Recorder(types.ModuleType):
    """Stands in for wandb and keeps what it is told."""

    def __init__(self):
        super().__init__("wandb")
        self.__spec__ = types.SimpleNamespace(name="wandb")
        self.settings, self.lines, self.finished = {}, [], 0

    def init(self, **settings):
        self.settings = settings
        return self

    def log(self, values, step):
        self.lines.append((step, values))

    def finish(self):
        self.finished += 1


@pytest.fixture
def recorder(monkeypatch):
    made = Recorder()
    monkeypatch.setitem(sys.modules, "wandb", made)
    monkeypatch.delenv("WANDB_MODE", raising=False)
    return made


def test_weights_and_biases_is_told_every_line_and_stays_offline(settings, corpus, tmp_path, recorder):
    train(load(settings, ['train.log=["wandb"]']), corpus, tmp_path / "run")

    lines = [json.loads(text) for text in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert recorder.settings["mode"] == "offline"
    assert recorder.settings["config"]["train.steps"] == 12
    assert [step for step, _ in recorder.lines] == list(range(13))
    assert [values["loss"] for _, values in recorder.lines[1:]] == [line["loss"] for line in lines[1:]]
    assert recorder.finished == 1


def test_a_resumed_run_is_the_same_run_there(settings, corpus, tmp_path, recorder):
    ids = []
    for resume in (False, True):
        train(load(settings, ['train.log=["wandb"]']), corpus, tmp_path / "run", resume=resume)
        ids.append(recorder.settings["id"])

    assert ids[0] == ids[1]


def test_where_metrics_go_may_change_at_a_resumption(settings, corpus, tmp_path, recorder):
    train(settings, corpus, tmp_path / "run")

    assert train(load(settings, ['train.log=["wandb"]']), corpus, tmp_path / "run", resume=True).step == 12


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_package_that_is_not_there_is_one_line_and_leaves_no_run(settings, corpus, tmp_path, monkeypatch, name):
    monkeypatch.setattr(trackers.importlib.util, "find_spec", lambda _: None)

    with pytest.raises(ConfigError, match=rf"train\.log: {name} is not installed; pip install {name}"):
        train(load(settings, [f'train.log=["{name}"]']), corpus, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tensorboard_gets_event_files(settings, corpus, tmp_path):
    pytest.importorskip("tensorboard", reason="tensorboard is an extra")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    result = train(load(settings, ['train.log=["tensorboard"]']), corpus, tmp_path / "run")

    events = EventAccumulator(str(tmp_path / "run/tensorboard")).Reload()
    assert [event.step for event in events.Scalars("loss")] == list(range(1, 13))
    assert events.Scalars("loss")[-1].value == pytest.approx(result.loss, rel=1e-6)


def test_nulls_and_words_are_no_scalars():
    assert trackers.scalars({"step": 3, "loss": None, "mfu": 0.5, "skipped": True}) == {"mfu": 0.5, "skipped": 1.0}
