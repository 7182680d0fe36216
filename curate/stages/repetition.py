"""Gopher's repetition rules, which find texts that say the same thing over and over."""

import pyarrow as pa

from curate.ops import ngrams, text, treebank
from curate.ops.repeats import repeats
from curate.ops.treebank import Reading
from curate.stage import Filter, Range, Signals, buffers


class Repetition(Filter):
    """Drops texts made of repeated lines, paragraphs or n-grams of words.

    Source: Rae et al. 2021, "Scaling Language Models: Methods, Analysis & Insights from Training
    Gopher", https://arxiv.org/abs/2112.11446, appendix A.1.1 and table A1; the thresholds are the
    paper's. All shares of characters are of the whole text, white space included.

    A line ends at a line feed, a paragraph at two or more; blank ones do not count. A repetition is
    what occurred before in the same text. `top_2_gram_ratio` is the length of the most frequent
    2-gram times its occurrences; `duplicate_5_gram_ratio` the length of all 5-grams read from left
    to right that were seen before, without overlaps; both as in datatrove. Words are those of
    `docs/words.md`: runs of non-white space, and short runs of letters in scripts written without spaces.
    datatrove's `GopherRepetitionFilter` has `punctuation_words` and `blank_lines`.
    """

    use = "repetition"
    version = 2
    data = ("ops/treebank.toml",)

    duplicate_line_ratio: Range = Range(max=0.3)
    """Share of lines that repeat an earlier one."""
    duplicate_paragraph_ratio: Range = Range(max=0.3)
    """Share of paragraphs that repeat an earlier one."""
    duplicate_line_character_ratio: Range = Range(max=0.2)
    """Share of characters in repeated lines."""
    duplicate_paragraph_character_ratio: Range = Range(max=0.2)
    """Share of characters in repeated paragraphs."""
    top_2_gram_ratio: Range = Range(max=0.2)
    """Share of characters in the most frequent 2-gram."""
    top_3_gram_ratio: Range = Range(max=0.18)
    """Share of characters in the most frequent 3-gram."""
    top_4_gram_ratio: Range = Range(max=0.16)
    """Share of characters in the most frequent 4-gram."""
    duplicate_5_gram_ratio: Range = Range(max=0.15)
    """Share of characters in 5-grams that occurred before."""
    duplicate_6_gram_ratio: Range = Range(max=0.14)
    """Share of characters in 6-grams that occurred before."""
    duplicate_7_gram_ratio: Range = Range(max=0.13)
    """Share of characters in 7-grams that occurred before."""
    duplicate_8_gram_ratio: Range = Range(max=0.12)
    """Share of characters in 8-grams that occurred before."""
    duplicate_9_gram_ratio: Range = Range(max=0.11)
    """Share of characters in 9-grams that occurred before."""
    duplicate_10_gram_ratio: Range = Range(max=0.10)
    """Share of characters in 10-grams that occurred before."""
    punctuation_words: Reading = False
    """Count punctuation marks as words of n-grams, as treebanks do; "en": by spaCy's English tokenizer, as datatrove
    does for English."""
    blank_lines: bool = False
    """Count lines and paragraphs of white space alone, which repeat each other, and what is empty before a first line
    feed and behind a last; line feeds in a row end one line."""

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Ratios as float64, at least 0; those of top n-grams pass 1 where occurrences overlap."""
        offsets, data = buffers(batch["text"])
        characters = text.lengths(offsets, data)
        lines = repeats(offsets, data, paragraphs=False, blank=self.blank_lines)
        paragraphs = repeats(offsets, data, paragraphs=True, blank=self.blank_lines)
        masses = ngrams.masses(ngrams.word_list(*treebank.read(offsets, data, self.punctuation_words)))
        signals = {
            "duplicate_line_ratio": text.ratio(lines.repeated, lines.total),
            "duplicate_paragraph_ratio": text.ratio(paragraphs.repeated, paragraphs.total),
            "duplicate_line_character_ratio": text.ratio(lines.characters, characters),
            "duplicate_paragraph_character_ratio": text.ratio(paragraphs.characters, characters),
        }
        for n, mass in zip(ngrams.TOP, masses.top, strict=True):
            signals[f"top_{n}_gram_ratio"] = text.ratio(mass, characters)
        for n, mass in zip(ngrams.DUPLICATE, masses.duplicate, strict=True):
            signals[f"duplicate_{n}_gram_ratio"] = text.ratio(mass, characters)
        return signals
