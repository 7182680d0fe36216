"""What the counters say: per stage and over all of them, how much of each group was kept beside all others."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.audit.books import Audit, Counts
from curate.audit.membership import ALL
from curate.audit.phases import LANGUAGE, RAW, TEXT
from curate.audit.statistics import (
    Floats,
    Ratio,
    Shares,
    Strata,
    design_effect,
    disparity,
    mantel_haenszel,
    occupied,
    removal,
)
from curate.lexicons import identity

Verdict = Literal["red", "amber", "green", "grey"]
VERDICTS: tuple[Verdict, ...] = ("red", "amber", "green", "grey")
LINE = 0.8
REMOVAL_LINE = 1.25
FEWEST = 100
"""Documents of a group that an even-handed stage would have kept; below, an interval says too little to judge by."""
FEWEST_REMOVED = 25
"""Documents of a group that were removed; below, a removal ratio is not judged."""
OVERALL = "overall"
"""All stages together; for axes other than `language`, `source` and `region` without the stage that names languages:
who is mentioned hangs on a text's language above all, and choosing languages is what that stage is for."""
PEOPLE = (*identity.AXES, "pronouns", "dialect")
"""Axes that are about people; the others (where from, in which language, how long) are what filters choose by."""
REFERENCE_LINE = (
    "0.8 is a reference line, the four-fifths rule of the US guidelines on employee selection (29 CFR 1607.4 D); "
    "it is no legal test of a corpus, and a mention of a group says nothing about who wrote a text."
)


class Interval(NamedTuple):
    """A ratio and the ends of its 95 % interval."""

    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class Finding:
    """One group at one stage, or over all of them; ratios are to all documents that are not of the group.

    `disparity` is that of retention, `low` and `high` its interval; `removal` is that of what was removed, None where
    nothing was; `adjusted` is the disparity adjusted for length, language and source, None where no stratum compares;
    `of_best` is the retention beside that of the best-kept group of the axis with enough documents.
    """

    stage: str
    group: str
    documents: int
    kept: int
    retention: float
    retention_tokens: float
    others: float
    disparity: float
    low: float
    high: float
    removal: Interval | None
    adjusted: Interval | None
    of_best: float | None
    buckets: int
    verdict: Verdict

    @property
    def axis(self) -> str:
        """What the group is a group by."""
        return self.group.partition(".")[0]

    @property
    def about_people(self) -> bool:
        """Whether it is about people and not about what filters choose by."""
        return self.axis in PEOPLE

    def as_dict(self) -> dict[str, Any]:
        """The finding as JSON has it."""
        made = asdict(self)
        for key in ("removal", "adjusted"):
            found = made[key]
            made[key] = None if found is None else Interval(*found)._asdict()
        return made


@dataclass(frozen=True)
class _Step:
    """What came to a stage, or to a phase, and what that left."""

    incoming: Counts
    left: Counts

    def shares(self, everyone: int) -> Shares:
        """Kept and came, by group and bucket, of the group and of all others."""
        sides = [counts.documents.astype(np.float64) for counts in (self.left, self.incoming)]
        return Shares(*sides, *(side[everyone] - side for side in sides))

    def strata(self, everyone: int) -> Strata:
        """The same by stratum."""
        a, n1 = (counts.strata.astype(np.float64) for counts in (self.left, self.incoming))
        return Strata(a, n1, a[everyone] - a, n1[everyone] - n1)


def findings(audit: Audit) -> list[Finding]:
    """All groups at all stages in the order of the run, then over all stages.

    A group that nobody met is left out, and one that all documents are of: it has nothing to be compared with.
    """
    if ALL not in audit.groups:
        return []
    flows = list(audit.flows())
    found = [f for _, stage, *step in flows for f in _Table(audit, stage, [_Step(*step)]).rows()]
    naming = audit.naming
    for known, axes in ((RAW, {"source", "region"}), (LANGUAGE, {"language"}), (TEXT, None)):
        steps = _phases([flow for flow in flows if axes or flow[1] != naming], known)
        rows = _Table(audit, OVERALL, steps).rows() if steps else ()
        found += [f for f in rows if (f.axis in axes if axes else f.axis not in {"source", "region", "language"})]
    return found


ORDER = {RAW: 0, TEXT: 1, LANGUAGE: 2}


def _phases(flows: Sequence[tuple[str, str, Counts, Counts]], first: str) -> list[_Step]:
    """What came into each phase from `first` on, and what its last stage left."""
    whole: dict[str, _Step] = {}
    for phase, _, incoming, left in flows:
        whole[phase] = _Step(whole[phase].incoming if phase in whole else incoming, left)
    return [step for phase, step in whole.items() if ORDER[phase] >= ORDER[first]]


class _Table:
    """All groups at one stage, or over the phases that follow each other."""

    def __init__(self, audit: Audit, stage: str, steps: Sequence[_Step]) -> None:
        self._audit, self._stage, self._steps = audit, stage, steps
        self._everyone = audit.groups.index(ALL)
        shares = [step.shares(self._everyone) for step in steps]
        self._came, self._left = steps[0].incoming.documents.sum(axis=1), steps[-1].left.documents.sum(axis=1)
        self._mine, self._others = (_retention([s[n] for s in shares], [s[n + 1] for s in shares]) for n in (0, 2))
        self._tokens = _retention([s.left.tokens for s in steps], [s.incoming.tokens for s in steps])
        with np.errstate(divide="ignore", invalid="ignore"):
            self._disparity, self._removal = disparity(shares), removal(shares)
        parts = [
            mantel_haenszel(s.strata(self._everyone), design_effect(part))
            for s, part in zip(steps, shares, strict=True)
        ]
        logs, errors = (np.array([part[n] for part in parts]) for n in (0, 1))
        self._adjusted = Ratio(logs.sum(axis=0), np.sqrt((errors**2).sum(axis=0)))
        self._spans = [_intervals(ratio) for ratio in (self._disparity, self._removal, self._adjusted)]
        with np.errstate(over="ignore", invalid="ignore"):
            self._high, self._low_removal = self._disparity.high(), self._removal.low()
        self._buckets = occupied(shares)
        self._expected = self._came * self._others

    def rows(self) -> Iterator[Finding]:
        """A finding for each group that can be compared."""
        best = self._best()
        everyone = self._came[self._everyone]
        for number in np.flatnonzero((self._came > 0) & (self._came < everyone)):
            yield self._row(int(number), best[_axis(self._audit.groups[number])])

    def _best(self) -> dict[str, float]:
        """Axis → the best retention of a group with enough documents."""
        found: dict[str, float] = {}
        for number, group in enumerate(self._audit.groups):
            enough = self._expected[number] >= FEWEST
            found[_axis(group)] = max(found.get(_axis(group), 0.0), float(self._mine[number]) if enough else 0.0)
        return found

    def _row(self, n: int, best: float) -> Finding:
        mine, others = float(self._mine[n]), float(self._others[n])
        disparities, removals, adjusted = (spans[n] for spans in self._spans)
        spread = disparities or Interval(1.0, 1.0, 1.0)
        return Finding(
            stage=self._stage,
            group=self._audit.groups[n],
            documents=int(self._came[n]),
            kept=int(self._left[n]),
            retention=round(mine, DIGITS),
            retention_tokens=round(float(self._tokens[n]), DIGITS),
            others=round(others, DIGITS),
            disparity=round(mine / others, DIGITS) if others else spread.ratio,
            low=spread.low,
            high=spread.high,
            removal=removals if mine < 1 else None,
            adjusted=adjusted,
            of_best=round(mine / best, DIGITS) if best else None,
            buckets=int(self._buckets[n]),
            verdict=self._verdict(n),
        )

    def _verdict(self, n: int) -> Verdict:
        """Grey: too little was met; red: D is surely under the line; amber: it may be, or removal is skewed."""
        log, _ = self._disparity
        if self._expected[n] < FEWEST:
            return "grey"
        if self._high[n] < LINE:
            return "red"
        skewed = np.exp(self._removal.log[n]) > REMOVAL_LINE and self._low_removal[n] > 1
        removed = self._came[n] * (1 - self._mine[n])
        return "amber" if np.exp(log[n]) < LINE or (skewed and removed >= FEWEST_REMOVED) else "green"


DIGITS = 4


def _axis(group: str) -> str:
    return group.partition(".")[0]


def _intervals(ratio: Ratio) -> list[Interval | None]:
    """Each group's ratio, None where it is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        sides = np.stack([ratio.value(), ratio.low(), ratio.high()], axis=1).tolist()
    return [
        Interval(*(round(end, DIGITS) for end in ends)) if all(map(math.isfinite, ends)) else None for ends in sides
    ]


def _retention(kept: Sequence[NDArray[Any]], whole: Sequence[NDArray[Any]]) -> Floats:
    """The product over steps of what was kept of what came; nothing of nothing is all of it."""
    parts = []
    for some, all_ in zip(kept, whole, strict=True):
        mine, came = some.sum(axis=1).astype(np.float64), all_.sum(axis=1).astype(np.float64)
        parts.append(np.divide(mine, came, out=np.ones_like(mine), where=came > 0))
    return np.asarray(np.prod(parts, axis=0))
