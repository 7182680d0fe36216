"""RefinedWeb's line-wise corrections, which cut what a page says to its visitor rather than its reader."""

from functools import cached_property
from typing import Annotated

import pyarrow as pa
from pydantic import AfterValidator, Field

from curate.ops import text
from curate.ops.phrases import Phrases, listable, phrases
from curate.ops.refinedweb import correct
from curate.stage import Edited, Rewrite, buffers, strings

COUNTERS = (
    "likes",
    "shares",
    "comments",
    "retweets",
    "reposts",
    "quotes",
    "bookmarks",
    "upvotes",
    "downvotes",
    "downloads",
    "views",
    "followers",
)


_Listed = Annotated[tuple[str, ...], AfterValidator(listable)]


class RefinedWebLines(Rewrite):
    """Drops lines of capitals, numbers, counters and single words, and cuts buttons from short lines.

    Source: Penedo et al. 2023, "The RefinedWeb Dataset for Falcon LLM", https://arxiv.org/abs/2306.01116, appendix
    G.2; lists and limits that the paper leaves open are those of DCLM's reproduction (Li et al. 2024,
    https://arxiv.org/abs/2406.11794). Two readings differ from its program: white space at a line's ends is no part
    of the line, and in `read more...` the full stops are full stops, not any three characters.

    The paper drops documents of whose words more than 5 % went: `word_removal`, right behind this stage, does so.

    Signals (int64): `lines`, those dropped as `capital_lines`, `numeric_lines`, `counter_lines`, `short_lines` and
    `emptied_lines` (nothing was left after cutting), `edited_lines`, and `removed_word_ratio` (float64, 0 to 1).
    """

    use = "refinedweb_lines"

    max_upper_ratio: Annotated[float, Field(ge=0, le=1)] = 0.5
    """Share of a line's code points that may be capitals."""
    numeric: bool = True
    """Drop lines of digits alone."""
    counters: _Listed = COUNTERS
    """What is counted on lines such as `3 likes` and `1.2K views`."""
    min_words: Annotated[int, Field(ge=0)] = 2
    """Words that a line needs."""
    short_words: Annotated[int, Field(ge=0)] = 10
    """Words up to which a line is edited."""
    anywhere: _Listed = ("items in cart",)
    """Cut wherever it stands; as everywhere here, the case of ASCII letters does not count."""
    prefixes: _Listed = ("sign-in",)
    """Cut where a line begins with it."""
    suffixes: _Listed = ("read more...", "read more…")
    """Cut where a line ends in it."""

    @cached_property
    def _lists(self) -> list[Phrases]:
        return [phrases(listed) for listed in (self.counters, self.anywhere, self.prefixes, self.suffixes)]

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        """The corrected texts, row for row."""
        counters, anywhere, prefixes, suffixes = self._lists
        left = correct(
            *buffers(batch["text"]),
            max_upper_ratio=self.max_upper_ratio,
            numeric=self.numeric,
            min_words=self.min_words,
            short_words=self.short_words,
            counters=counters,
            anywhere=anywhere,
            prefixes=prefixes,
            suffixes=suffixes,
        )
        signals = {
            "lines": left.lines,
            "capital_lines": left.capitals,
            "numeric_lines": left.numeric,
            "counter_lines": left.counters,
            "short_lines": left.short,
            "emptied_lines": left.emptied,
            "edited_lines": left.edited,
            "removed_word_ratio": text.ratio(left.words_before - left.words_after, left.words_before),
        }
        return Edited(strings(left.offsets, left.data), signals)
