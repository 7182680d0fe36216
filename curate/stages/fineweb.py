"""FineWeb's own filters, which find lists, menus and documents that lost their line breaks."""

from typing import Annotated

import pyarrow as pa
from pydantic import Field

from curate.ops import text, treebank
from curate.ops.repeats import repeats
from curate.ops.shapes import shapes
from curate.ops.treebank import Reading
from curate.stage import Filter, Range, Signals, buffers


class FineWeb(Filter):
    """Drops texts whose lines do not end like sentences, are short, or repeat each other.

    Source: Penedo et al. 2024, "The FineWeb Datasets: Decanting the Web for the Finest Text Data at Scale",
    https://arxiv.org/abs/2406.17557, section 3.6, whose text drops at 0.12 and below, at 0.1 and above and at 0.67 and
    above; thresholds and comparisons here are those of the code that made the corpus, datatrove's
    `FineWebQualityFilter`: a document exactly at a bound stays, and repeated lines are held to 0.01.

    Lines end at line feeds, and blank ones do not count. Words are those of
    `docs/words.md`: runs of non-white space, and short runs of letters in scripts written without spaces.
    """

    use = "fineweb"
    version = 2
    data = ("ops/treebank.toml",)

    line_punct_ratio: Range = Range(min=0.12)
    """Share of lines that end in punctuation that ends a sentence in any script; `...` does, `…` does not."""
    short_line_ratio: Range = Range(max=0.67)
    """Share of lines of at most `short_line_length` characters."""
    char_duplicates_ratio: Range = Range(max=0.01)
    """Share of characters, line feeds aside, in lines that repeat an earlier one."""
    list_ratio: Range = Range(max=0.3)
    """Line feeds per word."""
    short_line_length: Annotated[int, Field(ge=0)] = 30
    """Code points up to which a line is short."""

    trim: bool = True
    """Leave white space at a line's ends out of account. datatrove does not, and takes `end. ` for a line without a
    full stop, which nobody sees behind `c4_lines`, which cuts it."""
    punctuation_words: Reading = False
    """Count punctuation marks as words, so that `list_ratio` is lower; "en": by spaCy's English tokenizer, as datatrove
    does for English."""

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Ratios as float64, at least 0; 0 where there is nothing to divide by."""
        offsets, data = buffers(batch["text"])
        lines = shapes(offsets, data, self.short_line_length, trim=self.trim, classes=treebank.classes())
        words = text.words(*treebank.read(offsets, data, self.punctuation_words))
        return {
            "line_punct_ratio": text.ratio(lines.stopped, lines.lines),
            "short_line_ratio": text.ratio(lines.short, lines.lines),
            "char_duplicates_ratio": text.ratio(repeats(offsets, data, paragraphs=False).characters, lines.characters),
            "list_ratio": text.ratio(lines.feeds, words.total),
        }
