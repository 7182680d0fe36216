"""The training loop: a function from a configuration and token shards to a run folder.

    RUN/config.toml      every setting, defaults written out
    RUN/tokenizer/       a copy of the data's tokenizer
    RUN/metrics.jsonl    a line a step
    RUN/checkpoints/     the latest few
    RUN/run.html         curves;   RUN/README.md   the model card

A step is a function of the weights and its number: rows are keyed by (seed, epoch, row). So a run that was killed and
resumed gives the losses of one that was not, on a CPU bit for bit.
"""

import contextlib
import json
import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor

from pretrain import card, checkpoint, evaluation, hardware, ladder, report
from pretrain.checkpoint import State
from pretrain.config import Config, load
from pretrain.errors import CheckpointError, PretrainError, UsageError
from pretrain.loss import loss, tensors
from pretrain.models import build
from pretrain.objectives import IGNORE, Batch, objective
from pretrain.optim import Optimizers, schedule
from pretrain.shards import Manifest, Shards
from pretrain.signals import Stop

_SKIPS_IN_A_ROW = 25
"""Steps without a finite gradient after which a run counts as diverged."""


@dataclass(frozen=True)
class Progress:
    """What a caller is told after each step, and in words now and then."""

    step: int
    steps: int
    metrics: dict[str, Any]
    """The line of metrics.jsonl."""
    note: str = ""


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    output: Path
    step: int
    steps: int
    loss: float | None
    """Of the last step, in nats a token."""
    bits_per_byte_before: float | None
    bits_per_byte: float | None
    """On validation; None without one."""
    stopped: str = ""
    """The signal that ended it early, or nothing."""


Listener = Callable[[Progress], None]


def train(
    config: Config | Path | str,
    data: Path | str,
    output: Path | str,
    *,
    resume: bool = False,
    report_to: Listener | None = None,
) -> Result:
    """Train a model on the token shards under `data` and leave a run folder at `output`.

    With `resume` the run in `output` goes on from its last checkpoint (or begins, where there is none). SIGTERM and
    SIGINT save a checkpoint and end the run. Raises `UsageError` for what the caller can mend: missing or
    corrupt data, an existing run without `resume`, another configuration or other data with it; `PretrainError`
    where training itself fails.
    """
    chosen = config if isinstance(config, Config) else load(Path(config))
    manifest = Manifest.read(Path(data))
    chosen = _resolved(chosen, manifest.vocabulary)
    if chosen.model.vocabulary != manifest.vocabulary:
        raise UsageError(f"model.vocabulary is {chosen.model.vocabulary}, that of the data {manifest.vocabulary}")
    run = Run(chosen, manifest, Path(output), report_to or (lambda _: None))
    with _locked(run.output, resume=resume):
        run.prepare(resume=resume)
        return run.finish()


def _resolved(config: Config, vocabulary: int) -> Config:
    """The configuration with every zero replaced by what it stands for."""
    shaped = config.model_copy(update={"model": config.model.resolved(vocabulary)})
    with torch.device("meta"):
        weights = build(shaped.model).matrix_parameters()
    return ladder.resolved(shaped, weights)


class Run:
    """Everything one training run holds while it lasts."""

    def __init__(self, config: Config, manifest: Manifest, output: Path, listener: Listener) -> None:
        self.config, self.manifest, self.output, self.listener = config, manifest, output, listener
        self.vocabulary = manifest.open_vocabulary()
        self.shards = Shards(manifest, "train")
        self.validation = Shards(manifest, "validation")
        self.objective = objective(config.train, config.model.context, self.vocabulary)
        self.packing = self.objective.packing(self.shards, config.data.seed)
        if config.train.threads:
            torch.set_num_threads(config.train.threads)
        self.device = hardware.device(config.train)
        self.compute_type = hardware.compute_type(config.train, self.device)
        torch.manual_seed(config.train.seed)
        self.model = build(config.model)
        self.model.initialise(config.train.seed)
        self.model.to(self.device)
        self.optimizers = Optimizers(self.model, config.optim)
        self.forward: Callable[..., Tensor] = self.model
        if config.train.compile:
            self.forward = torch.compile(self.model)
        self.state = State(data=manifest.digest)
        self.saved = 0
        """Step of the latest checkpoint; a run of no steps needs none."""
        self.skips_in_a_row = 0

    def prepare(self, *, resume: bool) -> None:
        """Lay out the folder, or go back to the last checkpoint."""
        settings = self.output / "config.toml"
        found = checkpoint.steps(self.output)
        if resume and settings.exists():
            self._same_run(settings)
            if found:
                self.state = checkpoint.restore(self.output, found[-1], self.model, self.optimizers)
                if self.state.data != self.manifest.digest:
                    raise CheckpointError(
                        f"{self.output}: was trained on other data (manifest {self.state.data[:12]}…)"
                    )
                self.saved = self.state.step
        else:
            self._copy_tokenizer()
            report.write_whole(settings, self.config.to_toml())
        report.truncate(self.output / "metrics.jsonl", self.state.step)

    def _copy_tokenizer(self) -> None:
        """Whole or not at all; a tokenizer that somebody else left there is not overwritten."""
        content = (self.manifest.folder / "tokenizer/tokenizer.json").read_bytes()
        target = self.output / "tokenizer/tokenizer.json"
        if target.exists() and target.read_bytes() != content:
            raise UsageError(f"{target}: exists and is not the data's tokenizer; take another --output")
        target.parent.mkdir(exist_ok=True)
        draft = target.with_name(f".writing-{target.name}")
        draft.write_bytes(content)
        draft.replace(target)

    def _same_run(self, settings: Path) -> None:
        differing = load(settings).difference(self.config)
        if differing:
            keys = "; ".join(differing[:3]) + (" …" if len(differing) > 3 else "")
            raise CheckpointError(f"{self.output}: --resume with another configuration ({keys})")

    def finish(self) -> Result:
        """Train to the last step, or to a signal."""
        train = self.config.train
        if not len(self.validation):
            self._say("the validation split is empty: validation_bits_per_byte is null")
        with Stop() as stop, (self.output / "metrics.jsonl").open("a", encoding="utf-8") as metrics:
            logged = len(report.read(self.output / "metrics.jsonl"))
            if 0 < self.state.step != logged - 1:
                self._say("metrics.jsonl lacks lines of earlier steps: curves and the model card are incomplete")
            if self.state.step == 0 and not logged:
                self._log(metrics, {"step": 0, "tokens": 0, "validation_bits_per_byte": self.evaluate()})
            while self.state.step < train.steps and not stop.signal:
                line = self.step()
                if self._due(train.evaluate_every) or self.state.step == train.steps:
                    line["validation_bits_per_byte"] = self.evaluate()
                self._log(metrics, line)
                if self._due(train.checkpoint_every):
                    self._save(metrics)
            # After the loop, whatever ended it: a signal may come between any two of its lines.
            if self.state.step != self.saved:
                self._save(metrics)
        self.publish()
        return self._result(stop.signal)

    def step(self) -> dict[str, Any]:
        """One update; gives the line for metrics.jsonl."""
        began, train = time.perf_counter(), self.config.train
        rows = self.packing.rows(self.state.step * train.batch, train.batch)
        batch, tokens = self.objective.ask(rows, self.shards.weights), self.packing.seen(rows)
        share = (batch.targets != IGNORE).sum() if batch.weights is None else batch.weights.sum()
        rate = schedule(self.state.step, train.steps, self.config.optim)
        loss, norm = self._gradient(batch, max(float(share), 1e-9))
        finite = math.isfinite(loss) and math.isfinite(norm)
        if finite:
            self.optimizers.rate(rate)
            self.optimizers.step()
        self.optimizers.zero_grad()
        self._count_skip(finite=finite)
        seconds = time.perf_counter() - began
        self.state = replace(
            self.state,
            step=self.state.step + 1,
            tokens=self.state.tokens + tokens,
            skipped=self.state.skipped + (not finite),
            seconds=self.state.seconds + seconds,
        )
        line: dict[str, Any] = {"step": self.state.step, "tokens": self.state.tokens, "loss": loss if finite else None}
        line["learning_rate"] = self.config.optim.matrix_learning_rate * rate
        line |= {"tokens_per_second": round(tokens / seconds, 1), "gradient_norm": norm if finite else None}
        return line if finite else line | {"skipped": True}

    def evaluate(self) -> float | None:
        """Bits per byte on validation."""
        with self._autocast():
            score = evaluation.score(self.model, self.validation, self.vocabulary, self.config.data, self.config.train)
        return None if score is None or not math.isfinite(score.bits_per_byte) else score.bits_per_byte

    def publish(self) -> None:
        """Write run.html and the model card from what is known by now."""
        facts = card.gather(
            self.config, self.manifest, self.shards, self.model, self.state,
            hardware=hardware.describe(self.device), precision=str(self.compute_type).removeprefix("torch."),
            metrics=report.read(self.output / "metrics.jsonl"),
        )  # fmt: skip
        card.write(self.output / "README.md", facts)
        report.write(self.output / "run.html", facts)

    def _gradient(self, batch: Batch, share: float) -> tuple[float, float]:
        """Fill the gradients of the mean loss; gives it and the norm before clipping."""
        train = self.config.train
        size = train.micro_batch or train.batch
        isolate = self.config.data.isolate_documents
        total = torch.zeros((), device=self.device)
        for first in range(0, train.batch, size):
            part = tensors(batch.part(slice(first, first + size)), self.model, isolate=isolate)
            with self._autocast():
                nats = loss(self.model, part, self.forward)
            (nats / share).backward()  # type: ignore[no-untyped-call]
            total += nats.detach() / share
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.optim.clip or math.inf)
        return total.item(), norm.item()

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        enabled = self.compute_type != torch.float32
        return torch.autocast(self.device.type, self.compute_type if enabled else None, enabled=enabled)

    def _count_skip(self, *, finite: bool) -> None:
        self.skips_in_a_row = 0 if finite else self.skips_in_a_row + 1
        if self.skips_in_a_row == _SKIPS_IN_A_ROW:
            raise PretrainError(
                f"step {self.state.step + 1}: no finite gradient for {_SKIPS_IN_A_ROW} steps; "
                "lower the learning rates under [optim], or clip"
            )

    def _due(self, every: int) -> bool:
        return bool(every) and self.state.step % every == 0

    def _log(self, metrics: Any, line: dict[str, Any]) -> None:
        metrics.write(json.dumps(line) + "\n")
        metrics.flush()
        self.listener(Progress(self.state.step, self.config.train.steps, line))

    def _save(self, metrics: Any) -> None:
        os.fsync(metrics.fileno())
        checkpoint.save(self.output, self.model, self.optimizers, self.state, self.config.train.keep)
        self.saved = self.state.step

    def _say(self, note: str) -> None:
        self.listener(Progress(self.state.step, self.config.train.steps, {}, note))

    def _result(self, signal: str) -> Result:
        lines = report.read(self.output / "metrics.jsonl")
        scored = [line for line in lines if "validation_bits_per_byte" in line]
        bits = [line["validation_bits_per_byte"] for line in scored] or [None]
        before = bits[0] if scored and scored[0]["step"] == 0 else None
        loss = next((line["loss"] for line in reversed(lines) if "loss" in line), None)
        return Result(
            self.output, self.state.step, self.config.train.steps, loss, before, bits[-1],
            signal if self.state.step < self.config.train.steps else "",
        )  # fmt: skip


@contextlib.contextmanager
def _locked(output: Path, *, resume: bool) -> Iterator[None]:
    """Hold the run folder alone; refuse one that is in use, and one that holds anything without `resume`.

    What a process leaves that was killed before config.toml was whole (drafts, the tokenizer) is no run yet.
    """
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output}: not a folder")
    names = {path.name for path in output.iterdir()} if output.exists() else set()
    held = {name for name in names if name not in (".lock", "tokenizer") and not name.startswith(".writing-")}
    if held and not resume:
        raise UsageError(f"{output}: exists and is not empty; --resume continues a run, another --output begins one")
    if held and "config.toml" not in held:
        raise UsageError(f"{output}: holds other files but no run that could be resumed")
    output.mkdir(parents=True, exist_ok=True)
    lock = FileLock(output / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise UsageError(f"{output}: another process is training here") from None
    try:
        yield
    finally:
        lock.release()
