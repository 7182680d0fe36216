"""Star-shaped clusters of near-duplicates: a text goes only if it is similar to one that stays.

Texts are read in order. Each is compared with *centres*, earlier texts that stay and share a bucket
(a band's key) with it: those of which the signatures promise most come first, and the first that is
similar enough takes it into its cluster. A text that finds no centre stays and becomes one. Nothing
is compared with a text that goes, so that chains of small differences do not wipe out a corpus, and
a bucket of a hundred thousand copies has one centre.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import (
    BOOL,
    F64,
    I64,
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

COMPARED = 16
"""Centres at most that a text's shingles are compared with: those of the best signatures."""
CENTRES = 1024
"""Centres at most that one bucket remembers, so that a bucket of distinct texts (a page template) stays linear."""


class Sets(NamedTuple):
    """Sorted, distinct shingles: text i's are `hashes[starts[i]:ends[i]]`."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    hashes: NDArray[np.uint64]


@inline
def _agreement(signatures: NDArray[np.uint32], one: int, other: int) -> int:
    """In how many values two signatures agree."""
    count = 0
    for k in range(signatures.shape[1]):
        count += signatures[one, k] == signatures[other, k]
    return count


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
def _insert(best: NDArray[np.int32], scores: NDArray[np.int32], count: int, row: int, score: int) -> int:
    """Put a centre into the list of the best: by score, then the earlier first."""
    at = count if count < COMPARED else COMPARED - 1
    if count == COMPARED and (score < scores[at] or (score == scores[at] and row > best[at])):
        return count
    while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and row < best[at - 1])):
        best[at], scores[at] = best[at - 1], scores[at - 1]
        at -= 1
    best[at], scores[at] = row, score
    return min(count + 1, COMPARED)


@inline
def _best(
    row: int,
    signatures: NDArray[np.uint32],
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    following: NDArray[np.int32],
    cutoff: int,
    seen: NDArray[np.int32],
    best: NDArray[np.int32],
    scores: NDArray[np.int32],
) -> int:
    """List the row's best centres in `best`; how many."""
    count = 0
    for band in range(buckets.shape[0]):
        bucket = i64(buckets[band, row])
        centre = i64(heads[bucket]) if bucket >= 0 else i64(-1)
        while centre >= 0:
            if seen[centre] != row + 1:
                seen[centre] = row + 1
                score = _agreement(signatures, row, centre)
                if score >= cutoff:
                    count = _insert(best, scores, count, centre, score)
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
            if sizes[bucket] == 0:
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


@kernel(VOID, I64, I64, IN_U32_2D, IN_I32_2D, OUT_I32, OUT_I32_2D, I64, OUT_I32, OUT_I32, OUT_I32, OUT_U8)
def _mark_wanted(
    start: int,
    stop: int,
    signatures: NDArray[np.uint32],
    buckets: NDArray[np.int32],
    heads: NDArray[np.int32],
    following: NDArray[np.int32],
    cutoff: int,
    seen: NDArray[np.int32],
    best: NDArray[np.int32],
    scores: NDArray[np.int32],
    wanted: NDArray[np.uint8],
) -> None:
    for row in range(start, stop):
        count = _best(row, signatures, buckets, heads, following, cutoff, seen, best, scores)
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
        count = _best(row, signatures, buckets, heads, following, cutoff, seen, best, scores)
        for i in range(count):
            centre, found = i64(best[i]), scores[i] / signatures.shape[1]
            if exact:
                found = _jaccard(hashes, starts[row], ends[row], starts[centre], ends[centre])
            if found >= similarity:
                centres[row], similarities[row] = centre, found
                break
        if centres[row] < 0:
            _become_centre(row, buckets, heads, tails, sizes, following)


@dataclass
class Stars:
    """The clusters of texts 0 … n − 1, decided from left to right in blocks of any size.

    `signatures` is uint32 (n, functions); `buckets` int32 (bands, n): a number for every bucket, distinct over
    bands, −1 where no other text is in it. A centre is compared exactly only if its signature agrees in `cutoff`
    values at least. `centres` (int32, −1 for what stays) and `similarities` are the result.
    """

    signatures: NDArray[np.uint32]
    buckets: NDArray[np.int32]
    similarity: float
    cutoff: int
    centres: NDArray[np.int32] = field(init=False)
    similarities: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        texts, buckets = len(self.signatures), int(self.buckets.max(initial=-1)) + 1
        self.centres, self.similarities = np.full(texts, -1, np.int32), np.zeros(texts)
        self._heads, self._tails = np.full(buckets, -1, np.int32), np.full(buckets, -1, np.int32)
        self._sizes, self._following = np.zeros(buckets, np.int32), np.full(self.buckets.shape, -1, np.int32)
        self._seen = np.zeros(texts, np.int32)
        self._best, self._scores = np.empty(COMPARED, np.int32), np.empty(COMPARED, np.int32)

    def keep(self, stop: int) -> None:
        """Let texts 0 … stop − 1 stay, however similar they are."""
        _keep(stop, self.buckets, self._heads, self._tails, self._sizes, self._following)

    def wanted(self, start: int, stop: int) -> NDArray[np.int64]:
        """The earlier texts whose shingles `decide(start, stop, …)` will ask for, ascending."""
        wanted = np.zeros(len(self.centres), np.uint8)
        _mark_wanted(
            start,
            stop,
            self.signatures,
            self.buckets,
            self._heads,
            self._following,
            self.cutoff,
            self._seen,
            self._best,
            self._scores,
            wanted,
        )
        self._seen[:] = 0
        return np.flatnonzero(wanted)

    def decide(self, start: int, stop: int, sets: Sets | None) -> None:
        """Decide about texts start … stop − 1, by their shingles or, where there are none, by signatures alone."""
        exact = sets is not None
        starts, ends, hashes = sets or Sets(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.uint64))
        _decide(
            start,
            stop,
            self.signatures,
            self.buckets,
            self._heads,
            self._tails,
            self._sizes,
            self._following,
            self.cutoff,
            self.similarity,
            self._seen,
            self._best,
            self._scores,
            exact,
            starts,
            ends,
            hashes,
            self.centres,
            self.similarities,
        )
