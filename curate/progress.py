"""What a run shows while it works: a bar where there is a terminal, plain lines where there is none."""

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import TaskID


class Progress(Protocol):
    """Told by the runner what is going on."""

    def phase(self, name: str, units: int, done: int) -> None:
        """A phase of so many units begins, of which some are done already."""

    def advance(self, documents: int, tokens: int) -> None:
        """One more unit is done; it held so many documents and tokens."""

    def note(self, text: str) -> None:
        """Something the user should know."""


class Silent:
    """Shows nothing."""

    def phase(self, name: str, units: int, done: int) -> None:
        """See `Progress`."""

    def advance(self, documents: int, tokens: int) -> None:
        """See `Progress`."""

    def note(self, text: str) -> None:
        """See `Progress`."""


class Lines:
    """A line a phase, and one every `interval` seconds in between: for batch jobs' logs."""

    def __init__(self, out: TextIO | None = None, interval: float = 30) -> None:
        self._out, self._interval = out or sys.stderr, interval
        self._name, self._units, self._done, self._documents, self._tokens = "", 0, 0, 0, 0
        self._began = self._said = time.monotonic()

    def phase(self, name: str, units: int, done: int) -> None:
        """See `Progress`."""
        self._name, self._units, self._done, self._documents, self._tokens = name, units, done, 0, 0
        self._began = self._said = time.monotonic()
        if done == units and units:
            self.note(f"{name}: {units:,} of {units:,} units were done before")

    def advance(self, documents: int, tokens: int) -> None:
        """See `Progress`."""
        self._done, self._documents, self._tokens = self._done + 1, self._documents + documents, self._tokens + tokens
        now = time.monotonic()
        if self._done == self._units or now - self._said >= self._interval:
            self._said = now
            spent = now - self._began
            left = spent / max(self._done, 1) * (self._units - self._done)
            counts = f"{self._documents:,} documents, {self._tokens:,} tokens"
            ahead = f", about {left:.0f} s left" if self._done < self._units else ""
            self.note(f"{self._name}: {self._done:,} of {self._units:,} units, {counts}, {spent:.1f} s{ahead}")

    def note(self, text: str) -> None:
        """See `Progress`."""
        print(text, file=self._out, flush=True)


class Bar:
    """A rich progress bar a phase, with documents, tokens and the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        counts = TextColumn("{task.fields[documents]:>11,} documents {task.fields[tokens]:>14,} tokens")
        self._bars = RichProgress(
            TextColumn("{task.description:<18}"),
            BarColumn(24),
            MofNCompleteColumn(),
            counts,
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
        )
        self._task: TaskID | None = None
        self._documents = self._tokens = 0

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def phase(self, name: str, units: int, done: int) -> None:
        """See `Progress`."""
        self._documents = self._tokens = 0
        self._task = self._bars.add_task(name, total=units, completed=done, documents=0, tokens=0)

    def advance(self, documents: int, tokens: int) -> None:
        """See `Progress`."""
        self._documents, self._tokens = self._documents + documents, self._tokens + tokens
        if self._task is not None:
            self._bars.update(self._task, advance=1, documents=self._documents, tokens=self._tokens)

    def note(self, text: str) -> None:
        """See `Progress`."""
        self._bars.console.print(text, highlight=False, markup=False)
