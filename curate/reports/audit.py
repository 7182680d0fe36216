"""The audit in reports: what it comes to in a sentence, as a table for the terminal, and as a forest plot."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from curate.audit.books import Audit
from curate.audit.findings import OVERALL, REFERENCE_LINE, VERDICTS, Finding, findings
from curate.reports import figures, hostile

Books = Mapping[str, Any]

MOST_ROWS = 80
NAME_CELLS = 40
STYLES = {"red": "bold red", "amber": "yellow", "green": "green", "grey": "dim"}
LOWEST, HIGHEST = 0.25, 2.0
"""Ends of the forest plot's axis, which is logarithmic; what lies beyond is drawn at its edge."""
TICKS = (0.5, 0.8, 1.0, 1.25)


def summary(audit: Audit) -> dict[str, Any]:
    """The audit as `report.json` holds it: verdicts about people by stage, and the findings that are worth a line."""
    found = findings(audit)
    stages = dict.fromkeys(finding.stage for finding in found)
    met = Counter((finding.stage, finding.verdict) for finding in found if finding.about_people)
    counts = {stage: {verdict: met[stage, verdict] for verdict in VERDICTS} for stage in stages}
    shown = [finding for finding in found if _worth(finding)]
    return {
        "documents": audit.documents,
        "share": audit.share,
        "verdicts": counts,
        "findings": [finding.as_dict() for finding in shown[-MOST_ROWS:]],
        "line": REFERENCE_LINE,
    }


def _worth(finding: Finding) -> bool:
    """Over all stages whatever could be judged about people, at a single one what is not as it should be."""
    if not finding.about_people:
        return False
    return finding.verdict in ("red", "amber") or (finding.stage == OVERALL and finding.verdict == "green")


def sentence(audit: Books) -> str:
    """What the audit comes to, in one sentence."""
    counts = audit["verdicts"].get(OVERALL) or dict.fromkeys(VERDICTS, 0)
    judged = counts["red"] + counts["amber"] + counts["green"]
    groups = "group" if judged == 1 else "groups"
    return (
        f"Of {judged} {groups} of people or dialects with documents enough to judge ({counts['grey']} had too few), "
        f"{counts['red']} were surely kept less than 0.8 times as often as all else (red), "
        f"{counts['amber']} perhaps so, or removed more than 1.25 times as often (amber)."
    )


def card_section(report: Books) -> str:
    """Two lines for the dataset card; nothing where the run kept no audit."""
    audit = report.get("audit")
    if not audit:
        return ""
    followed = figures.grouped(audit["documents"], figures.NARROW)
    return f"## Whom it took\n\n{sentence(audit)}\nCounted on {followed} documents. {REFERENCE_LINE}"


@dataclass(frozen=True)
class Mark:
    """One line of the forest plot: places in per cent of the width."""

    finding: Books
    low: float
    middle: float
    high: float


@dataclass(frozen=True)
class Forest:
    """The plot: a heading sentence, lines to compare with, and a row a finding."""

    told: str
    line: str
    documents: int
    ticks: tuple[tuple[str, float], ...]
    marks: tuple[Mark, ...]


def forest(audit: Books) -> Forest:
    """The geometry of the plot of a summary's findings."""
    marks = (Mark(found, *(_place(found[key]) for key in ("low", "disparity", "high"))) for found in audit["findings"])
    ticks = tuple((f"{tick:g}", _place(tick)) for tick in TICKS)
    return Forest(sentence(audit), str(audit["line"]), int(audit["documents"]), ticks, tuple(marks))


def _place(ratio: float) -> float:
    """Where a ratio lies on the axis, in per cent."""
    inside = min(max(float(ratio), LOWEST), HIGHEST)
    return round(100 * math.log(inside / LOWEST) / math.log(HIGHEST / LOWEST), 2)


def audit_table(found: Sequence[Finding]) -> Table:
    """Findings for a terminal."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("stage", no_wrap=True)
    table.add_column("group")
    for header in ("documents", "kept", "others", "ratio", "95 %", "adjusted", "removal"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("")
    for finding in found:
        adjusted, removal = finding.adjusted, finding.removal
        table.add_row(
            Text(hostile.short(finding.stage, NAME_CELLS)),
            Text(hostile.short(finding.group, NAME_CELLS)),
            figures.grouped(finding.documents),
            f"{100 * finding.retention:.1f}%",
            f"{100 * finding.others:.1f}%",
            f"{finding.disparity:.2f}",
            f"{finding.low:.2f}–{finding.high:.2f}",
            f"{adjusted.ratio:.2f}" if adjusted else "",
            f"{removal.ratio:.2f}" if removal else "",
            Text(finding.verdict, STYLES[finding.verdict]),
        )
    return table
