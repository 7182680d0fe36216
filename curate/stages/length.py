"""How long a text is."""

import pyarrow as pa

from curate.ops import text
from curate.stage import Filter, Range, Signals, buffers


class Length(Filter):
    """Bounds on a text's length; every other measure of a very short one is noise.

    Sources: CCNet keeps documents from 300 characters on (`min_len` of cc_net's `mine.py`; Wenzek et al. 2020), Dolma
    1.7 from 25 on (`min_text_length` of its mixer's configuration). The stage itself sets no bound.

    Signals: `characters` (code points, white space included) and `words` (those of
    `docs/words.md`), both int64.
    """

    use = "length"

    characters: Range = Range()
    """Code points."""
    words: Range = Range()
    """Words, punctuation marks between white space among them."""

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Both counts."""
        offsets, data = buffers(batch["text"])
        return {"characters": text.lengths(offsets, data), "words": text.words(offsets, data).total}
