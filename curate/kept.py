"""The sketches of what a run has kept: one unit a shard, once its documents are through all segments.

A barrier sketches all documents that come to it. What stays of a sketch are the rows of documents that the corpus has,
as they are or as a copy: those that reached the end (`kept`), in the order of `documents/`, and between them those
that only a later deduplication took. What other stages dropped behind the barrier is not in the corpus, and so no
reason for a later run to drop its like.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import between, groups, shards
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
    kept = np.ones(len(shards.read_arrow(last.with_name(ROWS))), np.bool_)
    had = kept
    files = []
    for part, leg, behind in zip(setting.recipe.segments[-2::-1], legs[-2::-1], legs[:0:-1], strict=True):
        rows = shards.read_arrow(behind.folder / ROWS).column("row").to_numpy()
        total = len(shards.read_arrow(leg.folder / f"sketch-{part.barriers[0].name}.arrow"))
        kept, had = _at(rows[kept], total), _at(rows[had], total)
        for barrier, verdict in zip(part.barriers[::-1], leg.verdicts[::-1], strict=True):
            files.append(f"sketch-{barrier.name}.arrow")
            with groups.arrow(folder / files[-1]) as out:
                reads = barrier.rereads and setting.recipe.output.text
                for part in _sketch(barrier, leg.folder, last if reads else None, had, kept):
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
    barrier: Barrier, folder: Path, last: Path | None, had: NDArray[np.bool_], kept: NDArray[np.bool_]
) -> Iterator[pa.Table]:
    """The rows of a sketch that the corpus has, with `id`, `kept` and, given `last`, `text`: see `curate.sketches`."""
    whole = shards.read_arrow(folder / f"sketch-{barrier.name}.arrow")
    rows, mine = np.flatnonzero(had), kept[had]
    ids = _Column(folder / DOCUMENTS, "id", rows)
    texts = _Texts(folder / DOCUMENTS, last, rows, mine) if last else None
    for start in range(0, max(1, len(rows)), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        table = whole.take(pa.array(rows[part]))
        table = table.add_column(0, "kept", pa.array(mine[part]))
        table = table.add_column(0, "id", ids.take(len(table)))
        yield table if texts is None else table.append_column("text", texts.take(mine[part]))


class _Texts:
    """What a barrier saw of documents, null where they stand in the corpus as they were."""

    def __init__(self, was: Path, last: Path, rows: NDArray[np.int64], kept: NDArray[np.bool_]) -> None:
        with between.Batches(was, ()) as before, between.Batches(last, ()) as after:
            unedited = before.texts == after.texts
        self._was = _Column(was, "text", rows[~kept] if unedited else rows)
        self._now = None if unedited else _Column(last, "text")

    def take(self, kept: NDArray[np.bool_]) -> pa.Array:
        """The next ones, of which some are kept."""
        if self._now is None:
            others = self._was.take(int((~kept).sum()))
            return others.take(pa.array(np.cumsum(~kept) - 1, mask=kept))
        was, now = self._was.take(len(kept)), self._now.take(int(kept.sum()))
        same = kept.copy()
        same[kept] = np.asarray(pc.equal(was.filter(pa.array(kept)), now))
        return was.take(pa.array(np.arange(len(was)), mask=same))


class _Column:
    """A column of a shard's documents, or some rows of it (ascending), of which a batch is in memory."""

    def __init__(self, path: Path, name: str, rows: NDArray[np.int64] | None = None) -> None:
        self._parts = self._read(path, name, rows)
        self._held: list[pa.Array] = [pa.array([], pa.string())]

    @staticmethod
    def _read(path: Path, name: str, rows: NDArray[np.int64] | None) -> Iterator[pa.Array]:
        first = 0
        with between.Batches(path, (name,)) as found:
            for number, size in enumerate(found.sizes()):
                within = slice(*np.searchsorted(rows, [first, first + size])) if rows is not None else slice(0, size)
                if within.start < within.stop:
                    column = found.batch(number).column(name)
                    yield column if rows is None else column.take(pa.array(rows[within] - first))
                first += size

    def take(self, count: int) -> pa.Array:
        """The next values; there have to be so many."""
        held = self._held
        while sum(map(len, held)) < count:
            held.append(next(self._parts))
        joined = pa.concat_arrays(held)
        self._held = [joined.slice(count)]
        return joined.slice(0, count)


def described(barrier: Barrier) -> str:
    """What a sketch is of, as JSON: the stage, and the fields that decide what its sketches hold."""
    fields = barrier.model_dump(mode="json", include=set(barrier.sketched))
    return json.dumps({"stage": barrier.name, "use": barrier.use, "version": barrier.version, "fields": fields})
