"""`pretrain scale`: a ladder of sizes on one corpus, a law fitted to it, and a forecast that is then put to the test.

    OUTPUT/runs/…           the runs (`pretrain.rungs`)
    OUTPUT/forecast.json    what the smaller rungs say of the largest, written before it is trained
    OUTPUT/scale.json       points, law with intervals, forecast and what came of it
    OUTPUT/scale.html       the same to read;   compute.svg, years.svg   the pictures alone

Losses are bits per byte on validation text, so that laws compare over tokenizers.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pretrain import pictures, rungs
from pretrain.card_tables import short
from pretrain.config import Config
from pretrain.errors import UsageError
from pretrain.known_models import moores_law
from pretrain.law_fit import LEAST_POINTS, Fit, Interval, Point, fit
from pretrain.pictures import Mark, Picture, Series
from pretrain.report import write_whole
from pretrain.rungs import Trained
from pretrain.shards import Manifest

_LETTERS = {"a": "A", "b": "B", "e": "E", "alpha": "α", "beta": "β"}
_COLOURS = ("#1f5fbf", "#b4541a", "#2e7d32", "#7b1fa2", "#00838f", "#c2185b", "#5d4037")


@dataclass(frozen=True)
class Plan:
    """A model to forecast: N weights on D tokens."""

    parameters: float
    tokens: float

    @property
    def flops(self) -> float:
        """6·N·D."""
        return 6 * self.parameters * self.tokens


@dataclass(frozen=True)
class Scaling:
    """What `scale` found."""

    lower: list[Trained]
    top: list[Trained]
    forecast: Interval
    """Of the largest size, from the others alone."""
    before: Fit
    """Of the lower rungs."""
    after: Fit
    """Of all."""
    plans: list[tuple[Plan, Interval]]
    """Models beyond the ladder, by `after`."""

    @property
    def reached(self) -> float:
        """Mean bits per byte of the largest size's runs."""
        return sum(one.bits_per_byte for one in self.top) / len(self.top)

    @property
    def error(self) -> float:
        """How far off the forecast was, as a share: positive where it promised too high a loss."""
        return self.forecast.value / self.reached - 1


def scale(
    config: Config,
    data: Path,
    output: Path,
    *,
    sizes: Sequence[float],
    ratios: Sequence[float],
    seeds: int = 1,
    forecasts: Sequence[float] = (),
    year: float,
    tell: Callable[[str], None],
) -> Scaling:
    """Train the ladder (or what of it is missing), fit, forecast, train the largest, report.

    `sizes` are weights in the layers, `ratios` tokens for each weight, `forecasts` sizes beyond the ladder at the
    largest ratio; `year` is where plans stand in the picture. Raises `UsageError` for a ladder too small to fit.
    """
    manifest = Manifest.read(data)
    low, top = rungs.ladder(config, manifest, sizes, ratios, seeds)
    _enough(len({(one.parameters, one.tokens) for one in low}))
    output.mkdir(parents=True, exist_ok=True)
    tell(f"{len(low) + len(top)} runs, {sum(one.flops for one in (*low, *top)):.2g} operations")
    lower = list(rungs.climb(low, data, output, tell))
    before = fit([_point(one) for one in lower])
    forecast = before.forecast(top[0].parameters, top[0].tokens)
    _write_forecast(output / "forecast.json", forecast, top[0].name)
    tell(f"forecast for {top[0].name}: {_said(forecast)} bits per byte")
    reached = list(rungs.climb(top, data, output, tell))
    after = fit([_point(one) for one in (*lower, *reached)])
    plans = [Plan(size, size * max(ratios)) for size in forecasts]
    found = Scaling(
        lower, reached, forecast, before, after, [(one, after.forecast(one.parameters, one.tokens)) for one in plans]
    )
    publish(found, output, year)
    return found


def _enough(points: int) -> None:
    """Refuse a ladder before hours are spent on it."""
    if points < LEAST_POINTS:
        raise UsageError(
            f"{points} pairs of size and tokens below the largest size: a law of five parameters needs {LEAST_POINTS}; "
            "name more --sizes or --tokens-per-param"
        )


def verdict(found: Scaling) -> str:
    """How the forecast held, in a sentence."""
    within = found.forecast.low <= found.reached <= found.forecast.high
    top = found.top[0].rung
    return (
        f"For {short(top.parameters)} weights on {short(top.tokens)} tokens the smaller runs "
        f"forecast {_said(found.forecast)} bits per byte; {found.reached:.4f} came, {abs(found.error):.1%} "
        f"{'less' if found.error > 0 else 'more'} and {'inside' if within else 'outside'} the interval."
    )


def publish(found: Scaling, output: Path, year: float) -> None:
    """Write scale.json, scale.html and the pictures."""
    write_whole(output / "scale.json", json.dumps(as_json(found), indent=1) + "\n")
    marks = [_plan_mark(plan) for plan, _ in found.plans] or [_top_mark(found)]
    by_size = pictures.known(marks, by_year=False)
    by_year = pictures.known([mark._replace(x=year) for mark in marks], by_year=True)
    write_whole(output / "compute.svg", pictures.svg(by_size))
    write_whole(output / "years.svg", pictures.svg(by_year))
    page = pictures.ENVIRONMENT.get_template("scale.html").render(
        verdict=verdict(found),
        law=_law_rows(found.after),
        points=[_row(one) for one in (*found.lower, *found.top)],
        plans=[(short(p.parameters), short(p.tokens), f"{p.flops:.2g}", _said(i)) for p, i in found.plans],
        residual=f"{found.after.residual:.2%}",
        losses=losses(found),
        known=[by_size, by_year],
        moore=moores_law(),
        few=len(found.lower) < 2 * LEAST_POINTS,
    )
    write_whole(output / "scale.html", page)


def as_json(found: Scaling) -> dict[str, Any]:
    """scale.json."""
    return {
        "format": 1,
        "points": [
            {
                "run": one.rung.name,
                "parameters": one.rung.parameters,
                "tokens": one.rung.tokens,
                "flops": one.rung.flops,
                "seed": one.rung.config.train.seed,
                "bits_per_byte": one.bits_per_byte,
            }
            for one in (*found.lower, *found.top)
        ],
        "law": {name: found.after.interval(name)._asdict() for name in _LETTERS},
        "residual": found.after.residual,
        "forecast": found.forecast._asdict() | {"reached": found.reached, "error": found.error},
        "plans": [{"parameters": p.parameters, "tokens": p.tokens} | i._asdict() for p, i in found.plans],
    }


def losses(found: Scaling) -> Picture:
    """Bits per byte against compute: a colour a size, points measured, lines by the law."""
    series: list[Series] = []
    everything = (*found.lower, *found.top)
    sizes = sorted({one.rung.parameters for one in everything})
    for size, colour in zip(sizes, _COLOURS * len(sizes), strict=False):
        own = sorted((one for one in everything if one.rung.parameters == size), key=lambda one: one.rung.tokens)
        marks = [
            Mark(6.0 * size * one.rung.tokens, one.bits_per_byte, "", f"{one.rung.name}: {one.bits_per_byte:.4f}")
            for one in own
        ]
        low, high = own[0].rung.tokens, max(own[-1].rung.tokens, own[0].rung.tokens * 1.5)
        tokens = [low * (high / low) ** (i / 20) for i in range(21)]
        line = [Mark(6 * size * d, found.after.law.loss(size, d)) for d in tokens]
        series += [Series("", colour, line, line=True), Series(f"{short(size)} weights", colour, marks)]
    return pictures.scatter("Loss by compute", "operations, 6·N·D", "bits per byte", series)


def _point(one: Trained) -> Point:
    return Point(one.rung.parameters, one.rung.tokens, one.bits_per_byte)


def _write_forecast(path: Path, forecast: Interval, run: str) -> None:
    """Kept as first written: a forecast is one only before the event."""
    if not path.exists():
        write_whole(path, json.dumps({"format": 1, "run": run} | forecast._asdict(), indent=1) + "\n")


def _said(interval: Interval) -> str:
    return f"{interval.value:.4f} ({interval.low:.4f} to {interval.high:.4f})"


def _law_rows(found: Fit) -> list[tuple[str, str, str]]:
    intervals = ((letter, found.interval(name)) for name, letter in _LETTERS.items())
    return [(letter, f"{i.value:.4g}", f"{i.low:.4g} to {i.high:.4g}") for letter, i in intervals]


def _row(one: Trained) -> tuple[str, str, str, str, str]:
    rung = one.rung
    return rung.name, f"{rung.parameters:,}", f"{rung.tokens:,}", f"{rung.flops:.3g}", f"{one.bits_per_byte:.4f}"


def _plan_mark(plan: Plan) -> Mark:
    return Mark(plan.parameters, plan.flops, f"your {short(plan.parameters)}")


def _top_mark(found: Scaling) -> Mark:
    rung = found.top[0].rung
    return Mark(rung.parameters, rung.flops, f"your {short(rung.parameters)}")
