"""What a screen lets through unseen: its recall of what the teacher calls toxic, from a sample of what it rejected."""

from typing import NamedTuple

MISSES = 3.0
"""With none of n draws positive, the rate is below 3 / n with 95 % confidence (the rule of three)."""


class Recall(NamedTuple):
    """A share of toxic pieces that pass, and its interval of 95 %."""

    share: float
    low: float
    high: float


def recall(caught: int, missed: int, sampled: int, rejected: int) -> Recall | None:
    """TP / (TP + m / π), where of `rejected` pieces a seeded share π = `sampled` / `rejected` went to the teacher, too.

    `caught` (TP) counts toxic pieces among all that passed, `missed` (m) toxic ones of the sample. The interval is that
    of a Poisson count m (Garwood 1936), and where m is 0 the lower end is that of the rule of three. None where nothing
    was sampled, though there was something to sample, or where nothing toxic was found at all.
    """
    from scipy.stats import chi2

    if (rejected and not sampled) or not caught + missed:
        return None
    weight = rejected / sampled if sampled else 0.0
    most = float(chi2.ppf(0.975, 2 * missed + 2)) / 2 if missed else MISSES
    least = float(chi2.ppf(0.025, 2 * missed)) / 2 if missed else 0.0
    share, low, high = (caught / whole if (whole := caught + m * weight) else 0.0 for m in (missed, most, least))
    return Recall(share, low, min(1.0, high))
