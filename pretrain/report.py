"""metrics.jsonl, and run.html drawn from it: one page that needs no network."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

if TYPE_CHECKING:
    from pretrain.card import Facts

Metrics = list[dict[str, Any]]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP, _RIGHT = 720, 300, 56, 34, 12, 12
_POINTS = 600
"""Most points a curve is drawn with; each is the mean of a stretch of steps."""


def read(path: Path) -> Metrics:
    """The lines of metrics.jsonl; a line that a killed process left unfinished is not one."""
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict) and isinstance(line.get("step"), int):
            lines.append(line)
    return lines


def truncate(path: Path, step: int) -> None:
    """Forget what was logged after `step`, so that a resumed run writes it anew."""
    kept = [json.dumps(line) + "\n" for line in read(path) if line["step"] <= step]
    draft = path.with_suffix(".writing")
    draft.write_text("".join(kept), encoding="utf-8")
    draft.replace(path)


def write(path: Path, facts: "Facts") -> None:
    """Draw run.html."""
    page = _ENVIRONMENT.get_template("run.html").render(facts=facts, charts=_charts(facts.metrics))
    write_whole(path, page)


def write_whole(path: Path, text: str) -> None:
    """Replace a small file at once, so that a reader never sees half of it."""
    draft = path.with_name(f".writing-{path.name}")
    with draft.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in pixels."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A curve ready to be drawn: pixels and labels, no data."""

    title: str
    points: str
    """`x,y x,y …` in pixels."""
    dots: list[tuple[float, float, str]]
    """Pixels and label of each point, for curves of few."""
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    width: int = _WIDTH
    height: int = _HEIGHT
    left: int = _LEFT
    bottom: int = _HEIGHT - _BOTTOM
    right: int = _WIDTH - _RIGHT
    top: int = _TOP


def _charts(metrics: Metrics) -> list[Chart]:
    wanted = {
        "loss": "Training loss (nats a token)",
        "validation_bits_per_byte": "Validation (bits per byte)",
        "learning_rate": "Learning rate of the matrices",
        "gradient_norm": "Norm of the gradient before clipping",
        "tokens_per_second": "Tokens a second",
        "mfu": "Share of the device's peak (MFU)",
    }
    found = []
    for key, title in wanted.items():
        values = [(line["step"], float(line[key])) for line in metrics if line.get(key) is not None]
        if len(values) > 1:
            found.append(chart(title, values))
    return found


def chart(title: str, values: Sequence[tuple[float, float]]) -> Chart:
    """A line chart of (x, y) with round ticks; long series are averaged down to a few hundred points."""
    thinned = _thin(values)
    xs, ys = [x for x, _ in thinned], [y for _, y in thinned]
    x_marks, y_marks = ticks(min(xs), max(xs)), ticks(min(ys), max(ys))
    x_low, x_high = min(xs), max(*xs, min(xs) + 1e-9)
    y_low, y_high = min(y_marks[0], *ys), max(*y_marks, *ys, y_marks[0] + 1e-9)

    def right(x: float) -> float:
        return round(_LEFT + (x - x_low) / (x_high - x_low) * (_WIDTH - _LEFT - _RIGHT), 1)

    def down(y: float) -> float:
        return round(_HEIGHT - _BOTTOM - (y - y_low) / (y_high - y_low) * (_HEIGHT - _BOTTOM - _TOP), 1)

    return Chart(
        title,
        " ".join(f"{right(x)},{down(y)}" for x, y in thinned),
        [(right(x), down(y), f"step {x:g}: {y:.4g}") for x, y in thinned] if len(thinned) <= 60 else [],
        [Tick(right(x), f"{x:,.10g}") for x in x_marks if x_low <= x <= x_high],
        [Tick(down(y), f"{y:,.4g}") for y in y_marks],
    )


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers (1, 2 or 5 times a power of ten apart) that span low..high."""
    span = (high - low) or abs(high) or 1.0
    raw = span / count
    power = 10.0 ** _floor_log10(raw)
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= raw * 0.999)
    first, last = int(low // step), int(-(-high // step))
    return [round(i * step, 12) for i in range(first, last + 1)]


def _floor_log10(value: float) -> int:
    return int(f"{value:e}".partition("e")[2])


def _thin(values: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    size = -(-len(values) // _POINTS)
    groups = [values[i : i + size] for i in range(0, len(values), size)]
    return [(group[-1][0], sum(y for _, y in group) / len(group)) for group in groups]


_ENVIRONMENT = Environment(
    loader=PackageLoader("pretrain"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
