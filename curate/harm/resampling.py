"""Intervals where sentences come in clusters: the clusters are drawn again, not the sentences."""

import numpy as np
from numpy.typing import NDArray

from curate.harm.intervals import RESAMPLES

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Interval = tuple[float, float, float]


def drawn(cluster: NDArray[np.int64], seed: int = 1) -> NDArray[np.int64]:
    """(resamples, rows): how often each row counts when as many clusters as there are have been drawn."""
    count = int(cluster.max(initial=-1)) + 1
    rng = np.random.default_rng(seed)
    times = np.stack([np.bincount(rng.integers(0, count, count), minlength=count) for _ in range(RESAMPLES)])
    return times[:, cluster]


def average_precision(scores: Floats, truth: Bools, weights: NDArray[np.int64] | None = None) -> float:
    """The area under the precision-recall curve as a sum of steps, ties taken together; 0 without positives."""
    order = np.argsort(-scores, kind="stable")
    times = np.ones(len(scores)) if weights is None else weights[order].astype(np.float64)
    hits, whole = np.cumsum(times * truth[order]), np.cumsum(times)
    last = np.append(scores[order][1:] != scores[order][:-1], True)[: len(scores)]
    hits, whole = hits[last], whole[last]
    if not len(hits) or not hits[-1]:
        return 0.0
    precision = np.divide(hits, whole, out=np.zeros_like(hits), where=whole > 0)
    return float((np.diff(hits, prepend=0.0) / hits[-1] * precision).sum())


def ranked(scores: Floats, truth: Bools, cluster: NDArray[np.int64]) -> Interval:
    """Average precision with the interval of 95 % over clusters."""
    draws = [average_precision(scores, truth, weights) for weights in drawn(cluster)]
    return average_precision(scores, truth), *_middle(np.array(draws))


def precision(flags: Bools, truth: Bools, cluster: NDArray[np.int64]) -> Interval:
    """The share of flags that are right."""
    return _ratio(flags & truth, flags, cluster)


def recall(flags: Bools, truth: Bools, cluster: NDArray[np.int64]) -> Interval:
    """The share of what is true that is flagged."""
    return _ratio(flags & truth, truth, cluster)


def _ratio(part: Bools, whole: Bools, cluster: NDArray[np.int64]) -> Interval:
    times = drawn(cluster)
    above, below = times @ part.astype(np.float64), times @ whole.astype(np.float64)
    draws = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return float(part.sum() / max(1, whole.sum())), *_middle(draws[below > 0])


def _middle(draws: Floats) -> tuple[float, float]:
    low, high = np.percentile(draws, [2.5, 97.5]) if len(draws) else (0.0, 1.0)
    return float(low), float(high)
