"""The sketches of what a run has kept: one unit a shard, once its documents are through all segments.

A barrier sketches all documents that come to it. What stays of a sketch are the rows of the documents that reached
the end, each with its id, in the order of `documents/`, so that a later run can tell what this one has. A document
whose text was edited behind a barrier that reads texts again has in `text` what it was when the barrier saw it.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import shards
from curate.flow import Setting
from curate.recipe import Recipe
from curate.report import Report
from curate.sketches import METADATA
from curate.stage import Barrier, Rewrite
from curate.stages import uses
from curate.unit import DOCUMENTS, ROWS, commit


def keep(setting: Setting, segments: Sequence[Path], folder: Path) -> None:
    """Write what is kept of the sketches of all barriers, for the shard whose folders in all segments are given."""
    last = segments[-1] / DOCUMENTS
    ids = pa.chunked_array([batch.column("id") for batch in shards.batches(last, ("id",))], pa.string())
    rows = np.arange(len(ids))
    files = []
    for part, before, behind in zip(setting.recipe.segments[-2::-1], segments[-2::-1], segments[:0:-1], strict=True):
        rows = shards.read_arrow(behind / ROWS).column("row").to_numpy()[rows]
        for barrier in part.barriers:
            sketch = shards.read_arrow(before / f"sketch-{barrier.name}.arrow").take(pa.array(rows))
            table = sketch.add_column(0, "id", ids)
            if barrier.rereads and _edits(setting.recipe, part.index):
                table = table.append_column("text", _earlier_texts(before / DOCUMENTS, rows, last))
            files.append(f"sketch-{barrier.name}.arrow")
            shards.write_arrow(folder / files[-1], table.replace_schema_metadata({METADATA: described(barrier)}))
    commit(folder, Report(), files=files)


def described(barrier: Barrier) -> str:
    """What a sketch is of, as JSON: the stage, and the fields that decide what its sketches hold."""
    fields: dict[str, Any] = {key: getattr(barrier, key) for key in barrier.sketched}
    return json.dumps({"stage": barrier.name, "use": uses(barrier), "version": barrier.version, "fields": fields})


def _edits(recipe: Recipe, segment: int) -> bool:
    """Whether texts may be edited behind the barriers of a segment."""
    later = recipe.segments[segment + 1 :]
    cuts = any(barrier.cuts for part in recipe.segments[segment:] for barrier in part.barriers)
    return cuts or any(isinstance(stage, Rewrite) for part in later for stage in part.stages)


def _earlier_texts(before: Path, rows: NDArray[np.int64], after: Path) -> pa.ChunkedArray:
    """The texts that some rows (ascending) of a shard had, null where what became of them is the same."""
    earlier = _chosen(before, rows)
    parts = []
    for batch in shards.batches(after, ("text",)):
        now = batch.column("text")
        was = pa.array([next(earlier) for _ in range(len(now))], pa.string())
        parts.append(pc.if_else(pc.fill_null(pc.equal(was, now), fill_value=False), pa.scalar(None, pa.string()), was))
    return pa.chunked_array(parts, pa.string())


def _chosen(path: Path, rows: NDArray[np.int64]) -> Iterator[str | None]:
    """The texts of some rows, one batch of them in memory."""
    start = 0
    for batch in shards.batches(path, ("text",)):
        inside = rows[(rows >= start) & (rows < start + batch.num_rows)] - start
        yield from batch.column("text").take(pa.array(inside)).to_pylist()
        start += batch.num_rows
