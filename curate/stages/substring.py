"""Long passages that stand in several documents."""

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from curate.clusters import read_at_once
from curate.cutting import listed
from curate.deduplication import Deduplication, scopes
from curate.ops import winnowing
from curate.ops.minhash import shingles
from curate.ops.normal import Normal, normalise
from curate.ops.occurrences import Bitmap
from curate.ops.origins import located
from curate.ops.spans import Spans
from curate.ops.winnowing import Keys, Ranges
from curate.pieces import Pieces, Rule, ends, shared, values
from curate.stage import Corpus, buffers

TAKEN_WORDS = 1 << 18
"""So many words at most are read from a corpus at once."""
WINDOW_BYTES = 192
"""What a window of a portion takes while it is sorted and compared."""


class Substring(Deduplication):
    """Cuts passages of many words that other documents hold too, wherever they begin and end.

    A passage is a run of at least `words` words. Of all documents that hold it the first in precedence (`keep`) keeps
    it, and the others lose it, to its last word: what is cut is the union of all windows of so many words that
    stand in an earlier document. Every word that is cut stays somewhere in a window of the same words, since an
    earlier document is never compared with a later one.
    Source: Lee et al. 2022, "Deduplicating Training Data Makes Language Models Better", who cut substrings
    of 50 tokens with a suffix array; counted here in words, which do not depend on a tokenizer.

    Texts are normalised as by `exact`. Candidates share a fingerprint (winnowing, Schleimer et al. 2003, which misses
    none), and windows are compared by the hash of their words and by XXH64 of their bytes, 128 bits in all.
    Cutting joins what stood on both sides: a passage over such a seam, which no document held before, can be
    found by a second run.

    Sketch: 12 bytes a fingerprint, of which there are about 4 in every `words` words, and 36 a document.
    Signals: `cut`, the spans in bytes of the text before; with `act = "flag"` texts stay whole, and a loss mask can be
    made of them (RefinedWeb's EXACTSUBSTR-MASK, Penedo et al. 2023, appendix G.3).
    """

    use = "substring"
    cuts = True

    words: Annotated[int, Field(ge=2, le=10_000)] = 50
    """Words (`docs/words.md`) of the shortest passage that is cut."""
    within: bool = False
    """Whether a document also loses what it has said itself before, where the two do not overlap."""
    mask: str = ""
    """What stands in place of a passage; nothing by default, and then one side's white space goes along."""

    @property
    def filling(self) -> str:
        """The mask."""
        return self.mask

    @property
    def _gram(self) -> int:
        """Words of a fingerprint: half a passage, so that one of half a passage's places is chosen."""
        return (self.words + 1) // 2

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Fingerprints and their places of every text, its number of windows and its scope."""
        folded = normalise(*buffers(batch["text"]), punctuation=True)
        grams = shingles(*folded, self._gram)
        found = winnowing.winnow(grams, self.words - self._gram + 1)
        own = scopes(batch, self.scope)
        keys = found.hashes ^ np.repeat(own, np.diff(found.rows))
        rows = pa.array(found.rows.astype(np.int32))
        lists = {"keys": keys, "places": found.places.astype(np.uint32)}
        columns = {name: pa.ListArray.from_arrays(rows, pa.array(array)) for name, array in lists.items()}
        windows = np.maximum(np.diff(grams.rows) - (self.words - self._gram), 0)
        columns |= {"windows": pa.array(windows.astype(np.uint32)), "scope": pa.array(own)}
        return pa.RecordBatch.from_pydict({**columns, **self.precedence(batch)})

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; takes half of the corpus' memory at most, and some 50 MB for texts that are read.

        Besides, one bit a fingerprint, and one a window that may be repeated. Texts of candidates are read once
        for every portion of windows that fits into the memory, and once more to be cut.
        """
        candidates = _Candidates(self, corpus)
        repeated = candidates.repeated()
        for shard in range(len(corpus)):
            alive = corpus.alive(shard)
            column = listed(candidates.spans(shard, repeated))
            seen = pc.if_else(pa.array(alive), column, pa.scalar(None, column.type))
            signals = pa.StructArray.from_arrays([seen], names=["cut"])
            yield pa.table({"reason": pa.nulls(len(alive), pa.string()), "signals": signals, "cut": column})


class _Read(NamedTuple):
    """Some documents of a shard: rows, text as buffers, normal form, and their words."""

    rows: NDArray[np.int64]
    text: tuple[NDArray[np.int32], NDArray[np.uint8]]
    folded: Normal
    words: Ranges


class _Candidates:
    """Windows that hold a fingerprint which others have too, numbered through the corpus."""

    def __init__(self, stage: Substring, corpus: Corpus) -> None:
        self._stage, self._corpus = stage, corpus
        self._pieces = Pieces(corpus, "keys")
        self._shared = self._pieces.repeated(Rule(2, stage.within, keep=False))
        sizes = [_size(self._ranges(shard)) for shard in range(len(corpus))]
        self._starts: NDArray[np.int64] = np.cumsum([0, *sizes], dtype=np.int64)
        rows = [len(corpus.sketch(shard)) for shard in range(len(corpus))]
        self._rows: NDArray[np.int64] = np.cumsum([0, *rows], dtype=np.int64)

    def _ranges(self, shard: int) -> Ranges:
        sketch, n = self._corpus.sketch(shard), self._stage.words
        places = values(sketch, "places").astype(np.int64)
        windows = sketch["windows"].to_numpy().astype(np.int64)
        found = self._pieces.of(self._shared, shard)
        return winnowing.candidates(ends(sketch, "places"), places, found, windows, n - self._stage._gram)  # noqa: SLF001

    def repeated(self) -> Bitmap:
        """Which of the windows are repetitions."""
        found = Bitmap(int(self._starts[-1]))
        rule = Rule(2, self._stage.within, width=self._stage.words)
        portions = max(1, -(-2 * int(self._starts[-1]) * WINDOW_BYTES // max(1, self._corpus.memory)))
        for portion in range(portions):
            keys = self._portion((portion, portions))
            some = shared(keys.low, 2)
            order = some[np.lexsort((keys.numbers[some], keys.high[some], keys.low[some]))]
            numbers = keys.numbers[order]
            found.add(numbers[rule.applied(keys.low[order], keys.high[order], *self._places(numbers))])
        return found

    def _portion(self, portion: tuple[int, int]) -> Keys:
        """The keys of all windows of a portion."""
        parts = [Keys(np.zeros(0, np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int64))]
        for shard in range(len(self._corpus)):
            ranges, number = self._ranges(shard), int(self._starts[shard])
            scope = self._corpus.sketch(shard)["scope"].to_numpy()
            for read in self._read(shard, np.flatnonzero(np.diff(ranges.rows))):
                mine = _of_rows(ranges, read.rows)
                windows = shingles(*read.folded, self._stage.words)
                some = winnowing.keys(
                    read.folded.data, read.words, windows, scope[read.rows], mine, self._stage.words, portion
                )
                parts.append(some._replace(numbers=some.numbers + number))
                number += _size(mine)
        return Keys(*map(np.concatenate, zip(*parts, strict=True)))

    def _places(self, numbers: NDArray[np.int64]) -> list[NDArray[Any]]:
        """Rank, tie, document and first word of windows."""
        rank, tie = np.zeros(len(numbers), np.uint64), np.zeros(len(numbers), np.uint64)
        document, place = np.zeros(len(numbers), np.int64), np.zeros(len(numbers), np.int64)
        shards = np.searchsorted(self._starts, numbers, "right") - 1
        for shard in np.unique(shards).tolist():
            mine, ranges, sketch = shards == shard, self._ranges(shard), self._corpus.sketch(shard)
            begins = np.cumsum(np.append(0, ranges.stops - ranges.starts))
            local = numbers[mine] - self._starts[shard]
            at = np.searchsorted(begins, local, "right") - 1
            row = np.searchsorted(ranges.rows, at, "right") - 1
            place[mine], document[mine] = ranges.starts[at] + local - begins[at], self._rows[shard] + row
            rank[mine], tie[mine] = sketch["rank"].to_numpy()[row], sketch["tie"].to_numpy()[row]
        return [rank, tie, document, place]

    def spans(self, shard: int, repeated: Bitmap) -> Spans:
        """What is to be cut out of a shard's documents."""
        ranges = self._ranges(shard)
        windows = repeated.between(int(self._starts[shard]), int(self._starts[shard + 1]))
        runs = winnowing.passages(ranges, windows, self._stage.words)
        counts = np.zeros(len(ranges.rows) - 1, np.int64)
        starts, stops = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for read in self._read(shard, np.flatnonzero(np.diff(runs.rows))):
            mine = _of_rows(runs, read.rows)
            found = located(*read.text, read.folded, read.words, mine, gaps=not self._stage.mask)
            counts[read.rows] = np.diff(found.rows)
            starts.append(found.starts)
            stops.append(found.stops)
        return Spans(np.append(0, np.cumsum(counts)), np.concatenate(starts), np.concatenate(stops))

    def _read(self, shard: int, rows: NDArray[np.int64]) -> Iterator[_Read]:
        """Ascending rows of a shard, a piece at a time."""
        windows = self._corpus.sketch(shard)["windows"].to_numpy().astype(np.int64)[rows]
        for piece in read_at_once(windows + self._stage.words, TAKEN_WORDS):
            text = buffers(self._corpus.take(shard, rows[piece])["text"])
            folded = normalise(*text, punctuation=True)
            yield _Read(rows[piece], text, folded, winnowing.words(*folded))


def _size(ranges: Ranges) -> int:
    return int((ranges.stops - ranges.starts).sum())


def _of_rows(ranges: Ranges, rows: NDArray[np.int64]) -> Ranges:
    """The ranges of some ascending rows, of which those in between have none."""
    first, last = int(ranges.rows[rows[0]]), int(ranges.rows[rows[-1] + 1])
    bounds = np.append(ranges.rows[rows], last) - first
    return Ranges(bounds, ranges.starts[first:last], ranges.stops[first:last])
