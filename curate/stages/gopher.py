"""Gopher's quality rules, which ask whether a text looks like prose at all."""

from functools import cached_property
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import AfterValidator

from curate.ops import stopwords, text, treebank
from curate.stage import Filter, Range, Signals, buffers

STOP_WORDS = ("the", "be", "to", "of", "and", "that", "have", "with")


def _countable(entries: tuple[str, ...]) -> tuple[str, ...]:
    stopwords.stop_list(entries)
    return entries


def _distinct(characters: str) -> str:
    if len(set(characters)) < len(characters):
        raise ValueError(f"{characters!r} names a character twice")
    return characters


class Gopher(Filter):
    """Drops what is too short or too long, and what consists of symbols, lists or cut-off lines.

    Source: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training
    Gopher", https://arxiv.org/abs/2112.11446, appendix A.1.1, "Quality Filtering"; the thresholds
    are the paper's.

    Words are runs of non-white space, punctuation included, and the single letters of scripts
    written without spaces. The paper counts in English: a recipe for languages of such scripts
    turns `mean_word_length` off, and every other language brings its own `stop_list`.
    """

    use = "gopher"

    words: Range = Range(min=50, max=100_000)
    """Words that are not punctuation and symbols alone."""
    mean_word_length: Range = Range(min=3, max=10)
    """Mean length of those words in code points."""
    symbol_ratio: Range = Range(max=0.1)
    """`#` per word or ellipses (`...` and `…`) per word, whichever is greater."""
    bullet_line_ratio: Range = Range(max=0.9)
    """Share of lines that begin with one of `bullets`; blank lines are no lines."""
    ellipsis_line_ratio: Range = Range(max=0.3)
    """Share of lines that end with an ellipsis."""
    alpha_word_ratio: Range = Range(min=0.8)
    """Share of all words that hold a letter."""
    stop_words: Range = Range(min=2)
    """How many of `stop_list` occur."""
    stop_list: Annotated[tuple[str, ...], AfterValidator(_countable)] = STOP_WORDS
    """At most 64 words, whatever their case; one written `-는` is an ending, for suffixed particles."""
    bullets: Annotated[str, AfterValidator(_distinct)] = "•-"
    """The characters that make a bullet."""
    punctuation_words: bool = False
    """Count punctuation marks as words, as treebanks do and datatrove with its tokenizers: a web page then has a
    letter in some 85 % of its words rather than in 96 %, and `alpha_word_ratio` drops far more."""

    @cached_property
    def _stops(self) -> stopwords.StopList:
        return stopwords.stop_list(self.stop_list)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts as int64, ratios and lengths as float64; 0 where there is nothing to divide by."""
        offsets, data = buffers(batch["text"])
        words = text.words(*(treebank.spaced(offsets, data) if self.punctuation_words else (offsets, data)))
        marks = text.marks(offsets, data)
        lines = text.lines(offsets, data, self.bullets)
        return {
            "words": words.plain,
            "mean_word_length": text.ratio(words.plain_characters, words.plain),
            "symbol_ratio": text.ratio(np.maximum(marks.hashes, marks.ellipses), words.total),
            "bullet_line_ratio": text.ratio(lines.bullets, lines.total),
            "ellipsis_line_ratio": text.ratio(lines.ellipses, lines.total),
            "alpha_word_ratio": text.ratio(words.alphabetic, words.total),
            "stop_words": stopwords.stop_words(offsets, data, self._stops),
        }
