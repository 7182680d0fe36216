"""What stages tell of a run beside its books, from what they measured of all documents, kept and dropped."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.stage import Stage

FEWEST = 20
"""Documents that mention a group below which a stage has nothing to tell of it."""

BesideGroups = tuple[pa.StructArray, pa.ListArray]
"""A stage's column, and of the same documents the column `groups` of a stage that says whom they mention."""


@runtime_checkable
class Tells(Protocol):
    """A stage that has a table for the report."""

    def tell(self, columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
        """Rows of the same keys, a name first and then counts, from the stage's column in parts."""


@runtime_checkable
class TellsGroups(Protocol):
    """A stage that has a table by group of people as well."""

    def tell_groups(self, columns: Iterable[BesideGroups]) -> list[dict[str, Any]]:
        """As `tell`, the names being groups."""


def told(stages: Sequence[Stage], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Stage → its table, and `… by group` → its table of groups, from the files of a run."""
    found = {stage.name: stage.tell(_columns(folder, stage.name)) for stage in stages if isinstance(stage, Tells)}
    for stage in stages:
        if isinstance(stage, TellsGroups) and (rows := stage.tell_groups(_beside_groups(folder, stage.name))):
            found[f"{stage.name} by group"] = rows
    return found


def grouping(schema: pa.Schema) -> list[str]:
    """The columns that say whom a document mentions: structs with a field `groups`."""
    return [
        field.name for field in schema if pa.types.is_struct(field.type) and field.type.get_field_index("groups") >= 0
    ]


def summed(parts: Iterable[tuple[pa.ListArray, Mapping[str, NDArray[np.int64]]]]) -> dict[str, dict[str, int]]:
    """Group, in order of names → `documents` that mention it, and the sums of these documents' counts."""
    found: dict[str, dict[str, int]] = {}
    for groups, counts in parts:
        sizes = np.asarray(pc.fill_null(pc.list_value_length(groups), 0))
        rows = np.repeat(np.arange(len(groups)), sizes)
        coded = groups.flatten().field("group").dictionary_encode()
        for name, values in {"documents": np.ones(len(groups), np.int64), **counts}.items():
            sums = np.bincount(np.asarray(coded.indices), values[rows], minlength=len(coded.dictionary))
            for group, value in zip(coded.dictionary.to_pylist(), sums.tolist(), strict=True):
                mine = found.setdefault(group, {})
                mine[name] = mine.get(name, 0) + int(value)
    return dict(sorted(found.items()))


def _columns(folder: Path, name: str) -> Iterator[pa.StructArray]:
    for batch in _batches(folder, lambda schema: [name] if name in schema.names else []):
        yield batch.column(0)


def _beside_groups(folder: Path, name: str) -> Iterator[BesideGroups]:
    def wanted(schema: pa.Schema) -> list[str]:
        who = grouping(schema)[:1]
        return list(dict.fromkeys([name, *who])) if who and name in schema.names else []

    for batch in _batches(folder, wanted):
        yield batch.column(name), batch.column(grouping(batch.schema)[0]).field("groups")


def _batches(folder: Path, wanted: Callable[[pa.Schema], list[str]]) -> Iterator[pa.RecordBatch]:
    """The columns of all files that are asked for by a file's schema."""
    for path in [*sorted((folder / "documents").glob("*.parquet")), *sorted((folder / "dropped").glob("*/*.parquet"))]:
        with pq.ParquetFile(path) as file:
            if names := wanted(file.schema_arrow):
                yield from file.iter_batches(columns=names)
