"""Scatter plots on logarithmic axes, as plain numbers for a template to draw: one SVG, no script, no network."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from pretrain.card_tables import short
from pretrain.known_models import known_models

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 420, 64, 120, 14, 44


class Mark(NamedTuple):
    """One point."""

    x: float
    y: float
    label: str = ""
    said: str = ""
    """What a pointer over it tells."""


@dataclass(frozen=True)
class Series:
    """Points of one colour, joined by a line or not."""

    name: str
    colour: str
    marks: Sequence[Mark]
    line: bool = False


@dataclass(frozen=True)
class Drawn:
    """A series in pixels."""

    name: str
    colour: str
    marks: list[Mark]
    path: str
    """`x,y x,y …`, empty without a line."""


@dataclass(frozen=True)
class Picture:
    """All that the template draws."""

    title: str
    x_name: str
    y_name: str
    series: list[Drawn]
    x_ticks: list[Mark]
    y_ticks: list[Mark]
    width: int = field(default=_WIDTH)
    height: int = field(default=_HEIGHT)
    left: int = field(default=_LEFT)
    right: int = field(default=_WIDTH - _RIGHT)
    top: int = field(default=_TOP)
    bottom: int = field(default=_HEIGHT - _BOTTOM)


def scatter(title: str, x_name: str, y_name: str, series: Sequence[Series], *, log_x: bool = True) -> Picture:
    """Place every mark; the y axis is logarithmic, the x axis too unless told otherwise."""
    marks = [mark for one in series for mark in one.marks]
    across = _Axis([m.x for m in marks], _LEFT, _WIDTH - _RIGHT, log=log_x)
    up = _Axis([m.y for m in marks], _HEIGHT - _BOTTOM, _TOP, log=True)
    drawn: list[Drawn] = []
    labels: list[Mark] = []
    for one in reversed(series):
        placed = [_uncrowded(Mark(across.at(m.x), up.at(m.y), m.label, m.said), labels) for m in one.marks]
        path = " ".join(f"{m.x},{m.y}" for m in placed) if one.line else ""
        drawn.insert(0, Drawn(one.name, one.colour, [] if one.line else placed, path))
    x_ticks = [Mark(across.at(v), 0, _tick(v, plain=not log_x)) for v in across.ticks()]
    y_ticks = [Mark(0, up.at(v), _tick(v, plain=False)) for v in up.ticks()]
    return Picture(title, x_name, y_name, drawn, x_ticks, y_ticks)


def _uncrowded(mark: Mark, labels: list[Mark]) -> Mark:
    """The mark without its label where that would lie upon another; the last series chooses first."""
    if any(
        abs(mark.y - other.y) < 9 and -5 * len(mark.label) < mark.x - other.x < 5 * len(other.label) for other in labels
    ):
        return mark._replace(label="", said=mark.said or mark.label)
    labels.append(mark)
    return mark


def known(plans: Sequence[Mark], *, by_year: bool) -> Picture:
    """Training compute of the known models against their size, or against the year; `plans` are drawn in."""
    colours = {"encoder": "var(--encoder)", "decoder": "var(--decoder)", "seq2seq": "var(--seq2seq)"}
    series = [
        Series(
            family,
            colour,
            [
                Mark(m.year if by_year else m.parameters, m.flops, m.name, f"{m.name}: {m.flops:.2g}, {m.source}")
                for m in known_models()
                if m.family == family
            ],
        )
        for family, colour in colours.items()
    ]
    series.append(Series("yours", "var(--yours)", plans))
    against = "year of publication" if by_year else "parameters that work on a token"
    title = f"Training compute by {'year' if by_year else 'size'}"
    return scatter(title, against, "operations of training", series, log_x=not by_year)


def svg(picture: Picture) -> str:
    """The picture as a file of its own."""
    return ENVIRONMENT.get_template("picture.svg.html").render(picture=picture, alone=True)


class _Axis:
    def __init__(self, values: Sequence[float], start: float, end: float, *, log: bool) -> None:
        self.log = log
        inner = [math.log10(v) for v in values] if log else list(values)
        margin = 0.05 * ((max(inner) - min(inner)) or 1.0)
        self.low, self.high = min(inner) - margin, max(inner) + margin
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        inner = math.log10(value) if self.log else value
        return round(self.start + (inner - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        if not self.log:
            step = max(1, round((self.high - self.low) / 6))
            return [float(v) for v in range(math.ceil(self.low), math.floor(self.high) + 1, step)]
        if self.high - self.low < 1.2:
            return _fine(10**self.low, 10**self.high)
        step = max(1, round((self.high - self.low) / 7))
        return [10.0**v for v in range(math.ceil(self.low), math.floor(self.high) + 1, step)]


def _fine(low: float, high: float) -> list[float]:
    """Round numbers for less than a decade."""
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= 6)
    return [round(i * step, 12) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _tick(value: float, *, plain: bool) -> str:
    if plain:
        return f"{value:g}"
    return f"{value:.3g}" if value < 1e3 else short(value) if value < 1e13 else f"1e{round(math.log10(value))}"


ENVIRONMENT = Environment(
    loader=PackageLoader("pretrain"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
