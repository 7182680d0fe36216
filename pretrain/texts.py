"""Documents of files that hold text, in a fixed order.

    .parquet               columns `text` and, where there is one, `id`
    .jsonl, .json, .ndjson the same as fields; also .gz and .zst
    .txt, .md, .rst        a file is a document

A folder is all such files below it, by name. A document without an id is called `<file>#<row>`.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from pretrain.errors import DataError

LINES = (".jsonl", ".json", ".ndjson")
PLAIN = (".txt", ".md", ".rst")
PACKED = {".gz": "gzip", ".zst": "zstd"}
_ROWS = 1_024


class Document(NamedTuple):
    """A text and its name."""

    id: str
    text: str


def files(path: Path) -> list[Path]:
    """The files that `path` stands for; raises `DataError` where there is none of a known kind."""
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    found = sorted(p for p in path.rglob("*") if _known(p) and p.is_file()) if path.is_dir() else [path]
    if not found or not all(map(_known, found)):
        raise DataError(f"{path}: holds no text; known are {', '.join(('.parquet', *LINES, *PLAIN))}, packed {ENDS}")
    return found


ENDS = " or ".join(PACKED)


def read(path: Path) -> Iterator[Document]:
    """Documents that are not empty, in order; raises `DataError` for a file that is not what its name says."""
    for file in files(path):
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        try:
            yield from (document for document in _read(file, name) if document.text)
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(f"{file}: cannot be read: {' '.join(str(error).split())[:200]}") from None


def _known(path: Path) -> bool:
    return _suffix(path) in (".parquet", *LINES, *PLAIN)


def _suffix(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() in PACKED else path.suffix.lower()


def _read(file: Path, name: str) -> Iterator[Document]:
    kind = _suffix(file)
    if kind == ".parquet":
        yield from _rows(file, name)
        return
    with pa.input_stream(str(file), compression=PACKED.get(file.suffix.lower())) as stream:
        if kind in PLAIN:
            yield Document(name, stream.read().decode("utf-8", "replace"))
            return
        for row, line in enumerate(_lines(stream)):
            said = _parsed(line, row) if line.strip() else {}
            yield _document(said if isinstance(said, dict) else {}, name, row)


def _parsed(line: bytes, row: int) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:  # RecursionError is how brackets nested too deeply are refused
        raise ValueError(f"line {row + 1}: {error}") from None


def _lines(stream: Any) -> Iterator[bytes]:
    rest = b""
    while part := stream.read(2**20):
        *whole, rest = (rest + part).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _rows(file: Path, name: str) -> Iterator[Document]:
    parquet = pq.ParquetFile(file)
    there = [column for column in ("id", "text") if column in parquet.schema_arrow.names]
    if "text" not in there:
        raise ValueError("it has no column `text`")
    row = 0
    for batch in parquet.iter_batches(_ROWS, columns=there):
        for said in batch.to_pylist():
            yield _document(said, name, row)
            row += 1


def _document(said: dict[str, Any], name: str, row: int) -> Document:
    text, given = said.get("text"), said.get("id")
    return Document(
        str(given) if isinstance(given, (str, int)) else f"{name}#{row}",
        text.encode("utf-8", "replace").decode("utf-8") if isinstance(text, str) else "",
    )
