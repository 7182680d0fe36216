"""Files written in groups of rows: however many rows come, one group is held at once.

A group is a Parquet row group or an Arrow batch. Where groups are cut follows from the rows alone, so that a
file's bytes do not tell in what batches they came.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curate.shards import ROWS_PER_GROUP, ROWS_PER_TOKEN_BATCH, atomic

GROUP_BYTES = 16 * 2**20
"""Text at which a group is cut: four thousand books are not one group."""

Open = Callable[[ExitStack, Path, pa.Schema], Any]
"""Opens a file, closed with the stack; what it returns has `write_table`."""


class GroupWriter:
    """Appends batches of one schema to a new file, in groups of at most `rows` rows and `GROUP_BYTES` of text.

    The schema is that of the first batch, which may be empty. The file takes its name at the end of the `with`.
    """

    def __init__(self, path: Path, form: Open, rows: int) -> None:
        self._path, self._form, self._most = path, form, rows
        self._stack = ExitStack()
        self._writer: Any = None
        self._held: list[pa.Table] = []
        self._rows = self._bytes = 0

    def write(self, part: pa.Table | pa.RecordBatch) -> None:
        """Append rows."""
        table = part if isinstance(part, pa.Table) else pa.Table.from_batches([part])
        if self._writer is None:
            temporary = self._stack.enter_context(atomic(self._path))
            self._writer = self._form(self._stack, temporary, table.schema)
        while len(table):
            fits, size = self._fitting(table)
            if fits:
                self._held.append(table.slice(0, fits))
                self._rows, self._bytes, table = self._rows + fits, self._bytes + size, table.slice(fits)
            if len(table) or self._rows == self._most:
                self._flush()

    def _fitting(self, table: pa.Table) -> tuple[int, int]:
        """How many of the rows still go into the group, at least one into an empty one, and their bytes of text."""
        room = min(len(table), self._most - self._rows)
        if "text" not in table.schema.names:
            return room, 0
        lengths = pc.fill_null(pc.binary_length(table.column("text").slice(0, room)), 0)
        ends = np.cumsum(lengths.to_numpy(), dtype=np.int64)
        fits = max(int(np.searchsorted(ends, GROUP_BYTES - self._bytes, "right")), 0 if self._rows else 1)
        return fits, int(ends[fits - 1]) if fits else 0

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held).combine_chunks())
        self._held, self._rows, self._bytes = [], 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush()
        self._stack.__exit__(kind, error, trace)


def parquet(path: Path) -> GroupWriter:
    """Parquet (zstd)."""
    return GroupWriter(path, _open_parquet, ROWS_PER_GROUP)


def arrow(path: Path) -> GroupWriter:
    """The Arrow file format, uncompressed, which `shards.read_arrow` memory-maps."""
    return GroupWriter(path, _open_arrow, ROWS_PER_GROUP)


def token_stream(path: Path) -> GroupWriter:
    """A token shard: the Arrow stream format, uncompressed."""
    return GroupWriter(path, _open_stream, ROWS_PER_TOKEN_BATCH)


def _open_parquet(stack: ExitStack, path: Path, schema: pa.Schema) -> Any:
    return stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd", write_page_index=False))


def _open_arrow(stack: ExitStack, path: Path, schema: pa.Schema) -> Any:
    return stack.enter_context(pa.ipc.new_file(stack.enter_context(pa.OSFile(str(path), "wb")), schema))


def _open_stream(stack: ExitStack, path: Path, schema: pa.Schema) -> Any:
    return stack.enter_context(pa.ipc.new_stream(stack.enter_context(pa.OSFile(str(path), "wb")), schema))
