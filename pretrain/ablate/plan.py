"""What a study is: what was asked for, checked and written down, so that a later call can only continue it."""

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pretrain import texts
from pretrain.ablate.corpora import Named
from pretrain.ablate.findings import Against
from pretrain.config import Config
from pretrain.errors import ConfigError, UsageError
from pretrain.report import write_whole

PLAN = "plan.json"
LONGEST_NAME = 60


@dataclass(frozen=True)
class Options:
    """How a study is carried out."""

    seeds: int = 5
    tokens: int = 0
    """Targets that each model is trained on, rounded to whole steps; 0 takes the configuration's steps."""
    against: Against = "first"
    match_unique: bool = True
    """Where an arm must repeat tokens, train the larger arms on as few different ones too."""
    held_out_bytes: int = 200_000
    """Text that is scored of each domain, at most."""
    workers: int = 0
    """Jobs at a time; 0 is one for each core, on a GPU one."""
    threads: int = 1
    """Of each job. Another number changes the last bits of a loss."""


@dataclass(frozen=True)
class Request:
    """What was asked for."""

    config: Config
    arms: list[Named]
    domains: list[Named]
    tokenizer: Path | None
    options: Options

    def check(self) -> None:
        """Raises `UsageError` for what cannot be compared."""
        _check_names(self.arms, "--data", least=2)
        _check_names(self.domains, "--held-out", least=0)
        if self.options.seeds < 2:
            raise UsageError(f"--seeds {self.options.seeds}: two at least, for one says nothing of the next")

    def claim(self, output: Path) -> None:
        """Write down what the study is; raises `UsageError` where another is there."""
        plan = self._plan()
        path = output / PLAN
        if not path.is_file():
            write_whole(path, json.dumps(plan, indent=1) + "\n")
            return
        there = json.loads(path.read_text(encoding="utf-8"))
        differing = [key for key in plan if plan[key] != there.get(key)]
        if differing:
            raise UsageError(f"{output}: holds a study with other {', '.join(differing)}; take another --output")

    def _plan(self) -> dict[str, Any]:
        return {
            "format": 1,
            "config": self.config.flat(),
            "arms": {one.name: _digest(one.path) for one in self.arms},
            "held-out": {one.name: _digest(one.path) for one in self.domains},
            "tokenizer": _digest(self.tokenizer) if self.tokenizer else None,
            "seeds": self.options.seeds,
            "against": self.options.against,
            "bytes to score": self.options.held_out_bytes,
        }


def settled(config: Config, options: Options) -> Config:
    """The configuration of all jobs: rates that end at nothing, a budget in whole steps, no evaluation on the way."""
    if config.train.objective != "clm" or config.model.family != "decoder":
        raise ConfigError("ablate compares causal models: only they give text a length in bits")
    if not config.optim.decay:
        raise ConfigError("optim.decay: must be above 0, for models whose rates never fell differ by noise")
    if not config.train.batch:
        raise ConfigError("train.batch: must be written out, for the budget is counted in whole steps")
    train = config.train
    row = train.batch * config.model.context
    steps = max(1, round(options.tokens / row)) if options.tokens else train.steps
    changed = {"steps": steps, "threads": options.threads, "evaluate_every": 0, "keep": 1}
    return config.model_copy(
        update={
            "train": train.model_copy(update=changed),
            "optim": config.optim.model_copy(update={"floor": 0.0}),
        }
    )


def _check_names(given: Sequence[Named], option: str, least: int) -> None:
    names = [one.name for one in given]
    if len(names) < least:
        raise UsageError(f"{option}: give {least} at least")
    for name in names:
        if not (0 < len(name) <= LONGEST_NAME and name.isprintable()):
            raise UsageError(f"{option} {name!a}: a name has 1 to {LONGEST_NAME} characters, all of them printable")
        if names.count(name) > 1:
            raise UsageError(f"{option}: {name} is named twice; NAME=PATH gives other names")


def _digest(path: Path) -> str:
    """Of a folder with a manifest, that; of others, the content of all files of text."""
    manifest = path / "manifest.json"
    places = (
        [manifest] if manifest.is_file() else [path] if path.suffix == ".json" and path.is_file() else texts.files(path)
    )
    whole = hashlib.sha256()
    for place in places:
        whole.update(place.name.encode("utf-8", "surrogateescape") + b"\0")
        with place.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


@contextlib.contextmanager
def locked(output: Path) -> Iterator[None]:
    """Hold the study's folder alone; refuse one that holds anything else."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: not a folder")
    held = {path.name for path in output.iterdir()} - {".lock"} if output.exists() else set()
    if held and PLAN not in held and not all(name.startswith(".writing-") for name in held):
        raise UsageError(f"{output}: holds other files and no study that could be continued; take another --output")
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{output}: another process works here") from None
    try:
        yield
    finally:
        lock.release()
