"""Finds the documents that a barrier let stay, wherever in a run's folder they ended up."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.ops.hashing import hash_strings
from curate.stage import buffers

ROWS = 1024
"""Rows that are decoded at once."""
FILE_BITS = np.uint64(40)
"""A place is a file's number above so many bits, and a row's below."""

Row = dict[str, Any]


class Survivors:
    """The documents that a barrier of a run let stay although they have copies, by id.

    They are in `documents/`, in `dropped/` of stages behind the barrier, or in `quarantine/`, each with the text that
    it had there. Takes 16 bytes of memory a document with copies. Where several documents bear one id, the first of
    them that has copies is found.
    """

    def __init__(self, folder: Path, stage: str) -> None:
        self._stage = stage
        dropped = (path for path in sorted((folder / "dropped").glob("*/*.parquet")) if path.parent.name != stage)
        documents, quarantined = (sorted((folder / name).glob("*.parquet")) for name in ("documents", "quarantine"))
        self._folder = folder
        self._files = [*documents, *dropped, *quarantined]
        hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]
        for number, file in enumerate(self._files):
            for found, rows in _staying(file, stage):
                hashes.append(found)
                places.append(rows | np.uint64(number) << FILE_BITS)
        order = np.argsort(np.concatenate(hashes), kind="stable")
        self._hashes, self._places = np.concatenate(hashes)[order], np.concatenate(places)[order]

    def find(self, ids: Iterable[str]) -> dict[str, Row]:
        """Id → `id`, `url`, `text` and `where` (the file's folder) of each document that is there."""
        wanted = pa.array(sorted(set(ids)), pa.string())
        hashes = hash_strings(*buffers(wanted), 0)
        first, last = (np.searchsorted(self._hashes, hashes, side) for side in ("left", "right"))
        places = np.sort(np.concatenate([np.zeros(0, np.uint64), *map(self._between, first, last)]))
        numbers, rows = (places >> FILE_BITS).astype(np.int64), places & ((np.uint64(1) << FILE_BITS) - np.uint64(1))
        found: dict[str, Row] = {}
        names = set(wanted.to_pylist())
        for number in np.unique(numbers):
            for row in _read(self._files[number], rows[numbers == number].astype(np.int64)):
                if row["id"] in names:
                    where = self._files[number].parent.relative_to(self._folder).as_posix()
                    found.setdefault(row["id"], {**row, "where": where})
        return found

    def _between(self, first: int, last: int) -> NDArray[np.uint64]:
        return self._places[first:last]


def _staying(file: Path, stage: str) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Hashes of the ids of rows whose cluster is their own id, and their numbers; all rows where no stage measured."""
    parquet = pq.ParquetFile(file)
    names = parquet.schema_arrow.names
    if stage not in names and "error" not in names:  # it left before the barrier
        return
    columns = ["id", f"{stage}.cluster"] if stage in names else ["id"]
    start = 0
    for batch in parquet.iter_batches(1 << 16, columns=columns):
        ids = batch.column("id")
        stays = pc.is_valid(ids)
        if stage in names:
            stays = pc.fill_null(pc.equal(ids, batch.column(stage).field("cluster")), fill_value=False)
        rows = np.flatnonzero(np.asarray(stays))
        yield hash_strings(*buffers(ids.take(pa.array(rows))), 0), (rows + start).astype(np.uint64)
        start += batch.num_rows


def _read(file: Path, rows: NDArray[np.int64]) -> Iterator[Row]:
    """Some rows (ascending), decoded a few at a time; row groups that hold none of them are not read."""
    parquet = pq.ParquetFile(file)
    columns = [name for name in ("id", "url", "text") if name in parquet.schema_arrow.names]
    start = 0
    for group in range(parquet.num_row_groups):
        stop = start + parquet.metadata.row_group(group).num_rows
        if ((rows >= start) & (rows < stop)).any():
            for batch in parquet.iter_batches(ROWS, row_groups=[group], columns=columns):
                inside = rows[(rows >= start) & (rows < start + batch.num_rows)] - start
                yield from ({"url": None, "text": None, **row} for row in batch.take(pa.array(inside)).to_pylist())
                start += batch.num_rows
        start = stop
