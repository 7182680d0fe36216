"""How ordinary a text's words are, one by one."""

from functools import cached_property
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from pydantic import Field

from curate import frequencies
from curate.errors import AssetError
from curate.ops import normal, text, treebank, unigram
from curate.stage import Asset, Filter, Range, Signals, buffers


class Unigram(Filter):
    """The mean log-probability of a text's words under a table of frequencies: what is no language is below.

    Source: peS2o (Soldaini and Lo 2023, https://huggingface.co/datasets/allenai/peS2o), which keeps papers above −20,
    and datatrove's UnigramLogProbFilter, which keeps documents above −10; both with the frequencies of Google's web
    n-grams. A threshold belongs to a table and a language; `curate unigram train` makes a table of a corpus.

    Words are those of the normal form (folded, without punctuation; letters of scripts without spaces make
    words by themselves). Logarithms are natural; a word that the table lacks has `unknown_probability`.

    Signals: `mean_log_probability`, rounded to 1e-4, and `unknown_word_ratio`; null for a text without words.
    """

    use = "unigram"
    needs = {  # noqa: RUF012 - pydantic would take a ClassVar's annotation from the parent, and does
        "model": "count one with `curate unigram train`, or give words and counts by --set {name}.model=FILE"
    }

    model: Asset | None = None
    """The table: lines of word, tab or comma, and count; plain or gzip. Needed."""
    mean_log_probability: Range = Range(min=-10)
    """Mean of the natural logarithms of the words' shares of all words of the table."""
    unknown_word_ratio: Range = Range()
    """Share of words that the table lacks."""
    unknown_probability: Annotated[float, Field(gt=0, lt=1)] = 1e-9
    """What such a word counts as; the default is datatrove's."""
    punctuation_words: bool = False
    """Count punctuation marks as words, as datatrove does: unknown ones with most tables, which lowers the mean."""

    def prepare(self) -> None:
        """Read the table."""
        _ = self._table

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Both as float64."""
        spaced = buffers(batch["text"])
        if self.punctuation_words:
            spaced = treebank.spaced(*spaced)
        words = normal.normalise(*spaced, punctuation=self.punctuation_words)
        found = unigram.mean_log_probabilities(*words, self._table, float(np.log(self.unknown_probability)))
        wordless = found.words == 0
        return {
            "mean_log_probability": pa.array(np.round(found.means, 4), mask=wordless),
            "unknown_word_ratio": pa.array(text.ratio(found.unknown, found.words), mask=wordless),
        }

    @cached_property
    def _table(self) -> unigram.Frequencies:
        if self.model is None:
            raise AssetError(self.missing()[0])
        return frequencies.load(self.model, f"{self.name}.model", punctuation=self.punctuation_words)

    def __getstate__(self) -> dict[Any, Any]:
        """What another process needs: the fields; it reads the table itself."""
        state = super().__getstate__()
        return {**state, "__dict__": {key: value for key, value in state["__dict__"].items() if key != "_table"}}
