"""What the figures were taken on: without it they mean nothing."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
PACKAGES = ("numpy", "numba", "pyarrow", "fastokens", "fasttext-community", "Resiliparse", "FastWARC")


def line(pin: bool) -> str:
    """Machine, versions, date and commit as one Markdown paragraph."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = psutil.virtual_memory().total / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg()[:1])
    return (
        f"Taken on {datetime.now(UTC):%Y-%m-%d} at commit {commit()}: {processor()}, {cores} cores, {memory:.0f} GiB, "
        f"{platform.system()} {platform.release().split('-')[0]}, Python {platform.python_version()}; {packages}. "
        f"{'Processes pinned to one core' if pin else 'Not pinned to a core'}, one thread a library; "
        f"load of the machine at the end {load}."
    )


def processor() -> str:
    """The processor's name as the system gives it."""
    try:
        names = [row for row in Path("/proc/cpuinfo").read_text().splitlines() if row.startswith("model name")]
        return names[0].partition(":")[2].strip()
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def commit() -> str:
    """The commit of the checkout, and whether the measured packages differ from it."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD")
        changed = _git("status", "--porcelain", "--", "curate", "pretrain", "tests/bench")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{head} with changes" if changed else head


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()
