"""What barriers that look for copies share: rows numbered through, rows of equal keys, verdicts by cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.stage import Corpus

OF_EARLIER = "duplicate_of_earlier"
"""Why a copy of what an earlier run has kept goes."""


class Numbering:
    """Numbers all rows of a corpus through in order of (shard, row)."""

    def __init__(self, corpus: Corpus) -> None:
        sizes = [len(corpus.alive(shard)) for shard in range(len(corpus))]
        self.starts: NDArray[np.int64] = np.cumsum([0, *sizes], dtype=np.int64)
        self.own = int(self.starts[corpus.past])
        """The first row of this run; those before it are of earlier runs, and stay."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.starts[-1])

    def by_shard(self, numbers: NDArray[np.int64]) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Ascending row numbers as (shard, rows in it), for every shard that has any."""
        bounds = np.searchsorted(numbers, self.starts)
        for shard, (first, last) in enumerate(pairwise(bounds)):
            if first < last:
                yield shard, numbers[first:last] - self.starts[shard]


class Portion(NamedTuple):
    """Rows sorted by their keys; `same[i]` says that row i bears the keys of row i − 1."""

    rows: NDArray[np.int64]
    same: NDArray[np.bool_]


def equal_keys(
    corpus: Corpus, numbering: Numbering, keys: Sequence[str], without: NDArray[np.bool_] | None = None
) -> Iterator[Portion]:
    """All living rows whose first key is not 0, in portions that fit into memory and part no equal keys.

    `without` marks rows, by number, that are left out.
    Keys are uint64 columns of the sketch. A portion takes at most half of `corpus.memory`: 120 bytes a row
    and 16 more a key, what `equals` needs for it included; rows of one key are held together, however many there are.
    """
    row_bytes = 120 + 16 * len(keys)
    portions = max(1, -(-2 * numbering.rows * row_bytes // max(1, corpus.memory)))
    for portion in range(portions):
        rows, columns = _gather(corpus, numbering, keys, without, portion, portions)
        order = np.argsort(columns[0]) if len(keys) == 1 else np.lexsort(columns[::-1])
        same = np.zeros(len(rows), np.bool_)
        same[1:] = True
        for column in columns:
            ordered = column[order]
            same[1:] &= ordered[1:] == ordered[:-1]
        yield Portion(rows[order], same)


def _gather(
    corpus: Corpus,
    numbering: Numbering,
    keys: Sequence[str],
    without: NDArray[np.bool_] | None,
    portion: int,
    portions: int,
) -> tuple[NDArray[np.int64], list[NDArray[np.uint64]]]:
    rows: list[NDArray[np.int64]] = [np.zeros(0, np.int64)]
    columns: list[list[NDArray[np.uint64]]] = [[np.zeros(0, np.uint64)] for _ in keys]
    for shard in range(len(corpus)):
        sketch = corpus.sketch(shard)
        first = sketch[keys[0]].to_numpy()
        left = corpus.alive(shard) & (first != 0)
        if without is not None:
            left &= ~without[numbering.starts[shard] : numbering.starts[shard + 1]]
        if portions > 1:
            left &= first % np.uint64(portions) == portion
        chosen = np.flatnonzero(left)
        rows.append(chosen + numbering.starts[shard])
        for key, found in zip(keys, columns, strict=True):
            found.append(sketch[key].to_numpy()[chosen])
    return np.concatenate(rows), [np.concatenate(found) for found in columns]


@dataclass(frozen=True)
class Copies:
    """Rows that go, ascending, the row that stays in place of each, and by choice how similar the two are."""

    rows: NDArray[np.int64]
    kept: NDArray[np.int64]
    similarity: NDArray[np.float64] | None = None

    def among(self, mask: NDArray[np.bool_]) -> "Copies":
        """Only those of the mask."""
        return Copies(self.rows[mask], self.kept[mask], None if self.similarity is None else self.similarity[mask])


def verdicts(corpus: Corpus, numbering: Numbering, copies: Copies) -> Iterator[pa.Table]:
    """A verdict table a shard of this run: copies go as `duplicate`, those of earlier runs as `duplicate_of_earlier`.

    The signals: `cluster`, the id of the document that stays, null for a document without copies; `cluster_size`,
    the documents of the cluster, the one that stays among them; by choice `similarity` to it, null for what stays.
    All are null for documents that an earlier barrier has dropped.
    """
    copies = copies.among(copies.rows >= numbering.own)
    kept, members = np.unique(copies.kept, return_counts=True)
    ids = _ids(corpus, numbering, kept)
    for shard in range(corpus.past, len(corpus)):
        low, high = numbering.starts[shard], numbering.starts[shard + 1]
        first, last = np.searchsorted(copies.rows, [low, high])
        gone = copies.rows[first:last] - low
        cluster = np.full(high - low, -1, np.int64)
        stay = slice(*np.searchsorted(kept, [low, high]))
        cluster[kept[stay] - low] = np.arange(stay.start, stay.stop)
        cluster[gone] = np.searchsorted(kept, copies.kept[first:last])
        dropped, past = np.zeros(high - low, np.bool_), np.zeros(high - low, np.bool_)
        dropped[gone], past[gone] = True, copies.kept[first:last] < numbering.own
        sizes = np.where(cluster >= 0, np.append(members + 1, 0)[cluster], 1)
        signals = {
            "cluster": ids.take(pa.array(cluster, mask=cluster < 0)),
            "cluster_size": pa.array(sizes, pa.int64(), mask=~corpus.alive(shard)),
        }
        if copies.similarity is not None:
            similarity = np.zeros(high - low)
            similarity[gone] = copies.similarity[first:last]
            signals["similarity"] = pa.array(similarity, mask=~dropped)
        struct = pa.StructArray.from_arrays(list(signals.values()), names=list(signals))
        reason = pa.array(["duplicate", OF_EARLIER]).take(pa.array(past.astype(np.int8), mask=~dropped))
        yield pa.table({"reason": reason, "signals": struct})


def taken(
    corpus: Corpus, numbering: Numbering, rows: NDArray[np.int64], columns: Sequence[str]
) -> list[NDArray[np.uint64]]:
    """Values of uint64 columns of the sketch, for row numbers in any order."""
    order = np.argsort(rows, kind="stable")
    found = [np.empty(len(rows), np.uint64) for _ in columns]
    done = 0
    for shard, wanted in numbering.by_shard(rows[order]):
        places = order[done : done + len(wanted)]
        done += len(wanted)
        sketch = corpus.sketch(shard)
        for column, values in zip(columns, found, strict=True):
            values[places] = sketch[column].to_numpy()[wanted]
    return found


def precedence(
    corpus: Corpus, numbering: Numbering, rows: NDArray[np.int64], *groups: NDArray[np.generic]
) -> NDArray[np.intp]:
    """The order of rows by groups, in each by precedence: earlier runs by place, then rank descending, tie, place."""
    rank, tie = taken(corpus, numbering, rows, ("rank", "tie"))
    own = rows >= numbering.own
    return np.lexsort((rows, np.where(own, tie, 0), np.where(own, ~rank, 0), own, *reversed(groups)))


def equals(corpus: Corpus, numbering: Numbering, keys: tuple[str, str]) -> Copies:
    """All rows of equal keys but the first in precedence, which stays."""
    rows, kept = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for portion in equal_keys(corpus, numbering, keys[:1]):
        several = portion.same.copy()
        several[:-1] |= portion.same[1:]
        runs, members = np.cumsum(~portion.same, dtype=np.int64)[several], portion.rows[several]
        (other,) = taken(corpus, numbering, members, keys[1:])
        order = precedence(corpus, numbering, members, runs, other)
        runs, members, other = runs[order], members[order], other[order]
        first = np.ones(len(members), np.bool_)
        first[1:] = (runs[1:] != runs[:-1]) | (other[1:] != other[:-1])
        rows.append(members[~first])
        kept.append(members[first][np.cumsum(first)[~first] - 1])
    order = np.argsort(np.concatenate(rows))
    return Copies(np.concatenate(rows)[order], np.concatenate(kept)[order])


def _ids(corpus: Corpus, numbering: Numbering, numbers: NDArray[np.int64]) -> pa.StringArray:
    """The ids of ascending row numbers."""
    parts = [corpus.take(shard, rows, ("id",))["id"] for shard, rows in numbering.by_shard(numbers)]
    return pa.concat_arrays([pa.array([], pa.string()), *parts])


READ_ROWS = 4096
"""Documents at most that are read from a corpus at once."""


def read_at_once(words: NDArray[np.int64], most: int) -> Iterator[slice]:
    """Cut documents of so many words each into pieces of `most` words, or of one document that has more."""
    start, total = 0, 0
    for i, count in enumerate(words.tolist()):
        if i > start and (total + count > most or i - start == READ_ROWS):
            yield slice(start, i)
            start, total = i, 0
        total += count
    if start < len(words):
        yield slice(start, len(words))
