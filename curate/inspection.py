"""Finds dropped and quarantined documents of a run, to be looked at; copies beside the document that stayed."""

from collections.abc import Iterable, Iterator, Mapping
from heapq import nsmallest
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate import shards
from curate.errors import UsageError, nearest
from curate.finished import require_finished
from curate.ops.hashing import hash_strings
from curate.stage import buffers
from curate.survivors import Survivors

BLOCK = 64
"""Copies whose counterparts are read at once."""


def rows(
    folder: Path, *, stage: str | None = None, reason: str | None = None, count: int = 10, seed: int | None = None
) -> Iterator[dict[str, Any]]:
    """Dropped and quarantined documents, the first ones in input order, or a sample by hash of `seed` and id."""
    require_finished(folder)
    files = _files(folder, stage)
    found: Iterator[dict[str, Any]] = (row for file in files for row in _matching(file, reason))
    if seed is not None:
        found = iter(nsmallest(count, found, key=lambda row: _rank(row, seed)))
    shown = islice(found, count)
    first = next(shown, None)
    if first is not None:
        yield first
    elif reason is not None:
        raise UsageError(f"nothing was dropped for {reason!r}{nearest(reason, _reasons(files))}")
    yield from shown


def beside(folder: Path, dropped: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of `rows`, copies with two keys more.

    `stayed` is the document that stayed in place of the copy (`id`, `url`, `text`, and in `where` the part of the
    folder that holds it), with no text where the run holds none; `similarity` is what the barrier measured, if it did.
    """
    known: dict[str, Survivors] = {}
    remaining = iter(dropped)
    while block := list(islice(remaining, BLOCK)):
        stayed: dict[tuple[str, str], dict[str, Any]] = {}
        for stage in dict.fromkeys(_stage(row) for row in block if cluster(row)):
            if stage not in known:
                known[stage] = Survivors(folder, stage, _earlier(folder, stage))
            found = known[stage].find(cluster(row) for row in block if _stage(row) == stage and cluster(row))
            stayed |= {(stage, id_): row for id_, row in found.items()}
        for row in block:
            if id_ := cluster(row):
                missing = {"id": id_, "url": None, "text": None, "where": None}
                pair = {
                    "similarity": _signals(row).get("similarity"),
                    "stayed": stayed.get((_stage(row), id_), missing),
                }
                yield {**row, **pair}
            else:
                yield row


def _earlier(folder: Path, stage: str) -> list[Path]:
    """The earlier runs that a stage went by, as far as they are still where they were."""
    named = shards.read_json(folder / "report.json")["recipe"].get("stage", [])
    paths = [path for fields in named if fields.get("name") == stage for path in fields.get("against", [])]
    return [Path(path) for path in paths if Path(path).is_dir()]


def cluster(row: Mapping[str, Any]) -> str:
    """The id of the document that stayed in place of a dropped one; empty where it was no copy."""
    return str(_signals(row).get("cluster") or "")


def _signals(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found = row.get(_stage(row))
    return found if isinstance(found, Mapping) else {}


def _stage(row: Mapping[str, Any]) -> str:
    return str(row.get("reason") or "").partition(".")[0]


def _files(folder: Path, stage: str | None) -> list[Path]:
    stages = {path.name: sorted(path.glob("*.parquet")) for path in sorted((folder / "dropped").glob("*"))}
    quarantined = sorted((folder / "quarantine").glob("*.parquet"))
    if stage is None:
        return [file for files in stages.values() for file in files] + quarantined
    if stage == "quarantine":
        return quarantined
    if stage not in stages:
        known = [*stages, "quarantine"]
        raise UsageError(f"stage {stage!r} dropped nothing here{nearest(stage, known)}")
    return stages[stage]


def _reasons(files: list[Path]) -> list[str]:
    tables = (pq.read_table(file, columns=["reason"]) for file in files)
    return sorted({reason for table in tables for reason in pc.unique(table.column("reason")).to_pylist()})


def _matching(file: Path, reason: str | None) -> Iterator[dict[str, Any]]:
    for batch in pq.ParquetFile(file).iter_batches(1024):
        kept = batch if reason is None else batch.filter(pc.equal(batch.column("reason"), reason))
        yield from kept.to_pylist()


def _rank(row: dict[str, Any], seed: int) -> int:
    hashes = hash_strings(*buffers(pa.array([f"{row.get('id')} {row.get('place')}"])), seed)
    return int(np.asarray(hashes)[0])
