"""Near-duplicate deduplication: MinHash sketches find candidates, exact Jaccard similarity decides."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
import pyarrow as pa
from pydantic import Field, model_validator

from curate.clusters import Copies, Numbering, equals, precedence, verdicts
from curate.components import groups
from curate.deduplication import DocumentDeduplication
from curate.neighbours import Search
from curate.ops import minhash
from curate.ops.hashing import hash_strings
from curate.ops.normal import normalise
from curate.stage import Corpus, buffers


class MinHash(DocumentDeduplication):
    """Keeps one of each cluster of near-duplicates, and drops what is similar enough to the one that stays.

    Documents are compared by the Jaccard similarity of their sets of word n-grams (*shingles*; Broder 1997, "On
    the resemblance and containment of documents"). Words are runs of letters, digits and marks after the folding
    that `exact` describes, without punctuation; in scripts without spaces every letter is one, so that a letter more
    or less shifts nothing. Candidates share one of `bands` keys made of `rows` values of a
    MinHash signature each (Leskovec, Rajaraman and Ullman, "Mining of Massive Datasets", §3.4), which happens with
    probability 1 − (1 − s^rows)^bands at similarity s: 0.998 at 0.8 with 20 × 6, 0.92 with 14 × 8.

    Documents are read in order of precedence (`keep`), by default the longest first. One that is similar enough to an
    earlier document *that stays* goes; any other stays, so that chains of small differences wipe nothing out, and what
    is kept once is kept again.

    Candidates are compared from the best signature on, at most 64 a document, unless the signature is more than
    four standard errors under `similarity`; a bucket remembers 1,024 documents that stay. Where a template makes up
    to 70 % of all pages, as many pairs were found as without one; where it makes 80 %, 1 of 100 was missed
    (`docs/dedup.md`).
    Documents of the same words in the same order are copies before anything else, however many there are. Documents of
    fewer words than a shingle has are never near-duplicates: see `short`.

    Sketch, 676 bytes a document at 20 × 6: the order of precedence (see `Deduplication`), `low` and `high` (uint64, a
    hash of all words, 0 where a document has no copies), `shingles` (uint32, repeated ones included), `band_00` …
    (uint64, 0 where there is no shingle), `signature` (4 · bands · rows bytes, uint32 little-endian: datasketch 2.0's
    scheme `affine32` with this `seed` over the low halves of the shingles' 64-bit hashes).

    Signals: `cluster`, the id of the document that stays, null where there are no copies; `cluster_size`; and
    `similarity` to the document that stays, null for that one itself.
    """

    use = "minhash"
    version = 4
    sketched = ("scope", "bands", "rows", "shingle", "short", "seed")

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
    short: Literal["keep", "exact"] = "keep"
    """What becomes of documents with fewer words than a shingle: they stay, or those of the same words, if they have
    any, are copies. `exact` sees to them before, and `length` drops them."""
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
        """Hashes of the words, number of shingles, band keys and signature of every text, and its precedence."""
        words = normalise(*buffers(batch["text"]), punctuation=False)
        shingles = minhash.shingles(*words, self.shingle, minhash.letters())
        signatures = minhash.signatures(shingles, self._functions)
        counts = np.diff(shingles.rows)
        few = counts == 0
        keys = np.where(few, np.uint64(0), np.maximum(minhash.band_keys(signatures, self.bands), np.uint64(1)))
        unlike = few if self.short == "keep" else np.diff(words.offsets) == 0
        whole = [np.where(unlike, np.uint64(0), hash_strings(*words, seed)) for seed in (0, 1)]
        named = zip(["low", "high", *self._keys], self.scoped(batch, *whole, *keys), strict=True)
        columns = {"shingles": pa.array(counts.astype(np.uint32)), **self.precedence(batch)}
        columns |= {name: pa.array(values) for name, values in named}
        width = pa.binary(4 * self.bands * self.rows)
        columns["signature"] = pa.Array.from_buffers(width, len(counts), [None, pa.py_buffer(signatures)])
        return pa.RecordBatch.from_pydict(columns)

    def _shingles(self, batch: pa.RecordBatch) -> minhash.Shingles:
        folded = normalise(*buffers(batch["text"]), punctuation=False)
        return minhash.shingles(*folded, self.shingle, minhash.letters())

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard.

        Copies of one sequence of words are one document here, by a sort. The others are decided group by group (see
        `curate.components`), each in blocks (see `curate.neighbours`) that take three quarters of the corpus' memory.
        Beside that, resolving takes 18 bytes a row of the corpus, 40 a row that shares a key, 72 a row of the largest
        component, and 48 a duplicate.
        """
        numbering = Numbering(corpus)
        copies = equals(corpus, numbering, ("low", "high"))
        without = np.zeros(numbering.rows, np.bool_)
        without[copies.rows] = True
        parts = [Copies(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
        search = self._search(corpus, numbering)
        for rows, components in groups(corpus, numbering, self._keys, without, search.block // 2):
            ordered = rows[precedence(corpus, numbering, rows, components)]
            ordered = np.concatenate([ordered[ordered < numbering.own], ordered[ordered >= numbering.own]])
            centres, similarities = search.clusters(ordered)
            gone = np.flatnonzero(centres >= 0)
            parts.append(Copies(ordered[gone], ordered[centres[gone]], similarities[gone]))
        yield from verdicts(corpus, numbering, _joined(copies, parts))

    def _search(self, corpus: Corpus, numbering: Numbering) -> Search:
        functions = self.bands * self.rows
        exact = self.verify == "exact"
        margin = 4 * (self.similarity * (1 - self.similarity) / functions) ** 0.5 if exact else 0.0
        cutoff = math.ceil((self.similarity - margin) * functions - 1e-9)
        shingles = self._shingles if exact else None
        return Search(corpus, numbering, self._keys, functions, self.similarity, cutoff, shingles)


def _joined(copies: Copies, parts: Sequence[Copies]) -> Copies:
    """Near-duplicates and copies as one: a copy goes with the document that it is a copy of."""
    rows = np.concatenate([part.rows for part in parts])
    order = np.argsort(rows)
    rows = rows[order]
    kept = np.concatenate([part.kept for part in parts])[order]
    similarity = np.concatenate([part.similarity for part in parts if part.similarity is not None])[order]
    places = np.minimum(np.searchsorted(rows, copies.kept), max(0, len(rows) - 1))
    moved = rows[places] == copies.kept if len(rows) else np.zeros(len(copies.rows), np.bool_)
    whole, shares = copies.kept.copy(), np.ones(len(copies.rows))
    whole[moved], shares[moved] = kept[places[moved]], similarity[places[moved]]
    rows, kept = np.concatenate([rows, copies.rows]), np.concatenate([kept, whole])
    order = np.argsort(rows)
    return Copies(rows[order], kept[order], np.concatenate([similarity, shares])[order])
