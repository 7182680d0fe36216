"""What paired scores say of a difference in bits per byte, and how sure that is.

S models of each of two arms, paired by seed, score the same D documents. With δ[s, d] the nats of the one minus those
of the other, and b[d] the documents' bytes:

    Δ = mean over s of Σ_d δ[s, d] / (ln 2 · Σ_d b[d])          negative: the first arm is better

Two things make Δ uncertain, and more of either helps against it alone: which seeds (and data) the models had, and
which documents stand for the domain. As in a two-way layout with crossed random effects,

    error² = σ²_seed / S + σ²_documents
    σ²_documents = D / (D − 1) · Σ_d r[d]² / (ln 2 · Σ_d b[d])²    r[d] = mean over s of δ[s, d] − Δ · ln 2 · b[d]

with t quantiles for Satterthwaite's degrees of freedom (1946), which tend to the paired t-test's S − 1 where documents
are many. The share of one in the other is counted twice, so the error is if anything too large.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Verdict = Literal["better", "worse", "not distinguishable at this budget"]
Interval = tuple[float, float]

LEVEL = 0.05
"""Error that a verdict may have, after Holm's correction over the domains of a comparison."""
DRAWS = 2_000
POWER = 2.8
"""1.96 + 0.84 errors: a difference of this size is found four times in five at the level of 5 %."""
_CELLS = 2**23


@dataclass(frozen=True)
class Difference:
    """A difference in bits per byte on one domain, or on the mean of several."""

    delta: float
    seeds: Floats
    """(S,) of each seed."""
    seed_error: float
    """σ_seed / √S."""
    document_error: float
    bootstrap: Interval
    """Percentiles of the hierarchical bootstrap."""
    signs: tuple[int, int]
    """Documents on which the first arm needs fewer bits, and more."""

    @property
    def error(self) -> float:
        """Standard error of `delta`."""
        return math.hypot(self.seed_error, self.document_error)

    @property
    def detectable(self) -> float:
        """The smallest true difference that would be found four times in five."""
        return POWER * self.error

    @property
    def freedom(self) -> float:
        """Satterthwaite's degrees of freedom; documents count as many."""
        if not self.seed_error:
            return math.inf
        return (len(self.seeds) - 1) * (self.error / self.seed_error) ** 4

    @property
    def p(self) -> float:
        """Of no difference, two-sided."""
        from scipy import stats

        if not self.error:
            return 1.0 if self.delta == 0 else 0.0
        return float(2 * stats.t.sf(abs(self.delta) / self.error, self.freedom))

    @property
    def sign_p(self) -> float:
        """Of the sign test over documents, two-sided."""
        from scipy import stats

        total = sum(self.signs)
        return float(stats.binomtest(self.signs[0], total).pvalue) if total else 1.0

    def interval(self) -> Interval:
        """Of 95 %, by t over seeds and documents."""
        return _around(self.delta, self.error, self.freedom)

    def paired(self) -> Interval:
        """Of 95 %, by the paired t-test over seeds alone: of these documents, not of their domain."""
        return _around(self.delta, self.seed_error, len(self.seeds) - 1)

    def verdict(self, p: float) -> Verdict:
        """In words, given `p` as corrected: the interval of the bootstrap must agree."""
        low, high = self.bootstrap
        if p >= LEVEL or low <= 0 <= high:
            return "not distinguishable at this budget"
        return "better" if self.delta < 0 else "worse"


def difference(nats_SD: Floats, other_SD: Floats, bytes_D: NDArray[np.int64], seed: int = 1) -> Difference:
    """How many bits per byte the first arm needs more than the second; S ≥ 2 seeds, D ≥ 2 documents."""
    delta_SD = nats_SD - other_SD
    seeds, documents = delta_SD.shape
    whole = math.log(2) * float(bytes_D.sum())
    by_seed = delta_SD.sum(1) / whole
    delta = float(by_seed.mean())
    by_document = delta_SD.mean(0)
    rest = by_document - delta * math.log(2) * bytes_D
    return Difference(
        delta,
        by_seed,
        float(by_seed.std(ddof=1)) / math.sqrt(seeds),
        math.sqrt(documents / (documents - 1) * float((rest**2).sum())) / whole,
        _percentiles(resampled(delta_SD, bytes_D, seed)),
        (int((by_document < 0).sum()), int((by_document > 0).sum())),
    )


def mean(parts: Sequence[Difference], draws: Sequence[Floats]) -> Difference:
    """The unweighted mean over domains, each with the draws of its bootstrap; seeds are the same in all."""
    seeds = np.mean([part.seeds for part in parts], axis=0)
    return Difference(
        float(seeds.mean()),
        seeds,
        float(seeds.std(ddof=1)) / math.sqrt(len(seeds)),
        math.sqrt(sum(part.document_error**2 for part in parts)) / len(parts),
        _percentiles(np.mean(draws, axis=0)),
        (sum(part.signs[0] for part in parts), sum(part.signs[1] for part in parts)),
    )


def resampled(delta_SD: Floats, bytes_D: NDArray[np.int64], seed: int, draws: int = DRAWS) -> Floats:
    """(draws,) Δ of the hierarchical bootstrap: seeds drawn anew, and of the domain documents.

    Of S seeds S − 1 are drawn, which gives the variance of so few without bias (Rao and Wu 1988). The seeds drawn
    depend on `seed` and S alone, so that draws of several domains can be averaged.
    """
    seeds, documents = delta_SD.shape
    times_RS = np.random.default_rng([seed, 0]).multinomial(seeds - 1, np.full(seeds, 1 / seeds), draws) / (seeds - 1)
    rng = np.random.default_rng([seed, 1, documents])
    found = np.empty(draws)
    size = max(1, _CELLS // documents)
    for first in range(0, draws, size):
        part = slice(first, min(first + size, draws))
        times_RD = rng.multinomial(documents, np.full(documents, 1 / documents), part.stop - part.start)
        above = ((times_RS[part] @ delta_SD) * times_RD).sum(1)
        found[part] = above / (math.log(2) * np.maximum(times_RD @ bytes_D, 1))
    return found


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for their number, in the order given (Holm 1979)."""
    order = np.argsort(ps, kind="stable")
    found = np.empty(len(ps))
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(ps) - rank) * ps[index]))
        found[index] = largest
    return [float(p) for p in found]


def _around(middle: float, error: float, freedom: float) -> Interval:
    from scipy import stats

    half = float(stats.t.ppf(1 - LEVEL / 2, freedom)) * error if error else 0.0
    return middle - half, middle + half


def _percentiles(draws: Floats) -> Interval:
    low, high = np.percentile(draws, [50 * LEVEL, 100 - 50 * LEVEL])
    return float(low), float(high)
