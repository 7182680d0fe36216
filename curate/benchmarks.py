"""Evaluation sets as decontamination reads them: items of files, and the passages that items are made of.

A file is JSON Lines (one item a line) or Parquet (one item a row), each also packed with gzip or zstd. An item's
passages are its strings, those in lists and objects among them (choices, answers); a passage that several items share
is one.
"""

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import AssetError, nearest

GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"


class Benchmarks(NamedTuple):
    """Items of all files, in order, and their distinct passages."""

    names: tuple[str, ...]
    """Of the files: the shortest ends of their paths that tell them apart."""
    files: NDArray[np.int32]
    """Per item its file."""
    numbers: NDArray[np.int64]
    """Per item its line or row in the file, from 0."""
    passages: pa.StringArray
    links: NDArray[np.int64]
    """(links, 2): passage and item, ascending, for every passage of every item."""


def expand(paths: Iterable[Path]) -> list[Path]:
    """The files of paths and patterns (`evals/*.jsonl`); a pattern that fits none stays as it is."""
    found: list[Path] = []
    for path in paths:
        pattern = str(path)
        fitting = [path] if path.exists() or not any(sign in pattern for sign in "*?[") else _fitting(path)
        found += fitting or [path]
    return list(dict.fromkeys(found))


def _fitting(path: Path) -> list[Path]:
    below = Path(path.anchor) if path.is_absolute() else Path()
    return sorted(found for found in below.glob(str(path.relative_to(below))) if found.is_file())


def named(paths: Sequence[Path]) -> tuple[str, ...]:
    """The shortest ends of paths that tell them apart."""
    return tuple(_shortest(path, paths) for path in paths)


def _shortest(path: Path, paths: Sequence[Path]) -> str:
    for length in range(1, len(path.parts)):
        end = path.parts[-length:]
        if sum(other.parts[-length:] == end for other in paths) == 1:
            return "/".join(end)
    return str(path)


def load(paths: Sequence[Path], fields: Sequence[str], where: str) -> Benchmarks:
    """Read all files; `fields` are the names (`choices.text` inside an object) that hold text, all where none is given.

    Raises `AssetError`, one sentence that begins with `where`, for a file that is no benchmark.
    """
    known: dict[str, int] = {}
    links, files, numbers = list[tuple[int, int]](), list[int](), list[int]()
    for file, path in enumerate(paths):
        for number, texts in _items(path, fields, f"{where}: {path}"):
            links += [(known.setdefault(text, len(known)), len(files)) for text in dict.fromkeys(texts)]
            files.append(file)
            numbers.append(number)
    pairs = np.unique(np.array(links, np.int64).reshape(-1, 2), axis=0)
    passages = pa.array([text.encode("utf-8", "replace").decode() for text in known], pa.string())
    return Benchmarks(named(paths), np.array(files, np.int32), np.array(numbers, np.int64), passages, pairs)


def _items(path: Path, fields: Sequence[str], where: str) -> Iterator[tuple[int, list[str]]]:
    """Number and strings of every item of a file that holds one at least, and text in one at least."""
    count, texts, seen = 0, 0, set[str]()
    try:
        for number, row in _rows(path, where):
            found = list(_strings(row)) if not fields else [t for name in fields for t in _strings(_inner(row, name))]
            count, texts = count + 1, texts + len(found)
            if count <= 1_000 and isinstance(row, dict):
                seen.update(row)
            yield number, found
    except (OSError, EOFError, pa.ArrowException) as error:
        raise AssetError(f"{where}: cannot be read: {' '.join(str(error).split())[:200]}") from None
    except RecursionError:
        raise AssetError(f"{where}: an item is nested too deeply") from None
    if not count:
        raise AssetError(f"{where}: holds no items")
    if not texts:
        missing = f"in {', '.join(fields)}{nearest(fields[0], seen)}" if fields else "in any field"
        raise AssetError(f"{where}: holds no text {missing}")


def _rows(path: Path, where: str) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as file:
        start = file.read(4)
    if start == PARQUET:
        yield from _parquet_rows(path)
        return
    packing = "gzip" if start[:2] == GZIP else "zstd" if start == ZSTD else None
    with pa.input_stream(str(path), compression=packing) as stream, io.BufferedReader(stream) as lines:
        for number, line in enumerate(lines):
            if not line.isspace():
                yield number, _parsed(line, number, where)


def _parsed(line: bytes, number: int, where: str) -> Any:
    try:
        return json.loads(line.decode("utf-8-sig" if number == 0 else "utf-8"))
    except ValueError as error:
        what = f"{where}, line {number + 1}: not JSON: {' '.join(str(error).split())[:100]}"
        raise AssetError(f"{what}; a benchmark is one JSON object a line, or Parquet") from None


def _parquet_rows(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        batches = file.iter_batches(1_024, use_threads=False)
        yield from enumerate(row for batch in batches for row in batch.to_pylist(maps_as_pydicts="lossy"))


def _inner(row: Any, name: str) -> Any:
    """The value of a field, by its name or, inside objects, by a path of names; None where it has none."""
    if not isinstance(row, dict) or name in row:
        return row.get(name) if isinstance(row, dict) else None
    head, dot, rest = name.partition(".")
    return _inner(row.get(head), rest) if dot else None


def _strings(value: Any) -> Iterator[str]:
    """Every string of a value, however deep; names of fields are none."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for inner in value.values() for text in _strings(inner))
    elif isinstance(value, (list, tuple)):
        yield from (text for inner in value for text in _strings(inner))
