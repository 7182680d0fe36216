"""Parquet and Arrow files: a record a row, read in batches of a bounded size."""

import base64
import datetime as dt
import decimal
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.ingest.jsonl import from_row
from curate.ingest.records import RAW, Fault, Ingest, Record, Source, one_line

_ROWS = 1_024
"""Rows decoded at a time; fewer where they are large."""


def read_parquet(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """The rows of a Parquet file. A row group of strings is read a batch at a time."""
    import pyarrow.parquet as pq

    def batches() -> Iterator[pa.RecordBatch]:
        with pq.ParquetFile(source.path, buffer_size=1 << 20, pre_buffer=False) as file:
            _check(file.schema_arrow, options)
            for group in range(file.num_row_groups):
                about = file.metadata.row_group(group)
                each = max(1, about.total_byte_size // max(1, about.num_rows))
                rows = max(1, min(_ROWS, (RAW * options.max_bytes) // each))
                yield from file.iter_batches(batch_size=rows, row_groups=[group], use_threads=False)

    return _read(source, options, batches)


def read_arrow(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """The rows of an Arrow IPC stream (a saved data set's shards) or file (Feather 2), memory-mapped."""

    def batches() -> Iterator[pa.RecordBatch]:
        with pa.memory_map(source.path) as file:
            if file.size() and file.read(6) == b"ARROW1":
                reader = pa.ipc.open_file(file)
                _check(reader.schema, options)
                yield from (reader.get_batch(i) for i in range(reader.num_record_batches))
            else:
                file.seek(0)
                stream = pa.ipc.open_stream(file)
                _check(stream.schema, options)
                yield from stream

    return _read(source, options, batches)


class _SchemaError(Exception):
    """The file has no text where it should be."""


def _check(schema: pa.Schema, options: Ingest) -> None:
    name = options.text_field
    found: Any = schema
    for part in [name] if name in schema.names else name.split("."):
        index = found.get_field_index(part) if isinstance(found, (pa.Schema, pa.StructType)) else -1
        if index < 0:
            names = ", ".join(schema.names[:12])
            raise _SchemaError(f"no column {name!r}; the columns are {names}")
        found = found.field(index).type
    if pa.types.is_dictionary(found):
        found = found.value_type
    if not (pa.types.is_string(found) or pa.types.is_large_string(found) or pa.types.is_string_view(found)):
        raise _SchemaError(f"column {name!r} is {found}, not text")


def _read(source: Source, options: Ingest, batches: Callable[[], Iterator[pa.RecordBatch]]) -> Iterator[Record | Fault]:
    number = 0
    try:
        for batch in batches():
            for start in range(0, batch.num_rows, _ROWS):
                part = batch.slice(start, _ROWS)
                yield from _part(source, part, number, options)
                number += part.num_rows
    except _SchemaError as error:
        yield Fault(source.name, "schema", one_line(error), source.bytes)
    except FileNotFoundError:
        yield Fault(source.name, "unreadable", "the file is gone", source.bytes)
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        place, size = (f"{source.name}#{number}", 0) if number else (source.name, source.bytes)
        yield Fault(place, "corrupt", f"{source.kind}: {one_line(error)}", size)


def _part(source: Source, batch: pa.RecordBatch, number: int, options: Ingest) -> Iterator[Record | Fault]:
    """A few rows, after a check of every offset and string, without which a damaged file could crash us."""
    texts: set[str] = set()
    try:
        try:
            batch.validate(full=True)
        except pa.ArrowInvalid:
            texts = {field.name for field in batch.schema if _as_bytes(field.type)}
            columns = [column.view(_as_bytes(column.type) or column.type) for column in batch.columns]
            batch = pa.RecordBatch.from_arrays(columns, batch.schema.names)
            batch.validate(full=True)
        batch, huge = _without_huge(batch, options)
        rows = batch.to_pylist(maps_as_pydicts="lossy")
    except (pa.ArrowException, ValueError, OverflowError) as error:
        lost = f"{source.kind}: {batch.num_rows:,} rows cannot be read: {one_line(error)}"
        yield Fault(f"{source.name}#{number}", "corrupt", lost, 0)
        return
    for at, row in enumerate(rows):
        place = f"{source.name}#{number + at}"
        if at in huge:
            yield Record(place, None, None, "text/plain", None, "{}", "max_bytes", huge[at], None, None, None)
        else:
            yield _row({key: _text(row[key]) if key in texts else row[key] for key in row}, place, options)


def _without_huge(batch: pa.RecordBatch, options: Ingest) -> tuple[pa.RecordBatch, dict[int, int]]:
    """The batch without texts far above the bound, which are not made Python strings, and their sizes by row."""
    at = batch.schema.get_field_index(options.text_field)
    kind = batch.schema.field(at).type if at >= 0 else None
    if kind not in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
        return batch, {}
    sizes = pc.fill_null(pc.binary_length(batch.column(at)), 0).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(sizes > RAW * options.max_bytes)
    if not len(rows):
        return batch, {}
    keep = np.ones(batch.num_rows, np.bool_)
    keep[rows] = False
    column = pc.if_else(pa.array(keep), batch.column(at), pa.scalar(None, kind))
    return batch.set_column(at, batch.schema.field(at), column), {int(row): int(sizes[row]) for row in rows}


def _as_bytes(kind: pa.DataType) -> pa.DataType | None:
    """What a column of strings that may not be UTF-8 can be read as."""
    if pa.types.is_string(kind):
        return pa.binary()
    return pa.large_binary() if pa.types.is_large_string(kind) else None


class _Repaired(str):
    """A string that was no UTF-8."""

    __slots__ = ()


def _text(value: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return _Repaired(value.decode("utf-8", "replace"))


def _row(row: dict[str, Any], place: str, options: Ingest) -> Record | Fault:
    broken = any(type(value) is _Repaired for value in row.values())
    plain = {key: _value(value) for key, value in row.items()}
    size = sum(len(value) for value in plain.values() if isinstance(value, str))
    try:
        record = from_row(plain, place, options, size)
    except RecursionError:
        return Fault(place, "schema", "nested too deeply", size)
    return record._replace(decoding="repaired") if broken and isinstance(record, Record) and record.decoding else record


def _value(value: Any) -> Any:  # noqa: PLR0911 (a line a type)
    """A cell as JSON can hold it: times as ISO 8601, bytes in base64, NaN as null, maps as objects."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, dict):
        return {str(key): _value(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_value(inner) for inner in value]
    if isinstance(value, (dt.datetime, dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    return str(value)
