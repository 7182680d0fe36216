"""What a policy costs: tokens by mark, by band and by group of people, from the files of a run.

A document that is dropped costs all its tokens, one of weight w costs 1 − w of them. Groups are those of a column
`groups` (the stage `bias`); documents that left before such a stage are in no group, so that it should stand first.
Where a run counts no tokens, bytes of text stand in their place.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curate.stage import Stage
from curate.stages.policy import Policy
from curate.told import grouping

Sizes = NDArray[np.float64]


class Ledger:
    """Documents, tokens and what was lost of them, by a key."""

    def __init__(self) -> None:
        self.documents: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.lost: Counter[str] = Counter()

    def add(self, key: str, sizes: Sizes, lost: Sizes) -> None:
        """Enter documents by their sizes and what each loses."""
        if len(sizes):
            self.documents[key] += len(sizes)
            self.tokens[key] += int(sizes.sum())
            self.lost[key] += round(float(lost.sum()))

    def line(self, key: str) -> dict[str, int]:
        """What is known of a key."""
        return {"documents": self.documents[key], "tokens": self.tokens[key], "lost": self.lost[key]}


def costs(stages: Sequence[Stage], folder: Path) -> list[dict[str, Any]]:
    """For each policy its marks, the bands of the stage that it judges, groups, and the whole."""
    return [_costs(stage, folder) for stage in stages if isinstance(stage, Policy)]


def _costs(policy: Policy, folder: Path) -> dict[str, Any]:
    marks, bands, groups, whole = Ledger(), Ledger(), Ledger(), Ledger()
    for batch, dropped in _reached(policy, folder):
        sizes = _sizes(batch)
        column = batch.column(policy.name)
        weights = np.asarray(column.field("weight"), np.float64)
        lost = sizes if dropped else sizes * (1 - weights)
        whole.add("all", sizes, lost)
        for action in policy.actions:
            mine = np.asarray(column.field(action.on))
            marks.add(action.on, sizes[mine], sizes[mine] * action.lost)
        for band, rows in _by_band(batch, policy.of):
            bands.add(band, sizes[rows], lost[rows])
        for group, rows in _by_group(batch):
            groups.add(group, sizes[rows], lost[rows])
    actions = [{"mark": a.on, "do": a.do, "weight": a.weight, **marks.line(a.on)} for a in policy.actions]
    return {
        "stage": policy.of,
        "all": whole.line("all"),
        "marks": actions,
        "bands": {band: bands.line(band) for band in sorted(bands.documents)},
        "groups": {group: groups.line(group) for group in sorted(groups.documents)},
    }


def _reached(policy: Policy, folder: Path) -> Iterator[tuple[pa.RecordBatch, bool]]:
    """The documents that came to the policy, and whether it has dropped them."""
    own = folder / "dropped" / policy.name
    for path in [*sorted((folder / "documents").glob("*.parquet")), *sorted((folder / "dropped").glob("*/*.parquet"))]:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            wanted = [policy.name, policy.of, "tokens", *grouping(schema)]
            wanted += [] if "tokens" in schema.names else ["text"]
            if policy.name in schema.names:
                for batch in file.iter_batches(columns=[name for name in wanted if name in schema.names]):
                    yield batch, path.parent == own


def _sizes(batch: pa.RecordBatch) -> Sizes:
    if "tokens" in batch.schema.names:
        return np.asarray(batch.column("tokens"), np.float64)
    if "text" in batch.schema.names:
        return np.asarray(pc.fill_null(pc.binary_length(batch.column("text")), 0), np.float64)
    return np.zeros(batch.num_rows)


def _by_band(batch: pa.RecordBatch, of: str) -> Iterator[tuple[str, NDArray[np.int64]]]:
    column = batch.column(of)
    if column.type.get_field_index("band") >= 0:
        bands = np.array(pc.fill_null(column.field("band").cast(pa.string()), "none").to_pylist(), object)
        for band in sorted(set(bands)):
            yield band, np.flatnonzero(bands == band)


def _by_group(batch: pa.RecordBatch) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Group → the rows that mention it."""
    for name in grouping(batch.schema):
        found: dict[str, list[int]] = {}
        for row, entries in enumerate(batch.column(name).field("groups").to_pylist()):
            for entry in entries or ():
                found.setdefault(entry["group"], []).append(row)
        yield from ((group, np.array(rows)) for group, rows in found.items())
