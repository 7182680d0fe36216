"""How much of which benchmark item stands in which document.

A document's *runs* are where it has words in common with a passage of an item (`ops/overlap.py`); a run holds grams,
n words each, which are what is counted. All functions work on arrays, with one entry a run or gram.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.benchmarks import Benchmarks
from curate.ops.bare import bare_words
from curate.ops.overlap import find_runs
from curate.ops.passages import Passages, passages

RUNS = pa.list_(
    pa.struct(
        [
            pa.field("at", pa.int64()),
            pa.field("words", pa.int32()),
            pa.field("start", pa.int64()),
            pa.field("stop", pa.int64()),
        ]
    )
)
"""Runs of a document: the words `at` to `at + words` of all passages stand at its bytes `start` to `stop`."""

SHARERS = 1_000
"""Items of one passage that are told; what a thousand questions share is told of the first thousand."""


class Found(NamedTuple):
    """One entry a run: its row, its first word among all passages and how many, and its bytes in the text."""

    rows: NDArray[np.int64]
    at: NDArray[np.int64]
    words: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


class Grams(NamedTuple):
    """Grams that rows hold, each once a row: row and place, ascending."""

    rows: NDArray[np.int64]
    places: NDArray[np.int64]


class Hits(NamedTuple):
    """Items that rows hold, by row, the largest share first: row, item, grams and the share of the item's words."""

    rows: NDArray[np.int64]
    items: NDArray[np.int64]
    grams: NDArray[np.int64]
    shares: NDArray[np.float64]


def found_rows(lists: pa.ListArray) -> NDArray[np.int64]:
    """The row of every entry of a column of lists."""
    return np.repeat(np.arange(len(lists)), np.asarray(pc.fill_null(pc.list_value_length(lists), 0)))


def found_in(runs: pa.ListArray) -> Found:
    """The runs of a column."""
    flat = runs.flatten()
    columns = [np.asarray(flat.field(name)).astype(np.int64) for name in ("at", "words", "start", "stop")]
    return Found(found_rows(runs), *columns)


def union(
    groups: NDArray[np.int64], starts: NDArray[np.int64], stops: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Intervals of each group without overlap, ascending: group, start, stop; those that only touch stay apart."""
    width = int(stops.max(initial=0)) + 1
    low, high = groups * width + starts, groups * width + stops
    order = np.lexsort((high, low))
    low, high = low[order], np.maximum.accumulate(high[order]) if len(order) else high
    new = np.ones(len(low), np.bool_)
    new[1:] = low[1:] >= high[:-1]
    ends = np.append(np.flatnonzero(new)[1:], len(low)) - 1 if len(low) else np.zeros(0, np.int64)
    return low[new] // width, low[new] % width, high[ends] - low[new] // width * width


@dataclass(frozen=True)
class Contamination:
    """Benchmarks, and the index by which their passages are found in texts."""

    benchmarks: Benchmarks
    index: Passages
    weights: NDArray[np.int64]
    """Quarters of a word before each word of the passages, and in all."""

    @classmethod
    def of(cls, benchmarks: Benchmarks, n: int, least: int, shared: int) -> "Contamination":
        """See `ops.passages.passages`."""
        words = bare_words(*buffers(benchmarks.passages))
        weights = np.concatenate([[0], np.cumsum(words.weights, dtype=np.int64)])
        return cls(benchmarks, passages(words, n, least, shared), weights)

    def runs(self, texts: pa.StringArray) -> pa.ListArray:
        """The runs of every text."""
        words = bare_words(*buffers(texts))
        found = find_runs(words, self.index)
        offsets = np.searchsorted(found.start, words.rows).astype(np.int32)
        columns = [
            pa.array(found.at),
            pa.array(found.words.astype(np.int32)),
            pa.array(words.starts[found.start].astype(np.int64)),
            pa.array(words.stops[found.start + found.words - 1].astype(np.int64)),
        ]
        return pa.ListArray.from_arrays(
            pa.array(offsets), pa.StructArray.from_arrays(columns, fields=list(RUNS.value_type))
        )

    def grams(self, found: Found) -> tuple[Grams, NDArray[np.int64]]:
        """The grams of runs, and in which run each stands (the first of several)."""
        run = np.repeat(np.arange(len(found.at)), found.words)
        inside = np.arange(len(run)) - np.repeat(np.cumsum(found.words) - found.words, found.words)
        place = found.at[run] + inside
        length = self.index.grams[place].astype(np.int64)
        whole = (length > 0) & (inside + length <= found.words[run])
        keys = found.rows[run[whole]] * len(self.weights) + place[whole]
        kept, first = np.unique(keys, return_index=True)
        return Grams(*np.divmod(kept, len(self.weights))), run[whole][first]

    def hits(self, grams: Grams) -> Hits:
        """What the grams are of each item."""
        known, counts = np.unique(self._keys(grams.rows, grams.places), return_counts=True)
        rows, low, high = union(grams.rows, grams.places, grams.places + self.index.grams[grams.places])
        entry = np.searchsorted(known, self._keys(rows, low))
        covered = np.bincount(entry, self.weights[high] - self.weights[low], len(known))
        row, passage = np.divmod(known, max(1, len(self.links) - 1))
        times = self.links[passage + 1] - self.links[passage]
        inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
        item = self.sharers[np.repeat(self.links[passage], times) + inside]
        return self._summed(np.repeat(row, times), item, np.repeat(counts, times), np.repeat(covered, times))

    def told(self, columns: Iterable[pa.ListArray]) -> list[dict[str, Any]]:
        """What stands in a report: per benchmark how many items there are and how many were found.

        `columns` hold lists of `benchmark`, `item`, `hits`, `share`. An item is found wholly if one document holds all
        of its checkable words.
        """
        known = self.benchmarks
        best, documents = np.zeros(len(known.files)), np.zeros(len(known.names), np.int64)
        for column in columns:
            flat, names = column.flatten(), pa.array(known.names, pa.string())
            file = np.asarray(pc.index_in(flat.field("benchmark"), names)).astype(np.int64)
            rows = found_rows(column)
            documents += np.bincount(np.unique(rows * len(names) + file) % len(names), minlength=len(names))
            np.maximum.at(best, self._items(file, np.asarray(flat.field("item"))), np.asarray(flat.field("share")))
        of = [known.files == file for file in range(len(known.names))]
        return [
            {
                "benchmark": name,
                "items": int(mine.sum()),
                "checkable": int((self.totals[mine] > 0).sum()),
                "found": int((best[mine] > 0).sum()),
                "whole": int((best[mine] >= 1).sum()),
                "documents": int(count),
            }
            for name, mine, count in zip(known.names, of, documents, strict=True)
        ]

    def _items(self, files: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Items by file and number."""
        width = int(self.benchmarks.numbers.max(initial=0)) + 1
        return np.searchsorted(
            self.benchmarks.files.astype(np.int64) * width + self.benchmarks.numbers, files * width + numbers
        )

    def _keys(self, rows: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
        """One number for each row and passage."""
        passage = np.searchsorted(self.index.rows, places, "right") - 1
        return rows * (len(self.index.rows) - 1) + passage

    def _summed(
        self, rows: NDArray[np.int64], items: NDArray[np.int64], grams: NDArray[np.int64], covered: NDArray[np.float64]
    ) -> Hits:
        """Hits from what each row holds of each passage of an item."""
        keys, entry = np.unique(rows * max(1, len(self.totals)) + items, return_inverse=True)
        row, item = np.divmod(keys, max(1, len(self.totals)))
        count = np.bincount(entry, grams, len(keys)).astype(np.int64)
        share = np.bincount(entry, covered, len(keys)) / np.maximum(self.totals[item], 1)
        order = np.lexsort((item, -count, -share, row))
        return Hits(row[order], item[order], count[order], share[order])

    @cached_property
    def checkable(self) -> NDArray[np.bool_]:
        """Per passage whether it has grams."""
        counted = np.concatenate([[0], np.cumsum(self.index.grams > 0)])
        return np.diff(counted[self.index.rows]) > 0

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """Per item the quarters of a word that its checkable passages weigh; 0 where it has none."""
        sizes = np.where(self.checkable, np.diff(self.weights[self.index.rows]), 0)
        passage, item = self.benchmarks.links.T
        return np.bincount(item, sizes[passage], len(self.benchmarks.files)).astype(np.int64)

    @cached_property
    def links(self) -> NDArray[np.int64]:
        """Where in `sharers` each passage's items begin."""
        counts = np.bincount(self.benchmarks.links[:, 0], minlength=len(self.benchmarks.passages))
        return np.concatenate([[0], np.cumsum(np.minimum(counts, SHARERS))]).astype(np.int64)

    @cached_property
    def sharers(self) -> NDArray[np.int64]:
        """The items of every passage, the first `SHARERS` of each."""
        passage, item = self.benchmarks.links.T
        first = np.searchsorted(passage, np.arange(len(self.benchmarks.passages)))
        kept: NDArray[np.int64] = item[np.arange(len(item)) - first[passage] < SHARERS]
        return kept
