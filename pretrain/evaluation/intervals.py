"""Intervals by the bootstrap (Efron 1979): resample what might have been other items, look at the statistic's spread.

Percentiles of 2,000 draws from a seeded generator; the same values and seed give the same interval.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 2_000
LEVEL = 0.95
_CELLS = 2**22


class Estimate(NamedTuple):
    """A value and where it may lie, with 95 % confidence."""

    value: float
    low: float
    high: float


def ratio(above: Floats, below: Floats, seed: int) -> Estimate:
    """Σ above / Σ below over items (N,), of which samples of N are drawn with replacement; NaN where Σ below is 0.

    One item has no spread: its interval is NaN.
    """
    total = below.sum()
    if not total:
        return Estimate(math.nan, math.nan, math.nan)
    if len(above) == 1:
        return Estimate(float(above[0] / total), math.nan, math.nan)
    drawn = [counts @ np.stack([above, below], 1) for counts in _resamples(len(above), seed)]
    sums = np.concatenate(drawn)
    with np.errstate(divide="ignore", invalid="ignore"):
        return _estimate(above.sum() / total, sums[:, 0] / sums[:, 1])


def mean(values: Floats, seed: int) -> Estimate:
    """Mean of items (N,)."""
    return ratio(values, np.ones(len(values)), seed)


def macro(groups: Sequence[Floats], seed: int, *, fixed: bool = False) -> Estimate:
    """Mean of the means of groups of hits (0 or 1, or 0.5 for a tie), resampling groups, then items in each.

    `fixed` keeps the groups and resamples items alone.
    """
    means = np.array([group.mean() for group in groups])
    draw = np.random.default_rng(seed)
    chosen = draw.integers(len(groups), size=(DRAWS, len(groups)))
    inner = np.stack([_means(group, draw) for group in groups])
    if fixed:
        return _estimate(float(means.mean()), inner.mean(0))
    # A group that is drawn twice is resampled twice: other draws of its mean
    turns = draw.integers(DRAWS, size=chosen.shape)
    return _estimate(float(means.mean()), inner[chosen, turns].mean(1))


def crossed(runs: int, items: int, of: Callable[[Floats], float], seed: int, draws: int = 500) -> Estimate:
    """Any statistic of S runs with other seeds on the same N items, resampling both.

    `of` takes weights (S, N), how often each run and item was drawn; with ones it gives the value.
    """
    rows = (chain.from_iterable(_resamples(size, seed + i, draws)) for i, size in enumerate((items, runs)))
    drawn = [of(np.outer(run_S, item_N)) for item_N, run_S in zip(*rows, strict=True)]
    return _estimate(of(np.ones((runs, items))), np.array(drawn))


def _means(group: Floats, draw: np.random.Generator) -> Floats:
    """(DRAWS,) means of resamples of a group, by the numbers of its distinct values."""
    values, counts = np.unique(group, return_counts=True)
    means: Floats = draw.multinomial(len(group), counts / len(group), size=DRAWS) @ values / len(group)
    return means


def _resamples(count: int, seed: int, draws: int = DRAWS) -> Iterator[Floats]:
    """How often each item is drawn, (some, count) at a time, `draws` rows in all."""
    draw = np.random.default_rng(seed)
    at_once = max(1, _CELLS // max(count, 1))
    for first in range(0, draws, at_once):
        size = min(at_once, draws - first)
        picked = draw.integers(count, size=(size, count)) + count * np.arange(size)[:, None]
        yield np.bincount(picked.ravel(), minlength=size * count).reshape(size, count).astype(np.float64)


def _estimate(value: float, drawn: Floats) -> Estimate:
    finite = drawn[np.isfinite(drawn)]
    if not len(finite):
        return Estimate(value, math.nan, math.nan)
    low, high = np.quantile(finite, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Estimate(float(value), float(low), float(high))
