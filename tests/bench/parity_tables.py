"""This project's side of `parity`, and the tables in which the two stand side by side."""

import hashlib
from collections import Counter
from statistics import median
from typing import Any

from curate.recipe import Recipe
from curate.stage import Filter
from curate.stages.c4 import C4
from curate.stages.c4_lines import C4Lines
from curate.stages.fineweb import FineWeb
from curate.stages.gopher import Gopher
from curate.stages.repetition import Repetition
from curate.testing import batch

Row = dict[str, Any]
"""Stage → `reason` (null: kept) and signals; of `c4` also the SHA-256 of the `text` that is left."""
Stages = dict[str, tuple[C4Lines | None, Filter]]
"""Name → a rewrite that comes first, and the filter."""


def _stages(recipe: Recipe) -> Stages:
    """The stages of FineWeb's recipe, and C4's with datatrove's defaults: all ends of lines, or only good ones."""
    named: Any = {stage.use: stage for stage in recipe.stages}
    every, pages = named["c4_lines"], named["c4"]
    return {
        **{use: (None, named[use]) for use in ("gopher", "repetition", "fineweb")},
        "c4": (every.model_copy(update={"terminal_punctuation": True}), pages),
        "c4_all_ends": (every, pages),
    }


DEFAULTS: Stages = {
    "gopher": (None, Gopher()),
    "repetition": (None, Repetition()),
    "fineweb": (None, FineWeb()),
    "c4": (C4Lines(), C4()),
    "c4_all_ends": (C4Lines(terminal_punctuation=False), C4()),
}
READINGS = _stages(Recipe.load("fineweb"))


def ours(texts: list[str], stages: Stages) -> list[Row]:
    """Verdict and signals of every text under every stage."""
    made: list[Row] = [{} for _ in texts]
    for start in range(0, len(texts), 500):
        rows = batch(*texts[start : start + 500])
        for name, (lines, stage) in stages.items():
            given = rows
            if lines is not None:
                given = rows.set_column(rows.schema.get_field_index("text"), "text", lines.rewrite(rows).text)
            column = stage.column(given)
            judged = zip(column.to_pylist(), stage.verdicts(column), given["text"].to_pylist(), strict=True)
            for i, (measured, verdict, text) in enumerate(judged):
                reason = None if verdict < 0 else stage.rules[verdict].reason
                row = {"reason": reason, **{k: v for k, v in measured.items() if k != "broken"}}
                if lines is not None:
                    row["text"] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
                made[start + i][name] = row
    return made


def verdicts(here: list[Row], there: list[Row]) -> str:
    """How often the two agree, stage by stage, in Markdown."""
    lines = [
        "| stage | same verdict | kept by both | by neither | here alone | there alone |",
        "|---|---|---|---|---|---|",
    ]
    for use in here[0]:
        kept = Counter((_kept(a, use), _kept(b, use)) for a, b in zip(here, there, strict=True))
        same = (kept[True, True] + kept[False, False]) / len(here)
        cells = (kept[True, True], kept[False, False], kept[True, False], kept[False, True])
        lines.append(f"| `{use}` | {same:.3%} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")
    return "\n".join(lines)


def signals(here: list[Row], there: list[Row]) -> str:
    """How often the two give the same number, and how far apart they are; of C4 where datatrove kept the document."""
    lines = ["| signal | equal | differ | 99.9th percentile of the gap |", "|---|---|---|---|"]
    for use in here[0]:
        for name in there[0][use]:
            if name not in ("reason", "text"):
                pairs = [(a[use][name], b[use][name]) for a, b in _measured(here, there, use)]
                gaps = sorted(abs(x - y) for x, y in pairs)
                differ = sum(gap > 1e-9 for gap in gaps)
                cells = (f"{1 - differ / len(gaps):.2%}", f"{differ:,}", f"{gaps[int(0.999 * len(gaps))]:.3g}")
                lines.append(f"| `{use}.{name}` | " + " | ".join(cells) + " |")
        if use.startswith("c4"):
            same = [a[use]["text"] == b[use]["text"] for a, b in _measured(here, there, use)]
            lines.append(f"| `{use}`, text to the byte | {sum(same) / len(same):.2%} | {len(same) - sum(same):,} | |")
    return "\n".join(lines)


def by_set(rows: list[Row], here: list[Row], there: list[Row]) -> str:
    """Documents, their median length, and how many verdicts differ, set by set."""
    uses = list(here[0])
    lines = [
        "| set | documents | median characters | " + " | ".join(f"`{use}`" for use in uses) + " |",
        "|---|---|---|" + "---|" * len(uses),
    ]
    for name in sorted({row["set"] for row in rows}):
        part = [i for i, row in enumerate(rows) if row["set"] == name]
        length = median(len(rows[i]["text"]) for i in part)
        differ = [sum(_kept(here[i], use) != _kept(there[i], use) for i in part) for use in uses]
        cells = (name, f"{len(part):,}", f"{length:,.0f}", *(f"{1 - d / len(part):.2%} ({d})" for d in differ))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences(rows: list[Row], here: list[Row], there: list[Row]) -> list[Row]:
    """Every document on whose fate or on one of whose numbers the two disagree."""
    found = []
    for row, a, b in zip(rows, here, there, strict=True):
        for use in a:
            compared = not use.startswith("c4") or _kept(b, use)
            apart = [k for k in b[use] if k != "reason" and compared and not _same(a[use][k], b[use][k])]
            if apart or _kept(a, use) != _kept(b, use):
                found.append({**row, "stage": use, "differ": apart, "here": a[use], "there": b[use]})
    return found


def _same(x: Any, y: Any) -> bool:
    return bool(x == y) if isinstance(x, str) else abs(x - y) < 1e-9


def _kept(row: Row, use: str) -> bool:
    return row[use]["reason"] is None


def _measured(here: list[Row], there: list[Row], use: str) -> list[tuple[Row, Row]]:
    pairs = list(zip(here, there, strict=True))
    return [pair for pair in pairs if _kept(pair[1], use)] if use.startswith("c4") else pairs
