"""Who may work in a run's folder: one whole run, or any number of shares of a job array."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from curate.errors import UsageError

PATIENCE = 10.0
"""Seconds that a share waits for others to come in; a whole run that holds the folder stays longer."""


@contextmanager
def hold(work: Path, only: tuple[int, int] | None = None) -> Iterator[None]:
    """Hold `work` for a whole run, or for one share (I, N); raises `UsageError` where another's work forbids it.

    A whole run holds `lock` and every share's lock. A share takes its own while it has `lock` in hand,
    so that neither can slip in beside the other.
    """
    from filelock import FileLock, Timeout

    with ExitStack() as held:
        try:
            if only is None:
                held.enter_context(FileLock(work / "lock", timeout=0))
                for path in sorted(work.glob("lock-*")):
                    held.enter_context(FileLock(path, timeout=0))
            else:
                with FileLock(work / "lock", timeout=PATIENCE):
                    held.enter_context(FileLock(work / f"lock-{only[0]}-of-{only[1]}", timeout=0))
        except Timeout:
            raise UsageError(f"{work.parent}: another run is at work there") from None
        yield


@contextmanager
def finishing(work: Path) -> Iterator[None]:
    """Shares may come to the end together: one at a time makes the final folder."""
    from filelock import FileLock

    with FileLock(work / "finish"):
        yield
