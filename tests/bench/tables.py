"""Markdown tables, and their places in docs/benchmarks.md."""

import re
from collections.abc import Sequence
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [head, rule, *rows]
    return "\n".join("| " + " | ".join(_cell(r, i, widths) for i in range(len(head))) + " |" for r in lines)


def _cell(row: Sequence[str], i: int, widths: Sequence[int]) -> str:
    return row[i].ljust(widths[i]) if i == 0 else row[i].rjust(widths[i])


def duration(seconds: float) -> str:
    """A time as people say it."""
    if abs(seconds) < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def size(count: float) -> str:
    """Megabytes of 10⁶ bytes, the unit of every rate here."""
    return f"{count / 1e6:,.0f} MB" if count >= 10e6 else f"{count / 1e6:,.2f} MB"


def rate(value: float) -> str:
    """A rate with three significant digits."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def write(name: str, text: str, path: Path = DOCUMENT) -> None:
    """Put a benchmark's text between its two marks in the document."""
    page = path.read_text("utf-8")
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if begin not in page or end not in page:
        raise SystemExit(f"{path}: has no place for {name!r}: {begin} … {end}")
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    path.write_text(pattern.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", page), "utf-8")
