"""The pieces of a batch's texts: which of them a teacher is to read, and what they make of a document."""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.cascade.lists import Hits
from curate.ops import sentence_spans
from curate.ops.hashing import hash_strings

Mask = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Values = NDArray[np.float64]

PRIME = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: parts the numbers of pieces far from each other (Knuth, TAOCP 6.4)."""


class Pieces(NamedTuple):
    """One entry a piece, in text order: row, bytes within the row's text, and the screen's score (0 without one)."""

    rows: Numbers
    starts: Numbers
    stops: Numbers
    scores: Values

    @classmethod
    def scored(cls, rows: Any, starts: Any, stops: Any, scores: Any) -> "Pieces":
        """What a screen made of texts."""
        rows, starts, stops = (np.asarray(part, np.int64) for part in (rows, starts, stops))
        return cls(rows, starts, stops, np.asarray(scores, np.float64))

    @classmethod
    def unscored(cls, texts: pa.StringArray) -> "Pieces":
        """The pieces of texts that no screen has read."""
        found = sentence_spans.spans(*buffers(texts))
        return cls.scored(*found, np.zeros(len(found.rows)))

    def per_row(self, rows: int, mask: Mask | None = None) -> Numbers:
        """(rows,) how many pieces each row has, or how many of some."""
        return np.bincount(self.rows if mask is None else self.rows[mask], minlength=rows).astype(np.int64)

    def holding(self, hits: Hits) -> Numbers:
        """(2, matches) the pieces in which each match begins and ends. There must be a piece wherever a word is."""
        shift = int(max(self.stops.max(initial=0), hits.stops.max(initial=0))) + 1
        first = self.rows * shift + self.starts
        places = hits.rows * shift + np.stack([hits.starts, hits.stops - 1])
        return np.asarray(np.searchsorted(first, places, "right") - 1, np.int64)

    def beside(self, mask: Mask) -> Mask:
        """The pieces of the mask, and those next to them in the same text."""
        same = self.rows[1:] == self.rows[:-1]
        wider = mask.copy()
        wider[1:] |= mask[:-1] & same
        wider[:-1] |= mask[1:] & same
        return wider

    def drawn(self, ids: pa.Array, seed: int, share: float) -> Mask:
        """A seeded sample of about this share, by each document's id and the piece's number in it."""
        if share >= 1:
            return np.ones(len(self.rows), np.bool_)
        hashes = hash_strings(*buffers(ids), seed)[self.rows]
        first = np.searchsorted(self.rows, self.rows)
        number = (np.arange(len(self.rows)) - first).astype(np.uint64)
        mixed = (hashes ^ number * PRIME) * PRIME
        mixed = (mixed ^ mixed >> np.uint64(32)) * PRIME
        return np.asarray(mixed < np.uint64(share * 2.0**64))

    def texts(self, texts: pa.StringArray, mask: Mask) -> list[str]:
        """The pieces of the mask as strings."""
        offsets, data = buffers(texts)
        begin = offsets[self.rows[mask]] + self.starts[mask]
        size = self.stops[mask] - self.starts[mask]
        return [data[at : at + n].tobytes().decode() for at, n in zip(begin, size, strict=True)]


def highest(rows: Numbers, values: Values, count: int) -> Values:
    """(count,) each row's highest value; 0 where it has none."""
    found = np.zeros(count)
    np.maximum.at(found, rows, values)
    return found


def mean(rows: Numbers, values: Values, count: int) -> Values:
    """(count,) the mean of each row's values; 0 where it has none."""
    sums = np.bincount(rows, values, minlength=count)
    return np.asarray(sums / np.maximum(np.bincount(rows, minlength=count), 1))


def top(rows: Numbers, values: Values, sizes: Numbers, most: int = 3) -> Values:
    """(len(sizes),) the mean of each row's `most` highest values.

    A row has `sizes` values; those that are not among `values` count as 0, and one with fewer than `most` goes by all.
    """
    order = np.lexsort((-values, rows))
    ranked, first = rows[order], np.searchsorted(rows[order], rows[order])
    among = np.arange(len(order)) - first < most
    sums = np.bincount(ranked[among], values[order][among], minlength=len(sizes))
    return np.asarray(sums / np.clip(sizes, 1, most))
