"""Memory as an input: what the processes of a run take together, planned before anything is spent.

A run is one process, or a parent and workers. Each takes what it has loaded (libraries, models), and more while
it works: a worker for the batch that it has in hand, the parent while it trains a tokenizer or resolves a barrier.
For those the parent may have all that the workers leave, and ends them where that is too little.

The constants were measured with `python -m tests.bench.dedup_scale` and on real pages (`docs/dedup.md`): resident
memory, summed over processes, so that what they share counts for each of them.
"""

import ctypes
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pyarrow as pa

from curate.errors import UsageError

MB = 2**20

LIBRARIES = 450 * MB
"""What a worker has loaded at most without the recipe's own models, whatever its parent has loaded besides."""
WORKING = 330 * MB
"""What a process takes beside what it has loaded, in the unit that takes most: kernels, an encoder and its cache, and
some copies of a batch of text."""
TRAINING = 640 * MB
"""The same while it trains a tokenizer: see `pilot.DISTINCT_BYTES`."""
LEFT_BY_UNITS = 190 * MB
"""What a process keeps of units that it has done, when it comes to that."""
LEFT_BY_TRAINING = 250 * MB
"""What the parent keeps of that."""
TRACKER = 16 * MB
"""A process that Python starts beside workers."""
USED = 0.9
"""Of what is free when a barrier begins; the rest is for what allocators do not give back."""
SHARE = 0.75
"""Of the machine's memory, where nobody says how much a run may take."""


@dataclass(frozen=True)
class Plan:
    """How a budget is spent, all in bytes."""

    budget: int
    here: int
    """What this process has loaded."""
    asked: int
    """Workers that were asked for."""
    workers: int
    each: int
    """What a worker takes at its peak, 0 where this process does the work itself."""
    alone: int
    """What this process takes at its peak while it is alone, barriers left out."""
    kept: int
    """What of that it still holds when a barrier begins."""

    @property
    def most(self) -> int:
        """What barriers may take once the workers have ended."""
        return self.budget - self.here - self.kept

    @property
    def left(self) -> int:
        """What is left for barriers beside workers."""
        return self.most - self.workers * self.each

    def told(self, needed: int = 0) -> str:
        """One line; `needed`: what the barrier that takes most needs if all documents reach it."""
        doing = f"{self.workers} workers at {size(self.each)} each" if self.each else "one process"
        fewer = f" instead of {self.asked}" if self.workers < self.asked else ""
        peak = f"{size(self.alone)} at its peak here"
        return f"memory {size(self.budget)}: {doing}{fewer}, {peak}, {self._for_barriers(needed)}"

    def _for_barriers(self, needed: int) -> str:
        if 0 < self.left >= needed:
            return f"{size(self.left)} for barriers"
        ended = " once the workers have ended" if self.each else ""
        least = size(self.budget - self.most + needed)
        short = f", too little if all documents reach them: that takes --memory {least}" if self.most < needed else ""
        return f"{size(max(self.most, 0))} for barriers{ended}{short}"


def plan(
    budget: int, workers: int, here: int, *, models: int, trains: bool, barriers: int = 0, working: int = 0
) -> Plan:
    """As many of `workers` processes as `budget` bytes allow.

    `here`: what this process has loaded; `models`: what of that are the recipe's, which every worker loads;
    `trains`: whether a tokenizer is trained; `barriers`: what the barrier that takes most needs for few documents;
    `working`: what the stage that takes most at work takes beside its models.
    Raises `UsageError` where not even one process fits.
    """
    units = WORKING + working
    alone = here + max(units, LEFT_BY_UNITS + TRAINING if trains else 0)
    kept = WORKING if trains else LEFT_BY_UNITS
    least = max(alone, here + kept + barriers)
    if budget < least:
        more = ", and more for many documents" if barriers else ""
        raise UsageError(f"--memory {size(budget)} is too little: this recipe takes {size(least)} at least{more}")
    beside = here + (LEFT_BY_TRAINING if trains else WORKING // 2) + TRACKER
    each = min(here, LIBRARIES + models) + units
    fits = min(workers, (budget - beside) // each)
    if fits > 1:
        return Plan(budget, here, workers, fits, each, alone, LEFT_BY_TRAINING)
    return Plan(budget, here, workers, 1, 0, alone, kept)


def size(count: int) -> str:
    """Bytes as `--memory` reads them: a GB is 2^30 of them."""
    if count >= 2**40:
        return f"{count / 2**40:,.1f} TB"
    return f"{count / 2**30:.1f} GB" if count >= 2**30 else f"{-(-count // 2**20)} MB"


def resident(process: int | None = None) -> int:
    """Bytes of memory that a process holds now, this one by default; 0 where it has ended."""
    with suppress(psutil.NoSuchProcess):
        return int(psutil.Process(process).memory_info().rss)
    return 0


def peak() -> int:
    """The most memory this process has held, in bytes."""
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def give_back() -> None:
    """Hand memory that is free inside this process back to the system."""
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def granted(asked: int | None) -> int:
    """The budget of a run: what was asked for, but no more than the machine has; `default` where nothing was."""
    return min(asked, psutil.virtual_memory().total) if asked else default()


def default() -> int:
    """Three quarters of what the machine has, or of what this process's control group may take."""
    return int(SHARE * min([psutil.virtual_memory().total, *_limits()]))


def _limits(root: Path = Path("/sys/fs/cgroup"), mine: Path = Path("/proc/self/cgroup")) -> Sequence[int]:
    """The limits of the control group and of those above it (version 2), or of the memory controller (version 1)."""
    found = []
    with suppress(OSError, ValueError):
        for line in mine.read_text("utf-8").splitlines():
            _, controllers, path = line.split(":", 2)
            folder = root / path.lstrip("/") if not controllers else root / "memory" / path.lstrip("/")
            if not controllers or controllers == "memory":
                for above in (folder, *folder.parents):
                    found += [_limit(above / name) for name in ("memory.max", "memory.limit_in_bytes")]
    return [limit for limit in found if limit]


def _limit(path: Path) -> int:
    """A control group's limit, 0 where it has none."""
    with suppress(OSError, ValueError):
        return int(path.read_text("ascii"))
    return 0


UNITS = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


def parsed(text: str) -> int:
    """The bytes of `8GB` or `500MB`; raises `UsageError` for what is no size, or less than a megabyte."""
    digits = text.strip().upper().rstrip("BKMGT")
    unit = text.strip().upper()[len(digits) :]
    try:
        found = int(float(digits) * UNITS[unit if unit in UNITS else f"{unit}B"])
    except (ValueError, KeyError, OverflowError):
        found = 0
    if found < 2**20:
        raise UsageError(f"--memory {text}: write a size such as 8GB or 500MB")
    return found
