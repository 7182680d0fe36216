"""Gopher's quality rules, which ask whether a text looks like prose at all."""

from functools import cached_property
from typing import Annotated

import numpy as np
import pyarrow as pa
from pydantic import AfterValidator

from curate.ops import marks, stopwords, text, treebank
from curate.ops.breaks import broken_lines
from curate.ops.treebank import Reading
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

    Words are runs of non-white space, punctuation included, and short runs of letters in scripts
    written without spaces (`docs/words.md`). The paper counts in English: another language brings bounds
    of `mean_word_length` and a `stop_list` of its own.

    Where programs read the paper differently, there is a field. datatrove's `GopherQualityFilter` has
    `punctuation_words`, `blank_lines` and `exact_stop_words`; dolma's tagger `exact_stop_words`, `median_word_length`
    from 3 to 10 in place of the mean, and `bullets = "•-*"`; DCLM `repeated_stop_words`.
    """

    use = "gopher"
    version = 2
    data = ("ops/treebank.toml",)

    words: Range = Range(min=50, max=100_000)
    """Words that are not punctuation and symbols alone."""
    mean_word_length: Range = Range(min=3, max=10)
    """Mean length of those words in code points."""
    median_word_length: Range = Range()
    """Median length of all words in code points, up to 1,024."""
    symbol_ratio: Range = Range(max=0.1)
    """`#` per word or ellipses (`...` and `…`) per word, whichever is greater."""
    bullet_line_ratio: Range = Range(max=0.9)
    """Share of lines that begin with one of `bullets`."""
    ellipsis_line_ratio: Range = Range(max=0.3)
    """Share of lines that end with an ellipsis."""
    alpha_word_ratio: Range = Range(min=0.8)
    """Share of all words that hold a letter."""
    stop_words: Range = Range(min=2)
    """How many of `stop_list` occur."""
    stop_list: Annotated[tuple[str, ...], AfterValidator(_countable)] = STOP_WORDS
    """At most 64 words, whatever their case unless `exact_stop_words`; one written `-는` is an ending, for suffixed
    particles."""
    bullets: Annotated[str, AfterValidator(_distinct)] = "•-"
    """The characters that make a bullet."""
    punctuation_words: Reading = False
    """Count punctuation marks as words, as treebanks do; "en": by spaCy's English tokenizer, as datatrove does for
    English. A document then has a letter in some 84 % of its words rather than in 97 %, and `alpha_word_ratio` drops
    far more."""
    blank_lines: bool = False
    """Count blank lines among the lines, which then end wherever Python's `splitlines` ends one."""
    exact_stop_words: bool = False
    """Take a word for a stop word only as it is written, without punctuation around it: `The` is none."""
    repeated_stop_words: bool = False
    """Count a stop word as often as it occurs."""

    @cached_property
    def _stops(self) -> stopwords.StopList:
        return stopwords.stop_list(self.stop_list, exact=self.exact_stop_words)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts as int64, ratios and lengths as float64; 0 where there is nothing to divide by."""
        offsets, data = buffers(batch["text"])
        apart = treebank.read(offsets, data, self.punctuation_words)
        words = text.words(*apart)
        found = marks.marks(offsets, data)
        lines = (broken_lines if self.blank_lines else text.lines)(offsets, data, self.bullets)
        exact, every = self.exact_stop_words, self.repeated_stop_words
        return {
            "words": words.plain,
            "mean_word_length": text.ratio(words.plain_characters, words.plain),
            "median_word_length": words.median,
            "symbol_ratio": text.ratio(np.maximum(found.hashes, found.ellipses), words.total),
            "bullet_line_ratio": text.ratio(lines.bullets, lines.total),
            "ellipsis_line_ratio": text.ratio(lines.ellipses, lines.total),
            "alpha_word_ratio": text.ratio(words.alphabetic, words.total),
            "stop_words": stopwords.stop_words(*apart[:2], self._stops, apart[2], exact=exact, every=every),
        }
