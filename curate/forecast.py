"""What a run will take, told before it begins and once its documents are counted."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq

from curate.ingest import Source
from curate.ingest.streams import Stream
from curate.memory import Plan, size
from curate.recipe import Recipe
from curate.stage import DOCUMENT, Barrier

DOCUMENT_BYTES = {"warc": 60_000, "arc": 60_000, "tar": 60_000}
"""Bytes that a document takes up in inputs of a kind, markup included: the mean of Common Crawl's responses."""
SAMPLED, SAMPLE_BYTES = 8, 1 << 20
"""Files of JSON Lines that are looked into, and bytes at the beginning of each."""
TEXT_BYTES = 3_000
"""The same of plain text, and of JSON Lines that hold no line end where they are looked at."""
PACKED = {".gz": 4, ".zst": 4, ".bz2": 5, ".xz": 5, ".parquet": 3}
"""How many times larger a file is unpacked."""
LISTED = {"lines": 0.176, "paragraphs": 0.062, "substring": 0.126}
"""Bytes of sketch for a byte of text, of barriers whose sketches list parts of it: measured in `docs/dedup.md`."""


@dataclass(frozen=True)
class Size:
    """How much there is to be deduplicated."""

    documents: int = 0
    bytes: int = 0
    exact: bool = True

    def told(self) -> str:
        """In words."""
        about, why = ("", "") if self.exact else ("about ", ", by the size of the inputs")
        return f"{about}{self.documents:,} documents, {size(self.bytes)}{why}"


def estimate(sources: Sequence[Source], limit: int | None) -> Size:
    """How much there is: by sizes, by the first lines of JSON Lines, by what Parquet files say of themselves."""
    documents, found = 0, 0
    each = {**DOCUMENT_BYTES, "jsonl": _line_bytes([source.path for source in sources if source.kind == "jsonl"])}
    for source in sources:
        unpacked = max(source.bytes, 0) * PACKED.get("." + source.path.rpartition(".")[2].lower(), 1)
        found += unpacked
        documents += _rows(source) or unpacked // each.get(source.kind, TEXT_BYTES) or 1
    if limit is None or not documents:
        return Size(documents, found, exact=False)
    return Size(min(documents, limit), found * min(documents, limit) // documents, exact=False)


def _line_bytes(paths: Sequence[str]) -> int:
    """Bytes of a line at the beginning of some of these files, a few that lie evenly among them."""
    lines = read = 0
    for path in paths[:: -(-len(paths) // SAMPLED) or 1]:
        with suppress(OSError), Stream(path) as stream:
            head = stream.read(SAMPLE_BYTES)
            lines += head.count(b"\n")
            read += head.rfind(b"\n") + 1
    return max(1, read // lines) if lines else TEXT_BYTES


def _rows(source: Source) -> int:
    """What a Parquet file says of itself, one for a page; 0 for any other, and for what cannot be read."""
    if source.kind != "parquet":
        return int(source.kind == "html")
    try:
        return int(pq.read_metadata(source.path).num_rows)
    except (OSError, pa.ArrowException):
        return 0


def lines(planned: Plan, recipe: Recipe, given: Size) -> tuple[str, str]:
    """What is told before a run begins: how it spends its memory, and what there is to be done."""
    return planned.told(needed(recipe, given)), told(recipe, given)


def needed(recipe: Recipe, given: Size) -> int:
    """Bytes of memory that the barrier that takes most needs if all of it reaches that; 0 where there is none."""
    return max((barrier.forecast(given.documents, given.bytes) for barrier in _barriers(recipe)), default=0)


def _barriers(recipe: Recipe) -> list[Barrier]:
    return [stage for stage in recipe.stages if isinstance(stage, Barrier)]


def told(recipe: Recipe, given: Size) -> str:
    """One line: how much there is, and what barriers need for it if all of it reaches them."""
    barriers = _barriers(recipe)
    if not barriers:
        return given.told()
    needs = ", ".join(f"{b.name} {size(b.forecast(given.documents, given.bytes))}" for b in barriers)
    sketches = sum(sketch_bytes(barrier, given) for barrier in barriers)
    return f"{given.told()}: at least {needs} of memory, {size(sketches)} of disk for sketches"


def sketch_bytes(barrier: Barrier, given: Size) -> int:
    """Bytes of the sketches of so much: some for every document, and some for its text where they list parts of it."""
    return _row_bytes(barrier) * given.documents + int(LISTED.get(barrier.use, 0) * given.bytes)


def _row_bytes(barrier: Barrier) -> int:
    """Bytes of a document's sketch; columns of no fixed width are not counted.

    What names columns of other stages is left at its default, since it changes values and not their width.
    """
    fields = type(barrier).model_fields
    plain = barrier.model_copy(update={key: fields[key].default for key in ("keep", "scope") if key in fields})
    if not set(plain.asks) <= set(DOCUMENT.names):
        return 0
    sketch = plain.sketch(pa.RecordBatch.from_pylist([], DOCUMENT))
    return -(-sum(_bits(column.type) for column in sketch.columns) // 8)


def _bits(kind: pa.DataType) -> int:
    try:
        return int(kind.bit_width)
    except ValueError:
        return 0
