"""Exact deduplication, of documents with the same normalised text."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from curate.clusters import Copies, Numbering, equal_keys, verdicts
from curate.ops.hashing import hash_strings
from curate.ops.normal import normalise
from curate.stage import Barrier, Corpus, buffers


class Exact(Barrier):
    """Keeps the first, in order of (shard, row), of all documents whose normalised texts are the same.

    Normalisation folds compatibility forms and case (NFKD, full case folding), gives quotes and dashes their
    ASCII form, removes invisible characters, and turns every run of white space into one space; punctuation and
    accents count. Texts are compared by a 128-bit hash (XXH64 under two seeds). Documents without text are never
    duplicates. Sketch: 16 bytes a document, `low` and `high`, both uint64, both 0 where there is no text.

    Signals: `cluster`, the id of the document that stays, null where there are no copies, and `cluster_size`.
    """

    use = "exact"

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Two 64-bit hashes of every normalised text."""
        offsets, data = normalise(*buffers(batch["text"]), punctuation=True)
        empty = np.diff(offsets) == 0
        low, high = (np.where(empty, np.uint64(0), hash_strings(offsets, data, seed)) for seed in (0, 1))
        return pa.RecordBatch.from_pydict({"low": low, "high": high})

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; takes half of the corpus' memory at most, and 16 bytes a duplicate."""
        numbering = Numbering(corpus)
        rows, kept = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for portion in equal_keys(corpus, numbering, ("low", "high")):
            firsts = np.maximum.accumulate(np.where(portion.same, 0, np.arange(len(portion.rows))))
            rows.append(portion.rows[portion.same])
            kept.append(portion.rows[firsts[portion.same]])
        order = np.argsort(np.concatenate(rows))
        yield from verdicts(corpus, numbering, Copies(np.concatenate(rows)[order], np.concatenate(kept)[order]))
