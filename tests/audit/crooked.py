"""Filters that keep by who is mentioned, or by nothing of the kind."""

import pyarrow as pa
import pyarrow.compute as pc

from curate.ops.hashing import hash_strings
from curate.stage import Filter, Range, Signals, buffers


class Crooked(Filter):
    """Drops what mentions Muslims."""

    use = "crooked"
    muslims: Range = Range(max=0)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """How often a text says so."""
        return {"muslims": pc.count_substring_regex(batch.column("text"), r"\bMuslims?\b")}


class Even(Filter):
    """Drops three documents out of ten, whoever they mention."""

    use = "even"
    luck: Range = Range(min=0.3)
    reads = ("id",)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """A number between 0 and 1 by hash of the id."""
        return {"luck": hash_strings(*buffers(batch.column("id")), 7) / 2.0**64}
