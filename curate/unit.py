"""Units of work: functions from files to files, which know no pool, no lock and no progress bar.

Each writes into its own folder and commits by writing `report.json` last; a unit whose report
exists is done, and running it again gives the same bytes.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import between, groups, shards
from curate.audit.phases import Phases, phases
from curate.audit.watch import Sampling, Watch
from curate.flow import Flow, Pass, Setting, sizes_of
from curate.ingest import Fault, Record, Run, Source, read_in_runs
from curate.ops.hashing import hash_strings
from curate.recipe import Recipe
from curate.report import Report, StageReport, Tally
from curate.stage import DOCUMENT, Barrier, Rewrite, Stage, buffers

BATCH_ROWS = 1024
BATCH_BYTES = 8 * 2**20
SHARD_ROWS = 2**17
"""Documents of a raw shard at most: what is held for each row of a shard is bounded with it."""
REPORT = "report.json"
DOCUMENTS = "documents.arrow"
ROWS = "rows.arrow"
"""Which rows of its shard a segment has left, and the bytes of their texts."""
SKETCHES = "sketches"
"""The phase that keeps the sketches of what is left."""

INGEST = pa.struct(
    [
        pa.field("reason", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("status", pa.int16()),
        pa.field("encoding", pa.string()),
        pa.field("decoding", pa.string()),
    ]
)
"""The column of the stage `ingest`: why a record is no page, its payload's bytes, and how it was decoded."""
RAW = DOCUMENT.append(pa.field("ingest", INGEST))

QUARANTINE = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("place", pa.string()),
        pa.field("stage", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("error", pa.string()),
        pa.field("bytes", pa.int64()),
        pa.field("text", pa.string()),
    ]
)


def done(folder: Path) -> bool:
    """Whether the unit of this folder has committed."""
    return (folder / REPORT).exists()


def commit(folder: Path, report: Report, *, files: Sequence[str] = (), counts: dict[str, Any] | None = None) -> None:
    """Write the unit's report: books, a manifest line for each of its files, and whatever the run counts on."""
    entries = {name: shards.entry(folder / name) for name in files}
    shards.write_json(folder / REPORT, {"counts": counts or {}, "files": entries, "books": report.as_dict()})


# --- ingest: sources → raw shards -----------------------------------------------------------------


def ingest(setting: Setting, sources: Sequence[Source], folder: Path, limit: int | None = None) -> None:
    """Read some sources into raw shards of at most `ingest.shard_bytes` of text."""
    started = time.perf_counter()
    report, stage = Report(), StageReport("ingest", "ingest")
    quarantine = shards.RowWriter(folder / "quarantine.parquet", QUARANTINE)
    # Texts that the first segment edits are read once. Others are read again by whoever comes later, from here.
    first = setting.recipe.segments[0]
    cut = _RawShards(folder, setting.recipe.ingest.shard_bytes, packed=_edits(first.stages, ()))
    records = ((item, source.name) for source in sources for item in read_in_runs(source, setting.recipe.ingest))
    for item, source in _first(records, limit):
        if isinstance(item, Fault):
            tally, reason = Tally(1, item.bytes, 0), f"ingest.{item.reason}"
            stage.incoming += tally
            stage.add("quarantined", reason, tally)
            report.source_in[source] = report.source_in.get(source, Tally()) + tally
            quarantine.write((None, item.place, "ingest", reason, item.error, item.bytes, None))
        else:
            cut.add(item, source)
    cut.close()
    stage.seconds = time.perf_counter() - started
    files = ["quarantine.parquet"] if quarantine.close() else []
    report.stages.append(stage)
    commit(folder, report, files=files, counts={"shards": cut.written})


def _first(
    items: Iterator[tuple[Record | Fault | Run, str]], limit: int | None
) -> Iterator[tuple[Record | Fault | Run, str]]:
    left = limit
    for item, source in items:
        if left is None or isinstance(item, Fault):
            yield item, source
            continue
        if left == 0:
            return
        cut = Run(item.records[:left], item.texts.slice(0, left)) if isinstance(item, Run) else item
        yield cut, source
        left -= len(cut.records) if isinstance(cut, Run) else 1


class _RawShards:
    """Cuts a stream of records into batches, and batches into raw shards."""

    def __init__(self, folder: Path, shard_bytes: int, *, packed: bool) -> None:
        self._folder, self._shard_bytes, self._packed = folder, shard_bytes, packed
        self._rows: list[Record] = []
        self._sources: list[str] = []
        self._texts: list[pa.StringArray | list[str | None]] = []
        """The texts of the rows, in pieces."""
        self._batch_bytes = self._bytes = 0
        self._writer: between.BatchWriter | None = None
        self.written: list[dict[str, Any]] = []

    def add(self, found: Record | Run, source: str) -> None:
        """Append records."""
        if isinstance(found, Run):
            room = BATCH_ROWS - len(self._rows) % BATCH_ROWS
            for start, stop in pairwise([0, *range(room, len(found.records), BATCH_ROWS), len(found.records)]):
                texts = found.texts.slice(start, stop - start)
                self._make_room(texts.nbytes)
                self._rows += found.records[start:stop]
                self._sources += [source] * (stop - start)
                self._texts.append(texts)
            return
        self._make_room(len(found.text) if found.text else 0)
        self._rows.append(found)
        self._sources.append(source)
        if not self._texts or not isinstance(self._texts[-1], list):
            self._texts.append([])
        self._texts[-1].append(found.text)

    def _make_room(self, size: int) -> None:
        """Begin another batch where the one at hand has no room for some bytes more."""
        if self._rows and (len(self._rows) >= BATCH_ROWS or self._batch_bytes + size > BATCH_BYTES):
            self._flush()
        self._batch_bytes += size

    def _flush(self) -> None:
        texts = [part if isinstance(part, pa.Array) else pa.array(part, pa.string()) for part in self._texts]
        batch = _raw_batch(self._rows, self._sources, pa.concat_arrays(texts))
        self._rows, self._sources, self._texts, self._batch_bytes = [], [], [], 0
        size = batch.column("text").nbytes
        if self._writer and self._is_full(size, batch.num_rows):
            self._close_shard()
        if not self._writer:
            name = f"raw-{len(self.written):05d}.arrow"
            self._writer = between.BatchWriter(self._folder / name, packed=self._packed).__enter__()
            self.written.append({"file": name, "rows": 0, "bytes": 0, "readable_bytes": 0})
        self._writer.write(batch)
        self._bytes += size
        sizes = sizes_of(batch)
        readable = np.asarray(batch.column("ingest").field("reason").is_null())
        self.written[-1]["rows"] += batch.num_rows
        self.written[-1]["bytes"] += int(sizes.sum())
        self.written[-1]["readable_bytes"] += int(sizes[readable].sum())

    def _is_full(self, size: int, rows: int) -> bool:
        return self._bytes + size > self._shard_bytes or self.written[-1]["rows"] + rows > SHARD_ROWS

    def _close_shard(self) -> None:
        if self._writer:
            self._writer.__exit__(None, None, None)
        self._writer, self._bytes = None, 0

    def close(self) -> None:
        if self._rows:
            self._flush()
        self._close_shard()


def _raw_batch(rows: Sequence[Record], sources: Sequence[str], texts: pa.StringArray) -> pa.RecordBatch:
    of: dict[str, Sequence[Any]] = dict(zip(Record._fields, zip(*rows, strict=True), strict=True))
    of["source"] = sources
    arrays = [texts if field.name == "text" else pa.array(of[field.name], field.type) for field in DOCUMENT]
    told = [pa.array(of[field.name], field.type) for field in INGEST]
    told[INGEST.get_field_index("bytes")] = pc.coalesce(told[INGEST.get_field_index("bytes")], pc.binary_length(texts))
    struct = pa.StructArray.from_arrays(told, fields=list(INGEST))
    return pa.RecordBatch.from_arrays([*arrays, struct], schema=RAW)

    # --- segments: shards through stages ----------------------------------------------------------------


def segment(
    setting: Setting, index: int, shard: Path, folder: Path, verdicts: Sequence[Path], number: int, audit: Sampling
) -> None:
    """Send a shard through a segment: verdicts of the barriers before it, its stages, its own barriers' sketches."""
    segments = setting.recipe.segments
    this = segments[index]
    before = segments[index - 1].barriers if index else ()
    tables = [shards.read_arrow(path) for path in verdicts]
    watch = watched(setting.recipe, audit)
    way = Pass(setting, f"{index}/{number:05d}", watch=watch)
    last, left = this is segments[-1], [np.zeros(0, np.int64)]
    sizes = [np.zeros(0, np.int64)]
    with ExitStack() as stack:
        given = stack.enter_context(between.Batches(shard))
        over = None if _edits(this.stages, before) else given.texts
        writer = stack.enter_context(between.BatchWriter(folder / DOCUMENTS, over))
        beside = stack.enter_context(_Beside(folder, this.barriers))
        for count, (first, flow) in enumerate(flows(way, given)):
            flow = way.begun(flow)
            flow = way.ingested(flow) if index == 0 else flow
            for barrier, verdict in zip(before, tables, strict=True):
                flow = way.resolved(flow, barrier, verdict)
            flow = way.through(flow, this.stages)
            beside.write(way, flow.batch)
            if last:
                way.leaving(flow)
            batch = flow.batch if watch is None or last else watch.carried(flow)
            batch = batch.append_column("tokens", pa.array(flow.tokens))
            if over is None:
                writer.write(batch)
            else:
                writer.write(batch.drop_columns(DOCUMENT.names), given.places(count, flow.rows - first))
            left.append(flow.rows)
            sizes.append(flow.sizes)
    leaving = {"row": np.concatenate(left), "bytes": np.concatenate(sizes)}
    shards.write_arrow(folder / ROWS, pa.table(leaving))
    if watch is not None:
        watch.write(folder)
    files = [ROWS, *beside.files]
    commit(folder, way.books_so_far(), files=files, counts={"rows": sum(map(len, left)), "errors": way.errors})


def watched(recipe: Recipe, sampling: Sampling) -> Watch | None:
    """What a recipe's audit counts in a unit, if there is anything to follow."""
    if not sampling.share:
        return None
    return Watch(sampling, audited_phases(recipe), recipe.language)


def audited_phases(recipe: Recipe) -> Phases:
    """From which stage on the audit of a recipe's runs knows how much."""
    return phases([(stage.name, stage.use) for stage in recipe.stages], recipe.language)


def _edits(stages: Sequence[Stage], before: Sequence[Barrier]) -> bool:
    """Whether texts may leave a segment other than they came: else they need not be written again."""
    return any(isinstance(stage, Rewrite) for stage in stages) or any(b.cuts and b.act == "drop" for b in before)


def flows(way: Pass, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[int, Flow]]:
    """A shard's batches as they enter a pass, one at a time, each with its first row's number."""
    first = 0
    for batch in batches:
        yield first, way.enter(batch, first)
        first += batch.num_rows


class _Beside:
    """What a unit writes beside its documents, batch by batch: sketches, and what left on the way."""

    def __init__(self, folder: Path, barriers: Sequence[Barrier]) -> None:
        self._folder, self._barriers = folder, barriers
        self._stack = ExitStack()
        self._open: dict[str, groups.GroupWriter] = {}
        self._quarantine = shards.RowWriter(folder / "quarantine.parquet", QUARANTINE)
        self.files: list[str] = []

    def write(self, way: Pass, left: pa.RecordBatch) -> None:
        """Sketch what is left of a batch, and take from `way` what is gone."""
        for barrier in self._barriers:
            self._to(f"sketch-{barrier.name}.arrow", groups.arrow, barrier.sketch(left))
        for stage, tables in way.dropped.items():
            for table in tables:
                self._to(f"dropped-{stage}.parquet", groups.parquet, table)
        for row in way.quarantined:
            self._quarantine.write(row)
        way.dropped.clear()
        way.quarantined.clear()

    def _to(self, name: str, form: Callable[[Path], groups.GroupWriter], part: pa.Table | pa.RecordBatch) -> None:
        if name not in self._open:
            self._open[name] = self._stack.enter_context(form(self._folder / name))
        self._open[name].write(part)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        quarantined = kind is None and self._quarantine.close()
        self.files = [*self._open, *(["quarantine.parquet"] if quarantined else [])]


TOKENIZER = "tokenizer.json"


def sampled(ids: pa.Array, seed: int, share: float) -> NDArray[np.bool_]:
    """Which ids belong to the seeded sample of about this share; the same ids whatever stands beside them."""
    if share >= 1:
        return np.ones(len(ids), np.bool_)
    hashes = hash_strings(*buffers(ids), seed)
    return np.asarray(hashes < np.uint64(share * 2.0**64))
