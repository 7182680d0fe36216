"""Star-shaped clusters of near-duplicates: a text goes only if it is similar to one that stays.

Texts are read in order. Each is compared with *centres*, earlier texts that stay and share a bucket
(a band's key) with it: those of which the signatures promise most come first, and the first that is
similar enough takes it into its cluster. A text that finds no centre stays and becomes one. Nothing
is compared with a text that goes, so that chains of small differences do not wipe out a corpus, and
a bucket of a hundred thousand copies has one centre.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.candidates import CENTRES, COMPARED, Seeds, agreement, insert
from curate.ops.kernel import (
    BOOL,
    F64,
    I64,
    IN_I32,
    IN_I32_2D,
    IN_I64,
    IN_U32_2D,
    IN_U64,
    OUT_F64,
    OUT_I32,
    OUT_I32_2D,
    OUT_U8,
    VOID,
    i64,
    inline,
    kernel,
)


class Sets(NamedTuple):
    """Sorted, distinct shingles: those of number i are `hashes[starts[i]:ends[i]]`."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]


@inline
def _jaccard(hashes: NDArray[np.uint64], a: int, a_end: int, b: int, b_end: int) -> float:
    """Jaccard similarity of two sorted sets; 0 of empty ones."""
    both, whole = 0, a_end - a + b_end - b
    while a < a_end and b < b_end:
        one, other = hashes[a], hashes[b]
        both += one == other
        a += one <= other
        b += other <= one
    return both / (whole - both) if whole > both else 0.0


@inline
def _best(
    row: int,
    signatures: NDArray[np.uint32],
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    following: NDArray[np.int32],
    cutoff: int,
    known: int,
    seeds: NDArray[np.int32],
    seed_scores: NDArray[np.int32],
    seed_counts: NDArray[np.int32],
    seen: NDArray[np.int32],
    best: NDArray[np.int32],
    scores: NDArray[np.int32],
) -> int:
    """List the row's best centres in `best`, by number; how many."""
    count = i64(seed_counts[row]) if known > 0 else i64(0)
    for i in range(count):
        best[i], scores[i] = seeds[row, i], seed_scores[row, i]
    for band in range(buckets.shape[0]):
        bucket = i64(buckets[band, row])
        centre = i64(heads[bucket]) if bucket >= 0 else i64(-1)
        while centre >= 0:
            if seen[centre] != row + 1:
                seen[centre] = row + 1
                score = agreement(signatures, row, signatures, centre)
                if score >= cutoff:
                    count = insert(best, scores, count, known + centre, score)
            centre = i64(following[band, centre])
    return count


@inline
def _become_centre(
    row: int,
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    tails: NDArray[np.int32],
    sizes: NDArray[np.int32],
    following: NDArray[np.int32],
) -> None:
    """Append the row to the centres of its buckets."""
    for band in range(buckets.shape[0]):
        bucket = i64(buckets[band, row])
        if bucket >= 0 and sizes[bucket] < CENTRES:
            if heads[bucket] < 0:
                heads[bucket] = row
            else:
                following[band, i64(tails[bucket])] = row
            tails[bucket] = row
            sizes[bucket] += 1


@kernel(VOID, I64, IN_I32_2D, OUT_I32, OUT_I32, OUT_I32, OUT_I32_2D)
def _keep(
    stop: int,
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    tails: NDArray[np.int32],
    sizes: NDArray[np.int32],
    following: NDArray[np.int32],
) -> None:
    for row in range(stop):
        _become_centre(row, buckets, heads, tails, sizes, following)


@kernel(
    VOID,
    I64,
    I64,
    IN_U32_2D,
    IN_I32_2D,
    OUT_I32,
    OUT_I32_2D,
    I64,
    I64,
    IN_I32_2D,
    IN_I32_2D,
    IN_I32,
    OUT_I32,
    OUT_I32,
    OUT_I32,
    OUT_U8,
)
def _mark_wanted(
    start: int,
    stop: int,
    signatures: NDArray[np.uint32],
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    following: NDArray[np.int32],
    cutoff: int,
    known: int,
    seeds: NDArray[np.int32],
    seed_scores: NDArray[np.int32],
    seed_counts: NDArray[np.int32],
    seen: NDArray[np.int32],
    best: NDArray[np.int32],
    scores: NDArray[np.int32],
    wanted: NDArray[np.uint8],
) -> None:
    for row in range(start, stop):
        count = _best(
            row,
            signatures,
            buckets,
            heads,
            following,
            cutoff,
            known,
            seeds,
            seed_scores,
            seed_counts,
            seen,
            best,
            scores,
        )
        for i in range(count):
            wanted[i64(best[i])] = 1


@kernel(
    VOID,
    I64,
    I64,
    IN_U32_2D,
    IN_I32_2D,
    OUT_I32,
    OUT_I32,
    OUT_I32,
    OUT_I32_2D,
    I64,
    F64,
    I64,
    IN_I32_2D,
    IN_I32_2D,
    IN_I32,
    OUT_I32,
    OUT_I32,
    OUT_I32,
    BOOL,
    IN_I64,
    IN_I64,
    IN_U64,
    OUT_I32,
    OUT_F64,
)
def _decide(
    start: int,
    stop: int,
    signatures: NDArray[np.uint32],
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    tails: NDArray[np.int32],
    sizes: NDArray[np.int32],
    following: NDArray[np.int32],
    cutoff: int,
    similarity: float,
    known: int,
    seeds: NDArray[np.int32],
    seed_scores: NDArray[np.int32],
    seed_counts: NDArray[np.int32],
    seen: NDArray[np.int32],
    best: NDArray[np.int32],
    scores: NDArray[np.int32],
    exact: bool,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    centres: NDArray[np.int32],
    similarities: NDArray[np.float64],
) -> None:
    for row in range(start, stop):
        count = _best(
            row,
            signatures,
            buckets,
            heads,
            following,
            cutoff,
            known,
            seeds,
            seed_scores,
            seed_counts,
            seen,
            best,
            scores,
        )
        for i in range(count):
            centre, found = i64(best[i]), scores[i] / signatures.shape[1]
            if exact:
                found = _jaccard(hashes, starts[known + row], ends[known + row], starts[centre], ends[centre])
            if found >= similarity:
                centres[row], similarities[row] = centre, found
                break
        if centres[row] < 0:
            _become_centre(row, buckets, heads, tails, sizes, following)


@dataclass
class Stars:
    """The clusters of texts 0 … n − 1, decided from left to right in blocks of any size.

    `signatures` is uint32 (n, functions); `buckets` int32 (bands, n): a number below `bucket_count` for every bucket,
    distinct over bands, −1 where no other text is in it. A centre is compared exactly only if its signature agrees in
    `cutoff` values at least.

    Texts may have `known` centres before them, which `seeds` offers them: those bear the numbers 0 … known − 1, and
    text i the number known + i. `centres` (int32, the number of each text's centre, −1 for what stays) and
    `similarities` are the result.
    """

    signatures: NDArray[np.uint32]
    buckets: NDArray[np.int32]
    bucket_count: int
    similarity: float
    cutoff: int
    known: int = 0
    seeds: Seeds | None = None
    centres: NDArray[np.int32] = field(init=False)
    similarities: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        texts, buckets = len(self.signatures), self.bucket_count
        self.centres, self.similarities = np.full(texts, -1, np.int32), np.zeros(texts)
        heads, tails = np.full(buckets, -1, np.int32), np.full(buckets, -1, np.int32)
        following = np.full(self.buckets.shape, -1, np.int32)
        none = np.zeros((0, COMPARED), np.int32)
        seeds = self.seeds or Seeds(none, none, np.zeros(0, np.int32), np.zeros(buckets, np.int32))
        self._seen, scratch = np.zeros(texts, np.int32), np.empty((2, COMPARED), np.int32)
        self._grown: tuple[Any, ...] = (tails, seeds.sizes, following)
        self._looked_up: tuple[Any, ...] = (self.signatures, self.buckets, heads)
        offered = (self.known, seeds.best, seeds.scores, seeds.counts, self._seen, *scratch)
        self._offered: tuple[Any, ...] = offered

    def keep(self, stop: int) -> None:
        """Let texts 0 … stop − 1 stay, however similar they are."""
        _, buckets, heads = self._looked_up
        _keep(stop, buckets, heads, *self._grown)

    def wanted(self, start: int, stop: int) -> NDArray[np.int64]:
        """The numbers below text `start`'s whose shingles `decide(start, stop, …)` will ask for, ascending."""
        wanted = np.zeros(self.known + len(self.centres), np.uint8)
        arguments = (start, stop, *self._looked_up, self._grown[-1], self.cutoff, *self._offered, wanted)
        _mark_wanted(*arguments)
        self._seen[:] = 0
        return np.flatnonzero(wanted)

    def decide(self, start: int, stop: int, sets: Sets | None) -> None:
        """Decide about texts start … stop − 1, by their shingles or, where there are none, by signatures alone."""
        exact = sets is not None
        shingles = sets or Sets(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))
        state = (*self._looked_up, *self._grown, self.cutoff, self.similarity, *self._offered)
        arguments = (start, stop, *state, exact, *shingles, self.centres, self.similarities)
        _decide(*arguments)
