"""Near-duplicate deduplication: MinHash sketches find candidates, exact Jaccard similarity decides."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field, model_validator

from curate.clusters import Copies, Numbering, equal_keys, precedence, verdicts
from curate.deduplication import DocumentDeduplication
from curate.ops import minhash, unionfind
from curate.ops.normal import normalise
from curate.ops.stars import Sets, Stars
from curate.stage import Corpus, buffers

TAKEN_WORDS, TAKEN_ROWS = 1 << 22, 4096
"""So many words and documents at most are read from a corpus at once."""


class MinHash(DocumentDeduplication):
    """Keeps one of each cluster of near-duplicates, and drops what is similar enough to the one that stays.

    Documents are compared by the Jaccard similarity of their sets of word n-grams (*shingles*; Broder 1997, "On
    the resemblance and containment of documents"). Words are runs of letters, digits and marks after the folding
    that `exact` describes, without punctuation, and short runs of letters in scripts without spaces
    (`docs/words.md`). Candidates share one of `bands` keys made of `rows` values of a
    MinHash signature each (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", §3.4), which happens with
    probability 1 − (1 − s^rows)^bands at similarity s: 0.998 at 0.8 with 20 × 6, 0.92 with 14 × 8.

    Documents are read in order of precedence (`keep`), by default the longest first. One that is similar enough to an
    earlier document *that stays* goes; any other stays, so that chains of small differences wipe nothing out, and what
    is kept once is kept again.
    Candidates are compared from the best signature on, at most 16 a document, unless the signature is more than
    four standard errors under `similarity`; a bucket remembers 1,024 documents that stay. Documents of fewer words
    than a shingle has are never near-duplicates: `exact` is there for them.

    Sketch, 660 bytes a document at 20 × 6: the order of precedence (see `Deduplication`), `shingles` (uint32,
    repeated ones included), `band_00` … (uint64, 0 where there is no shingle), `signature` (4 · bands · rows bytes,
    uint32 little-endian: datasketch 2.0's scheme `affine32` with this `seed` over the low halves of the shingles'
    64-bit hashes).

    Signals: `cluster`, the id of the document that stays, null where there are no copies; `cluster_size`; and
    `similarity` to the document that stays, null for that one itself.
    """

    use = "minhash"
    version = 3
    sketched = ("scope", "bands", "rows", "shingle", "seed")

    similarity: Annotated[float, Field(gt=0, le=1)] = 0.8
    """The Jaccard similarity from which on a document counts as a copy."""
    bands: Annotated[int, Field(ge=1, le=256)] = 20
    """Keys a document."""
    rows: Annotated[int, Field(ge=1, le=64)] = 6
    """Signature values a key."""
    shingle: Annotated[int, Field(ge=1, le=100)] = 5
    """Words a shingle."""
    verify: Literal["exact", "signature"] = "exact"
    """What decides about candidates: shared shingles, or signatures alone (standard error 0.04 at 20 × 6)."""
    seed: Annotated[int, Field(ge=0, lt=1 << 32)] = 1
    """Seed of the signature's hash functions."""

    @model_validator(mode="after")
    def _finds_what_it_asks_for(self) -> Self:
        found = 1 - (1 - self.similarity**self.rows) ** self.bands
        if found < 0.5:
            raise ValueError(
                f"{self.bands} bands of {self.rows} rows find only {found:.0%} of the pairs at similarity "
                f"{self.similarity:g}; take more bands or fewer rows"
            )
        return self

    @cached_property
    def _functions(self) -> minhash.Permutations:
        return minhash.permutations(self.bands * self.rows, self.seed)

    @property
    def rereads(self) -> bool:
        """Whether texts decide."""
        return self.verify == "exact"

    @property
    def _keys(self) -> list[str]:
        return [f"band_{band:02}" for band in range(self.bands)]

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Number of shingles, band keys and signature of every text."""
        shingles = self._shingles(batch)
        signatures = minhash.signatures(shingles, self._functions)
        counts = np.diff(shingles.rows)
        keys = np.where(counts == 0, np.uint64(0), np.maximum(minhash.band_keys(signatures, self.bands), np.uint64(1)))
        width = pa.binary(4 * self.bands * self.rows)
        packed = pa.Array.from_buffers(width, len(counts), [None, pa.py_buffer(signatures)])
        columns = {"shingles": pa.array(counts.astype(np.uint32)), **self.precedence(batch)}
        columns |= dict(zip(self._keys, map(pa.array, self.scoped(batch, *keys)), strict=True))
        return pa.RecordBatch.from_pydict({**columns, "signature": packed})

    def _shingles(self, batch: pa.RecordBatch) -> minhash.Shingles:
        return minhash.shingles(*normalise(*buffers(batch["text"]), punctuation=False), self.shingle)

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; see `_groups` and `_blocks` for what is held in memory at once."""
        numbering = Numbering(corpus)
        rows, kept, similarity = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0)]
        for group, components in self._groups(corpus, numbering):
            group = group[precedence(corpus, numbering, group, components)]
            group = np.concatenate([group[group < numbering.own], group[group >= numbering.own]])
            stars = self._stars(corpus, numbering, group)
            gone = np.flatnonzero(stars.centres >= 0)
            rows.append(group[gone])
            kept.append(group[stars.centres[gone]])
            similarity.append(stars.similarities[gone])
        order = np.argsort(np.concatenate(rows))
        gone, stay, shares = np.concatenate(rows)[order], np.concatenate(kept)[order], np.concatenate(similarity)[order]
        yield from verdicts(corpus, numbering, Copies(gone, stay, shares))

    def _groups(self, corpus: Corpus, numbering: Numbering) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Rows that share keys with others, and their components, in groups of a size that fits into memory.

        Rows connected by keys, directly or through others, are one component; components are independent.
        """
        parents = unionfind.singletons(numbering.rows)
        for key in self._keys:
            for portion in equal_keys(corpus, numbering, (key,)):
                unionfind.unite_runs(parents, portion.rows, portion.same)
        roots = unionfind.roots(parents)
        sizes = np.bincount(roots, minlength=numbering.rows)
        concerned = np.zeros(numbering.rows, np.bool_)  # components of earlier runs alone have nothing to decide
        concerned[roots[numbering.own :]] = True
        members = np.flatnonzero((sizes[roots] > 1) & concerned[roots])
        row_bytes = 4 * self.bands * (self.rows + 6)
        limit = max(1, corpus.memory // (4 * row_bytes))
        components, counts = np.unique(roots[members], return_counts=True)
        # A component belongs to the group in which its last member falls when all are lined up.
        group_of = (np.cumsum(counts) - 1) // limit
        groups = group_of[np.searchsorted(components, roots[members])]
        for group in np.unique(groups):
            chosen = members[groups == group]
            yield chosen, roots[chosen]

    def _stars(self, corpus: Corpus, numbering: Numbering, rows: NDArray[np.int64]) -> Stars:
        """The clusters of a group of rows."""
        order = np.argsort(rows)
        columns = ["shingles", *self._keys, "signature"]  # those of earlier runs have more
        parts = [
            corpus.sketch(shard).select(columns).take(pa.array(wanted))
            for shard, wanted in numbering.by_shard(rows[order])
        ]
        sketch = pa.concat_tables(parts).replace_schema_metadata().take(pa.array(np.argsort(order)))
        functions = self.bands * self.rows
        packed = sketch["signature"].combine_chunks()
        signatures = np.frombuffer(packed.buffers()[1], np.uint32).reshape(-1, functions)
        signatures = signatures[packed.offset : packed.offset + len(rows)]
        error = (self.similarity * (1 - self.similarity) / functions) ** 0.5
        margin = 4 * error if self.verify == "exact" else 0.0
        cutoff = int(np.ceil((self.similarity - margin) * functions - 1e-9))
        stars = Stars(signatures, _buckets([sketch[key].to_numpy() for key in self._keys]), self.similarity, cutoff)
        self._decide(corpus, numbering, rows, sketch["shingles"].to_numpy(), stars)
        return stars

    def _decide(
        self,
        corpus: Corpus,
        numbering: Numbering,
        rows: NDArray[np.int64],
        shingles: NDArray[np.uint32],
        stars: Stars,
    ) -> None:
        """Decide about all rows of this run, a block at a time whose shingles fit into a quarter of the memory."""
        start = int((rows < numbering.own).sum())
        stars.keep(start)
        if self.verify == "signature":
            stars.decide(start, len(rows), None)
            return
        limit = max(1, corpus.memory // 4 // 16)
        ends = np.cumsum(shingles, dtype=np.int64)
        while start < len(rows):
            before = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, before + limit, side="right")))
            wanted = stars.wanted(start, stop)
            while stop > start + 1 and int(shingles[wanted].sum()) + ends[stop - 1] - before > limit:
                stop = start + max(1, (stop - start) // 2)
                wanted = stars.wanted(start, stop)
            chosen = np.concatenate([wanted, np.arange(start, stop)])
            stars.decide(start, stop, self._sets(corpus, numbering, rows, shingles, chosen))
            start = stop

    def _sets(
        self,
        corpus: Corpus,
        numbering: Numbering,
        rows: NDArray[np.int64],
        shingles: NDArray[np.uint32],
        chosen: NDArray[np.int64],
    ) -> Sets:
        """The distinct shingles of the chosen ones of `rows`."""
        starts, ends = np.zeros(len(rows), np.int64), np.zeros(len(rows), np.int64)
        parts: list[NDArray[np.uint64]] = []
        taken, size = 0, 0
        chosen = chosen[np.argsort(rows[chosen])]
        for shard, wanted in numbering.by_shard(rows[chosen]):
            words = shingles[chosen[taken : taken + len(wanted)]]
            for piece in _pieces(words):
                found = self._shingles(corpus.take(shard, wanted[piece], ("text",)))
                for text in range(len(found.rows) - 1):
                    parts.append(np.unique(found.hashes[found.rows[text] : found.rows[text + 1]]))
                    starts[chosen[taken]], size = size, size + len(parts[-1])
                    ends[chosen[taken]] = size
                    taken += 1
        return Sets(starts, ends, np.concatenate(parts))


def _pieces(words: NDArray[np.uint32]) -> Iterator[slice]:
    """Cut documents of so many words each into pieces that are read at once."""
    start, total = 0, 0
    for i, count in enumerate(words.tolist()):
        if i > start and (total + count > TAKEN_WORDS or i - start == TAKEN_ROWS):
            yield slice(start, i)
            start, total = i, 0
        total += count
    if start < len(words):
        yield slice(start, len(words))


def _buckets(keys: list[NDArray[np.uint64]]) -> NDArray[np.int32]:
    """Per band and document the number of its bucket, −1 where it is alone in it."""
    buckets = np.full((len(keys), len(keys[0])), -1, np.int32)
    used = 0
    for band, column in enumerate(keys):
        _, inverse, counts = np.unique(column, return_inverse=True, return_counts=True)
        shared = counts > 1
        numbers = np.where(shared, used + np.cumsum(shared) - 1, -1)
        buckets[band] = numbers[inverse]
        used += int(shared.sum())
    return buckets
