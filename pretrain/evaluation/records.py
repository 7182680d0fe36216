"""Records of test sets: JSON Lines, a JSON array, or CSV without header; also packed as .gz and .zst.

A folder is all such files below it, by name. A record is a table of fields; a CSV row has the field `cells`.
"""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pretrain.errors import DataError

_KINDS = (".jsonl", ".ndjson", ".json", ".csv")
_PACKED = {".gz": "gzip", ".zst": "zstd"}


class Record(NamedTuple):
    """Fields and where they stand."""

    where: str
    """`file:line`, for errors."""
    fields: dict[str, Any]

    def text(self, name: str) -> str:
        """A field that must be text; lone surrogates become `?`."""
        value = self.fields.get(name)
        if not isinstance(value, str):
            raise DataError(f"{self.where}: field {name} must be text")
        return value.encode("utf-8", "replace").decode("utf-8")


def read(path: Path, limit: int = 0, seed: int = 0) -> list[Record]:
    """All records of a file or folder, or a sample of `limit`; raises `DataError` where there is none to read."""
    found = [record for file in _files(path) for record in _read(file)]
    if not found:
        raise DataError(f"{path}: holds no records")
    return sample(found, limit, seed)


def sample(items: Sequence[Any], limit: int, seed: int) -> list[Any]:
    """`limit` of the items, drawn without replacement, in their order; all where there are no more, or for 0."""
    if not limit or len(items) <= limit:
        return list(items)
    return [items[i] for i in np.sort(np.random.default_rng(seed).permutation(len(items))[:limit])]


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise DataError(f"{path}: no such file or folder")
    found = sorted(p for p in path.rglob("*") if p.is_file() and _kind(p) in _KINDS) if path.is_dir() else [path]
    if not found or _kind(found[0]) not in _KINDS:
        raise DataError(f"{path}: holds no records; known are {', '.join(_KINDS)}, packed {' or '.join(_PACKED)}")
    return found


def _kind(path: Path) -> str:
    return Path(path.stem).suffix.lower() if path.suffix.lower() in _PACKED else path.suffix.lower()


def _read(file: Path) -> Iterator[Record]:
    try:
        with pa.input_stream(str(file), compression=_PACKED.get(file.suffix.lower())) as stream:
            text = stream.read().decode("utf-8")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read: {' '.join(str(error).split())[:200]}") from None
    parse = {".csv": _cells, ".json": _array}.get(_kind(file), _lines)
    yield from parse(file, text)


def _lines(file: Path, text: str) -> Iterator[Record]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield _record(f"{file}:{number}", _json(f"{file}:{number}", line))


def _array(file: Path, text: str) -> Iterator[Record]:
    if not text.lstrip().startswith("["):
        yield from _lines(file, text)
        return
    for number, said in enumerate(_json(str(file), text), 1):
        yield _record(f"{file}#{number}", said)


def _cells(file: Path, text: str) -> Iterator[Record]:
    try:
        for number, row in enumerate(csv.reader(io.StringIO(text, newline="")), 1):
            if row:
                yield Record(f"{file}:{number}", {"cells": row})
    except csv.Error as error:
        raise DataError(f"{file}: not CSV: {error}") from None


def _json(where: str, text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: not JSON: {' '.join(str(error).split())[:200]}") from None


def _record(where: str, said: Any) -> Record:
    if not isinstance(said, dict):
        raise DataError(f"{where}: must be an object")
    return Record(where, said)
