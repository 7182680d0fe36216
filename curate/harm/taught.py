"""The whole cascade with a teacher: HateCheck, and what the screen lets through unseen.

Detoxify's weights are not among the data sets: the section is measured where the folder of data holds a model as
`curate teacher fetch` writes it, `detoxify_unbiased` (or `_original`, `_multilingual`).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.cascade.recall import recall
from curate.cascade.told import by_band
from curate.harm.intervals import bootstrap, figure, share
from curate.harm.sets import MissingSetError, rows
from curate.stages.toxicity import TEACHERS, Toxicity
from curate.testing import batch

Row = dict[str, Any]
Mask = NDArray[np.bool_]

HATECHECK = "tox_hatecheck/norm.jsonl.zst"
PAGES = "crawl_c4_sample/c4_sample.jsonl.zst"
SAMPLE = 0.05
"""The share of sentences that did not pass which the teacher reads: ten times a run's, since pages are few."""


def section(data: Path) -> str:
    """A line a teacher; raises `MissingSetError` where none is there."""
    models = {kind: data / f"detoxify_{kind}" for kind in TEACHERS if (data / f"detoxify_{kind}").is_dir()}
    if not models:
        raise MissingSetError("no model of Detoxify (detoxify_unbiased) is in the folder of data")
    cases, pages = list(rows(data, HATECHECK)), list(rows(data, PAGES))
    lines = [_line(HEAD), _line(["---", *["---:"] * (len(HEAD) - 1)])]
    lines += [_taught(kind, model, cases, pages) for kind, model in models.items()]
    return "\n".join(["## The cascade with a teacher", "", TEXT, "", *lines])


HEAD = ("teacher", "hateful caught", "harmless kept", "macro-F1", "worst to best group", "toxic sentences passed")
TEXT = """HateCheck (Röttger et al. 2021): a case is caught if it passes the screen and the teacher then scores it 0.5
or more; macro-F1 of both classes; the ratio of the group whose harmless cases are kept least to the one whose are kept
most. Last, of C4's sentences that the teacher calls toxic, those that the screen passes, by a sample of the others. The
best published figures of both are Perspective's, 0.702 and 0.41."""


def _taught(kind: str, model: Path, cases: Sequence[Row], pages: Sequence[Row]) -> str:
    stage = Toxicity.model_validate({"teacher": kind, "model": model, "sample": SAMPLE})
    hateful = np.array([row["label"] == "hateful" for row in cases])
    caught = np.array([found > 0 for part in _columns(stage, cases) for found in part.field("caught").to_pylist()])
    targets = np.array([row.get("target") or "" for row in cases])
    groups = [str(one) for one in np.unique(targets[~hateful]) if one]
    kept = np.array([(~caught)[~hateful & (targets == one)].mean() for one in groups])
    cells = [
        kind,
        share(int((caught & hateful).sum()), int(hateful.sum())),
        share(int((~caught & ~hateful).sum()), int((~hateful).sum())),
        figure(*bootstrap(lambda some: macro_f1(caught[some], hateful[some]), len(cases))),
        f"{kept.min() / kept.max():.2f}" if kept.any() else "–",
        _recall(stage, pages),
    ]
    return _line(cells)


def macro_f1(found: Mask, true: Mask) -> float:
    """The mean of both classes' F1; 0 for a class that neither names."""
    both = ((found, true), (~found, ~true))
    return float(np.mean([2 * (a & b).sum() / max(1, a.sum() + b.sum()) for a, b in both]))


def _recall(stage: Toxicity, pages: Sequence[Row]) -> str:
    told = by_band(_columns(stage, pages))
    counts = [sum(row.get(key, 0) for row in told) for key in ("caught", "missed", "sampled", "rejected")]
    found = recall(*counts)
    return "–" if found is None else figure(*found)


def _columns(stage: Toxicity, some: Sequence[Row]) -> list[Any]:
    parts = (some[start : start + 1000] for start in range(0, len(some), 1000))
    return [stage.column(batch(*(row["text"] for row in part), id=[_id(row) for row in part])) for part in parts]


def _id(row: Row) -> str:
    return str(row.get("id") or row["text"][:80])


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
