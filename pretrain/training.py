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
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from pretrain import card, checkpoint, evaluation, folder, hardware, ladder, parallel, report, speed, trackers
from pretrain.checkpoint import State
from pretrain.config import Config, load
from pretrain.errors import PretrainError, UsageError
from pretrain.loader import Loader
from pretrain.loss import Tensors, loss, tensors
from pretrain.models import build
from pretrain.objectives import Batch, objective
from pretrain.optim import Optimizers, schedule
from pretrain.parallel import World
from pretrain.shards import Manifest, Shards
from pretrain.shares import whole
from pretrain.signals import Stop
from pretrain.trackers import Tracker

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
    trackers.check(chosen)
    with parallel.joined(chosen.train) as world, contextlib.ExitStack() as held:
        run = Run(chosen, manifest, Path(output), world, report_to)
        world.lead(lambda: held.enter_context(folder.held(run.output, resume=resume)))
        run.prepare(resume=resume)
        world.lead(lambda: run.trackers.extend(held.enter_context(trackers.opened(run.output, chosen, run.state.step))))
        return run.finish()


def _resolved(config: Config, vocabulary: int) -> Config:
    """The configuration with every zero replaced by what it stands for."""
    shaped = config.model_copy(update={"model": config.model.resolved(vocabulary)})
    with torch.device("meta"):
        weights = build(shaped.model).matrix_parameters()
    return ladder.resolved(shaped, weights)


class Run:
    """Everything one process of a training run holds while it lasts."""

    def __init__(
        self, config: Config, manifest: Manifest, output: Path, world: World, listener: Listener | None
    ) -> None:
        self.config, self.manifest, self.output, self.world = config, manifest, output, world
        self.listener = listener if listener and world.leads else lambda _: None
        self.vocabulary = manifest.open_vocabulary()
        self.shards = Shards(manifest, "train")
        self.validation = Shards(manifest, "validation")
        asked = objective(config.train, config.model.context, self.vocabulary)
        packing = asked.packing(self.shards, config.data.seed, whole=config.data.packing == "best-fit")
        if config.train.threads:
            torch.set_num_threads(config.train.threads)
        self.device = hardware.device(config.train)
        self.compute_type = hardware.compute_type(config.train, self.device)
        ahead = self.device.type == "cuda"
        self.loader = Loader(asked, packing, self.shards.weights, world, config.train.batch, ahead=ahead)
        self._build()
        self.state = State(data=manifest.digest)
        self.saved = 0
        """Step of the latest checkpoint; a run of no steps needs none."""
        self.skips_in_a_row = 0
        self.trackers: list[Tracker] = []
        peak = speed.peak(self.device, self.compute_type)
        self.tokens_at_peak = peak and peak * world.size / speed.flops_per_token(self.model, config)
        """Tokens a second if the machine did nothing but multiply; None where its peak is not known."""

    def _build(self) -> None:
        train = self.config.train
        torch.manual_seed(train.seed)
        self.model = build(self.config.model)
        self.model.initialise(train.seed)
        self.model.to(self.device)
        self.world.share(self.model)
        self.optimizers = Optimizers(self.model, self.config.optim)
        forward = torch.compile(self.model) if train.compile else self.model
        self.loss = self.world.loss(self.model, lambda *part: loss(self.model, Tensors(*part), forward))

    def prepare(self, *, resume: bool) -> None:
        """Lay out the folder, or go back to the last checkpoint."""
        step = self.world.lead(lambda: folder.lay_out(self.output, self.config, self.manifest, resume=resume))
        if step:
            self.state = checkpoint.restore(self.output, step, self.model, self.optimizers)
            self.saved = step

    def finish(self) -> Result:
        """Train to the last step, or to a signal."""
        train, path, signal = self.config.train, self.output / "metrics.jsonl", ""
        if not len(self.validation):
            self._say("the validation split is empty: validation_bits_per_byte is null")
        with Stop() as stop, (path if self.world.leads else Path(os.devnull)).open("a", encoding="utf-8") as metrics:
            logged = self.world.lead(lambda: len(report.read(path)))
            if 0 < self.state.step != logged - 1:
                self._say("metrics.jsonl lacks lines of earlier steps: curves and the model card are incomplete")
            if self.state.step == 0 and not logged:
                self._log(metrics, {"step": 0, "tokens": 0, "validation_bits_per_byte": self.evaluate()})
            while self.state.step < train.steps and not (signal := self.world.first_signal(stop.signal)):
                line = self.step()
                if self._due(train.evaluate_every) or self.state.step == train.steps:
                    line["validation_bits_per_byte"] = self.evaluate()
                self._log(metrics, line)
                if self._due(train.checkpoint_every):
                    self._save(metrics)
            # After the loop, whatever ended it: a signal may come between any two of its lines.
            if self.state.step != self.saved:
                self._save(metrics)
        self.world.lead(self.publish)
        return self.world.lead(lambda: self._result(signal))

    def step(self) -> dict[str, Any]:
        """One update; gives the line for metrics.jsonl."""
        began = time.perf_counter()
        part = self.loader.part(self.state.step)
        read = time.perf_counter() - began
        counted, share = self.world.sum(part.tokens, part.share)
        tokens = int(counted)
        rate = schedule(self.state.step, self.config.train.steps, self.config.optim)
        loss, norm = self._gradient(part.batch, max(share, 1e-9))
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
        line |= {"gradient_norm": norm if finite else None} | self._speed(tokens, seconds, read)
        return line if finite else line | {"skipped": True}

    def _speed(self, tokens: int, seconds: float, read: float) -> dict[str, Any]:
        """What metrics.jsonl says of time: `loader_seconds` is the part of `seconds` spent waiting for rows."""
        said: dict[str, Any] = {"tokens_per_second": round(tokens / seconds, 1)}
        if self.tokens_at_peak:
            said["mfu"] = round(tokens / seconds / self.tokens_at_peak, 4)
        return said | {"seconds": round(seconds, 4), "loader_seconds": round(read, 6)}

    def evaluate(self) -> float | None:
        """Bits per byte on validation."""
        with self._autocast():
            score = evaluation.score(
                self.model, self.validation, self.vocabulary, self.config.data, self.config.train, self.world
            )
        return None if score is None or not math.isfinite(score.bits_per_byte) else score.bits_per_byte

    def publish(self) -> None:
        """Write run.html and the model card from what is known by now."""
        facts = card.gather(
            self.config, self.manifest, self.shards, self.model, self.state,
            hardware=hardware.describe(self.device), precision=str(self.compute_type).removeprefix("torch."),
            metrics=report.read(self.output / "metrics.jsonl"), devices=self.world.size,
        )  # fmt: skip
        card.write(self.output / "README.md", facts)
        report.write(self.output / "run.html", facts)

    def _gradient(self, batch: Batch, share: float) -> tuple[float, float]:
        """Fill the gradients of the mean loss over all processes; gives it and the norm before clipping."""
        rows = len(batch.inputs)
        size = min(self.config.train.micro_batch or rows, rows)
        isolate = self.config.data.isolate_documents
        total = torch.zeros((), device=self.device)
        for first in range(0, rows, size):
            part = tensors(batch.part(slice(first, first + size)), self.model, isolate=isolate)
            with self._autocast():
                nats = self.loss(*part, last=first + size == rows)
            (nats / share).backward()  # type: ignore[no-untyped-call]
            total += nats.detach() / share
        (loss,) = self.world.sum(total.item() / self.world.size)
        return loss, self._clip()

    def _clip(self) -> float:
        """Shorten the gradient to `optim.clip`; gives its norm before."""
        weights = list(self.model.parameters())
        norm = whole(torch.nn.utils.get_total_norm([weight.grad for weight in weights if weight.grad is not None]))
        if self.config.optim.clip:
            torch.nn.utils.clip_grads_with_norm_(weights, self.config.optim.clip, norm)
        return norm.item()

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
        for tracker in self.trackers:
            tracker.log(line)
        self.listener(Progress(self.state.step, self.config.train.steps, line))

    def _save(self, metrics: Any) -> None:
        if self.world.leads:
            os.fsync(metrics.fileno())
        contents = checkpoint.gather(self.model, self.optimizers)
        self.world.lead(lambda: checkpoint.save(self.output, contents, self.state, self.config.train.keep))
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
