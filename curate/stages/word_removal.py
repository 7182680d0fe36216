"""Documents of which too much had to be corrected."""

import pyarrow as pa

from curate.stage import Filter, Range, Signals


class WordRemoval(Filter):
    """Drops documents that lost too many words to RefinedWeb's line-wise corrections.

    Source: Penedo et al. 2023, "The RefinedWeb Dataset for Falcon LLM", https://arxiv.org/abs/2306.01116, appendix
    G.2: more than 5 % of the words. Reads what the stage `refinedweb_lines` has measured.
    """

    use = "word_removal"
    reads = ("refinedweb_lines",)

    removed_word_ratio: Range = Range(max=0.05)
    """Share of the words that the corrections took, 0 to 1."""

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """The ratio as `refinedweb_lines` has measured it."""
        return {"removed_word_ratio": batch["refinedweb_lines"].field("removed_word_ratio")}
