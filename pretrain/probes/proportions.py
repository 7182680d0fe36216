"""A share of so many: Wilson's interval, which says something where nothing, or all, was seen."""

import math

from pretrain.evaluation.intervals import Estimate

_Z = 1.959964


def share(hits: int, count: int) -> Estimate:
    """Hits of `count` > 0 with the 95 % interval of Wilson 1927: 0 of 100 lies between 0 and 3.7 %."""
    value = hits / count
    spread = _Z * math.sqrt(value * (1 - value) / count + _Z**2 / (4 * count**2))
    middle = value + _Z**2 / (2 * count)
    scale = 1 + _Z**2 / count
    low, high = (middle - spread) / scale, (middle + spread) / scale
    return Estimate(value, max(0.0, low) if hits else 0.0, min(1.0, high) if hits < count else 1.0)
