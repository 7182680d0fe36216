"""C4's line rules, which cut menus, notices and citations out of pages."""

from functools import cached_property
from typing import Annotated

import pyarrow as pa
from pydantic import AfterValidator, Field

from curate.ops import treebank
from curate.ops.c4 import keep_lines
from curate.ops.phrases import Phrases, listable, phrases
from curate.stage import Edited, Rewrite, buffers, strings

PHRASES = (
    "javascript",
    "terms of use",
    "privacy policy",
    "cookie policy",
    "uses cookies",
    "use of cookies",
    "use cookies",
)


class C4Lines(Rewrite):
    """Keeps the lines that C4 keeps, without Wikipedia's citation marks.

    Source: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text
    Transformer", https://jmlr.org/papers/v21/20-074.html, section 2.2. Its first version and datatrove ask for
    three words a line (and five sentences a page, see `c4`); its last version and TensorFlow Datasets, which
    built the corpus, for five (and three). Order and lists of the rules are those of both programs: a line counts
    under the first rule that it breaks, and its end is looked at after citations have gone, its words before (in
    TensorFlow Datasets after).

    Lines end wherever Python's `splitlines` ends one, as in both programs; white space at both ends is cut, and blank
    lines go. Words are those of `docs/words.md`: runs of non-white space and, unless `unspaced_words` is off, short
    runs of letters in scripts written without spaces.

    Signals (int64): `lines` that were there, `kept_lines`, those dropped as `overlong_lines`, `unended_lines`,
    `short_lines` and `phrase_lines`, and `citations` cut from lines that were kept.
    """

    use = "c4_lines"
    version = 2
    data = ("ops/treebank.toml",)

    terminal_punctuation: bool = True
    """Whether a line must end in one of `end_marks`; FineWeb leaves this rule out, as it costs 30 % of the tokens."""
    end_marks: Annotated[str, Field(min_length=1)] = ".?!\"'"
    """The characters that end a line well; `...` does not. TensorFlow Datasets leaves `'` out."""
    min_words: Annotated[int, Field(ge=0)] = 3
    """Words that a line needs."""
    max_word_length: Annotated[int, Field(ge=1)] = 1_000
    """Code points that the longest word of a line may have."""
    unspaced_words: bool = True
    """Count every letter of a script written without spaces as a word. For both programs a line of Chinese is one word,
    which is too few."""
    phrases: Annotated[tuple[str, ...], AfterValidator(listable)] = PHRASES
    """A line that holds one is dropped; the case of ASCII letters does not count."""
    citations: bool = True
    """Cut `[1]`, `[]`, `[edit]` and `[citation needed]`."""

    @cached_property
    def _phrases(self) -> Phrases:
        return phrases(self.phrases)

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        """The lines that are left, row for row."""
        left = keep_lines(
            *buffers(batch["text"]),
            marks=self.end_marks if self.terminal_punctuation else "",
            min_words=self.min_words,
            max_word_length=self.max_word_length,
            citations=self.citations,
            listed=self._phrases,
            classes=None if self.unspaced_words else treebank.classes(),
        )
        signals = {
            "lines": left.lines,
            "kept_lines": left.kept,
            "overlong_lines": left.overlong,
            "unended_lines": left.unended,
            "short_lines": left.short,
            "phrase_lines": left.phrased,
            "citations": left.citations,
        }
        return Edited(strings(left.offsets, left.data), signals)
