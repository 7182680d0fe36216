"""Guard rails: bands that stages must keep to, and stages that fail on most of what they get."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.clusters import OF_EARLIER
from curate.errors import GuardError, RunError
from curate.recipe import Band
from curate.report import Report, Tally, total
from curate.resolve import Shards

LARGEST = 5
"""Clusters shown where a barrier has taken too much."""
BEGINNING = 200
"""Characters shown of each."""
MANY_FAILURES = 20


@dataclass(frozen=True)
class Cluster:
    """Documents that a barrier takes for copies, by the one that stays."""

    size: int
    id: str
    beginning: str


def hold(bands: Mapping[str, Band], books: Report, done: Iterable[str]) -> None:
    """Raise `GuardError` where one of the stages that are `done` took more than its band allows.

    Copies of what earlier runs have kept do not count: a monthly batch may well be known but for a little.
    """
    for stage in books.stages:
        known = stage.dropped.get(f"{stage.name}.{OF_EARLIER}", Tally()).documents
        band, whole = bands.get(stage.name), stage.incoming.documents - known
        if band is not None and whole and stage.name in done:
            gone = (total(stage.dropped.values()) + total(stage.quarantined.values())).documents - known
            if gone > band.max_drop * whole:
                raise GuardError(_told(stage.name, gone, whole, band), books)


def hold_barrier(name: str, band: Band, corpus: Shards, verdicts: Iterable[pa.Table], books: Report) -> None:
    """The same for a barrier that is resolved, before anything is spent on its verdicts; names its largest clusters."""
    gone = whole = 0
    largest: list[tuple[int, int, int]] = []
    for shard, verdict in enumerate(verdicts):
        reason = verdict.column("reason").combine_chunks()
        alive = corpus.alive(shard) & ~np.asarray(pc.fill_null(pc.equal(reason, OF_EARLIER), fill_value=False))
        dropped = np.asarray(pc.is_valid(reason)) & alive
        whole, gone = whole + int(alive.sum()), gone + int(dropped.sum())
        largest = sorted([*largest, *_clusters(shard, verdict, alive & ~dropped)], key=lambda c: (-c[0], *c[1:]))[
            :LARGEST
        ]
    if gone > band.max_drop * whole:
        raise GuardError(_told(name, gone, whole, band), books, [_shown(corpus, *cluster) for cluster in largest])


def _told(name: str, gone: int, whole: int, band: Band) -> str:
    return f"{name} took {gone / whole:.1%} of {whole:,} documents, its band allows {band.max_drop:.1%}"


def _clusters(shard: int, verdict: pa.Table, stays: NDArray[np.bool_]) -> Iterable[tuple[int, int, int]]:
    """Size, shard and row of the largest clusters whose document stays in this shard."""
    if "signals" not in verdict.schema.names:
        return []
    signals = verdict.column("signals").combine_chunks()
    if signals.type.get_field_index("cluster_size") < 0:
        return []
    sizes = np.where(stays, pc.fill_null(pc.struct_field(signals, "cluster_size"), 0).to_numpy(zero_copy_only=False), 0)
    rows = np.argsort(-sizes, kind="stable")[:LARGEST]
    return [(int(sizes[row]), shard, int(row)) for row in rows if sizes[row] > 1]


def _shown(corpus: Shards, size: int, shard: int, row: int) -> Cluster:
    document = corpus.take(shard, np.array([row]), ("id", "text")).to_pylist()[0]
    return Cluster(size, document["id"], (document["text"] or "")[:BEGINNING])


def refuse_broken(books: Report, counts: Iterable[dict[str, Any]]) -> None:
    """A stage that fails on most documents is broken itself: quarantining the corpus would hide that."""
    for stage in books.stages:
        failed = stage.quarantined.get(f"{stage.name}.error", Tally()).documents
        if failed * 2 > stage.incoming.documents and failed >= MANY_FAILURES:
            first = next(found["errors"][stage.name] for found in counts if stage.name in found.get("errors", {}))
            raise RunError(f"stage {stage.name} fails on {failed:,} of {stage.incoming.documents:,} documents: {first}")
