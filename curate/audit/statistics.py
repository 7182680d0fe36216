"""Ratios of retention with intervals that go by sites, not by documents.

A filter keeps the share r of a group's documents and r' of all others. D = r / r' is the *disparity ratio*, (1 - r) /
(1 - r') the *removal ratio*. Documents of one site are kept or lost together, so their number says little about how
sure a ratio is: in simulations of clustered retention the interval that takes them for independent covered the truth
43 times of 100. Here the standard error of ln D is the delete-one-bucket jackknife's over B buckets of sites,

    se² = (B - 1) / B · Σ_b (θ_(-b) - mean)²,     interval exp(θ ± 1.96 se)

(Efron and Tibshirani 1993, ch. 11), with half a document added to what was kept and to what came in, so that a group
of which nothing is left has a ratio as well. The adjusted ratio is Mantel's and Haenszel's over strata i,

    RR = Σ a_i n0_i / N_i  ÷  Σ c_i n1_i / N_i,

a_i of n1_i of the group kept, c_i of n0_i of the others, with the variance of Greenland and Robins (1985) times the
design effect that the jackknife found on the raw ratio.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Z = 1.96
"""Of a normal distribution's middle 95 %."""
FEW_BUCKETS = 8
"""With documents in fewer buckets than these the jackknife tells nothing: the interval takes documents for independent
and is `FEW_WIDER` times as wide."""
FEW_WIDER = 2.0


class Ratio(NamedTuple):
    """ln of a ratio by group, and its standard error."""

    log: Floats
    error: Floats

    def value(self) -> Floats:
        """The ratio."""
        return np.asarray(np.exp(self.log))

    def low(self) -> Floats:
        """The lower end of the 95 % interval."""
        return np.asarray(np.exp(self.log - Z * self.error))

    def high(self) -> Floats:
        """The upper end."""
        return np.asarray(np.exp(self.log + Z * self.error))


class Shares(NamedTuple):
    """By group and bucket: how many were kept, of how many; and the same of all others. Each `(groups, buckets)`."""

    kept: Floats
    whole: Floats
    other_kept: Floats
    other_whole: Floats


def disparity(parts: Sequence[Shares]) -> Ratio:
    """Ln of the ratio of retention with the jackknife's error.

    `parts` are stages one after another, or one alone; retention is the product over them.
    """
    return _jackknifed(parts, lambda kept, whole: (kept + HALF) / (whole + HALF), lambda share: share)


def removal(parts: Sequence[Shares]) -> Ratio:
    """Ln of the ratio of what was removed, in the same way."""
    return _jackknifed(parts, lambda kept, whole: kept / (whole + HALF), lambda share: 1 - share)


HALF = 0.5
Share = Callable[[Floats, Floats], Floats]


def _jackknifed(parts: Sequence[Shares], share: Share, of: Callable[[Floats], Floats]) -> Ratio:
    mine, others = (_product(parts, side, share, each=False) for side in (0, 2))
    log = np.log(of(mine)) - np.log(of(others))
    each = np.log(of(_product(parts, 0, share, each=True))) - np.log(of(_product(parts, 2, share, each=True)))
    buckets = each.shape[1]
    error = np.sqrt((buckets - 1) / buckets * ((each - each.mean(axis=1, keepdims=True)) ** 2).sum(axis=1))
    apart = FEW_WIDER * np.sqrt(sum(_independent(of(p), parts[0][n].sum(axis=1)) for p, n in ((mine, 1), (others, 3))))
    return Ratio(log, np.where(occupied(parts) < FEW_BUCKETS, apart, error))


def _product(parts: Sequence[Shares], side: int, share: Share, *, each: bool) -> Floats:
    """The share over all parts, from all buckets `(groups,)` or without each in turn `(groups, buckets)`."""
    whole = np.ones((len(parts[0].whole), parts[0].whole.shape[1] if each else 1))
    for part in parts:
        kept, all_ = (
            numbers.sum(axis=1, keepdims=True) - (numbers if each else 0) for numbers in part[side : side + 2]
        )
        whole = whole * share(kept, all_)
    return whole if each else whole[:, 0]


def _independent(share: Floats, size: Floats) -> Floats:
    """The variance of ln of a share of so many independent documents (Katz et al. 1978)."""
    return np.asarray(np.maximum(1 - share, 0) / (np.maximum(share, 1e-12) * np.maximum(size, 1)))


def occupied(parts: Sequence[Shares]) -> NDArray[np.int64]:
    """In how many buckets each group has documents."""
    return np.asarray(np.any([part.whole > 0 for part in parts], axis=0).sum(axis=1))


def design_effect(part: Shares) -> Floats:
    """How much larger the variance of ln of the disparity is than that of independent documents, at least 1."""
    sides = [(part[n].sum(axis=1) + HALF) / (part[n + 1].sum(axis=1) + HALF) for n in (0, 2)]
    alone = sum(_independent(share, part[n].sum(axis=1)) for share, n in zip(sides, (1, 3), strict=True))
    mine = disparity([part]).error ** 2
    return np.maximum(np.divide(mine, alone, out=np.ones_like(mine), where=np.asarray(alone) > 0), 1.0)


class Strata(NamedTuple):
    """By group and stratum: of n1 of the group a were kept, of n0 others c. Each `(groups, strata)`."""

    a: Floats
    n1: Floats
    c: Floats
    n0: Floats


def mantel_haenszel(strata: Strata, effect: Floats) -> Ratio:
    """Ln of the ratio of retention adjusted for strata; NaN where no stratum holds both a group and others."""
    a, n1, c, n0 = strata
    size = np.maximum(n1 + n0, 1)
    mine, theirs = (a * n0 / size).sum(axis=1), (c * n1 / size).sum(axis=1)
    spread = (((a + c) * n1 * n0 - a * c * size) / size**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        known = (mine > 0) & (theirs > 0)
        log = np.where(known, np.log(mine) - np.log(theirs), np.nan)
        error = np.where(known, np.sqrt(effect * np.maximum(spread, 0) / (mine * theirs)), np.nan)
    return Ratio(log, error)
