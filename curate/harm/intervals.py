"""Figures with intervals of 95 %, and how a page shows them."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Z = 1.959964
"""Of the normal distribution, for 95 %."""
RESAMPLES = 1000


def wilson(hits: int, total: int) -> tuple[float, float, float]:
    """A share and Wilson's score interval (1927): with nothing observed 0 within 0 to 1."""
    if not total:
        return 0.0, 0.0, 1.0
    share, square = hits / total, Z * Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z * math.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return share, max(0.0, middle - half), min(1.0, middle + half)


def auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """The area under the ROC curve, ties counted as half; 0.5 where one class is missing."""
    hits, total = int(positive.sum()), len(positive)
    if hits in (0, total):
        return 0.5
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    return float((ranks[positive].sum() - hits * (hits + 1) / 2) / (hits * (total - hits)))


def bootstrap(figure: Callable[[NDArray[np.int64]], float], count: int, seed: int = 1) -> tuple[float, float, float]:
    """A figure of `count` documents, given as row numbers, and the percentiles of its bootstrap (Efron 1979)."""
    rng = np.random.default_rng(seed)
    draws = [figure(rng.integers(0, count, count)) for _ in range(RESAMPLES if count else 0)]
    low, high = np.percentile(draws, [2.5, 97.5]) if draws else (0.0, 1.0)
    return figure(np.arange(count)), float(low), float(high)


def share(hits: int, total: int) -> str:
    """`93.1 % [92.0, 94.1]`, by Wilson."""
    value, low, high = (100 * number for number in wilson(hits, total))
    return f"{value:.1f} % [{low:.1f}, {high:.1f}]"


def area(scores: NDArray[np.float64], positive: NDArray[np.bool_], seed: int = 1) -> str:
    """`0.931 [0.920, 0.941]`: AUC, by bootstrap."""
    return figure(*bootstrap(lambda rows: auc(scores[rows], positive[rows]), len(scores), seed))


def figure(value: float, low: float, high: float) -> str:
    """`0.931 [0.920, 0.941]`."""
    return f"{value:.3f} [{low:.3f}, {high:.3f}]"
