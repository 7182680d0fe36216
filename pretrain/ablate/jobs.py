"""Several jobs at a time, each a process of its own with its own threads, or one after another in this one.

Which it is changes no score: the number of threads of a job is the same.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pretrain.ablate import job
from pretrain.ablate.job import StoppedError
from pretrain.errors import PretrainError
from pretrain.signals import Stop

PROGRAM = (sys.executable, "-m", "pretrain.ablate.job")
_PAUSE = 0.05
_PATIENCE = 60.0
"""Seconds that a stopped job may take to save."""


@dataclass(frozen=True)
class Job:
    """A model to train and score."""

    folder: Path
    held_out: Path
    """Ids of the domains' documents in the arm's tokens."""
    prepare: Callable[[], None]
    """Writes the job's configuration and data where they are not there."""


def run(jobs: Sequence[Job], workers: int, threads: int, say: Callable[[int, int, float], None]) -> None:
    """Do all jobs that are not done; `say` is told how many are, of how many, and the seconds left.

    Raises `StoppedError` for a signal, and `PretrainError` with a job's own words where one fails.
    """
    left = [one for one in jobs if not job.done(one.folder)]
    for one in jobs:
        if job.done(one.folder):
            job.tidy(one.folder)
    began, before = time.monotonic(), len(jobs) - len(left)
    say(before, len(jobs), 0.0)
    with contextlib.closing(_alone(left) if workers == 1 else _processes(left, workers, threads)) as finished:
        for count, _ in enumerate(finished, 1):
            say(before + count, len(jobs), (time.monotonic() - began) / count * (len(left) - count))


def _alone(jobs: Sequence[Job]) -> Generator[Job]:
    for one in jobs:
        one.prepare()
        job.do(one.folder, one.held_out)
        yield one


def _processes(jobs: Sequence[Job], workers: int, threads: int) -> Generator[Job]:
    waiting, running = list(jobs), dict[Job, subprocess.Popen[str]]()
    with Stop() as stop:
        try:
            while (waiting or running) and not stop.signal:
                while waiting and len(running) < workers:
                    one = waiting.pop(0)
                    one.prepare()
                    running[one] = _started(one, threads)
                for one in [one for one, process in running.items() if process.poll() is not None]:
                    _heard(one, running.pop(one))
                    yield one
                time.sleep(_PAUSE)
        finally:
            _end(running)
    if stop.signal:
        raise StoppedError(f"stopped by {stop.signal}; the same command continues")


def _started(one: Job, threads: int) -> "subprocess.Popen[str]":
    command = [*PROGRAM, str(one.folder), str(one.held_out)]
    log = one.folder / "errors.txt"
    with log.open("w", encoding="utf-8") as errors:
        return subprocess.Popen(  # noqa: S603  our own module on our own paths
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": str(threads)},
        )


def _heard(one: Job, process: "subprocess.Popen[str]") -> None:
    """A process that has ended: well, or by a line on its standard error."""
    _close(process)
    log = one.folder / "errors.txt"
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    if process.returncode:
        raise PretrainError(f"{one.folder}: {said[-1] if said else f'ended with code {process.returncode}'}")
    log.unlink()


def _end(running: "dict[Job, subprocess.Popen[str]]") -> None:
    """Let what still runs save and stop."""
    for process in running.values():
        _close(process)
    for process in running.values():
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _close(process: "subprocess.Popen[str]") -> None:
    if process.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
