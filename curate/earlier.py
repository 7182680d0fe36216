"""Earlier runs as a barrier meets them: what they have kept stands before the corpus, and gets no verdict.

A run against earlier ones resolves over their sketches and its own together (`Joined`). Texts that a barrier reads
again come from the earlier run's `documents/`, or from its sketches where later stages have edited them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate import shards
from curate.errors import AssetError, UsageError
from curate.sketches import Sketches
from curate.stage import Barrier, Corpus


@dataclass(frozen=True)
class EarlierRun:
    """What an earlier run has kept, as one of its barriers sketched it."""

    sketches: Sketches
    documents: tuple[Path, ...]
    """Its documents' files in order; none where they are not needed."""

    @classmethod
    def open(cls, folder: Path, barrier: Barrier) -> "EarlierRun":
        """An earlier run for a barrier of this run; `AssetError` in one line where it cannot be compared with."""
        where = f"stage {barrier.name}: against {str(folder)!r}"
        try:
            sketches = Sketches.of(folder, barrier.name, barrier.use)
        except UsageError as error:
            raise AssetError(f"{where}: {error}") from None
        _refuse_others(sketches, barrier, where)
        run = cls(sketches, tuple(_documents(folder, where)) if barrier.rereads else ())
        if barrier.rereads and run._kept_before[-1] != run._document_starts[-1]:
            raise AssetError(f"{where}: its documents/, whose texts decide about copies, are not there")
        if barrier.rereads and any("text" not in pq.read_schema(path).names for path in run.documents):
            raise AssetError(f"{where}: its recipe says output.text = false, and texts decide about copies")
        return run

    def take(self, shard: int, rows: NDArray[np.int64], columns: Sequence[str]) -> pa.RecordBatch:
        """Some rows (ascending) of a sketch's documents; only `id` and `text` are known."""
        table = self.sketches.table(shard)
        found = {name: self._texts(shard, rows) if name == "text" else table[name].take(rows) for name in columns}
        return pa.table(found).combine_chunks().to_batches()[0] if len(rows) else pa.RecordBatch.from_pydict(found)

    def _texts(self, shard: int, rows: NDArray[np.int64]) -> pa.ChunkedArray:
        """The texts of some rows, as the barrier saw them: from the sketch, or else from `documents/`."""
        table = self.sketches.table(shard)
        own = table["text"].take(rows)
        places = self._kept_before[shard] + np.cumsum(table["kept"].to_numpy())[rows] - 1
        there = table["kept"].to_numpy()[rows] & np.asarray(own.is_null())
        places = places[there]
        bounds = np.searchsorted(places, self._document_starts)
        parts = [
            shards.parquet_rows(self.documents[file], places[first:last] - self._document_starts[file], ("text",))
            for file, (first, last) in enumerate(pairwise(bounds))
            if first < last
        ]
        texts = pa.concat_tables(parts)["text"] if parts else pa.chunked_array([pa.array([], pa.string())])
        return pc.coalesce(own, texts.take(pa.array(np.cumsum(there) - 1, mask=~there)))

    @cached_property
    def _kept_before(self) -> NDArray[np.int64]:
        """How many documents are kept before each sketch, and in all."""
        return np.cumsum([0, *(int(table["kept"].to_numpy().sum()) for table in self.sketches.tables())])

    @cached_property
    def _document_starts(self) -> NDArray[np.int64]:
        return np.cumsum([0, *(pq.ParquetFile(path).metadata.num_rows for path in self.documents)], dtype=np.int64)


def _documents(folder: Path, where: str) -> Iterator[Path]:
    """The files of documents that are there, in order; `AssetError` where one cannot be read as it was written."""
    for line in shards.read_json(folder / "manifest.json")["files"]:
        path = folder / "documents" / Path(line["path"]).name
        if Path(line["path"]).parent.name == "documents" and path.is_file():
            held = path.stat().st_size
            if held != line["bytes"]:
                why = f"it holds {held:,} of {line['bytes']:,} bytes"
                raise AssetError(f"{where}: documents/{path.name} cannot be read: {why}")
            try:
                pq.read_metadata(path)
            except (OSError, pa.ArrowException):
                raise AssetError(f"{where}: documents/{path.name} cannot be read: it is no Parquet file") from None
            yield path


def _refuse_others(sketches: Sketches, barrier: Barrier, where: str) -> None:
    """Sketches can only be compared with those that the same stage made by the same fields."""
    if sketches.use != barrier.use:
        raise AssetError(f"{where}: its stage {sketches.stage!r} is {sketches.use}, not {barrier.use}")
    if sketches.version != barrier.version:
        raise AssetError(f"{where}: another version of {barrier.use} made its sketches; run it again with this one")
    for key, mine in barrier.model_dump(mode="json", include=set(barrier.sketched)).items():
        theirs = sketches.fields.get(key)
        if mine != theirs:
            raise AssetError(f"{where}: {key} is {mine!r} here and was {theirs!r} there, so that sketches never match")


def runs_before(barrier: Barrier) -> list[EarlierRun]:
    """The earlier runs that a barrier goes by; `AssetError` where one of them cannot be."""
    return [EarlierRun.open(folder, barrier) for folder in barrier.earlier]


class Joined:
    """A corpus behind those of earlier runs: see `curate.stage.Corpus`."""

    def __init__(self, corpus: Corpus, runs: Sequence[EarlierRun]) -> None:
        self.memory, self.seed = corpus.memory, corpus.seed
        self._corpus = corpus
        self._shards = [(run, shard) for run in runs for shard in range(len(run.sketches.files))]

    @property
    def past(self) -> int:
        """How many shards are of earlier runs."""
        return len(self._shards)

    def __len__(self) -> int:
        return len(self._shards) + len(self._corpus)

    def sketch(self, shard: int) -> pa.Table:
        """The shard's sketch, memory-mapped."""
        if shard < self.past:
            run, number = self._shards[shard]
            return run.sketches.table(number)
        return self._corpus.sketch(shard - self.past)

    def alive(self, shard: int) -> NDArray[np.bool_]:
        """All documents of earlier runs, and of this one those that no earlier barrier drops."""
        if shard < self.past:
            return np.ones(len(self.sketch(shard)), np.bool_)
        return self._corpus.alive(shard - self.past)

    def take(self, shard: int, rows: NDArray[np.int64], columns: Sequence[str] = ("text",)) -> pa.RecordBatch:
        """Some rows (ascending) of the documents that were sketched."""
        if shard < self.past:
            run, number = self._shards[shard]
            return run.take(number, rows, columns)
        return self._corpus.take(shard - self.past, rows, columns)
