"""What was found, to read: `ablate.html` with intervals drawn, `README.md`, and the table of the terminal.

Names of arms and domains come from outside: they are text, never markup.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pretrain.card import plain
from pretrain.report import Tick, ticks, write_whole

Found = dict[str, Any]

_WIDTH, _ROW, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 24, 210, 16, 8, 30
_LABEL = 28
_COLOURS = {"better": "var(--better)", "worse": "var(--worse)"}


@dataclass(frozen=True)
class Mark:
    """A difference as drawn, in pixels."""

    label: str
    y: float
    at: float
    low: float
    high: float
    colour: str
    title: str


@dataclass(frozen=True)
class Forest:
    """Differences with their intervals, one below the other, on one scale."""

    marks: list[Mark]
    x_ticks: list[Tick]
    zero: float
    height: int
    width: int = _WIDTH


@dataclass(frozen=True)
class Table:
    """A comparison in words, and drawn."""

    title: str
    rows: list[tuple[str, ...]]
    overall: str
    forest: Forest


HEADER = (
    "held-out text",
    "Δ bits per byte",
    "95 % interval",
    "detectable",
    "p (Holm)",
    "documents better/worse",
    "verdict",
)


def write(folder: Path, found: Found) -> None:
    """Write the page and the README."""
    names = {"arms": list(_arms(found)), "header": HEADER, "found": found}
    tables = {"main": list(map(_table, found["comparisons"])), "matched": list(map(_table, found["matched"]))}
    for template, name in (("ablate.html", "ablate.html"), ("ablate.md", "README.md")):
        write_whole(folder / name, _ENVIRONMENT.get_template(template).render(**names, **tables))


def terminal(found: Found) -> str:
    """The same as lines of text; what calls it makes control characters visible."""
    return "\n".join(_lines(found))


def _lines(found: Found) -> Iterator[str]:
    yield f"{found['seeds']} seeds, {found['tokens']:,} tokens a model"
    for row in [("corpus", "documents", "tokens", "different tokens", "epochs"), *_arms(found)]:
        yield "  ".join(cell.ljust(30) if i == 0 else cell.rjust(16) for i, cell in enumerate(row))
    for kind, key in (("", "comparisons"), (", as many different tokens", "matched")):
        for table in map(_table, found[key]):
            yield ""
            yield f"{table.title}{kind}: {table.overall}"
            widths = [max(len(row[i]) for row in (HEADER, *table.rows)) for i in range(len(HEADER))]
            for row in (HEADER, *table.rows):
                yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield from found["notes"]


def _arms(found: Found) -> Iterator[tuple[str, ...]]:
    for arm in found["arms"]:
        numbers = (f"{arm['documents']:,}", f"{arm['tokens']:,}", f"{arm['unique_tokens']:,}", f"{arm['epochs']:.2f}")
        yield (arm["name"], *numbers)


def _table(comparison: Found) -> Table:
    whole = comparison["overall"]
    several = [whole] if whole and whole["name"] not in [one["name"] for one in comparison["domains"]] else []
    return Table(
        f"{comparison['arm']} against {comparison['against']}",
        [_row(one) for one in [*comparison["domains"], *several]],
        _headline(whole),
        _forest([*comparison["domains"], *several]),
    )


def _headline(whole: Found | None) -> str:
    if whole is None:
        return "by domain; without --held-out text there is none that is no corpus's own"
    low, high = whole["interval"]
    return f"{whole['verdict']} ({whole['delta']:+.4f} bits per byte, {low:+.4f} to {high:+.4f}, on {whole['name']})"


def _row(one: Found) -> tuple[str, ...]:
    low, high = one["interval"]
    signs = one["signs"]
    return (
        one["name"],
        f"{one['delta']:+.4f}",
        f"{low:+.4f} to {high:+.4f}",
        f"{one['detectable']:.4f}",
        f"{one['p']:.2g}",
        f"{signs['fewer_bits']}/{signs['more_bits']}",
        one["verdict"],
    )


def _forest(rows: list[Found]) -> Forest:
    ends = [end for one in rows for end in one["interval"]]
    marks = ticks(min(0.0, *ends), max(0.0, *ends))
    low, high = min(marks[0], *ends), max(marks[-1], *ends)

    def x(value: float) -> float:
        share: float = (value - low) / ((high - low) or 1)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    drawn = [
        Mark(
            one["name"] if len(one["name"]) <= _LABEL else one["name"][: _LABEL - 1] + "…",
            _TOP + _ROW * (row + 0.5),
            x(one["delta"]),
            x(one["interval"][0]),
            x(one["interval"][1]),
            _COLOURS.get(one["verdict"], "var(--soft)"),
            f"{one['name']}: {one['delta']:+.4f}, {one['verdict']}",
        )
        for row, one in enumerate(rows)
    ]
    return Forest(drawn, [Tick(x(t), f"{t:+.4g}") for t in marks], x(0.0), _TOP + _ROW * len(rows) + _BOTTOM)


_ENVIRONMENT = Environment(
    loader=PackageLoader("pretrain"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["plain"] = plain
