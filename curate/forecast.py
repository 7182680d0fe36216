"""What a run will take, told before it begins and once its documents are counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from curate.ingest import Source
from curate.memory import size
from curate.recipe import Recipe
from curate.stage import DOCUMENT, Barrier

DOCUMENT_BYTES = {"warc": 60_000, "arc": 60_000, "pages": 60_000}
"""Bytes that a document takes up in inputs of a kind, markup included: the mean of Common Crawl's responses."""
TEXT_BYTES = 3_000
"""The same of plain text."""
PACKED = {".gz": 4, ".zst": 4, ".bz2": 5, ".xz": 5, ".parquet": 3}
"""How many times larger a file is unpacked."""


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
    """How much there is, as far as the sizes of the inputs tell."""
    documents = found = 0
    for source in sources:
        unpacked = max(source.bytes, 0) * PACKED.get("." + source.path.rpartition(".")[2].lower(), 1)
        found += unpacked
        documents += unpacked // DOCUMENT_BYTES.get(source.kind, TEXT_BYTES) or 1
    if limit is None or not documents:
        return Size(documents, found, exact=False)
    return Size(min(documents, limit), found * min(documents, limit) // documents, exact=False)


def told(recipe: Recipe, given: Size) -> str:
    """One line: how much there is, and what barriers need for it if all of it reaches them."""
    barriers = [stage for stage in recipe.stages if isinstance(stage, Barrier)]
    if not barriers:
        return given.told()
    needs = ", ".join(f"{b.name} {size(b.forecast(given.documents, given.bytes))}" for b in barriers)
    sketches = sum(sketch_bytes(barrier) for barrier in barriers) * given.documents
    return f"{given.told()}: at least {needs} of memory, {size(sketches)} of disk for sketches"


def sketch_bytes(barrier: Barrier) -> int:
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
