"""Finds dropped and quarantined documents of a run, to be looked at."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.errors import UsageError, nearest
from curate.finish import require_finished
from curate.ops.hashing import hash_strings
from curate.stage import buffers


def rows(
    folder: Path, *, stage: str | None = None, reason: str | None = None, count: int = 10, seed: int | None = None
) -> Iterator[dict[str, Any]]:
    """Dropped and quarantined documents, the first ones in input order, or a sample by hash of `seed` and id."""
    require_finished(folder)
    files = _files(folder, stage)
    found: Iterator[dict[str, Any]] = (row for file in files for row in _matching(file, reason))
    if seed is not None:
        found = iter(sorted(found, key=lambda row: _rank(row, seed))[:count])
    shown = list(islice(found, count))
    if not shown and reason is not None:
        raise UsageError(f"nothing was dropped for {reason!r}{nearest(reason, _reasons(files))}")
    yield from shown


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
