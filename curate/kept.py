"""The sketches of what a run has kept: one unit a shard, once its documents are through all segments.

A barrier sketches all documents that come to it. What stays of a sketch are the rows of documents that the corpus has,
as they are or as a copy: those that reached the end (`kept`), in the order of `documents/`, and between them those
that only a later deduplication took. What other stages dropped behind the barrier is not in the corpus, and so no
reason for a later run to drop its like.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import groups, shards
from curate.deduplication import DocumentDeduplication
from curate.flow import Setting
from curate.report import Report
from curate.sketches import METADATA
from curate.stage import Barrier
from curate.unit import DOCUMENTS, ROWS, commit

ROWS_AT_ONCE = 4096


@dataclass(frozen=True)
class Leg:
    """A shard's way through a segment: its folder there, and the verdicts of the segment's barriers on it."""

    folder: Path
    verdicts: tuple[Path, ...]


def keep(setting: Setting, legs: Sequence[Leg], folder: Path) -> None:
    """Write what is kept of the sketches of all barriers for a shard, given its way through all segments."""
    last = legs[-1].folder / DOCUMENTS
    kept = np.ones(sum(batch.num_rows for batch in shards.batches(last, ("id",))), np.bool_)
    had = kept
    files = []
    for part, leg, behind in zip(setting.recipe.segments[-2::-1], legs[-2::-1], legs[:0:-1], strict=True):
        rows = shards.read_arrow(behind.folder / ROWS).column("row").to_numpy()
        total = len(shards.read_arrow(leg.folder / f"sketch-{part.barriers[0].name}.arrow"))
        kept, had = _at(rows[kept], total), _at(rows[had], total)
        for barrier, verdict in zip(part.barriers[::-1], leg.verdicts[::-1], strict=True):
            files.append(f"sketch-{barrier.name}.arrow")
            with groups.arrow(folder / files[-1]) as out:
                for part in _sketch(barrier, leg.folder, last, had, kept):
                    out.write(part.replace_schema_metadata({METADATA: described(barrier)}))
            had = had | _copies(barrier, verdict)
    commit(folder, Report(), files=files)


def _at(rows: NDArray[np.int64], total: int) -> NDArray[np.bool_]:
    mask = np.zeros(total, np.bool_)
    mask[rows] = True
    return mask


def _copies(barrier: Barrier, verdict: Path) -> NDArray[np.bool_]:
    """The rows that a barrier drops because the corpus has them already."""
    table = shards.read_arrow(verdict)
    if not isinstance(barrier, DocumentDeduplication) or barrier.act != "drop":
        return np.zeros(len(table), np.bool_)
    return np.asarray(table.column("reason").is_valid())


def _sketch(
    barrier: Barrier, folder: Path, last: Path, had: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> Iterator[pa.Table]:
    """The rows of a sketch that the corpus has, with `id`, `kept`, and by choice `text` (see `curate.sketches`)."""
    whole = shards.read_arrow(folder / f"sketch-{barrier.name}.arrow")
    rows, mine = np.flatnonzero(had), kept[had]
    ids, was, now = (
        _column(folder / DOCUMENTS, "id", rows),
        _column(folder / DOCUMENTS, "text", rows),
        _column(last, "text"),
    )
    for start in range(0, max(1, len(rows)), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        table = whole.take(pa.array(rows[part]))
        table = table.add_column(0, "kept", pa.array(mine[part]))
        table = table.add_column(0, "id", pa.array(islice(ids, len(table)), pa.string()))
        if barrier.rereads:
            both = zip(mine[part], islice(was, len(table)), strict=True)
            texts = [None if stays and next(now) == text else text for stays, text in both]
            table = table.append_column("text", pa.array(texts, pa.string()))
        yield table


def _column(path: Path, name: str, rows: NDArray[np.int64] | None = None) -> Iterator[str | None]:
    """A column of a shard's documents, or some rows of it (ascending), one batch in memory."""
    first = 0
    for batch in shards.batches(path, (name,)):
        column = batch.column(name)
        if rows is not None:
            column = column.take(pa.array(rows[slice(*np.searchsorted(rows, [first, first + batch.num_rows]))] - first))
        yield from column.to_pylist()
        first += batch.num_rows


def described(barrier: Barrier) -> str:
    """What a sketch is of, as JSON: the stage, and the fields that decide what its sketches hold."""
    fields = barrier.model_dump(mode="json", include=set(barrier.sketched))
    return json.dumps({"stage": barrier.name, "use": barrier.use, "version": barrier.version, "fields": fields})
