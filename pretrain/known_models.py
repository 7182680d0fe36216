"""Well-known models (`known_models.toml`), and how fast the largest of their time have grown."""

import math
import tomllib
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from pretrain.config import Family

_DAYS = 365.2425
_MOORE = 24
"""Months in which transistors on a chip double (Moore 1975)."""


class Known(NamedTuple):
    """A model as its makers describe it."""

    name: str
    year: float
    """With the day as its fraction."""
    family: Family
    parameters: float
    """Those that work on a token."""
    total: float
    tokens: float
    flops: float
    computed: bool
    """Whether `flops` is 6·N·D rather than the source's own figure."""
    source: str


class Growth(NamedTuple):
    """Exponential growth fitted to the record holders of a span of time, by least squares of log₂ on the date."""

    first: float
    last: float
    records: int
    months: float
    """Doubling time; negative where the records fall, infinite where they stand still."""
    low: float
    high: float
    """95 % interval of it, from that of the slope; infinite where the slope may be nought."""


@cache
def known_models() -> tuple[Known, ...]:
    """Every model of the table, by date."""
    said = tomllib.loads(files("pretrain").joinpath("known_models.toml").read_text(encoding="utf-8"))
    return tuple(sorted((_known(entry) for entry in said["model"]), key=lambda model: (model.year, model.name)))


def nearest(parameters: float, family: Family) -> Known:
    """The model of a family with most tokens among those within a factor 2 of a size; else the closest in size."""

    def away(model: Known) -> float:
        return abs(math.log(model.parameters / parameters))

    kin = [model for model in known_models() if model.family == family]
    close = [model for model in kin if away(model) <= math.log(2)]
    return max(close, key=lambda model: model.tokens) if close else min(kin, key=lambda m: (away(m), -m.tokens))


def records(models: Sequence[Known], size: Callable[[Known], float]) -> list[Known]:
    """Those that were larger than every earlier one."""
    found: list[Known] = []
    for model in sorted(models, key=lambda model: (model.year, -size(model))):
        if not found or size(model) > size(found[-1]):
            found.append(model)
    return found


def growth(models: Sequence[Known], size: Callable[[Known], float]) -> Growth | None:
    """How fast the records grew; None with fewer than three of them."""
    holders = records(models, size)
    if len(holders) < 3:
        return None
    years = np.array([model.year for model in holders])
    fit = stats.linregress(years, np.log2([size(model) for model in holders]))
    reach = float(stats.t.ppf(0.975, len(holders) - 2)) * fit.stderr
    slopes = (fit.slope, fit.slope + reach, fit.slope - reach)
    months, low, high = (12 / slope if slope > 0 else math.inf for slope in slopes)
    return Growth(float(years[0]), float(years[-1]), len(holders), float(months), float(low), float(high))


def moores_law() -> str:
    """Whether models follow a law like Moore's, in a few sentences from the table."""
    models = known_models()
    early = growth([model for model in models if model.year < 2022], lambda model: model.total)
    compute = growth(models, lambda model: model.flops)
    assert early is not None
    assert compute is not None
    peak = max((model for model in models if model.year < 2022), key=lambda model: model.total)
    later = max((model for model in models if model.year >= 2022), key=lambda model: model.total)
    return (
        f"Sizes of the largest models doubled every {_months(early)} from {int(early.first)} to {int(early.last)}, "
        f"{_MOORE / early.months:.0f} times Moore's pace of {_MOORE} months, and then all but stopped: {later.name} of "
        f"{int(later.year)} has {later.total / peak.total:.1f} times the weights of {peak.name} of {int(peak.year)}. "
        f"Training compute doubled every {_months(compute)} until {int(compute.last)}, since 2022 by more tokens "
        "rather than more weights. So there is no new Moore's law of size; there was one of compute, over "
        f"{compute.records} record holders that say what they took, and nothing here tells how long it goes on."
    )


def _months(growth: Growth) -> str:
    return f"{growth.months:.1f} months ({growth.low:.1f} to {growth.high:.1f})"


def _known(entry: dict[str, Any]) -> Known:
    when: date = entry["date"]
    parameters, tokens = float(entry["parameters"]), float(entry["tokens"])
    return Known(
        name=entry["name"],
        year=when.year + (when - date(when.year, 1, 1)).days / _DAYS,
        family=entry["family"],
        parameters=parameters,
        total=float(entry.get("total", parameters)),
        tokens=tokens,
        flops=float(entry.get("flops", 6 * parameters * tokens)),
        computed="flops" not in entry,
        source=entry["source"],
    )
