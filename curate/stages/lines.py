"""Lines and paragraphs that stand in several documents."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from curate.cutting import listed
from curate.deduplication import Deduplication, scopes
from curate.ops.hashing import hash_strings
from curate.ops.normal import normalise
from curate.ops.parts import Parts, cover, long, parts
from curate.pieces import Pieces, Rule, ends, values
from curate.stage import Corpus, buffers


class Lines(Deduplication):
    """Cuts lines that stand in many documents: menus, notices, and what a site writes on each of its pages.

    A line that at least `count` documents of a `scope` hold is cut out of all but one of them. The default is that of
    Llama 3 (Grattafiori et al. 2024, "The Llama 3 Herd of Models", §3.1.1), which removes lines that appear more than
    six times in 30 million documents. CCNet (Wenzek et al. 2020) removes every repetition (`count = 2`), and so do
    C4's spans of three sentences (Raffel et al. 2020) and Dolma's paragraphs; FineWeb (Penedo et al. 2024, §3.4)
    measured that this costs 78 to 85 % of tokens behind `minhash` and makes models worse: go there with care, with
    `scope`, and with lines that are long. Those of fewer than three words, C4's bound, are left alone by default.

    Lines are compared as `exact` compares texts, by 128 bits. The document that keeps a line is the same for all lines
    that the same documents share, so that of copies of a page one stays whole. Repetitions within one document
    are its style, or the business of `repetition`: they count and are cut one by one only where `within`.

    Cut lines leave no blank lines behind. What is left empty is dropped as `lines.empty`.
    Sketch: 28 bytes a line that is long enough, 40 a document. Signals: `cut`, the spans (lines side by side are
    one), bytes of the text before.
    """

    use = "lines"
    cuts = True
    paragraphs: ClassVar[bool] = False

    count: Annotated[int, Field(ge=2)] = 7
    """Documents that hold a line, from which on it is cut; occurrences where `within`."""
    min_words: Annotated[int, Field(ge=0)] = 3
    """Words (`docs/words.md`) of the shortest line that is looked at."""
    min_characters: Annotated[int, Field(ge=0)] = 0
    """Characters of the shortest line that is looked at, normalised."""
    keep_one: bool = True
    """Whether the document that comes first by `keep` keeps the line; or else none does."""
    within: bool = False
    """Whether occurrences in one document count one by one; all but the first are then cut."""

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Keys and spans of the lines that are long enough."""
        offsets, data = buffers(batch["text"])
        found = parts(offsets, data, paragraphs=self.paragraphs)
        counts = np.diff(found.rows)
        # Between the lines is white space alone: where one ends does not matter to its normal form.
        begins = np.repeat(offsets[:-1], counts) + found.starts
        folded = normalise(np.append(begins, offsets[-1]).astype(np.int32), data, punctuation=True)
        kept = long(*folded, max(1, self.min_words), self.min_characters)
        own = np.repeat(scopes(batch, self.scope), counts)
        keys = {name: (hash_strings(*folded, seed) ^ own)[kept] for seed, name in enumerate(("low", "high"))}
        places = {name: getattr(found, name)[kept].astype(np.uint32) for name in ("starts", "stops", "gaps")}
        rows = pa.array(np.append(0, np.cumsum(kept))[found.rows].astype(np.int32))
        lists = {name: pa.ListArray.from_arrays(rows, pa.array(array)) for name, array in {**keys, **places}.items()}
        sizes = pa.array(np.diff(offsets).astype(np.uint32))
        return pa.RecordBatch.from_pydict({**lists, "bytes": sizes, **self.precedence(batch)})

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; takes half of the corpus' memory at most, and one bit a line."""
        pieces = Pieces(corpus, "low", "high")
        found = pieces.repeated(Rule(self.count, self.within, self.keep_one))
        for shard in range(len(corpus)):
            yield _verdict(corpus.sketch(shard), pieces.of(found, shard), corpus.alive(shard))


class Paragraphs(Lines):
    """Cuts paragraphs that other documents hold too: copied passages, licences, descriptions of whoever publishes.

    As `lines`, for runs of lines between blank ones, and from the second document on, as in CCNet (Wenzek et al. 2020,
    which calls lines paragraphs) and Dolma (Soldaini et al. 2024, §5.3). Paragraphs of fewer than ten words are left
    alone: FineWeb's bound for repeated lines (Penedo et al. 2024, §3.4).
    """

    use = "paragraphs"
    paragraphs = True

    count: Annotated[int, Field(ge=2)] = 2
    """Documents that hold a paragraph, from which on it is cut; occurrences where `within`."""
    min_words: Annotated[int, Field(ge=0)] = 10
    """Words of the shortest paragraph that is looked at."""


def _verdict(sketch: pa.Table, cut: NDArray[np.bool_], alive: NDArray[np.bool_]) -> pa.Table:
    places = (values(sketch, name).astype(np.int64) for name in ("starts", "stops", "gaps"))
    spans = cover(Parts(ends(sketch, "low"), *places), cut, sketch["bytes"].to_numpy().astype(np.int64))
    column = listed(spans)
    seen = pc.if_else(pa.array(alive), column, pa.scalar(None, column.type))
    signals = pa.StructArray.from_arrays([seen], names=["cut"])
    return pa.table({"reason": pa.nulls(len(sketch), pa.string()), "signals": signals, "cut": column})
