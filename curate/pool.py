"""Processes: jobs over spawned workers, or in this process where there is one worker.

Workers are spawned, never forked: threads of Arrow, numba or a tokenizer do not survive a fork.
Each ends when its parent does, however the parent ends. A worker that dies takes its jobs with it;
those are run again one at a time, and the job that kills its worker twice is named.
"""

import gc
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from multiprocessing import connection, get_context, parent_process
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from curate import memory
from curate.cuts import read_cuts
from curate.errors import RunError
from curate.flow import Setting
from curate.ops import kernel
from curate.recipe import Recipe


@dataclass(frozen=True)
class Job:
    """One call of a unit's function: importable by name, so that it can cross a process or a machine."""

    function: Callable[..., None]
    folder: Path
    arguments: dict[str, Any]
    tokenizer: Path | None = None
    cuts: Path | None = None
    """What the pilot has found for stages so far."""


def perform(job: Job, recipe: Recipe) -> int:
    """Do a job in this process; its peak memory so far in bytes."""
    job.function(_setting(job, recipe), folder=job.folder, **job.arguments)
    return memory.peak()


def _setting(job: Job, recipe: Recipe) -> Setting:
    """What the job shares with others of its run; models of an earlier run in this process are let go."""
    for key in [key for key, (of, _) in _settings.items() if of is not recipe]:
        del _settings[key]
    key = job.tokenizer, job.cuts
    if key not in _settings:
        _settings[key] = recipe, Setting(recipe.settled(read_cuts(job.cuts)), job.tokenizer)
    return _settings[key][1]


_settings: dict[tuple[Path | None, Path | None], tuple[Recipe, Setting]] = {}
_recipe: list[Recipe] = []


def _begin(table: dict[str, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    pa.set_cpu_count(1)
    _recipe.append(Recipe.build(table))
    settle(_recipe[0])


class _NoPandas(MetaPathFinder):
    """Finds that pandas is not there."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:  # noqa: ARG002 - the protocol's
        """Nothing for any other module."""
        if name == "pandas":
            raise ModuleNotFoundError(name)


def settle(recipe: Recipe) -> None:
    """For a process that does nothing but a run: what is loaded by now stays, and what nobody asks for stays away.

    The garbage collector going through all of it again took a tenth of a run. Arrow looks for pandas when it first
    makes an array of Python's objects, which takes 0.1 s and 30 MB; it is told that there is none, unless there are
    stages of others, who may want it.
    """
    if "pandas" not in sys.modules and all(type(stage).__module__.startswith("curate.") for stage in recipe.stages):
        sys.meta_path.insert(0, _NoPandas())
        pa.array([None])
        del sys.meta_path[0]
    gc.freeze()
    gc.enable()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)


def _perform_here(job: Job) -> tuple[int, int]:
    return os.getpid(), perform(job, _recipe[0])


class Pool:
    """Runs jobs and hands each back when it is done, in whatever order that is."""

    def __init__(self, recipe: Recipe, workers: int) -> None:
        self._recipe, self._workers = recipe, workers
        self._executor: ProcessPoolExecutor | None = None
        self._peaks: dict[int, int] = {}
        """What the workers that there are have held at most."""
        self._most = 0

    @property
    def peak(self) -> int:
        """The most memory that this process and its workers have held together, each at its own peak."""
        return max(self._most, sum(self._peaks.values()) + memory.peak())

    def room(self, budget: int, needed: int) -> int:
        """What this process may still take of a budget; ends the workers where beside them it is less than needed."""
        memory.give_back()
        held = sum(map(memory.resident, self._peaks))
        if self._executor is not None and budget - held - memory.resident() < needed:
            self._executor.shutdown()
            self._executor, self._most, self._peaks, held = None, self.peak, {}, 0
        return budget - held - memory.resident()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self._executor is not None:
            # Shutting down forgets the processes: they are what has to be stopped.
            processes = list((getattr(self._executor, "_processes", None) or {}).values())
            self._executor.shutdown(wait=error[0] is None, cancel_futures=True)
            if error[0] is not None:
                _kill(processes)
        self._executor = None

    def run(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """Yield each job once it is done; the first error of a job is raised."""
        if self._workers == 1 or len(jobs) == 1:
            for job in jobs:
                perform(job, self._recipe)
                yield job
        else:
            left = dict(enumerate(jobs))
            try:
                yield from self._spread(left, self._workers)
            except BrokenProcessPool:
                yield from self._one_by_one(left)

    def _spread(self, left: dict[int, Job], workers: int) -> Iterator[Job]:
        executor = self._start(workers)
        with _deaf():  # processes start as jobs come in
            futures = {executor.submit(_perform_here, job): number for number, job in left.items()}
        for future in as_completed(futures):
            self._note(future)
            yield left.pop(futures[future])

    def _one_by_one(self, left: dict[int, Job]) -> Iterator[Job]:
        """Find the job that kills workers: each gets a pool of one for itself, and two tries."""
        for number, job in list(left.items()):
            for last in (False, True):
                self._executor = None
                try:
                    self._note(self._start(1).submit(_perform_here, job))
                    break
                except BrokenProcessPool:
                    if last:
                        raise RunError(f"a worker died twice over {job.folder.parent.name}/{job.folder.name}") from None
            yield left.pop(number)
        if self._executor is not None:
            self._executor.shutdown()
        self._executor = None

    def _note(self, future: "Future[tuple[int, int]]") -> None:
        process, peak = future.result()
        self._peaks[process] = max(peak, self._peaks.get(process, 0))

    def _start(self, workers: int) -> ProcessPoolExecutor:
        if self._executor is None:
            kernel.load()  # processes find what is compiled in the cache, and do not all compile it
            context = get_context("spawn")
            self._executor = ProcessPoolExecutor(workers, context, _begin, (self._recipe.table(),))
        return self._executor


@contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that ignore Ctrl-C, which the terminal sends to all: the parent decides for them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _kill(processes: Sequence[Any]) -> None:
    for process in processes:
        process.kill()
    for process in processes:
        process.join()
