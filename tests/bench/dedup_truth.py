"""Exact Jaccard similarities of all pairs of a set, and what a choice of documents that stay makes of them."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

SHINGLE, SIMILAR, UNLIKE, FLOOR = 5, 0.8, 0.7, 0.3
BLOCK = 256
"""Rows of the product of all documents with all that are held at once."""
BANDS, ROWS = 20, 6
BINS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)
WORD = re.compile(r"\w+")
VERSION = 1


def plain(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """Distinct shingles of lower-cased runs of `\\w`, which the others compare by, as 64-bit hashes."""
    made = []
    for text in texts:
        words = WORD.findall(text.lower())
        grams = {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}
        made.append(np.unique(np.array([xxhash.xxh3_64_intdigest(gram.encode()) for gram in grams], np.uint64)))
    return made


def own(texts: Sequence[str]) -> list[NDArray[np.uint64]]:
    """Distinct shingles as the stage `minhash` compares by."""
    import pyarrow as pa

    from curate.arrays import buffers
    from curate.ops import minhash
    from curate.ops.normal import normalise

    made = []
    for start in range(0, len(texts), 500):
        normal = normalise(*buffers(pa.array(texts[start : start + 500])), punctuation=False)
        found = minhash.shingles(*normal, SHINGLE, minhash.letters())
        made += [np.unique(found.hashes[a:b]) for a, b in zip(found.rows[:-1], found.rows[1:], strict=True)]
    return made


def keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    """The stage's band keys, a row a document."""
    import pyarrow as pa

    from curate.ops import minhash
    from curate.ops.normal import normalise
    from curate.stage import buffers

    functions, made = minhash.permutations(BANDS * ROWS, 1), []
    for start in range(0, len(texts), 500):
        normal = normalise(*buffers(pa.array(texts[start : start + 500])), punctuation=False)
        signatures = minhash.signatures(minhash.shingles(*normal, SHINGLE, minhash.letters()), functions)
        made.append(np.stack(list(minhash.band_keys(signatures, BANDS)), axis=1))
    return np.concatenate(made)


@dataclass(frozen=True)
class Truth:
    """All pairs (i < j) with a similarity of `FLOOR` or more, and the sets' matrix for any other question."""

    matrix: csr_matrix
    sizes: NDArray[np.int64]
    pairs: NDArray[np.int64]
    similarities: NDArray[np.float64]

    @classmethod
    def of(cls, sets: Sequence[NDArray[np.uint64]]) -> "Truth":
        """Of distinct shingles, an array a document."""
        bounds = np.concatenate([[0], np.cumsum([len(one) for one in sets])])
        ids = np.unique(np.concatenate(sets), return_inverse=True)[1].astype(np.int32)
        matrix = _matrix(ids, bounds)
        return cls(matrix, np.diff(bounds), *_pairs(matrix, np.diff(bounds)))

    @classmethod
    def kept(cls, texts: Sequence[str], by: str, cache: Path) -> "Truth":
        """That of texts by `own` or `plain` words, computed once."""
        digest = hashlib.sha256(f"{VERSION} {by} {SHINGLE} {FLOOR}".encode())
        for text in texts:
            digest.update(hashlib.sha256(text.encode()).digest())
        path = cache / f"truth-{digest.hexdigest()[:12]}.npz"
        if not path.exists():
            cache.mkdir(parents=True, exist_ok=True)
            made = cls.of((own if by == "own" else plain)(texts))
            part = path.with_suffix(".part.npz")
            ids, bounds = made.matrix.indices, made.matrix.indptr
            np.savez(part, ids=ids, bounds=bounds, pairs=made.pairs, similarities=made.similarities)
            part.rename(path)
        with np.load(path) as found:
            matrix = _matrix(found["ids"], found["bounds"])
            return cls(matrix, np.diff(found["bounds"]).astype(np.int64), found["pairs"], found["similarities"])

    @property
    def similar(self) -> NDArray[np.int64]:
        """The pairs of `SIMILAR` or more."""
        return self.pairs[self.similarities >= SIMILAR]

    def found(self, kept: NDArray[np.bool_]) -> int:
        """Number of the similar pairs of which not both stay."""
        both = kept[self.similar[:, 0]] & kept[self.similar[:, 1]]
        return int((~both).sum())

    def wrong(self, kept: NDArray[np.bool_]) -> int:
        """Documents that went though nothing that stays is like them by `UNLIKE`."""
        gone, stays = np.flatnonzero(~kept), np.flatnonzero(kept)
        across, count = self.matrix[stays].T.tocsr(), 0
        for start in range(0, len(gone), BLOCK):
            some = gone[start : start + BLOCK]
            shared = (self.matrix[some] @ across).tocoo()
            similarity = shared.data / (self.sizes[some][shared.row] + self.sizes[stays][shared.col] - shared.data)
            best = np.zeros(len(some))
            np.maximum.at(best, shared.row, similarity)
            count += int((best < UNLIKE).sum())
        return count


def _matrix(ids: NDArray[np.int32], bounds: NDArray[np.int64]) -> csr_matrix:
    shape = (len(bounds) - 1, int(ids.max(initial=-1)) + 1)
    return csr_matrix((np.ones(len(ids), np.int32), ids, bounds), shape=shape)


def _pairs(matrix: csr_matrix, sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    found, shares, across = [np.zeros((0, 2), np.int64)], [np.zeros(0)], matrix.T.tocsr()
    for start in range(0, matrix.shape[0], BLOCK):
        shared = (matrix[start : start + BLOCK] @ across).tocoo()
        rows, columns = shared.row.astype(np.int64) + start, shared.col.astype(np.int64)
        similarity = shared.data / (sizes[rows] + sizes[columns] - shared.data)
        chosen = (rows < columns) & (similarity >= FLOOR)
        found.append(np.stack([rows[chosen], columns[chosen]], axis=1))
        shares.append(similarity[chosen])
    return np.concatenate(found), np.concatenate(shares)


def chance(similarity: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that two documents share a key, 1 − (1 − s^rows)^bands."""
    return np.asarray(1 - (1 - similarity**ROWS) ** BANDS)


def candidates(pairs: NDArray[np.int64], band_keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Of each pair, whether it shares a key."""
    met = [(band_keys[a] == band_keys[b]).any(axis=1) for a, b in _portions(pairs)]
    return np.concatenate(met) if met else np.zeros(0, np.bool_)


def _portions(pairs: NDArray[np.int64]) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    return [(part[:, 0], part[:, 1]) for part in np.split(pairs, range(100_000, len(pairs), 100_000)) if len(part)]


def curve(similarities: NDArray[np.float64], met: NDArray[np.bool_]) -> list[tuple[float, float, int, float, float]]:
    """By bin of similarity: from, to, number of pairs, share of them that met, the share that theory expects of them.

    A bin holds its lower end and not its upper one, but for the last, which is similarity 1 alone.
    """
    bins = np.searchsorted(BINS, similarities, side="right") - 1
    rows = []
    for number, low in enumerate(BINS):
        here = bins == number
        high = BINS[min(number + 1, len(BINS) - 1)]
        if here.any():
            expected = float(chance(similarities[here]).mean())
            rows.append((low, high, int(here.sum()), float(met[here].mean()), expected))
    return rows
