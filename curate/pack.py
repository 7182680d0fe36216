"""Packing: what is left of all shards → files of documents and of tokens, cut at fixed sizes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import shards, tokens
from curate.errors import RunError
from curate.flow import Setting, sizes_of
from curate.report import Report, Tally
from curate.stage import Barrier
from curate.unit import BATCH_ROWS, RAW, REPORT, sampled


@dataclass(frozen=True)
class Span:
    """Rows `start` to `stop` of a shard."""

    shard: Path
    start: int
    stop: int


def pack(setting: Setting, spans: Sequence[Span], folder: Path) -> None:
    """Write one file of documents, and their tokens as one training and one validation shard."""
    nothing = RAW.append(pa.field("tokens", pa.int64())).empty_table()
    table = pa.concat_tables([_span(span) for span in spans]).combine_chunks() if spans else nothing
    shards.write_parquet(folder / "documents.parquet", table)
    files = {"documents.parquet": (len(table), int(_total(table.column("tokens"))))}
    held = _held_out(setting, table)
    counts = {}
    for split, mask in (("train", ~held), ("validation", held)):
        part = table.filter(pa.array(mask))
        made = _tokenized(setting, part)
        shards.write_tokens(folder / f"{split}.arrow", made)
        tally = Tally(len(part), int(sizes_of(part).sum()), int(_total(part.column("tokens"))))
        counts[split] = tally.as_dict()
        files[f"{split}.arrow"] = (len(part), tally.tokens)
    entries = {name: shards.entry(folder / name, *numbers) for name, numbers in files.items()}
    shards.write_json(folder / REPORT, {"counts": counts, "files": entries, "books": Report().as_dict()})


def _total(column: pa.ChunkedArray) -> int:
    return pc.sum(column).as_py() or 0


def _span(span: Span) -> pa.Table:
    first, parts = 0, list[pa.RecordBatch]()
    for batch in shards.batches(span.shard):
        start, stop = max(span.start - first, 0), min(span.stop - first, batch.num_rows)
        if start < stop or not parts:
            parts.append(batch.slice(start, max(stop - start, 0)))
        first += batch.num_rows
        if first >= span.stop:
            break
    return pa.Table.from_batches(parts)


def _held_out(setting: Setting, table: pa.Table) -> NDArray[np.bool_]:
    """Rows of the validation split: by hash of the cluster where there is one, else of the id."""
    keys = table.column("id").combine_chunks()
    for barrier in [s for s in setting.recipe.stages if isinstance(s, Barrier)]:  # the last one's clusters count most
        if barrier.name in table.schema.names and "cluster" in [f.name for f in table.schema.field(barrier.name).type]:
            cluster = pc.struct_field(table.column(barrier.name), "cluster").combine_chunks().cast(pa.string())
            keys = pc.coalesce(cluster, keys)
    return sampled(keys, setting.recipe.seed ^ SPLIT_SALT, setting.recipe.tokens.validation)


SPLIT_SALT = 0x5EED
"""Keeps the split independent of the pilot's sample."""


def _tokenized(setting: Setting, table: pa.Table) -> pa.Table:
    if setting.encoder is None:
        raise ValueError("no tokenizer")
    schema = shards.token_schema(setting.encoder.vocabulary)
    language = setting.recipe.language
    known = language is not None and language in table.schema.names
    labels = pc.struct_field(table.column(language), "label") if known else pa.nulls(len(table), pa.string())
    columns = {
        "input_ids": _encode(setting.encoder, table.column("text"), schema.field("input_ids").type),
        "id": table.column("id"),
        "source": table.column("source"),
        "language": labels,
        "weight": pa.array(np.ones(len(table), np.float32)),
    }
    return pa.table(columns, schema=schema)


def _encode(encoder: tokens.Encoder, text: pa.ChunkedArray, kind: pa.ListType) -> pa.ChunkedArray:
    """Encode in pieces: one call on 100 MB would hold every id three times over."""
    parts = []
    for start in range(0, len(text), BATCH_ROWS):
        ids, offsets = encoder.encode(text.slice(start, BATCH_ROWS).to_pylist())
        if len(ids) and int(ids.max()) >= encoder.vocabulary:
            raise RunError(f"the tokenizer gives id {int(ids.max()):,} in a vocabulary of {encoder.vocabulary:,}")
        values = pa.array(ids.astype(kind.value_type.to_pandas_dtype()))
        parts.append(pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values))
    return pa.chunked_array(parts, kind)


def cut(paths: Sequence[Path], size: int) -> Iterator[tuple[Span, ...]]:
    """Rows of all shards in order, cut where `size` bytes of text are full; at least one cut, even of nothing."""
    spans: list[Span] = []
    filled = 0
    for path in paths:
        lengths = np.concatenate([np.zeros(0, np.int64), *(sizes_of(b) for b in shards.batches(path, ("text",)))])
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
