"""Near-duplicates among rows of a corpus: candidates by MinHash sketches, decisions by what the texts share.

Rows are decided in order of precedence, each against those that stay (`curate.ops.stars`). What is held at once
is bounded: rows are decided in *blocks* whose sketches fit, and what earlier blocks have kept is read again from the
sketches in blocks of the same size, and offered to the rows of the one that is decided; and in *stretches* of a
block whose shingles fit. Neither changes a decision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.clusters import Numbering, read_at_once, taken
from curate.ops import candidates
from curate.ops.candidates import COMPARED, Seeds
from curate.ops.minhash import Shingles, distinct
from curate.ops.stars import Sets, Stars
from curate.stage import Corpus

TAKEN_WORDS = 1 << 18
"""So many words at most are read from a corpus at once."""


@dataclass(frozen=True)
class Search:
    """How near-duplicates are found: what `MinHash`'s fields say.

    `keys` are the columns of the bands, `cutoff` the values in which the signatures of candidates agree at least, and
    `shingles` reads texts; None where signatures decide alone.
    """

    corpus: Corpus
    numbering: Numbering
    keys: Sequence[str]
    functions: int
    similarity: float
    cutoff: int
    shingles: Callable[[pa.RecordBatch], Shingles] | None

    @property
    def block(self) -> int:
        """Rows that are decided at once: a quarter of the memory."""
        row_bytes = 4 * self.functions + 16 * len(self.keys) + 8 * COMPARED + 64
        return max(1, self.corpus.memory // 4 // row_bytes)

    def clusters(self, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Per row, given in order of precedence, the place of the row that stays for it, −1 where it stays itself.

        Those of earlier runs come first, and stay.
        And how similar the two are. Takes 16 bytes a row beside its share of `corpus.memory`.
        """
        centres, similarities = np.full(len(rows), -1, np.int64), np.zeros(len(rows))
        for start in range(0, len(rows), self.block):
            inside = slice(start, min(start + self.block, len(rows)))
            before = np.flatnonzero(centres[:start] < 0)
            found, known = self._decided(rows[inside], rows[before])
            gone = np.flatnonzero(found.centres >= 0)
            places = np.concatenate([before[known], np.arange(inside.start, inside.stop)])
            centres[inside][gone] = places[found.centres[gone]]
            similarities[inside] = found.similarities
        return centres, similarities

    def _decided(self, rows: NDArray[np.int64], before: NDArray[np.int64]) -> tuple[Stars, NDArray[np.int64]]:
        """A block's clusters, and which of the rows kept before are candidates: its numbers 0, 1, ….

        A block takes the memory's quarter, and another of the kept rows' sketches while they are read.
        """
        signatures = self._signatures(rows)
        keys = (taken(self.corpus, self.numbering, rows, (key,))[0] for key in self.keys)
        buckets = candidates.numbered(keys, len(rows), least=1 if len(before) else 2)
        known, seeds = np.zeros(0, np.int64), None
        if len(before):
            found = candidates.seeds(len(rows), buckets.number)
            for start in range(0, len(before), self.block):
                chosen = before[start : start + self.block]
                found = self._offered(chosen, start, signatures, buckets, found)
            known, seeds = candidates.renumbered(found)
        stars = Stars(signatures, buckets.of, buckets.number, self.similarity, self.cutoff, len(known), seeds)
        past = int((rows < self.numbering.own).sum())
        stars.keep(past)
        self._decide(np.concatenate([before[known], rows]), past, stars)
        return stars, known

    def _offered(
        self,
        centres: NDArray[np.int64],
        first: int,
        signatures: NDArray[np.uint32],
        buckets: candidates.Buckets,
        found: Seeds,
    ) -> Seeds:
        """What a block has found, with more rows that stay, of which the first is number `first`."""
        of = np.empty((len(self.keys), len(centres)), np.int32)
        for band, key in enumerate(self.keys):
            of[band] = buckets.find(band, taken(self.corpus, self.numbering, centres, (key,))[0])
        near = np.flatnonzero((of >= 0).any(axis=0))
        offered = candidates.Centres(
            self._signatures(centres[near]), (first + near).astype(np.int32), np.ascontiguousarray(of[:, near])
        )
        candidates.sow(found, offered, signatures, buckets, self.cutoff)
        return found

    def _signatures(self, rows: NDArray[np.int64]) -> NDArray[np.uint32]:
        """The signatures of rows in any order."""
        found = np.empty((len(rows), self.functions), np.uint32)
        order = np.argsort(rows)
        done = 0
        for shard, wanted in self.numbering.by_shard(rows[order]):
            packed = self.corpus.sketch(shard)["signature"].combine_chunks()
            values = np.frombuffer(packed.buffers()[1], np.uint32).reshape(-1, self.functions)
            found[order[done : done + len(wanted)]] = values[packed.offset + wanted]
            done += len(wanted)
        return found

    def _decide(self, rows: NDArray[np.int64], past: int, stars: Stars) -> None:
        """Decide about a block in stretches whose shingles, and those of their candidates, fit a quarter of the memory.

        `rows` are the known ones, then the block's, of which the first `past` are of earlier runs and stay.
        """
        texts = len(rows) - stars.known
        if self.shingles is None:
            stars.decide(past, texts, None)
            return
        counts = self._counts(rows)
        limit = max(1, self.corpus.memory // 4 // 16)
        ends = np.cumsum(counts[stars.known :])
        start, width = past, texts
        while start < texts:
            before = ends[start - 1] if start else 0
            fitting = int(np.searchsorted(ends, before + limit, side="right"))
            stop = max(start + 1, min(fitting, start + 2 * width))  # the last one's size is a guess at this one's
            wanted = stars.wanted(start, stop)
            while stop > start + 1 and int(counts[wanted].sum()) + ends[stop - 1] - before > limit:
                stop = start + max(1, (stop - start) // 2)
                wanted = stars.wanted(start, stop)
            chosen = np.concatenate([wanted, np.arange(start, stop) + stars.known])
            stars.decide(start, stop, self._sets(rows, counts, chosen, self.shingles))
            start, width = stop, stop - start

    def _counts(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many shingles the rows have."""
        return taken(self.corpus, self.numbering, rows, ("shingles",))[0].astype(np.int64)

    def _sets(
        self,
        rows: NDArray[np.int64],
        counts: NDArray[np.int64],
        chosen: NDArray[np.int64],
        shingles: Callable[[pa.RecordBatch], Shingles],
    ) -> Sets:
        """The distinct shingles of the chosen ones of `rows`, by their places there."""
        starts, ends = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        hashes = np.empty(int(counts[chosen].sum()), np.uint64)
        chosen = chosen[np.argsort(rows[chosen])]
        most, done, filled = min(TAKEN_WORDS, self.corpus.memory // 128), 0, 0
        for shard, wanted in self.numbering.by_shard(rows[chosen]):
            for piece in read_at_once(counts[chosen[done : done + len(wanted)]], most):
                found = distinct(shingles(self.corpus.take(shard, wanted[piece], ("text",))))
                places = chosen[done + piece.start : done + piece.stop]
                starts[places], ends[places] = found.rows[:-1] + filled, found.rows[1:] + filled
                hashes[filled : filled + len(found.hashes)] = found.hashes
                filled += len(found.hashes)
            done += len(wanted)
        return Sets(starts, ends, hashes)
