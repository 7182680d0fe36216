"""From scores to `ablate.json`: for each pair of arms and each domain a difference, its intervals and a verdict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from pretrain.ablate import statistics
from pretrain.ablate.held_out import Domain
from pretrain.ablate.statistics import Difference, difference, holm, resampled

Against = Literal["first", "previous"]
Scores = Sequence[NDArray[np.float64]]
"""For each domain the nats (S, D) of an arm's models."""

DIGITS = 6


@dataclass(frozen=True)
class Pair:
    """An arm, and the one that it is compared with, by number."""

    arm: int
    against: int


def pairs(arms: int, against: Against) -> list[Pair]:
    """Which arms are compared: each with the first, or each with the one before and the last with the first."""
    if against == "first":
        return [Pair(arm, 0) for arm in range(1, arms)]
    chain = [Pair(arm, arm - 1) for arm in range(1, arms)]
    return chain + ([Pair(arms - 1, 0)] if arms > 2 else [])


def compared(
    names: Sequence[str], scores: Mapping[int, Scores], domains: Sequence[Domain], chosen: Sequence[Pair]
) -> list[dict[str, Any]]:
    """A table for each pair: its domains, and the mean over those that are no arm's own, where there are any.

    Each corpus is best on text of its own, so a mean over that would favour the one that is furthest from the others.
    """
    return [
        {"arm": names[pair.arm], "against": names[pair.against]}
        | _comparison(scores[pair.arm], scores[pair.against], domains)
        for pair in chosen
    ]


def _comparison(ours: Scores, theirs: Scores, domains: Sequence[Domain]) -> dict[str, Any]:
    parts = [difference(a, b, domain.bytes) for a, b, domain in zip(ours, theirs, domains, strict=True)]
    corrected = holm([part.p for part in parts])
    rows = [
        {"name": domain.name, "own": domain.own} | _told(part, p)
        for domain, part, p in zip(domains, parts, corrected, strict=True)
    ]
    counted = [i for i, domain in enumerate(domains) if not domain.own]
    if not counted:
        return {"domains": rows, "overall": None}
    draws = [resampled(ours[i] - theirs[i], domains[i].bytes, 1) for i in counted]
    whole = statistics.mean([parts[i] for i in counted], draws) if len(counted) > 1 else parts[counted[0]]
    name = f"mean of {len(counted)} domains" if len(counted) > 1 else domains[counted[0]].name
    return {"domains": rows, "overall": {"name": name} | _told(whole, whole.p)}


def _told(part: Difference, p: float) -> dict[str, Any]:
    """A difference as JSON has it, `p` as corrected for the number of domains."""
    return {
        "delta": _round(part.delta),
        "interval": _rounded(part.interval()),
        "verdict": part.verdict(p),
        "detectable": _round(part.detectable),
        "p": float(f"{p:.3g}"),
        "p_alone": float(f"{part.p:.3g}"),
        "bootstrap": _rounded(part.bootstrap),
        "paired_t": _rounded(part.paired()),
        "seeds": _rounded(part.seeds),
        "seed_error": _round(part.seed_error),
        "document_error": _round(part.document_error),
        "signs": {"fewer_bits": part.signs[0], "more_bits": part.signs[1], "p": float(f"{part.sign_p:.3g}")},
    }


def bits(scores: Scores, domains: Sequence[Domain]) -> list[list[float]]:
    """Bits per byte of each domain, for each seed."""
    return [
        _rounded(nats.sum(1) / (np.log(2) * domain.bytes.sum())) for nats, domain in zip(scores, domains, strict=True)
    ]


def _round(value: float) -> float:
    return round(float(value), DIGITS)


def _rounded(values: Any) -> list[float]:
    return [_round(value) for value in values]
