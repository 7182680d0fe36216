"""Resolving a barrier: all sketches of a segment → a verdict for every shard."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import between, shards
from curate.cutting import CUT
from curate.earlier import Joined, runs_before
from curate.errors import RunError
from curate.flow import Setting
from curate.report import Report
from curate.unit import DOCUMENTS, commit

MAPPED = 4
"""Sketches that are held mapped: their pages count as this process's memory."""


@dataclass
class Shards:
    """The corpus as a barrier sees it while it resolves: see `curate.stage.Corpus`."""

    memory: int
    seed: int
    name: str
    folders: Sequence[Path]
    earlier: Sequence[Sequence[Path]]
    """Per earlier barrier of the segment that drops, its verdict files."""
    _mapped: dict[int, pa.Table] = field(default_factory=dict)

    @property
    def past(self) -> int:
        """Shards of earlier runs: none is among these."""
        return 0

    def __len__(self) -> int:
        return len(self.folders)

    def sketch(self, shard: int) -> pa.Table:
        """The shard's sketch, memory-mapped."""
        if shard not in self._mapped:
            while len(self._mapped) >= MAPPED:
                del self._mapped[next(iter(self._mapped))]
            self._mapped[shard] = shards.read_arrow(self.folders[shard] / f"sketch-{self.name}.arrow")
        return self._mapped[shard]

    def alive(self, shard: int) -> NDArray[np.bool_]:
        """Rows that no earlier barrier of the segment drops."""
        left = np.ones(len(self.sketch(shard)), np.bool_)
        for files in self.earlier:
            left &= np.asarray(shards.read_arrow(files[shard]).column("reason").is_null())
        return left

    def take(self, shard: int, rows: NDArray[np.int64], columns: Sequence[str] = ("text",)) -> pa.RecordBatch:
        """Some rows (ascending) of the shard's documents, reading no batch that holds none of them."""
        path = self.folders[shard] / DOCUMENTS
        starts = _batch_starts(path)
        parts = []
        for number in np.unique(np.searchsorted(starts, rows, "right") - 1):
            inside = rows[(rows >= starts[number]) & (rows < starts[number + 1])] - starts[number]
            parts.append(_batch(path, int(number), tuple(columns)).take(pa.array(inside)))
        if not parts:
            return _batch(path, 0, tuple(columns)).slice(0, 0)
        return pa.Table.from_batches(parts).combine_chunks().to_batches()[0]


@lru_cache(maxsize=1024)
def _batch_starts(path: Path) -> NDArray[np.int64]:
    with between.Batches(path, ("id",)) as found:
        return np.concatenate([[0], np.cumsum(found.sizes())]).astype(np.int64)


@lru_cache(maxsize=2)
def _batch(path: Path, number: int, columns: tuple[str, ...]) -> pa.RecordBatch:
    return between.batch_at(path, number, columns)


def resolve(setting: Setting, index: int, barrier: int, corpus: Shards, folder: Path) -> None:
    """Resolve one barrier of a segment over all shards."""
    stage = setting.recipe.segments[index].barriers[barrier]
    files = []
    runs = runs_before(stage)
    for shard, verdict in enumerate(stage.resolve(Joined(corpus, runs) if runs else corpus)):
        if len(verdict) != len(corpus.sketch(shard)):
            raise ValueError(f"{stage.name}: {len(verdict)} verdicts for shard {shard}")
        if CUT in verdict.schema.names and not stage.cuts:
            raise RunError(f"stage {stage.name} gives spans to cut, but does not say so (`cuts = True`)")
        files.append(f"verdict-{shard:05d}.arrow")
        shards.write_arrow(folder / files[-1], verdict)
    commit(folder, Report(), files=files)
