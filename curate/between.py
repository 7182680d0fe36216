"""Batches between segments: one Arrow file a shard, that of a segment which edits no text over the one it read."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.shards import atomic


class BatchWriter:
    """Batches between segments: the Arrow file format, lz4 unless `packed` is false; schema from the first batch.

    With `over`, a file that another writer made, only what is new is written: batch i is made of rows of that file's
    batch i, which `write` is told, and takes the columns that it lacks from there.
    """

    def __init__(self, path: Path, over: Path | None = None, *, packed: bool = True) -> None:
        self._stack, self._packed = ExitStack(), packed
        self._over = os.path.relpath(over, path.parent) if over else None
        self._temporary = self._stack.enter_context(atomic(path))
        self._writer: pa.RecordBatchFileWriter | None = None

    def write(self, batch: pa.RecordBatch, places: NDArray[np.int64] | None = None) -> None:
        """Append a batch; the first one may be empty and still gives the schema."""
        if places is not None and self._over is not None:
            batch = batch.append_column(PLACES, pa.array(places.astype(np.int32)))
            batch = batch.replace_schema_metadata({OVER: self._over})
        if self._writer is None:
            sink = self._stack.enter_context(pa.OSFile(str(self._temporary), "wb"))
            options = pa.ipc.IpcWriteOptions(compression="lz4" if self._packed else None)
            self._writer = self._stack.enter_context(pa.ipc.new_file(sink, batch.schema, options=options))
            self._writer.write_batch(batch)
        elif batch.num_rows or self._over:
            self._writer.write_batch(batch)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


OVER, PLACES = b"over", "@place"
"""In the schema's metadata, the file from which batches take columns; and the column of rows there."""


class Batches:
    """The batches that a `BatchWriter` wrote, by number."""

    def __init__(self, path: Path, columns: Sequence[str] | None = None, without: Sequence[str] = ()) -> None:
        """Only some columns, where they are named, and none of those that are not wanted."""
        self._stack = ExitStack()
        self._own = self._opened(path)
        self._last = -1, np.zeros(0, np.int32)
        over = (self._own.schema.metadata or {}).get(OVER)
        self.texts = Path(os.path.normpath(path if over is None else path.parent / os.fsdecode(over)))
        """The file that holds the texts."""
        self._under: Batches | None = None
        if over is not None:
            have = set(self._own.schema.names)
            under = self._stack.enter_context(Batches(self.texts))
            lacking = [name for name in under.names if name not in have and _asked(name, columns, without)]
            self._under = self._stack.enter_context(Batches(self.texts, lacking)) if lacking else None
        if columns is not None or without:
            mine = [name for name in self._own.schema.names if name == PLACES or _asked(name, columns, without)]
            self._own = self._opened(path, mine)

    @property
    def names(self) -> list[str]:
        """The columns' names."""
        return list(self._own.schema.names)

    def __len__(self) -> int:
        return int(self._own.num_record_batches)

    def batch(self, number: int) -> pa.RecordBatch:
        """One batch."""
        found = self._own.get_batch(number)
        if PLACES not in found.schema.names:
            return found
        places, found = found.column(PLACES), found.drop_columns([PLACES]).replace_schema_metadata(None)
        self._last = number, np.asarray(places)
        if self._under is None:
            return found
        under = self._under.batch(number)
        under = under if _all_of(places, under.num_rows) else under.take(places)
        schema = pa.schema([*under.schema, *found.schema])
        return pa.RecordBatch.from_arrays([*under.columns, *found.columns], schema=schema)

    def sizes(self) -> list[int]:
        """The rows of every batch."""
        return [self._own.get_batch(number).num_rows for number in range(len(self))]

    def places(self, number: int, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Where rows of a batch stand in the batch of the file that holds the texts."""
        if PLACES not in self._own.schema.names:
            return rows
        last, places = self._last
        places = places if last == number else np.asarray(self._own.get_batch(number).column(PLACES))
        return places[rows].astype(np.int64)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return map(self.batch, range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _opened(self, path: Path, columns: Sequence[str] | None = None) -> pa.RecordBatchFileReader:
        source = self._stack.enter_context(pa.OSFile(str(path), "rb"))
        reader = pa.ipc.open_file(source)
        if columns is None:
            return reader
        fields = [reader.schema.get_field_index(column) for column in columns]
        source.seek(0)
        return pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=fields))


def _asked(name: str, columns: Sequence[str] | None, without: Sequence[str]) -> bool:
    return name not in without and (columns is None or name in columns)


def _all_of(places: pa.Array, rows: int) -> bool:
    """Whether ascending places are all there are."""
    return len(places) == rows


def batches(
    path: Path, columns: Sequence[str] | None = None, *, without: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """The batches that a `BatchWriter` wrote, one at a time; of the columns as `Batches` says."""
    with Batches(path, columns, without) as found:
        yield from found


def batch_at(path: Path, number: int, columns: Sequence[str]) -> pa.RecordBatch:
    """One of the batches that a `BatchWriter` wrote, by number."""
    with Batches(path, columns) as found:
        return found.batch(number)
