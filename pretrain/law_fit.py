"""Fitting L(N, D) = E + A / N^α + B / D^β to runs of one's own, with intervals by bootstrap over the runs.

As Hoffmann et al. 2022 (approach 3): minimise Σ Huber_δ(log L̂ − log L), δ = 10⁻³, over log A, log B, log E, α and β
by L-BFGS from many starts. N and D are centred first, so that A, B and E are what each term is worth in the middle of
the points, and starts can be shares of the loss there.
"""

import math
from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from pretrain.errors import UsageError
from pretrain.scaling_laws import Law

Floats = NDArray[np.float64]

LEAST_POINTS = 5
"""Distinct (N, D) that five parameters need; below twice as many an interval says little."""
_HUBER = 1e-3
_BOUNDS = [(-30.0, 10.0)] * 3 + [(0.02, 2.0)] * 2
_BEST_STARTS = 8
_Z = 1.959964


class Point(NamedTuple):
    """One trained run."""

    parameters: float
    tokens: float
    loss: float
    """Above 0, in any unit that stays the same."""


class Interval(NamedTuple):
    """A value with the 95 % of its bootstrap draws."""

    value: float
    low: float
    high: float


class Fit(NamedTuple):
    """A law of one's own and the laws of resampled runs."""

    law: Law
    draws: tuple[Law, ...]
    residual: float
    """Root mean square of log L̂ − log L over the points."""

    noise: float
    """Standard deviation of a run around the law, in log L: residuals over n − 5 degrees of freedom, at least 1."""

    def forecast(self, parameters: float, tokens: float) -> Interval:
        """Where a run of (N, D) should come out: the spread of the resampled laws and a run's own noise together.

        It knows nothing of the law's form being wrong.
        """
        found = _interval(self.law.loss(parameters, tokens), [law.loss(parameters, tokens) for law in self.draws])
        below, above = (math.hypot(math.log(found.value / end), _Z * self.noise) for end in found[1:])
        return Interval(found.value, found.value * math.exp(-below), found.value * math.exp(above))

    def interval(self, name: str) -> Interval:
        """One of `a, b, e, alpha, beta`."""
        return _interval(getattr(self.law, name), [getattr(law, name) for law in self.draws])


def fit(points: Sequence[Point], *, draws: int = 200, seed: int = 1) -> Fit:
    """Fit the law; raises `UsageError` with too few distinct points.

    Draws resample the points with replacement, each from its own stream of `seed`.
    """
    if len({point[:2] for point in points}) < LEAST_POINTS:
        raise UsageError(f"a law of five parameters needs {LEAST_POINTS} different pairs of size and tokens at least")
    centred = _Centred(points)
    best = centred.solve(centred.starts())
    resampled = [centred.resampled(seed, number) for number in range(draws)]
    laws = tuple(centred.law(part.solve([best])) for part in resampled)
    residual = centred.residual(best)
    noise = residual * math.sqrt(len(points) / max(1, len(points) - LEAST_POINTS))
    return Fit(centred.law(best), laws, residual, noise)


class _Centred:
    """Points around their geometric mean."""

    def __init__(self, points: Sequence[Point], centre: tuple[float, float] | None = None) -> None:
        self.points = list(points)
        n, d, loss = (np.log(np.array(column, np.float64)) for column in zip(*points, strict=True))
        self.centre = centre or (float(n.mean()), float(d.mean()))
        self.n, self.d, self.log_loss = n - self.centre[0], d - self.centre[1], loss

    def resampled(self, seed: int, number: int) -> "_Centred":
        """As many points drawn with replacement, at least `LEAST_POINTS` of them different."""
        draw = np.random.default_rng([seed, number])
        while True:
            chosen = [self.points[i] for i in draw.integers(len(self.points), size=len(self.points))]
            if len({point[:2] for point in chosen}) >= LEAST_POINTS:
                return _Centred(chosen, self.centre)

    def starts(self) -> list[Floats]:
        """The best of a grid of shares of the mean loss and exponents."""
        middle = float(self.log_loss.mean())
        grid = []
        for floor, split, alpha, beta in product((0.05, 0.3, 0.6, 0.9), (0.2, 0.5, 0.8), *[(0.1, 0.3, 0.6, 1.0)] * 2):
            shares = ((1 - floor) * split, (1 - floor) * (1 - split), floor)
            grid.append(np.array([*(middle + math.log(share) for share in shares), alpha, beta]))
        return sorted(grid, key=lambda start: self.cost(start)[0])[:_BEST_STARTS]

    def solve(self, starts: Sequence[Floats]) -> Floats:
        """The best end of L-BFGS over the starts."""
        options = {"maxiter": 400, "ftol": 1e-11, "gtol": 1e-8}
        ends = [minimize(self.cost, s, jac=True, method="L-BFGS-B", bounds=_BOUNDS, options=options) for s in starts]
        best: Floats = min(ends, key=lambda end: float(end.fun)).x
        return best

    def cost(self, theta: Floats) -> tuple[float, Floats]:
        """Σ Huber of the log residuals in units of δ, and its gradient."""
        parts = np.exp(self._terms(theta))
        whole = parts.sum(0)
        total, shares = np.log(whole), parts / whole
        scaled = (total - self.log_loss) / _HUBER
        slope = np.clip(scaled, -1, 1) / _HUBER
        cost = np.where(np.abs(scaled) <= 1, scaled**2 / 2, np.abs(scaled) - 0.5).sum()
        pull = shares * slope
        return float(cost), np.array([*pull.sum(1), -(pull[0] @ self.n), -(pull[1] @ self.d)])

    def _terms(self, theta: Floats) -> Floats:
        """(3, points): logarithms of A / N^α, B / D^β and E."""
        a, b, e, alpha, beta = theta
        return np.stack([a - alpha * self.n, b - beta * self.d, np.full_like(self.n, e)])

    def residual(self, theta: Floats) -> float:
        """Root mean square."""
        return float(np.sqrt(np.mean((np.log(np.exp(self._terms(theta)).sum(0)) - self.log_loss) ** 2)))

    def law(self, theta: Floats) -> Law:
        """The law in uncentred terms."""
        a, b, e, alpha, beta = map(float, theta)
        n, d = self.centre
        return Law("yours", "fitted here", math.exp(a + alpha * n), math.exp(b + beta * d), math.exp(e), alpha, beta)


def _interval(value: float, draws: Sequence[float]) -> Interval:
    low, high = np.quantile(np.array(draws), [0.025, 0.975]) if draws else (math.nan, math.nan)
    return Interval(value, float(low), float(high))
