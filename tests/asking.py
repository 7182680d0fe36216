"""A filter whose bound is a share of the corpus, for tests of the pilot; importable by workers."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.cuts import Cut, cut_at, share_of
from curate.stage import Filter, Range, Signals


class Longest(Filter):
    """Keeps a share of the documents: the longest ones."""

    use = "longest"
    length: Range = Range()
    keep_ratio: float | None = None

    @property
    def asks_pilot(self) -> bool:
        return self.keep_ratio is not None

    def find(self, sample: pa.Table) -> Cut:
        lengths = np.asarray(pc.struct_field(sample.column(self.name).combine_chunks(), "length"), np.float64)
        least = cut_at(lengths, self.keep_ratio or 0.0)
        kept = share_of(int((lengths >= least).sum()), len(lengths))
        return Cut({"length": {"min": least}, "keep_ratio": None}, len(lengths), {"kept": kept})

    def measure(self, batch: pa.RecordBatch) -> Signals:
        return {"length": pc.utf8_length(batch.column("text"))}
