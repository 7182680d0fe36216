"""Exact Jaccard similarities of all pairs of a set, and what a choice of documents that stay makes of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

SHINGLE, SIMILAR, UNLIKE = 5, 0.8, 0.7
BLOCK = 256
"""Rows of the product of all documents with all that are held at once."""
WORD = re.compile(r"\w+")


def plain(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """Shingles of lower-cased runs of `\\w`, which the others compare by."""
    known: dict[str, int] = {}
    made = []
    for text in texts:
        words = WORD.findall(text.lower())
        grams = {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}
        made.append(np.array([known.setdefault(gram, len(known)) for gram in grams], np.uint64))
    return made


def own(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """Shingles as the stage `minhash` compares by."""
    import pyarrow as pa

    from curate.arrays import buffers
    from curate.ops import minhash
    from curate.ops.normal import normalise

    made = []
    for start in range(0, len(texts), 500):
        normal = normalise(*buffers(pa.array(texts[start : start + 500])), punctuation=False)
        found = minhash.shingles(*normal, SHINGLE)
        made += [np.unique(found.hashes[a:b]) for a, b in zip(found.rows[:-1], found.rows[1:], strict=True)]
    return made


@dataclass(frozen=True)
class Truth:
    """Pairs (i < j) with a similarity of `SIMILAR` or more, and the sets' matrix for any other question."""

    matrix: csr_matrix
    sizes: NDArray[np.int64]
    pairs: NDArray[np.int64]

    @classmethod
    def of(cls, sets: Sequence[NDArray[np.uint64]]) -> "Truth":
        sizes = np.array([len(one) for one in sets], np.int64)
        ids = np.unique(np.concatenate(sets), return_inverse=True)[1]
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        matrix = csr_matrix((np.ones(len(ids), np.int32), ids, bounds))
        return cls(matrix, sizes, _pairs(matrix, sizes))

    def recall(self, kept: NDArray[np.bool_]) -> float:
        """Share of the pairs of which not both stay."""
        both = kept[self.pairs[:, 0]] & kept[self.pairs[:, 1]]
        return 1 - float(both.mean())

    def wrong(self, kept: NDArray[np.bool_]) -> int:
        """Documents that went though nothing that stays is like them by `UNLIKE`."""
        gone = np.flatnonzero(~kept)
        stays = self.matrix[kept]
        best = np.zeros(len(gone))
        for start in range(0, len(gone), BLOCK):
            some = gone[start : start + BLOCK]
            shared = (self.matrix[some] @ stays.T).toarray()
            best[start : start + BLOCK] = _jaccard(shared, self.sizes[some], self.sizes[kept]).max(axis=1)
        return int((best < UNLIKE).sum())


def _pairs(matrix: csr_matrix, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    found = [np.zeros((0, 2), np.int64)]
    for start in range(0, matrix.shape[0], BLOCK):
        shared = (matrix[start : start + BLOCK] @ matrix.T).toarray()
        rows, columns = np.nonzero(_jaccard(shared, sizes[start : start + BLOCK], sizes) >= SIMILAR)
        pairs = np.stack([rows + start, columns], axis=1)
        found.append(pairs[pairs[:, 0] < pairs[:, 1]])
    return np.concatenate(found)


def _jaccard(shared: NDArray[np.int32], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float64]:
    union = rows[:, None] + columns[None, :] - shared
    return np.divide(shared, union, out=np.zeros(shared.shape), where=union > 0)
