"""The on-disk format; this docstring is its specification.

A finished run is a folder:

    README.md  manifest.json  report.json  report.html  audit.json
    documents/documents-0000k-of-0000n.parquet
    dropped/<stage>/part-0000k.parquet      id, url, source, date, place, reason, text, one struct a stage
    quarantine/part-0000k.parquet           id, place, stage, reason, error, bytes, text
    tokens/{train,validation}/              data-0000k-of-0000n.arrow, state.json, dataset_info.json
    tokenizer/tokenizer.json
    sketches/<barrier>-0000k.arrow
    .work/                                  keyed folders; the files above are hard links into it

*documents* are Parquet (zstd): `id, source, url, date, media, text, meta`, one struct column per
stage that measured the document, and `tokens` (int64), the document's token count. By the recipe's `[output]`, `text`
and `tokens` may stay out.

*sketches* are what a barrier needs to know of each document that the corpus has: `id`, `kept` (whether it is in
`documents/`, in whose order these stand; a later deduplication took the others), the columns that the barrier
describes, and for barriers that read texts again `text`: what the barrier saw where `documents/` has another text or
none, else null. The schema's metadata says under `sluice` in JSON which stage made them: `stage`, `use`, `version`,
and in `fields` those that decide what a sketch holds.

*audit.json* counts whom each stage took (`curate.audit`); a run with `audit.documents = 0` has none.

*tokens* are folders that `datasets.load_from_disk` reads: Arrow IPC **stream** files, uncompressed,
so that they can be memory-mapped, one row a document: `input_ids` list<uint16> (uint32 where the
vocabulary exceeds 65,536), `id`, `source`, `language` (null where nothing identified it), `weight`
(float32). Shards hold text tokens only; whoever trains adds special tokens.

`manifest.json` names every file but the reports with its bytes, sha256, rows and tokens:

    {"format": 1, "recipe": {…}, "key": …, "vocabulary": V, "tokenizer": {"sha256": …},
     "tokens": {"train": {"documents", "tokens", "bytes"}, "validation": {…}},
     "cuts": {stage: {"fields": {…}, "documents", "shares": {name: {"share", "low", "high"}}}},
     "files": [{"path", "bytes", "sha256", "rows", "tokens"}, …]}

What a killed writer leaves is never read: every file is written under a temporary name, synced and
renamed, and a unit counts as done when its `report.json`, written last, exists.
"""

import hashlib
import json
import os
import platform
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

FORMAT = 1
ROWS_PER_GROUP = 4096
ROWS_PER_TOKEN_BATCH = 1024
ROWS_DECODED = 1024
TEMPORARY = ".tmp-"


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its place when the block ends well."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY}{platform.node()}-{os.getpid()}-{path.name}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, keys in the order given."""
    with atomic(path) as temporary:
        text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
        # What UTF-8 cannot hold (bytes in file names) becomes a JSON escape, which reads back as it was.
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote."""
    return json.loads(path.read_text("utf-8"))


class RowWriter:
    """Parquet by rows, in row groups of a fixed size, so that millions of them are never held at once."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema
        self._rows: list[tuple[Any, ...]] = []
        self._stack = ExitStack()
        self._writer: pq.ParquetWriter | None = None

    def write(self, row: tuple[Any, ...]) -> None:
        """Append a row; the file begins with the first one."""
        self._rows.append(row)
        if len(self._rows) >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._writer is None:
            temporary = self._stack.enter_context(atomic(self._path))
            self._writer = self._stack.enter_context(
                pq.ParquetWriter(temporary, self._schema, compression="zstd", write_page_index=False)
            )
        columns = zip(*self._rows, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, self._schema, strict=True)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema), row_group_size=ROWS_PER_GROUP)
        self._rows = []

    def close(self) -> bool:
        """Finish the file; whether there is one."""
        if self._rows:
            self._flush()
        self._stack.close()
        return self._writer is not None


def parquet_rows(path: Path, rows: NDArray[np.int64], columns: Sequence[str]) -> pa.Table:
    """Some rows (ascending) of a Parquet file, a few decoded at once; row groups that hold none are not read."""
    parquet = pq.ParquetFile(path)
    parts = [parquet.schema_arrow.empty_table().select(columns)]
    first = 0
    for group in range(parquet.num_row_groups):
        stop = first + parquet.metadata.row_group(group).num_rows
        if np.searchsorted(rows, first) < np.searchsorted(rows, stop):
            for batch in parquet.iter_batches(ROWS_DECODED, row_groups=[group], columns=list(columns)):
                inside = rows[slice(*np.searchsorted(rows, [first, first + batch.num_rows]))] - first
                parts.append(pa.Table.from_batches([batch.take(pa.array(inside))]))
                first += batch.num_rows
        first = stop
    return pa.concat_tables(parts)


def write_arrow(path: Path, table: pa.Table) -> None:
    """Write a table as one uncompressed batch of the Arrow file format, to be memory-mapped."""
    with atomic(path) as temporary, pa.OSFile(str(temporary), "wb") as sink:
        table = table.combine_chunks()
        with pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)


def read_arrow(path: Path) -> pa.Table:
    """Memory-map what `write_arrow` wrote."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


def token_schema(vocabulary: int) -> pa.Schema:
    """The schema of a token shard, with the metadata by which `datasets` knows its features."""
    ids = "uint16" if vocabulary <= 2**16 else "uint32"
    schema = pa.schema(
        [
            pa.field("input_ids", pa.list_(getattr(pa, ids)())),
            pa.field("id", pa.string()),
            pa.field("source", pa.string()),
            pa.field("language", pa.string()),
            pa.field("weight", pa.float32()),
        ]
    )
    return schema.with_metadata({"huggingface": json.dumps({"info": {"features": _features(ids)}})})


def _features(ids: str) -> dict[str, Any]:
    texts = {name: {"dtype": "string", "_type": "Value"} for name in ("id", "source", "language")}
    inner = {"dtype": ids, "_type": "Value"}
    return {
        "input_ids": {"feature": inner, "_type": "List"},
        **texts,
        "weight": {"dtype": "float32", "_type": "Value"},
    }


def write_token_index(folder: Path, split: str, files: Sequence[str], vocabulary: int, fingerprint: str) -> None:
    """Write `state.json` and `dataset_info.json`, by which `datasets` finds the shards."""
    ids = "uint16" if vocabulary <= 2**16 else "uint32"
    state: dict[str, Any] = {
        "_data_files": [{"filename": name} for name in files],
        "_fingerprint": fingerprint,
        "_format_columns": None,
        "_format_kwargs": {},
        "_format_type": None,
        "_output_all_columns": False,
        "_split": split,
    }
    write_json(folder / "state.json", state)
    info = {"citation": "", "description": "", "features": _features(ids), "homepage": "", "license": ""}
    write_json(folder / "dataset_info.json", info)


def sha256(path: Path) -> str:
    """The digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def entry(path: Path, rows: int | None = None, tokens: int | None = None) -> dict[str, Any]:
    """A manifest line for a file, its path left to the caller."""
    counts = {"rows": rows, "tokens": tokens}
    return {"bytes": path.stat().st_size, "sha256": sha256(path), **{k: v for k, v in counts.items() if v is not None}}


def link(source: Path, target: Path) -> None:
    """Make `target` the same file as `source`: a hard link, or a copy where links cannot be."""
    with atomic(target) as temporary:
        temporary.unlink(missing_ok=True)  # a killed process of the same number may have left a link to `source` itself
        try:
            os.link(source, temporary)
        except OSError:
            with source.open("rb") as read, temporary.open("xb") as write:
                while block := read.read(2**20):
                    write.write(block)
