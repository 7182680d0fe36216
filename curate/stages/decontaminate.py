"""Take out what evaluation sets are made of, so that a model is not measured on what it was trained on."""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, model_validator

from curate.benchmarks import expand, load, named
from curate.contamination import RUNS, Contamination, Found, Grams, Hits, found_in, union
from curate.cutting import CUT, SPANS
from curate.excision import excised, gaps
from curate.stage import Asset, Barrier, Corpus

Assets = Annotated[tuple[Asset, ...], BeforeValidator(lambda v: (v,) if isinstance(v, (str, Path)) else v)]
"""Files or patterns, or a single one."""

PORTION = 1 << 18
"""Words of runs that are looked at at once."""
ROWS = 32
"""Texts that are cut at once."""


class Decontaminate(Barrier):
    """Drops documents in which items of benchmarks stand, or cuts them out: n words in a row that both have.

    The measure is GPT-3's (Brown et al. 2020, appendix C: 13-grams in lower case without punctuation; 200 characters
    around each are cut, pieces of fewer are discarded, documents in more than 10 pieces dropped), which lm-eval and
    NeMo Curator took over; datatrove's default is 12. Words are compared after the folding of `exact`, without
    punctuation, tags, character references and JSON's escapes (`curate/ops/bare.py`); every match is confirmed word for
    word. An item is a line of JSON Lines or a row of Parquet (plain, gzip, zstd), its passages are its strings.
    Of a passage of fewer than `n` words, but `min_words` at least (GPT-3's least is 8), the whole is looked for;
    shorter ones (a choice, a label) cannot tell a leak from chance and are left out. n-grams of fewer than two
    different words, numbers and single letters aside, count nowhere.

    Sketch: `runs`, where the document has words in common with a passage (none for most). Signals: `hits`, its
    n-grams that are an item's; `share`, `benchmark` and `item` (line or row, from 0) of the item of whose checkable
    words the largest share is there; `found`, all items with `benchmark`, `item`, `hits`, `share`; and `spans`, the
    bytes of the text that are theirs.
    """

    use = "decontaminate"
    cuts = True
    needs: ClassVar = {"benchmarks": "name evaluation sets, JSON Lines or Parquet: --set {name}.benchmarks='[\"…\"]'"}

    benchmarks: Assets = ()
    """Files, or patterns such as `evals/*.jsonl.zst`."""
    fields: tuple[str, ...] = ()
    """Names of the fields that hold text, such as `question` or `choices.text`; by default every string of an item."""
    n: Annotated[int, Field(ge=4, le=63)] = 13
    """Words in a row that make a hit."""
    min_words: Annotated[int, Field(ge=4, le=63)] = 8
    """Words from which on a passage of fewer than `n` is looked for, as a whole."""
    shared: Annotated[int, Field(ge=1)] = 10
    """n-grams in more places of the benchmarks than so many are instructions and templates and count nowhere."""
    common: Annotated[int, Field(ge=0)] = 0
    """n-grams in more documents than so many are common phrases and count nowhere, 0 for no such rule; GPT-3's is 10.
    In a corpus with copies it lets leaks pass."""
    min_hits: Annotated[int, Field(ge=1)] = 1
    """n-grams of one item that a document holds at least to go."""
    min_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of an item's checkable words that a document holds at least to go."""
    remove: Literal["document", "span"] = "document"
    """What goes: the document, or the words that it has in common with an item and `margin` characters around them."""
    margin: Annotated[int, Field(ge=0)] = 200
    """Characters before and behind that go with a span (to the next white space); shorter pieces go, too."""
    pieces: Annotated[int, Field(ge=1)] = 10
    """A document of which more pieces than so many would be left goes as a whole."""

    @property
    def filling(self) -> str:
        """The pieces that are left of a document stand on lines of their own."""
        return "\n"

    @model_validator(mode="after")
    def _least_is_less(self) -> Self:
        if self.min_words > self.n:
            raise ValueError(f"min_words = {self.min_words} is more than n = {self.n}")
        return self

    def assets(self) -> dict[str, Path]:
        """Every benchmark's file, patterns expanded."""
        return {f"benchmarks[{i}]": path for i, path in enumerate(expand(self.benchmarks))}

    def identity(self) -> dict[str, Any]:
        """With the names under which items are reported."""
        return {**super().identity(), "named": list(named(expand(self.benchmarks)))}

    def prepare(self) -> None:
        """Read the benchmarks."""
        _ = self._known

    @cached_property
    def _known(self) -> Contamination:
        items = load(expand(self.benchmarks), self.fields, f"{self.name}.benchmarks")
        return Contamination.of(items, self.n, self.min_words, self.shared)

    def tell(self, columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
        """Per benchmark its items: all, those that can be looked for, those found, those found whole; and documents."""
        return self._known.told(column.field("found") for column in columns)

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The runs of every document."""
        return pa.RecordBatch.from_arrays([self._known.runs(batch["text"])], schema=pa.schema({"runs": RUNS}))

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; beside the benchmarks it holds a few bytes a word of theirs."""
        rare = self._rare(corpus) if self.common else np.ones(len(self._known.index.grams), np.bool_)
        for shard in range(len(corpus)):
            first, parts = 0, list[pa.Table]()
            for found, rows in self._portions(corpus, shard):
                grams, run, hits, guilty = self._judged(found, rows, rare)
                signals = self._signals(grams, hits, found, np.unique(run), rows)
                reason = pa.array(np.where(guilty, "overlap", ""), pa.string(), mask=~guilty)
                columns = {"reason": reason, "signals": signals}
                if self.remove == "span":
                    columns |= self._cut(corpus, shard, first, guilty, rare)
                parts.append(pa.table(columns))
                first += rows
            yield pa.concat_tables(parts)

    def _judged(
        self, found: Found, rows: int, rare: NDArray[np.bool_]
    ) -> tuple[Grams, NDArray[np.int64], Hits, NDArray[np.bool_]]:
        """The grams of so many rows that count, their runs, what items they are of, and which rows hold too much."""
        grams, run = self._known.grams(found)
        counted = rare[grams.places]
        grams, run = Grams(grams.rows[counted], grams.places[counted]), run[counted]
        hits = self._known.hits(grams)
        guilty = np.zeros(rows, np.bool_)
        guilty[hits.rows[self._enough(hits)]] = True
        return grams, run, hits, guilty

    def _leaks(self, text: str, rare: NDArray[np.bool_]) -> list[tuple[int, int]]:
        """The bytes of a text that must go."""
        found = found_in(self._known.runs(pa.array([text])))
        _, run, _, guilty = self._judged(found, 1, rare)
        runs = np.unique(run)
        _, starts, stops = union(found.rows[runs], found.starts[runs], found.stops[runs])
        return list(zip(starts.tolist(), stops.tolist(), strict=True)) if guilty[0] else []

    def _cut(
        self, corpus: Corpus, shard: int, first: int, guilty: NDArray[np.bool_], rare: NDArray[np.bool_]
    ) -> dict[str, pa.Array]:
        """Reasons and spans for rows of a shard from `first` on; a row that is cut has no reason to go."""
        reasons: list[str | None] = [None] * len(guilty)
        spans: list[list[dict[str, int]] | None] = [None] * len(guilty)
        rows = np.flatnonzero(guilty)
        for some in np.split(rows, range(ROWS, len(rows), ROWS)):
            texts = corpus.take(shard, some + first)["text"].to_pylist()
            for row, text in zip(some.tolist(), texts, strict=True):
                left = excised(text, lambda joined: self._leaks(joined, rare), self.margin, self.filling)
                if 0 < len(left) <= self.pieces:
                    spans[row] = [{"start": start, "stop": stop} for start, stop in gaps(text, left)]
                else:
                    reasons[row] = "pieces" if left else "overlap"
        return {"reason": pa.array(reasons, pa.string()), CUT: pa.array(spans, SPANS)}

    def _enough(self, hits: Hits) -> NDArray[np.bool_]:
        return (hits.grams >= self.min_hits) & (hits.shares >= self.min_share)

    def _signals(self, grams: Grams, hits: Hits, found: Found, runs: NDArray[np.int64], rows: int) -> pa.StructArray:
        """The signals of so many rows, of the runs that count."""
        known = self._known.benchmarks
        first, best = np.unique(hits.rows, return_index=True)
        at, any_ = np.zeros(rows, np.int64), np.zeros(rows, np.bool_)
        at[first], any_[first] = best, True
        names = pa.array(known.names, pa.string()).take(pa.array(known.files[hits.items]))
        numbers = pa.array(known.numbers[hits.items])
        pick = pa.array(at, mask=~any_)
        items = {"benchmark": names, "item": numbers, "hits": pa.array(hits.grams), "share": pa.array(hits.shares)}
        row, start, stop = union(*(column[runs] for column in (found.rows, found.starts, found.stops)))
        columns = {
            "hits": pa.array(np.bincount(grams.rows, minlength=rows).astype(np.int64)),
            "share": pa.array(hits.shares).take(pick).fill_null(0.0),
            "benchmark": names.take(pick),
            "item": numbers.take(pick),
            "found": _listed(hits.rows, rows, items),
            "spans": _listed(row, rows, {"start": pa.array(start), "stop": pa.array(stop)}),
        }
        return pa.StructArray.from_arrays(list(columns.values()), names=list(columns))

    def _portions(self, corpus: Corpus, shard: int) -> Iterator[tuple[Found, int]]:
        """The runs of a shard's living rows, some rows at a time, and how many rows these are; one portion at least."""
        runs = corpus.sketch(shard)["runs"].combine_chunks()
        found = found_in(runs)
        alive = corpus.alive(shard)[found.rows]
        found = Found(*(column[alive] for column in found))
        words = np.bincount(found.rows, found.words, len(runs))
        portion = np.cumsum(words) // PORTION
        bounds = np.concatenate([[0], np.flatnonzero(np.diff(portion)) + 1, [len(runs)]]).astype(np.int64)
        for low, high in pairwise(bounds.tolist()):
            mine = slice(*np.searchsorted(found.rows, [low, high]))
            yield Found(found.rows[mine] - low, *(column[mine] for column in found[1:])), int(high - low)

    def _rare(self, corpus: Corpus) -> NDArray[np.bool_]:
        """Per word of the benchmarks whether the gram it begins stands in at most `common` documents that stay.

        What is common is found among what is kept, so that it still is when the kept documents are looked at again:
        grams that are so in all documents, then those that still are without the documents that go, and so on.
        """
        rare = np.zeros(len(self._known.index.grams), np.bool_)
        while True:
            counts = np.zeros(len(rare), np.int64)
            for shard in range(len(corpus)):
                for found, rows in self._portions(corpus, shard):
                    grams, _ = self._known.grams(found)
                    *_, gone = self._judged(found, rows, rare)
                    places, times = np.unique(grams.places[~gone[grams.rows]], return_counts=True)
                    counts[places] += times
            now = rare | (counts <= self.common)
            if (now == rare).all():
                return rare
            rare = now


def _listed(rows: NDArray[np.int64], count: int, columns: dict[str, pa.Array]) -> pa.ListArray:
    """A list of structs for each of `count` rows, from entries in order of rows."""
    offsets = np.searchsorted(rows, np.arange(count + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(
        pa.array(offsets), pa.StructArray.from_arrays(list(columns.values()), names=list(columns))
    )
