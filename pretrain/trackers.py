"""Where metrics go beside metrics.jsonl: TensorBoard, or Weights & Biases.

Both are packages of their own (`pip install sluice-corpus[tensorboard]` or `[wandb]`) and are imported when a run asks
for them. Weights & Biases stays offline, its files under RUN/wandb, unless WANDB_MODE says otherwise; `wandb sync`
sends them later. After a resumption both continue the same run.
"""

import contextlib
import hashlib
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from pretrain.config import Config
from pretrain.errors import ConfigError


class Tracker(Protocol):
    """Takes the lines of metrics.jsonl."""

    def log(self, line: dict[str, Any]) -> None:
        """Keep one line."""

    def close(self) -> None:
        """Write what is not written yet."""


class TensorBoard:
    """Event files in RUN/tensorboard."""

    def __init__(self, run: Path, config: Config, step: int) -> None:
        del config
        from torch.utils.tensorboard import SummaryWriter

        # What an interrupted run logged after its checkpoint is forgotten, as in metrics.jsonl
        self.writer = SummaryWriter(str(run / "tensorboard"), purge_step=step + 1)

    def log(self, line: dict[str, Any]) -> None:
        """See `Tracker`."""
        for key, value in scalars(line).items():
            self.writer.add_scalar(key, value, line["step"])

    def close(self) -> None:
        """See `Tracker`."""
        self.writer.close()


class WeightsAndBiases:
    """A run named after the folder, with the whole configuration."""

    def __init__(self, run: Path, config: Config, step: int) -> None:
        del step
        import wandb

        self.run = wandb.init(
            project=os.environ.get("WANDB_PROJECT", "sluice"),
            name=run.resolve().name,
            id=hashlib.sha256(str(run.resolve()).encode()).hexdigest()[:16],
            resume="allow",
            dir=str(run),
            mode=os.environ.get("WANDB_MODE", "offline"),
            config=config.flat(),
        )

    def log(self, line: dict[str, Any]) -> None:
        """See `Tracker`."""
        self.run.log(scalars(line), step=line["step"])

    def close(self) -> None:
        """See `Tracker`."""
        self.run.finish()


_TRACKERS: dict[str, type[TensorBoard | WeightsAndBiases]] = {"tensorboard": TensorBoard, "wandb": WeightsAndBiases}


def check(config: Config) -> None:
    """Raise `ConfigError` where a package that `train.log` names is missing."""
    for name in config.train.log:
        if importlib.util.find_spec(name) is None:
            raise ConfigError(f"train.log: {name} is not installed; pip install {name}, or take it out of train.log")


@contextlib.contextmanager
def opened(run: Path, config: Config, step: int) -> Iterator[list[Tracker]]:
    """The trackers of `train.log`, for a run that stands at `step`."""
    with contextlib.ExitStack() as stack:
        found: list[Tracker] = []
        for name in dict.fromkeys(config.train.log):
            tracker = _TRACKERS[name](run, config, step)
            stack.callback(tracker.close)
            found.append(tracker)
        yield found


def scalars(line: dict[str, Any]) -> dict[str, float]:
    """The numbers of a line of metrics.jsonl, its step aside."""
    return {key: float(value) for key, value in line.items() if key != "step" and isinstance(value, (int, float))}
