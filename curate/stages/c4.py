"""C4's rules for pages; its rules for lines are `c4_lines`, which comes first."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.ops.phrases import occurrences, phrases
from curate.ops.sentences import sentences
from curate.ops.text import count_byte
from curate.ops.treebank import Reading
from curate.ops.treebank_sentences import treebank_sentences
from curate.stage import Filter, Range, Signals, buffers

_LOREM_IPSUM = phrases(["lorem ipsum"])


class C4(Filter):
    """Drops pages of few sentences, of placeholder text and of code.

    Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
    Transformer", https://jmlr.org/papers/v21/20-074.html, section 2.2. Its first version and datatrove ask for five
    sentences, its last version and TensorFlow Datasets for three. The programs look for braces and
    placeholders in those lines alone that no rule drops, as this filter does behind `c4_lines`; the one difference
    is a line that holds both a brace or a placeholder and a phrase that drops it.

    Sentences are counted line by line: they end with their line, or at a full stop, question or exclamation mark
    before white space that belongs to no initial, no `p.m.` and no ellipsis.
    """

    use = "c4"
    version = 2
    data = ("ops/treebank.toml",)

    sentences: Range = Range(min=5)
    """Sentences in all."""
    lorem_ipsum: Range = Range(max=0)
    """How often "lorem ipsum" occurs, whatever its case."""
    curly_brackets: Range = Range(max=0)
    """How often `{` occurs."""
    punctuation_words: Reading = False
    """Look for sentences among words of which punctuation marks are some; "en": among those of spaCy's English
    tokenizer, as datatrove does for English, so that `St.` ends none."""

    def _sentences(self, offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> NDArray[np.int64]:
        if self.punctuation_words:
            return treebank_sentences(offsets, data, english=self.punctuation_words == "en")
        return sentences(offsets, data)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts as int64."""
        offsets, data = buffers(batch["text"])
        return {
            "sentences": self._sentences(offsets, data),
            "lorem_ipsum": occurrences(offsets, data, _LOREM_IPSUM),
            "curly_brackets": count_byte(offsets, data, ord("{")),
        }
