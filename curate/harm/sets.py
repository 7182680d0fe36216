"""Labelled sets on disk: JSON Lines packed with zstd, as a folder holds them by name."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.errors import CurateError


class MissingSetError(CurateError):
    """A set that a section needs is not below the folder that was given."""


def rows(data: Path, name: str) -> Iterator[dict[str, Any]]:
    """The records of `name` (`tox_hatecheck/norm.jsonl.zst`) below the folder; raises `MissingSetError` without it."""
    path = data / name
    if not path.is_file():
        raise MissingSetError(f"{name} is not in the folder of data")
    with pa.input_stream(path, compression="zstd") as stream:
        for number, line in enumerate(stream.read().decode().splitlines()):
            yield _Row(json.loads(line), f"{name}, line {number + 1}")


class _Row(dict[str, Any]):
    """A record that says where it stands when it lacks a field."""

    def __init__(self, fields: dict[str, Any], place: str) -> None:
        super().__init__(fields)
        self._place = place

    def __missing__(self, key: str) -> Any:
        raise CurateError(f"{self._place}: no field {key!r}")
