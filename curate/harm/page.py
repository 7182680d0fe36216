"""The page that keeps the measurements: its sections stand between markers, and only those are written."""

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from curate.errors import UsageError


def marked(name: str, body: str) -> str:
    """A section as the page holds it."""
    return f"<!-- begin {name} -->\n{body.strip()}\n<!-- end {name} -->"


def written(page: str, sections: Mapping[str, str]) -> str:
    """The page with these sections in place of what stood between their markers; new ones at its end."""
    for name, body in sections.items():
        before, begin, rest = page.partition(f"<!-- begin {name} -->")
        _, _, after = rest.partition(f"<!-- end {name} -->")
        block = marked(name, body)
        page = f"{before}{block}{after}" if begin else f"{page.rstrip()}\n\n{block}\n"
    return page


def write(path: Path, sections: Mapping[str, str]) -> None:
    """Put the sections into the page, which must exist."""
    try:
        page = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; run from the repository's folder, or give --page") from None
    path.write_text(written(page, sections), "utf-8")


def taken(commit: str) -> str:
    """On what the figures were taken: processor, cores, load, versions, commit."""
    load = f"load {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    cores = os.cpu_count() or 1
    return f"*{processor()}, {cores} cores, {load}Python {platform.python_version()}, commit {commit}.*"


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.machine())


def commit(root: Path) -> str:
    """The first twelve digits of the commit that a folder's git has checked out; `unknown` outside git."""
    try:
        return _commit(root / ".git")[:12]
    except OSError:
        return "unknown"


def _commit(git: Path) -> str:
    """The digest behind `HEAD`, in a work tree of its own as well; read from files, since no process is to start."""
    if git.is_file():
        git = Path(git.read_text("utf-8").removeprefix("gitdir:").strip())
    head = (git / "HEAD").read_text("utf-8").strip()
    if not head.startswith("ref:"):
        return head
    name, common = head.removeprefix("ref:").strip(), git / "commondir"
    shared = git / common.read_text("utf-8").strip() if common.is_file() else git
    if (shared / name).is_file():
        return (shared / name).read_text("utf-8").strip()
    packed = (shared / "packed-refs").read_text("utf-8")
    return next((line.split()[0] for line in packed.splitlines() if line.endswith(f" {name}")), "unknown")
