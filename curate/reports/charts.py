"""The geometry of the page's charts: bars as shares of the widest, in per cent; drawing is the template's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curate.report import Tally, total
from curate.reports.ledger import Books

MOST_BARS = 30
HAIRLINE = 0.25
"""Per cent of the width that anything above nothing is drawn with at least."""


@dataclass(frozen=True)
class Segment:
    """A part of a bar: where it starts and how wide it is, in per cent."""

    kind: str
    start: float
    width: float


@dataclass(frozen=True)
class Step:
    """One bar of a waterfall: what a stage left, and what it took, in tokens."""

    label: str
    kind: str
    left: int
    taken: int
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class Waterfall:
    """Steps that share one scale; `label` says what 100% is."""

    label: str
    whole: int
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Flow:
    """What came in and what came out of one language or source; widths in per cent of the largest."""

    label: str
    incoming: Tally
    out: Tally
    in_width: float
    out_width: float
    rest: int = 0
    """How many names this bar sums up; 0 where it is one name's own."""


def waterfalls(report: Books) -> list[Waterfall]:
    """Tokens by stage; where markup was most of what came in, text has a second chart on its own scale."""
    stages = report["stages"]
    cut = _extracted_after(report)
    raw, text = report["input"]["tokens"], report["extracted"]["tokens"]
    if not 0 < text < 0.6 * raw or not 0 < cut < len(stages):
        return [_waterfall("all that came in", "input", raw, stages, "output")]
    return [
        _waterfall("all that came in, markup included", "input", raw, stages[:cut], "extracted text"),
        _waterfall("extracted text", "extracted text", text, stages[cut:], "output"),
    ]


def _extracted_after(report: Books) -> int:
    """How many stages lie before the extracted text is there."""
    found = [i for i, stage in enumerate(report["stages"], 1) if stage["name"] == "extract"]
    return found[-1] if found else 0


def _waterfall(scale: str, first: str, whole: int, stages: Sequence[Books], last: str) -> Waterfall:
    widest = max([whole, *(sum(n for _, n in _parts(stage)) for stage in stages), 1])
    end = stages[-1]["out"]["tokens"] if stages else whole
    steps = [Step(first, "input", whole, 0, _segments([("left", whole)], widest))]
    for stage in stages:
        taken = stage["in"]["tokens"] - stage["out"]["tokens"]
        steps.append(Step(stage["name"], "stage", stage["out"]["tokens"], taken, _segments(_parts(stage), widest)))
    steps.append(Step(last, "output", end, 0, _segments([("output", end)], widest)))
    return Waterfall(scale, whole, tuple(steps))


def _parts(stage: Books) -> list[tuple[str, int]]:
    """What is left, then what was added or taken: together, all the tokens that the stage saw."""
    rewritten = stage["rewritten"]["tokens"]
    added = min(max(-rewritten, 0), stage["out"]["tokens"])
    taken = {key: total(Tally(**tally) for tally in stage[key].values()).tokens for key in ("dropped", "quarantined")}
    return [
        ("left", stage["out"]["tokens"] - added),
        ("added", added),
        ("rewritten", max(rewritten, 0)),
        *taken.items(),
    ]


def _segments(parts: Sequence[tuple[str, int]], widest: int) -> tuple[Segment, ...]:
    segments, start = [], 0.0
    for kind, tokens in parts:
        width = 100 * tokens / widest
        if tokens > 0:
            segments.append(Segment(kind, round(min(start, 100 - HAIRLINE), 3), round(max(width, HAIRLINE), 3)))
        start += width
    return tuple(segments)


def flows(found: Mapping[str, Mapping[str, Any]]) -> list[Flow]:
    """The largest languages or sources by tokens that came in, and all others as one bar."""
    both = [(key, Tally(**flow["in"]), Tally(**flow["out"])) for key, flow in found.items()]
    both.sort(key=lambda one: (-one[1].tokens, -one[2].tokens, -one[1].documents, one[0]))
    head = both if len(both) <= MOST_BARS + 1 else both[:MOST_BARS]
    rest = both[len(head) :]
    rows = [(key, incoming, out, 0) for key, incoming, out in head]
    if rest:
        rows.append(("", total(one[1] for one in rest), total(one[2] for one in rest), len(rest)))
    widest = max([1, *(max(incoming.tokens, out.tokens) for _, incoming, out, _ in rows)])
    return [
        Flow(key, incoming, out, _width(incoming.tokens, widest), _width(out.tokens, widest), many)
        for key, incoming, out, many in rows
    ]


def _width(tokens: int, widest: int) -> float:
    return round(max(100 * tokens / widest, HAIRLINE), 3) if tokens > 0 else 0.0
