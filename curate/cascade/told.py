"""What a run tells of its toxicity stage: how many documents are in which band, and what its screen was tried on."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.cascade.bands import BANDS
from curate.cascade.recall import recall
from curate.told import FEWEST, BesideGroups, summed

SUMMED = ("pieces", "passed", "caught", "sampled", "missed")


def by_band(columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
    """A row a band: documents, those that the teacher has read, and its sentences by what became of them.

    `rejected` counts sentences of languages that the teacher knows which did not pass. Counts of what no document had
    are left out.
    """
    rows = {band: dict.fromkeys(("documents", "taught", "rejected", *SUMMED), 0) for band in BANDS}
    for column in columns:
        for band, counts in rows.items():
            mask = pc.fill_null(pc.equal(column.field("band"), band), fill_value=False)
            for name, value in _counted(column.filter(mask)).items():
                counts[name] += value
    some = [name for name in rows[BANDS[0]] if name == "documents" or any(counts[name] for counts in rows.values())]
    return [{"band": band, **{name: counts[name] for name in some}} for band, counts in rows.items()]


def _counted(column: pa.StructArray) -> dict[str, int]:
    sums = {name: int(pc.sum(column.field(name)).as_py() or 0) for name in SUMMED}
    able = np.asarray(column.field("supported"), np.bool_)
    left = np.asarray(column.field("pieces"), np.int64) - np.asarray(column.field("passed"), np.int64)
    taught = int(pc.sum(column.field("taught").cast("int64")).as_py() or 0)
    return {"documents": len(column), "taught": taught, "rejected": int(left[able].sum()), **sums}


def by_group(columns: Iterable[BesideGroups]) -> list[dict[str, Any]]:
    """A row a group of people: the documents that mention it, their sentences, and the screen's recall in per cent.

    The recall and the ends of its interval are those of `cascade.recall`. Groups of which the sample tells nothing, or
    few documents, are left out.
    """
    rows = []
    for group, counts in summed((groups, _per_document(column)) for column, groups in columns).items():
        found = recall(*(counts[name] for name in ("caught", "missed", "sampled", "rejected")))
        if found is not None and counts["documents"] >= FEWEST:
            parts = zip(("recall %", "from", "to"), found, strict=True)
            rows.append({"group": group, **counts, **{name: round(100 * part, 1) for name, part in parts}})
    return rows


def _per_document(column: pa.StructArray) -> dict[str, NDArray[np.int64]]:
    """Of each document the sentences that recall goes by."""
    count = {name: np.asarray(pc.fill_null(column.field(name), 0), np.int64) for name in SUMMED}
    able = np.asarray(pc.fill_null(column.field("supported"), fill_value=False), np.bool_)
    rejected = np.where(able, count["pieces"] - count["passed"], 0)
    return {**{name: count[name] for name in ("caught", "missed", "sampled")}, "rejected": rejected}
