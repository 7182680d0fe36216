"""A corpus in memory, for tests of barriers."""

import numpy as np
import pyarrow as pa

from curate.testing import batch


class MemoryCorpus:
    """Shards of texts, sketched in batches of `batch_rows`; ids number the texts through.

    `columns` holds values for the rows of all shards, one after the other.
    """

    seed = 1
    past = 0

    def __init__(self, barrier, *shards, memory=1 << 30, batch_rows=3, dropped=(), columns=None):
        self.memory = memory
        self.taken = []
        self.documents = []
        number = 0
        for texts in shards:
            ids = [f"d{number + i}" for i in range(len(texts))]
            mine = {name: values[number : number + len(texts)] for name, values in (columns or {}).items()}
            self.documents.append(batch(*texts, id=ids, **mine))
            number += len(texts)
        self.sketches = [self._sketch(barrier, documents, batch_rows) for documents in self.documents]
        self.living = [
            np.array([(shard, row) not in dropped for row in range(len(texts))], bool)
            for shard, texts in enumerate(shards)
        ]

    @staticmethod
    def _sketch(barrier, documents, batch_rows):
        starts = range(0, max(1, documents.num_rows), batch_rows)
        return pa.Table.from_batches([barrier.sketch(documents.slice(start, batch_rows)) for start in starts])

    def __len__(self):
        return len(self.documents)

    def sketch(self, shard):
        return self.sketches[shard]

    def alive(self, shard):
        return self.living[shard]

    def take(self, shard, rows, columns=("text",)):
        assert (np.diff(rows) > 0).all()
        self.taken.append((shard, len(rows), tuple(columns)))
        return self.documents[shard].select(list(columns)).take(pa.array(rows))


def resolve(barrier, *shards, **options):
    """Per shard and text: reason, cluster, cluster size (and similarity, where it is measured)."""
    corpus = MemoryCorpus(barrier, *shards, **options)
    tables = list(barrier.resolve(corpus))
    assert [table.num_rows for table in tables] == [len(texts) for texts in shards]
    return [[(row["reason"], *row["signals"].values()) for row in table.to_pylist()] for table in tables]


def reasons(barrier, *shards, **options):
    """Per shard and text the reason alone."""
    return [[row[0] for row in rows] for rows in resolve(barrier, *shards, **options)]
