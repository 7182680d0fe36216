"""Finds the documents that a barrier let stay, wherever in a run's folder they ended up."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate import shards
from curate.ops.hashing import hash_strings
from curate.stage import buffers

FILE_BITS = np.uint64(40)
"""A place is a file's number above so many bits, and a row's below."""

Row = dict[str, Any]


class Survivors:
    """The documents that a barrier of a run let stay although they have copies, by id.

    They are in `documents/`, in `dropped/` of stages behind the barrier, or in `quarantine/`, each with the text that
    it had there; or in those of `earlier` runs. Takes 16 bytes of memory a document with copies, and of
    earlier runs a document. Where several documents bear one id, the first of them that has copies is found.
    """

    def __init__(self, folder: Path, stage: str, earlier: Sequence[Path] = ()) -> None:
        self._files = list(_files(folder, stage))
        hashes, places = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint64)]
        past = [(file, f"{run.name}/{where}") for run in earlier for file, where in _files(run, "")]
        measured = len(self._files)
        self._files += past
        for number, (file, _) in enumerate(self._files):
            for found, rows in _staying(file, stage if number < measured else ""):
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
            file, where = self._files[number]
            for row in _read(file, rows[numbers == number].astype(np.int64)):
                if row["id"] in names:
                    found.setdefault(row["id"], {**row, "where": where})
        return found

    def _between(self, first: int, last: int) -> NDArray[np.uint64]:
        return self._places[first:last]


def _files(folder: Path, stage: str) -> Iterator[tuple[Path, str]]:
    """Files of a run in which a stage's survivors may be, and where those are; `documents/` first."""
    dropped = sorted(path.name for path in (folder / "dropped").glob("*") if path.name != stage)
    for where in ("documents", *(f"dropped/{name}" for name in dropped), "quarantine"):
        yield from ((file, where) for file in sorted((folder / where).glob("*.parquet")))


def _staying(file: Path, stage: str) -> Iterator[tuple[NDArray[np.uint64], NDArray[np.uint64]]]:
    """Hashes of ids, and row numbers, of a stage's survivors: rows whose cluster is their own id.

    All rows are, where there is no stage, or where none could measure them; none is that left before the stage.
    """
    parquet = pq.ParquetFile(file)
    names = parquet.schema_arrow.names
    if stage and stage not in names and "error" not in names:
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
    there = set(pq.ParquetFile(file).schema_arrow.names)
    table = shards.parquet_rows(file, rows, [name for name in ("id", "url", "text") if name in there])
    yield from ({"url": None, "text": None, **row} for row in table.to_pylist())
