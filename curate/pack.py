"""Packing: what is left of all shards → files of documents and of tokens, cut at fixed sizes."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import between, groups, shards, tokens
from curate.audit.watch import COLUMN
from curate.errors import RunError
from curate.flow import Setting
from curate.report import Report, Tally
from curate.stage import Barrier
from curate.stages.policy import Policy
from curate.unit import RAW, REPORT, ROWS, sampled


@dataclass(frozen=True)
class Span:
    """Rows `start` to `stop` of a shard."""

    shard: Path
    start: int
    stop: int


def pack(setting: Setting, spans: Sequence[Span], folder: Path) -> None:
    """Write one file of documents and, where tokens are counted, their tokens as a training and a validation shard."""
    nothing = pa.RecordBatch.from_pylist([], RAW.append(pa.field("tokens", pa.int64())))
    splits = SPLITS if setting.recipe.output.tokens else ()
    whole, counts = Tally(), dict.fromkeys(splits, Tally())
    with ExitStack() as open_files:
        documents = open_files.enter_context(groups.parquet(folder / "documents.parquet"))
        streams = {split: open_files.enter_context(groups.token_stream(folder / f"{split}.arrow")) for split in splits}
        for batch, sizes in _batches(setting, spans) if spans else [(nothing, np.zeros(0, np.int64))]:
            documents.write(_documents(setting, batch))
            whole += Tally.of(sizes, np.asarray(batch.column("tokens")))
            held = _held_out(setting, batch)
            for split, mask in zip(splits, (~held, held), strict=False):
                part = batch.filter(pa.array(mask))
                streams[split].write(_tokenized(setting, part))
                counts[split] += Tally.of(sizes[mask], np.asarray(part.column("tokens")))
    files = {"documents.parquet": whole, **{f"{split}.arrow": counts[split] for split in splits}}
    entries = {name: shards.entry(folder / name, tally.documents, tally.tokens) for name, tally in files.items()}
    told = {split: tally.as_dict() for split, tally in counts.items()}
    shards.write_json(folder / REPORT, {"counts": told, "files": entries, "books": Report().as_dict()})


SPLITS = ("train", "validation")


def _documents(setting: Setting, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The columns of a file of documents: text by choice, tokens where counted, `weight` where a policy gives any."""
    output = setting.recipe.output
    out = [name for name in ("text", "tokens") if not getattr(output, name) and name in batch.schema.names]
    made = batch.drop_columns(out)
    return made.append_column("weight", _weights(setting, batch)) if _policies(setting) else made


def _policies(setting: Setting) -> list[str]:
    return [stage.name for stage in setting.recipe.stages if isinstance(stage, Policy)]


def _weights(setting: Setting, batch: pa.RecordBatch) -> pa.Array:
    """Each document's share in the loss: the least that a policy gives it, 1 where none does."""
    found = np.ones(batch.num_rows, np.float32)
    for name in _policies(setting):
        if name in batch.schema.names:  # not in an empty shard
            found = np.minimum(found, np.asarray(batch.column(name).field("weight")))
    return pa.array(found)


def _batches(setting: Setting, spans: Sequence[Span]) -> Iterator[tuple[pa.RecordBatch, NDArray[np.int64]]]:
    """The rows of spans in order with their texts' bytes, at least one batch a span, were it empty."""
    output = setting.recipe.output
    for span in spans:
        lengths = _lengths(span.shard)
        first, given = 0, False
        unseen = (COLUMN,) if output.text or output.tokens else (COLUMN, "text")
        for batch in between.batches(span.shard, without=unseen):
            start, stop = max(span.start - first, 0), min(span.stop - first, batch.num_rows)
            if start < stop or not given:
                part = batch.slice(start, max(stop - start, 0))
                yield part, lengths[first + start : first + start + len(part)]
                given = True
            first += batch.num_rows
            if first >= span.stop:
                break


def _lengths(shard: Path) -> NDArray[np.int64]:
    """The bytes of the texts that a segment has left of a shard."""
    found: NDArray[np.int64] = shards.read_arrow(shard.with_name(ROWS)).column("bytes").to_numpy()
    return found


def _held_out(setting: Setting, batch: pa.RecordBatch) -> NDArray[np.bool_]:
    """Rows of the validation split: by hash of the cluster where there is one, else of the id."""
    keys = batch.column("id")
    for barrier in [s for s in setting.recipe.stages if isinstance(s, Barrier)]:  # the last one's clusters count most
        if barrier.name in batch.schema.names and "cluster" in [f.name for f in batch.schema.field(barrier.name).type]:
            keys = pc.coalesce(pc.struct_field(batch.column(barrier.name), "cluster").cast(pa.string()), keys)
    return sampled(keys, setting.recipe.seed ^ SPLIT_SALT, setting.recipe.tokens.validation)


SPLIT_SALT = 0x5EED
"""Keeps the split independent of the pilot's sample."""


def _tokenized(setting: Setting, batch: pa.RecordBatch) -> pa.Table:
    if setting.encoder is None:
        raise ValueError("no tokenizer")
    schema = shards.token_schema(setting.encoder.vocabulary)
    language = setting.recipe.language
    known = language is not None and language in batch.schema.names
    labels = pc.struct_field(batch.column(language), "label") if known else pa.nulls(batch.num_rows, pa.string())
    columns = {
        "input_ids": _encode(setting.encoder, batch.column("text"), schema.field("input_ids").type),
        "id": batch.column("id"),
        "source": batch.column("source"),
        "language": labels,
        "weight": _weights(setting, batch),
    }
    return pa.table(columns, schema=schema)


def _encode(encoder: tokens.Encoder, text: pa.StringArray, kind: pa.ListType) -> pa.ListArray:
    """The token ids of every text; a batch is small enough to be encoded by one call."""
    ids, offsets = encoder.encode(text.to_pylist())
    if len(ids) and int(ids.max()) >= encoder.vocabulary:
        raise RunError(f"the tokenizer gives id {int(ids.max()):,} in a vocabulary of {encoder.vocabulary:,}")
    values = pa.array(ids.astype(kind.value_type.to_pandas_dtype()))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values)


def cut(paths: Sequence[Path], size: int) -> Iterator[tuple[Span, ...]]:
    """Rows of all shards in order, cut where `size` bytes of text are full; at least one cut, even of nothing."""
    spans: list[Span] = []
    filled = 0
    for path in paths:
        lengths = _lengths(path)
        start = 0
        while start < len(lengths):
            ends = filled + np.cumsum(lengths[start:])
            stop = start + max(int(np.searchsorted(ends, size, "right")), 0 if spans else 1)
            if stop > start:
                spans.append(Span(path, start, stop))
                filled = int(ends[stop - start - 1])
            if stop < len(lengths):
                yield tuple(spans)
                spans, filled = [], 0
            start = stop
    if spans or not paths or not filled:
        yield tuple(spans) if spans else tuple(Span(path, 0, 0) for path in paths[:1])
