"""Follows a sample of a shard's documents through the stages of a segment, and counts what becomes of them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import shards
from curate.arrays import buffers
from curate.audit.counters import Counter
from curate.audit.membership import SOURCES, Measure, Members, Pairs
from curate.audit.phases import LANGUAGE, RAW, TEXT, Phases
from curate.ops.hashing import hash_strings

COLUMN = "audit"
"""The column that carries membership from one segment to the next; stages never see it."""
FILE = "audit.arrow"
SALT = 0xA0D17
"""Keeps the sample independent of the pilot's and of the validation split."""
CARRIED = pa.struct(
    [
        pa.field("bucket", pa.uint8(), nullable=False),
        pa.field("stratum", pa.string(), nullable=False),
        pa.field("groups", pa.list_(pa.string()), nullable=False),
    ]
)


@dataclass(frozen=True)
class Sampling:
    """Which documents of a run are followed."""

    share: float
    """Of all records, by hash of the seed and the id; 0 follows none."""
    seed: int
    named_sources: bool
    """Whether sources are few enough to be groups of their own."""

    @classmethod
    def of(cls, wanted: int, records: int, seed: int, sources: int) -> "Sampling":
        """All of the records, or as large a share as makes about `wanted`."""
        return cls(min(1.0, wanted / max(records, 1)), seed, sources <= SOURCES)

    def taken(self, ids: pa.Array) -> NDArray[np.bool_]:
        """Which ids are followed, the same whatever stands beside them."""
        if self.share >= 1:
            return np.ones(len(ids), np.bool_)
        return hash_strings(*buffers(ids), self.seed ^ SALT) < np.uint64(self.share * 2.0**64)


class Documents(Protocol):
    """What is followed: a batch, each row's number in the shard, ascending, and its tokens."""

    @property
    def batch(self) -> pa.RecordBatch:
        """The rows."""

    @property
    def rows(self) -> NDArray[np.int64]:
        """Their numbers."""

    @property
    def tokens(self) -> NDArray[np.int64]:
        """Their tokens."""


class Watch:
    """The sampled documents of the batch in hand, and the counts of all batches so far."""

    def __init__(self, sampling: Sampling, phases: Phases, language: str | None) -> None:
        self._sampling, self._phases, self._language = sampling, phases, language
        self._measure, self._counter = Measure(sampling.named_sources), Counter()
        self._rows = self._tokens = np.zeros(0, np.int64)
        self._members = Members.of([], np.zeros(0, np.uint8), np.zeros(0, np.int32))

    def begin(self, flow: Documents) -> pa.RecordBatch:
        """Take up a batch as a shard has it; the batch as stages see it."""
        carried = COLUMN in flow.batch.schema.names
        column = flow.batch.column(COLUMN) if carried else None
        mask = np.asarray(column.is_valid()) if column is not None else self._sampling.taken(flow.batch.column("id"))
        self._rows, self._tokens = flow.rows[mask], flow.tokens[mask]
        if column is not None:
            self._members = self._unpacked(column if mask.all() else column.filter(pa.array(mask)))
            return flow.batch.drop_columns([COLUMN])
        self._members = self._measure.raw(flow.batch if mask.all() else flow.batch.filter(pa.array(mask)))
        self._enter(RAW)
        return flow.batch

    def after(self, stage: str, flow: Documents) -> None:
        """Count what a stage took: documents that are gone, and tokens with them or without them."""
        at = np.minimum(np.searchsorted(flow.rows, self._rows), max(len(flow.rows) - 1, 0))
        stayed = flow.rows[at] == self._rows if len(flow.rows) else np.zeros(len(self._rows), np.bool_)
        left = np.where(stayed, flow.tokens[at], 0) if len(flow.rows) else np.zeros(len(self._rows), np.int64)
        changed = ~stayed | (left != self._tokens)
        if changed.any():
            lost = self._tokens[changed] - left[changed]
            self._counter.add(f"lost.{stage}", self._members.where(changed), (~stayed[changed]).astype(np.int64), lost)
        if not stayed.all():
            self._members = self._members.where(stayed)
        self._rows, self._tokens = self._rows[stayed], left[stayed]
        if stage in (self._phases.extracted, self._phases.named):
            self._learn(stage, flow)

    def _learn(self, stage: str, flow: Documents) -> None:
        """Begin the phase behind a stage that makes more known."""
        all_ = len(flow.rows) == len(self._rows)
        batch = flow.batch if all_ else flow.batch.take(pa.array(np.searchsorted(flow.rows, self._rows)))
        known = self._language in batch.schema.names if self._language else False
        labels = batch.column(self._language).field("label") if known else None
        if stage == self._phases.extracted:
            self._members = self._measure.read(batch, labels, self._members)
            self._enter(TEXT)
        elif labels is not None:
            self._members = self._measure.labelled(self._members, labels)
            self._enter(LANGUAGE)

    def _enter(self, phase: str) -> None:
        self._counter.add(f"entered.{phase}", self._members, np.ones(len(self._rows), np.int64), self._tokens)

    def carried(self, flow: Documents) -> pa.RecordBatch:
        """What is left of the batch with the column that the next segment takes it up from."""
        bounds = self._members.bounds
        groups = self._measure.groups.listed().take(pa.array(self._members.groups))
        listed = pa.ListArray.from_arrays(pa.array(bounds.astype(np.int32)), groups)
        strata = self._measure.strata.listed().take(pa.array(self._members.stratum))
        packed = pa.StructArray.from_arrays([pa.array(self._members.bucket), strata, listed], fields=list(CARRIED))
        places = np.full(len(flow.rows), -1, np.int64)
        places[np.searchsorted(flow.rows, self._rows)] = np.arange(len(self._rows))
        return flow.batch.append_column(COLUMN, packed.take(pa.array(places, mask=places < 0)))

    def _unpacked(self, column: pa.StructArray) -> Members:
        bucket, strata, groups = (column.field(name) for name in ("bucket", "stratum", "groups"))
        sizes = np.asarray(groups.value_lengths(), np.int64)
        rows = np.repeat(np.arange(len(column)), sizes)
        pairs = Pairs(rows, self._measure.groups.numbers(groups.flatten()))
        return Members.of([pairs], np.asarray(bucket), self._measure.strata.numbers(strata))

    def write(self, folder: Path) -> None:
        """Leave the counts in the unit's folder."""
        shards.write_arrow(folder / FILE, self._counter.table(self._measure.groups, self._measure.strata))
