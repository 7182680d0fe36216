"""Which texts that stay another one is worth comparing with: those of its buckets whose signatures promise most.

A *bucket* is a band's key, a *centre* a text that stays. Of the centres in a text's buckets those count whose
signatures agree with its own in enough values, and of these the best `COMPARED`, the earlier first among equals. A
bucket knows its first `CENTRES` centres.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_I32_2D, IN_I64, IN_U32_2D, OUT_I32, OUT_I32_2D, VOID, i64, inline, kernel

COMPARED = 64
"""Centres at most that a text's shingles are compared with."""
CENTRES = 1024
"""Centres at most that one bucket remembers, so that a bucket of distinct texts (a page template) stays linear."""


class Buckets(NamedTuple):
    """The buckets of texts 0 … n − 1, numbered over all bands.

    `of` is int32 (bands, n): the bucket of every text, −1 where it is in none. Bucket b's texts are
    `members[starts[b]:starts[b + 1]]` (`starts` is int64), ascending. `keys[k]` are the sorted keys of band k's
    buckets, of which the first is bucket `firsts[k]`.
    """

    of: NDArray[np.int32]
    starts: NDArray[np.int64]
    members: NDArray[np.int32]
    keys: list[NDArray[np.uint64]]
    firsts: list[int]

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.starts) - 1

    def find(self, band: int, keys: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The bucket of every key, −1 where there is none."""
        own = self.keys[band]
        if len(own) == 0:
            return np.full(len(keys), -1, np.int32)
        places = np.minimum(np.searchsorted(own, keys), len(own) - 1)
        return np.where(own[places] == keys, self.firsts[band] + places, -1).astype(np.int32)


def numbered(keys: Iterable[NDArray[np.uint64]], texts: int, least: int = 2) -> Buckets:
    """The buckets of texts by their keys, a band each. A bucket holds `least` texts at least."""
    of, found, firsts = [], [], []
    sizes, members = [np.zeros(1, np.int32)], [np.zeros(0, np.int32)]
    used = 0
    for column in keys:
        order = np.argsort(column, kind="stable").astype(np.int32)
        ordered = column[order]
        heads = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[:texts])
        several = np.diff(np.append(heads, texts)).astype(np.int32)
        members.append(order[np.repeat(several >= least, several)])
        heads, several = heads[several >= least], several[several >= least]
        of.append(np.full(texts, -1, np.int32))
        of[-1][members[-1]] = np.repeat(np.arange(used, used + len(several)), several)
        sizes.append(several)
        found.append(ordered[heads])
        firsts.append(used)
        used += len(several)
    return Buckets(np.stack(of), np.cumsum(np.concatenate(sizes)), np.concatenate(members), found, firsts)


@inline
def agreement(one: NDArray[np.uint32], i: int, other: NDArray[np.uint32], j: int) -> int:
    """In how many values signature i of one matrix and signature j of another agree."""
    count = 0
    for k in range(one.shape[1]):
        count += one[i, k] == other[j, k]
    return count


@inline
def insert(best: NDArray[np.int32], scores: NDArray[np.int32], count: int, text: int, score: int) -> int:
    """Put a centre into a list of the best: by score, then the earlier first; the list's new length."""
    at = count if count < COMPARED else COMPARED - 1
    if count == COMPARED and (score < scores[at] or (score == scores[at] and text > best[at])):
        return count
    while at > 0 and (score > scores[at - 1] or (score == scores[at - 1] and text < best[at - 1])):
        best[at], scores[at] = best[at - 1], scores[at - 1]
        at -= 1
    best[at], scores[at] = text, score
    return min(count + 1, COMPARED)


class Seeds(NamedTuple):
    """What texts find among centres that came before them.

    `best` and `scores` are int32 (texts, COMPARED), of which the first `counts` (int32) are filled; `sizes` (int32) is
    how many centres each bucket has.
    """

    best: NDArray[np.int32]
    scores: NDArray[np.int32]
    counts: NDArray[np.int32]
    sizes: NDArray[np.int32]


def seeds(texts: int, buckets: int) -> Seeds:
    """Nothing found so far."""
    best = np.zeros((texts, COMPARED), np.int32)
    return Seeds(best, best.copy(), np.zeros(texts, np.int32), np.zeros(buckets, np.int32))


class Centres(NamedTuple):
    """Texts that stay, in order of precedence: signatures, ascending numbers, and buckets, int32 (bands, centres)."""

    signatures: NDArray[np.uint32]
    numbers: NDArray[np.int32]
    of: NDArray[np.int32]


@kernel(
    VOID,
    IN_U32_2D,
    IN_I32,
    IN_I32_2D,
    IN_U32_2D,
    IN_I64,
    IN_I32,
    I64,
    OUT_I32,
    OUT_I32_2D,
    OUT_I32_2D,
    OUT_I32,
    OUT_I32,
)
def _sow(
    centres: NDArray[np.uint32],
    numbers: NDArray[np.int32],
    of: NDArray[np.int32],
    signatures: NDArray[np.uint32],
    starts: NDArray[np.int64],
    members: NDArray[np.int32],
    cutoff: int,
    seen: NDArray[np.int32],
    best: NDArray[np.int32],
    scores: NDArray[np.int32],
    counts: NDArray[np.int32],
    sizes: NDArray[np.int32],
) -> None:
    for centre in range(len(numbers)):
        number = i64(numbers[centre])
        for band in range(of.shape[0]):
            bucket = i64(of[band, centre])
            if bucket < 0 or sizes[bucket] >= CENTRES:
                continue
            sizes[bucket] += 1
            for i in range(starts[bucket], starts[bucket + 1]):
                text = i64(members[i])
                if seen[text] != number:
                    seen[text] = number
                    score = agreement(centres, centre, signatures, text)
                    if score >= cutoff:
                        counts[text] = insert(best[text], scores[text], i64(counts[text]), number, score)


def sow(found: Seeds, centres: Centres, signatures: NDArray[np.uint32], buckets: Buckets, cutoff: int) -> None:
    """Offer texts some more centres, later in precedence than those before, and keep the best in `found`."""
    seen = np.full(len(signatures), -1, np.int32)
    texts = (signatures, buckets.starts, buckets.members)
    _sow(*centres, *texts, cutoff, seen, *found)


def renumbered(found: Seeds) -> tuple[NDArray[np.int64], Seeds]:
    """The numbers of all centres that were found, ascending, and what was found by their places among these."""
    filled = np.arange(COMPARED) < found.counts[:, None]
    numbers, places = np.unique(found.best[filled], return_inverse=True)
    found.best[filled] = places
    return numbers.astype(np.int64), found
