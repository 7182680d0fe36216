"""Exact deduplication, of documents with the same normalised text."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from curate.clusters import Numbering, equals, verdicts
from curate.deduplication import DocumentDeduplication
from curate.ops.hashing import hash_strings
from curate.ops.normal import normalise
from curate.stage import Corpus, buffers


class Exact(DocumentDeduplication):
    """Keeps one of all documents whose normalised texts are the same, by default the longest.

    Normalisation folds compatibility forms and case (NFKD, full case folding), gives quotes and dashes their
    ASCII form, removes invisible characters, and turns every run of white space into one space; punctuation and
    accents count. Texts are compared by a 128-bit hash (XXH64 under two seeds). Documents without text are never
    duplicates. Sketch: 32 bytes a document, `low` and `high`, both uint64, both 0 where there is no text, and the
    order of precedence (see `Deduplication`).

    Signals: `cluster`, the id of the document that stays, null where there are no copies, and `cluster_size`.
    """

    use = "exact"
    version = 2
    sketched = ("scope",)

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Two 64-bit hashes of every normalised text, and its precedence."""
        offsets, data = normalise(*buffers(batch["text"]), punctuation=True)
        empty = np.diff(offsets) == 0
        low, high = (np.where(empty, np.uint64(0), hash_strings(offsets, data, seed)) for seed in (0, 1))
        low, high = self.scoped(batch, low, high)
        return pa.RecordBatch.from_pydict({"low": low, "high": high, **self.precedence(batch)})

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; takes half of the corpus' memory at most, and 16 bytes a duplicate."""
        numbering = Numbering(corpus)
        yield from verdicts(corpus, numbering, equals(corpus, numbering, ("low", "high")))
