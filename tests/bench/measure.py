"""Whole processes, measured from outside: wall time, processor time, peak memory."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMBA_NUM_THREADS": "1",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "PYTHONHASHSEED": "0",
}


LAUNCH = Path(__file__).with_name("launch.py")


@dataclass(frozen=True)
class Run:
    """What one process and all that it started took."""

    seconds: float
    cpu_seconds: float
    """User and system time of the process and of those of its children that it waited for; or of all as they were
    last seen, 20 times a second, whichever is greater."""
    peak_bytes: int
    """The greatest sum of resident memory over the process tree (looked at 20 times a second), or the
    kernel's own record of the process, whichever is greater."""


class FailedRunError(Exception):
    """A measured process ended with an error."""


def pinned_core() -> int | None:
    """The processor that measured processes run on, where the system can pin them."""
    return max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def run(
    command: Sequence[str | Path],
    log: Path,
    *,
    pin: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run a command to its end, one thread a library and, by choice, all on one core; its output goes to `log`."""
    core = pinned_core() if pin else None
    settings = {**os.environ, **ONE_THREAD, **OFFLINE, **(environment or {})}
    log.parent.mkdir(parents=True, exist_ok=True)
    result = log.with_name(f"{log.name}.took.json")
    launch = [sys.executable, "-S", LAUNCH, result, "-" if core is None else core, *command]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(part) for part in launch], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=settings
        )
        seen = _Tree(process.pid)
        process.wait()
        cpu = seen.end()
    facts = json.loads(result.read_text("utf-8")) if process.returncode == 0 else {"exit": process.returncode}
    if facts["exit"]:
        tail = "\n".join(log.read_text("utf-8", "replace").splitlines()[-25:])
        raise FailedRunError(f"exit {facts['exit']}: {' '.join(map(str, command))}\n{tail}")
    return Run(facts["seconds"], max(cpu, facts["cpu_seconds"]), max(seen.peak, facts["peak_bytes"]))


class _Tree:
    """Watches the memory and the processor time of a process's descendants until it is asked to end."""

    def __init__(self, pid: int) -> None:
        self.peak, self._pid, self._over = 0, pid, threading.Event()
        self._times: dict[int, float] = {}
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(0.05):
            try:
                held = sum(self._look(process) for process in psutil.Process(self._pid).children(recursive=True))
            except psutil.Error:
                continue
            self.peak = max(self.peak, held)

    def _look(self, process: psutil.Process) -> int:
        """Resident bytes; notes the process's time so far."""
        try:
            with process.oneshot():
                times = process.cpu_times()
                self._times[process.pid] = times.user + times.system
                return int(process.memory_info().rss)
        except psutil.Error:
            return 0

    def end(self) -> float:
        """Stop watching; processor seconds of all processes that were seen, as they were last seen."""
        self._over.set()
        self._thread.join()
        return sum(self._times.values())


def middle(runs: Sequence[Run]) -> Run:
    """The median of each figure; the greatest peak."""
    return Run(
        median(r.seconds for r in runs),
        median(r.cpu_seconds for r in runs),
        max(r.peak_bytes for r in runs),
    )


def best_rate(work: Callable[[], object], amount: float, seconds: float = 1.5) -> float:
    """Amount a second in the best of at least five calls, after one to warm up, in about so many seconds."""
    work()
    best, calls, end = float("inf"), 0, time.perf_counter() + seconds
    while calls < 5 or time.perf_counter() < end:
        started = time.perf_counter()
        work()
        best, calls = min(best, time.perf_counter() - started), calls + 1
    return amount / best
