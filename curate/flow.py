"""A shard's way through the stages of a segment: what stays, what leaves and why, and the books of both.

Knows batches and stages, and neither files nor processes. What a stage cannot process is found row
by row and quarantined; it never stops the run.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import tokens
from curate.audit.watch import Watch
from curate.cutting import CUT, spans_of, without
from curate.errors import CurateError, RunError
from curate.recipe import Recipe
from curate.report import Kind, Report, StageReport, Tally
from curate.stage import Barrier, Filter, Rewrite, Stage

T = TypeVar("T")


@dataclass
class Setting:
    """What all units of a run share in one process: the recipe, and the tokenizer once there is one."""

    recipe: Recipe
    tokenizer: Path | None = None

    @cached_property
    def encoder(self) -> tokens.Encoder | None:
        """The tokenizer, loaded where it is first needed."""
        return tokens.load(self.tokenizer) if self.tokenizer else None


@dataclass
class Flow:
    """A batch on its way through a segment: each row's number in the shard, its bytes and tokens."""

    batch: pa.RecordBatch
    rows: NDArray[np.int64]
    sizes: NDArray[np.int64]
    tokens: NDArray[np.int64]

    def tally(self, mask: NDArray[np.bool_] | None = None) -> Tally:
        """Documents, bytes and tokens of some rows, or of all."""
        return Tally.of(self.sizes, self.tokens, mask)

    def where(self, mask: NDArray[np.bool_]) -> "Flow":
        """Only the rows of the mask."""
        if mask.all():
            return self
        return Flow(self.batch.filter(pa.array(mask)), self.rows[mask], self.sizes[mask], self.tokens[mask])

    def with_column(self, name: str, column: pa.Array) -> "Flow":
        """The flow with one more column, or with this one replaced."""
        at = self.batch.schema.get_field_index(name)
        batch = self.batch.append_column(name, column) if at < 0 else self.batch.set_column(at, name, column)
        return Flow(batch, self.rows, self.sizes, self.tokens)


@dataclass
class Pass:
    """One shard's way through one segment: books, and what leaves on the way."""

    setting: Setting
    place: str
    books: dict[str, StageReport] = field(default_factory=dict)
    dropped: dict[str, list[pa.Table]] = field(default_factory=dict)
    quarantined: list[tuple[Any, ...]] = field(default_factory=list)
    report: Report = field(default_factory=Report)
    errors: dict[str, str] = field(default_factory=dict)
    """Per stage the first error that a document raised."""
    watch: Watch | None = None
    """Counts what becomes of whom; None where nobody asks, as on the pilot."""

    def through(self, flow: Flow, stages: Sequence[Stage]) -> Flow:
        """Send a batch through stages in order."""
        for stage in stages:
            book = self._book(stage.name, stage.kind)
            with _clock(book):
                book.incoming += flow.tally()
                flow = self.filter(flow, stage, book) if isinstance(stage, Filter) else self.rewrite(flow, stage, book)
                book.out += flow.tally()
            self._seen(stage.name, flow)
        return flow

    def _seen(self, stage: str, flow: Flow) -> None:
        if self.watch is not None:
            self.watch.after(stage, flow)

    def begun(self, flow: Flow) -> Flow:
        """Let the audit take up a batch as its shard has it."""
        if self.watch is not None:
            flow.batch = self.watch.begin(flow)
        return flow

    def ingested(self, flow: Flow) -> Flow:
        """Judge raw records: the stage `ingest`."""
        book = self._book("ingest", "ingest")
        book.incoming += flow.tally()
        column = flow.batch.column("ingest")
        self._by(flow, "source", self.report.source_in)
        for how in ("declared", "detected", "repaired"):
            matches = pc.fill_null(pc.equal(column.field("decoding"), how), fill_value=False)
            book.add("flagged", f"ingest.encoding.{how}", flow.tally(np.asarray(matches)))
        reason = column.field("reason")
        empty = pc.and_(pc.is_null(reason), pc.equal(pc.binary_length(pc.fill_null(flow.batch.column("text"), "")), 0))
        flow = self.leave(flow, "ingest", pc.if_else(empty, "empty", reason), book)
        book.out += flow.tally()
        self._seen("ingest", flow)
        return flow

    def filter(self, flow: Flow, stage: Filter, book: StageReport) -> Flow:
        """Measure, judge, and let go of what is judged bad, or mark it where the recipe says flag."""
        flow, column = self._guarded(flow, stage, book, stage.column)
        flow = flow.with_column(stage.name, column)
        if stage.name == self.setting.recipe.language:
            self._by(flow, stage.name, self.report.language_in)
        names = pa.array([rule.reason for rule in stage.rules], pa.string())
        broken = stage.verdicts(column)
        reason = names.take(pa.array(broken, pa.int32(), mask=broken < 0)) if len(names) else pa.nulls(len(broken))
        return self.judged(flow, stage, reason.cast(pa.string()), book)

    def measured(self, flow: Flow, stage: Stage) -> Flow:
        """The flow with a filter's column, nobody judged: what a sample is for."""
        if not isinstance(stage, Filter):
            raise TypeError(f"{stage.name} is no filter")
        book = self._book(stage.name, stage.kind)
        book.incoming += flow.tally()
        flow, column = self._guarded(flow, stage, book, stage.column)
        return flow.with_column(stage.name, column)

    def judged(self, flow: Flow, stage: Filter | Barrier, reason: pa.Array, book: StageReport) -> Flow:
        """Act on reasons as the recipe says."""
        if stage.act == "drop":
            return self.leave(flow, stage.name, reason, book)
        for name in pc.unique(reason.drop_null()).to_pylist():
            mask = np.asarray(pc.fill_null(pc.equal(reason, name), fill_value=False))
            book.add("flagged", f"{stage.name}.{name}", flow.tally(mask))
        return flow

    def rewrite(self, flow: Flow, stage: Stage, book: StageReport) -> Flow:
        """Edit, quarantine what could not be edited, count what the edit took, drop what it left empty."""
        if not isinstance(stage, Rewrite):
            raise TypeError(f"{stage.name} is neither a filter nor a rewrite")
        flow, edited = self._guarded(flow, stage, book, stage.rewrite)
        text = pc.fill_null(edited.text, "")  # a rewrite that gives nothing back has taken everything
        struct = stage.struct(edited, flow.batch.num_rows)
        old = flow.batch.column("text")
        changed = np.asarray(pc.fill_null(pc.not_equal(old, text), fill_value=True))
        flow = flow if struct is None else flow.with_column(stage.name, struct)
        good = np.ones(flow.batch.num_rows, np.bool_)
        for row, (reason, error) in edited.errors.items():
            good[row] = False
            self._quarantine(flow, row, stage.name, reason, error, book)
        return self._edited(flow.where(good), stage.name, text.filter(pa.array(good)), changed[good], book)

    def _edited(self, before: Flow, stage: str, text: pa.Array, changed: NDArray[np.bool_], book: StageReport) -> Flow:
        """Put other texts in the place of those that changed, count what that took, drop what it left empty."""
        new = before.with_column("text", text)
        new.sizes = sizes_of(new.batch)
        new.tokens = np.where(changed, self._count(text.filter(pa.array(changed)), changed), before.tokens)
        book.rewritten += Tally(0, int((before.sizes - new.sizes).sum()), int((before.tokens - new.tokens).sum()))
        empty = pc.if_else(pa.array(new.sizes == 0), pa.scalar("empty"), pa.scalar(None, pa.string()))
        return self.leave(new, stage, empty, book, text=before.batch.column("text"))

    def leave(self, flow: Flow, stage: str, reason: pa.Array, book: StageReport, text: pa.Array | None = None) -> Flow:
        """Drop the rows that have a reason, keeping a record of each (`text` replaces what is recorded)."""
        gone = np.asarray(pc.is_valid(reason))
        if not gone.any():
            return flow
        for name in pc.unique(reason.drop_null()).to_pylist():
            mask = np.asarray(pc.fill_null(pc.equal(reason, name), fill_value=False))
            book.add("dropped", f"{stage}.{name}", flow.tally(mask))
        named = pc.binary_join_element_wise(pa.scalar(stage), reason.filter(pa.array(gone)), ".")
        left = flow if text is None else flow.with_column("text", text)
        self.dropped.setdefault(stage, []).append(self._record(left.where(gone), named))
        return flow.where(~gone)

    def _record(self, flow: Flow, reason: pa.Array) -> pa.Table:
        batch = flow.batch
        columns = {name: batch.column(name) for name in ("id", "url", "source", "date")}
        columns["place"] = pa.array([f"{self.place}#{row}" for row in flow.rows], pa.string())
        columns["reason"] = reason
        if self.setting.recipe.output.keep_dropped_text:
            columns["text"] = batch.column("text")
        known = {"id", "url", "source", "date", "media", "text", "meta"}
        columns |= {name: batch.column(name) for name in batch.schema.names if name not in known}
        if self.setting.recipe.output.tokens:
            columns["tokens"] = pa.array(flow.tokens)
        return pa.table(columns)

    def _guarded(
        self, flow: Flow, stage: Stage, book: StageReport, work: Callable[[pa.RecordBatch], T]
    ) -> tuple[Flow, T]:
        """Apply a stage; where it fails, find the rows that make it fail and quarantine those."""
        try:
            return flow, work(flow.batch)
        except (CurateError, MemoryError, OSError):
            raise
        except (Exception, SystemExit):  # noqa: BLE001 - whatever a stage raises, the rows at fault are found below
            bad = failing_rows(flow.batch, work)
            self.errors.setdefault(stage.name, next(iter(bad.values()), ""))
        good = np.ones(flow.batch.num_rows, np.bool_)
        for row, error in bad.items():
            good[row] = False
            self._quarantine(flow, row, stage.name, "error", error, book)
        flow = flow.where(good)
        try:
            return flow, work(flow.batch)
        except Exception as error:  # it fails on the others too, on none of them alone, or on an empty batch
            what = " ".join(f"{type(error).__name__}: {error}".split())
            raise RunError(f"stage {stage.name} fails: {what}") from error

    def _quarantine(self, flow: Flow, row: int, stage: str, reason: str, error: str, book: StageReport) -> None:
        mask = np.zeros(flow.batch.num_rows, np.bool_)
        mask[row] = True
        book.add("quarantined", f"{stage}.{reason}", flow.tally(mask))
        id_, text = (flow.batch.column(name)[row].as_py() for name in ("id", "text"))
        place, size = f"{self.place}#{flow.rows[row]}", int(flow.sizes[row])
        self.quarantined.append((id_, place, stage, f"{stage}.{reason}", error, size, text))

    def _count(self, text: pa.Array, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Tokens of the rows of `mask`, whose texts are given; 0 elsewhere."""
        counts = np.zeros(len(mask), np.int64)
        if self.setting.encoder is not None:
            counts[mask] = tokens.count(self.setting.encoder, text)
        return counts

    def enter(self, batch: pa.RecordBatch, first_row: int) -> Flow:
        """A batch as it comes from a shard; tokens are counted unless the shard carries them."""
        rows = np.arange(first_row, first_row + batch.num_rows)
        if "tokens" in batch.schema.names:
            counts = np.asarray(batch.column("tokens"))
            return Flow(batch.drop_columns(["tokens"]), rows, sizes_of(batch), counts)
        counts = self._count(batch.column("text"), np.ones(batch.num_rows, np.bool_))
        return Flow(batch, rows, sizes_of(batch), counts)

    def books_so_far(self) -> Report:
        """The books of this pass as one report."""
        self.report.stages = list(self.books.values())
        return self.report

    def _book(self, name: str, kind: Kind) -> StageReport:
        return self.books.setdefault(name, StageReport(name, kind))

    def resolved(self, flow: Flow, barrier: Barrier, verdict: pa.Table) -> Flow:
        """Act on a barrier's verdict for the whole shard."""
        book = self._book(barrier.name, "barrier")
        with _clock(book):
            book.incoming += flow.tally()
            mine = verdict.take(pa.array(flow.rows)).combine_chunks()
            if "signals" in mine.schema.names:
                flow = flow.with_column(barrier.name, _one(mine.column("signals")))
            reason = _one(mine.column("reason"))
            flow = self.judged(flow, barrier, reason, book)
            if CUT in mine.schema.names:
                cuts = _one(mine.column(CUT))
                flow = self._cut(flow, barrier, cuts.filter(reason.is_null()) if barrier.act == "drop" else cuts, book)
            book.out += flow.tally()
        self._seen(barrier.name, flow)
        return flow

    def _cut(self, flow: Flow, barrier: Barrier, cuts: pa.ListArray, book: StageReport) -> Flow:
        """Take spans out of the texts, or count the rows that have any where the recipe says flag."""
        changed = np.diff(spans_of(cuts).rows) > 0
        if barrier.act == "flag":
            book.add("flagged", f"{barrier.name}.{CUT}", flow.tally(changed))
            return flow
        text = without(flow.batch.column("text"), cuts, barrier.filling, barrier.name)
        return self._edited(flow, barrier.name, text, changed, book)

    def _by(self, flow: Flow, column: str, tallies: dict[str, Tally]) -> None:
        keys = flow.batch.column(column)
        keys = keys.field("label") if pa.types.is_struct(keys.type) else keys
        _group(keys, flow.sizes, flow.tokens, tallies)

    def leaving(self, flow: Flow) -> None:
        """Enter what leaves the last segment into the books by language and source."""
        self._by(flow, "source", self.report.source_out)
        language = self.setting.recipe.language
        if language:
            self._by(flow, language, self.report.language_out)


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def _group(keys: pa.Array, sizes: NDArray[np.int64], counts: NDArray[np.int64], tallies: dict[str, Tally]) -> None:
    coded = pc.fill_null(keys, "und").dictionary_encode()
    found = zip(coded.dictionary.to_pylist(), *_sums(np.asarray(coded.indices), sizes, counts), strict=True)
    for key, documents, size, count in found:
        tallies[key or "und"] = tallies.get(key or "und", Tally()) + Tally(documents, size, count)


def _sums(codes: NDArray[np.int32], *values: NDArray[np.int64]) -> Iterator[list[int]]:
    """How often each code occurs, and the sums of values by code."""
    order = np.argsort(codes, kind="stable")
    firsts = np.flatnonzero(np.append(True, np.diff(codes[order]))[: len(codes)])
    yield np.diff(np.append(firsts, len(codes))).tolist()
    for value in values:
        yield np.add.reduceat(value[order], firsts).tolist() if len(codes) else []


@contextmanager
def _clock(book: StageReport) -> Iterator[None]:
    started = time.perf_counter()
    yield
    book.seconds += time.perf_counter() - started


def failing_rows(batch: pa.RecordBatch, work: Callable[[pa.RecordBatch], Any]) -> dict[int, str]:
    """Row → error for every row on which `work` fails, found by halving."""
    found: dict[int, str] = {}
    spans = [(0, batch.num_rows)]
    while spans:
        start, stop = spans.pop()
        try:
            work(batch.slice(start, stop - start))
        except (Exception, SystemExit) as error:  # noqa: BLE001 - see `Pass._guarded`
            if stop - start == 1:
                found[start] = f"{type(error).__name__}: {error}".splitlines()[0][:500]
            elif stop > start:
                middle = (start + stop) // 2
                spans += [(start, middle), (middle, stop)]
    return dict(sorted(found.items()))


def sizes_of(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """UTF-8 bytes of each text; of the payload, where a record was never decoded."""
    length = pc.binary_length(batch.column("text")).cast(pa.int64())
    if length.null_count and "ingest" in batch.schema.names:
        length = pc.coalesce(length, batch.column("ingest").field("bytes"), pa.scalar(0, pa.int64()))
    return np.asarray(length)
