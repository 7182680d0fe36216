"""What stages tell of a run beside its books, from what they measured of all documents, kept and dropped."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa
import pyarrow.parquet as pq

from curate.stage import Stage


@runtime_checkable
class Tells(Protocol):
    """A stage that has a table for the report."""

    def tell(self, columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
        """Rows of the same keys, a name first and then counts, from the stage's column in parts."""


def told(stages: Iterable[Stage], folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Stage → its table, from the files of a run."""
    return {stage.name: stage.tell(_columns(folder, stage.name)) for stage in stages if isinstance(stage, Tells)}


def _columns(folder: Path, name: str) -> Iterator[pa.StructArray]:
    for path in [*sorted((folder / "documents").glob("*.parquet")), *sorted((folder / "dropped").glob("*/*.parquet"))]:
        with pq.ParquetFile(path) as file:
            if name in file.schema_arrow.names:
                yield from (batch.column(0) for batch in file.iter_batches(columns=[name]))
