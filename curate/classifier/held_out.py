"""How well scores tell good from bad on documents that training did not see, with intervals.

All measures come from one pass over the scores from the highest down, in which every document has a weight;
a bootstrap (Efron 1979) draws weights instead of documents, so that nothing is sorted twice.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
THRESHOLD = 0.5


class Measure(NamedTuple):
    """A figure from 0 to 1 and its interval of 95 %: the bootstrap's 2.5th and 97.5th percentiles."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class _Ranked:
    """Scores from the highest down, equal ones together."""

    good: NDArray[np.bool_]
    """Per document, in order of scores."""
    starts: NDArray[np.int64]
    """Where each group of equal scores begins."""
    passing: int
    """Groups whose score reaches the threshold."""


def measures(good: NDArray[np.bool_], scores: NDArray[np.float64], seed: int) -> dict[str, Measure] | None:
    """Precision, recall and F1 at a score of 0.5, ROC-AUC and average precision; None where one kind is missing.

    AUC counts a tie as half; average precision is the mean, over good documents, of the precision at their score.
    """
    if good.all() or not good.any():
        return None
    ranked = _ranked(good, scores)
    point = _measured(ranked, np.ones(len(good), np.int64))
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(RESAMPLES):
        weights = np.bincount(rng.integers(0, len(good), len(good)), minlength=len(good))
        if 0 < weights[ranked.good].sum() < len(good):
            draws.append(_measured(ranked, weights))
    low, high = np.percentile(np.array(draws), [2.5, 97.5], axis=0)
    return {
        name: Measure(*(round(float(value), 4) for value in values))
        for name, values in zip(NAMES, zip(point, low, high, strict=True), strict=True)
    }


NAMES = ("precision", "recall", "f1", "roc_auc", "average_precision")


def _ranked(good: NDArray[np.bool_], scores: NDArray[np.float64]) -> _Ranked:
    order = np.argsort(-scores, kind="stable")
    ordered = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    return _Ranked(good[order], starts, int((ordered[starts] >= THRESHOLD).sum()))


def _measured(ranked: _Ranked, weights: NDArray[np.int64]) -> tuple[float, ...]:
    """The figures of `NAMES` under weights in ranked order."""
    hits = np.add.reduceat(weights * ranked.good, ranked.starts)
    misses = np.add.reduceat(weights * ~ranked.good, ranked.starts)
    caught, taken = np.cumsum(hits), np.cumsum(hits + misses)
    all_good, all_bad = int(caught[-1]), int(taken[-1] - caught[-1])
    found = int(caught[ranked.passing - 1]) if ranked.passing else 0
    passed = int(taken[ranked.passing - 1]) if ranked.passing else 0
    auc = float((misses * (caught - hits / 2)).sum()) / (all_good * all_bad)
    average = float((hits * caught / np.maximum(taken, 1)).sum()) / all_good
    return (_over(found, passed), found / all_good, _over(2 * found, passed + all_good), auc, average)


def _over(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
