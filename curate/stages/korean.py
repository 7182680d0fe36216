"""Whether Korean text is written as Korean is: particles, spaces, syllables, scripts."""

from functools import cached_property
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AfterValidator

from curate.ops import text
from curate.ops.korean import FIRST, LAST, hangul, syllable_table
from curate.stage import Filter, Range, Signals, buffers

ENDINGS = "은는이가을를의에서로와과도만나며고면지다요까죠네니라자게해여어아던한할된될인음기터럼께려야든"


def _syllables(endings: str) -> str:
    if not endings or not all(FIRST <= ord(syllable) <= LAST for syllable in endings):
        raise ValueError("endings are composed Hangul syllables")
    return endings


class Korean(Filter):
    """Drops lists and word salad, comment streams, text in a wrong encoding, and text whose spaces were lost or added.

    The thresholds are this project's own, measured with `curate` on 1,556 articles of the Korean Wikipedia of 33
    words and more, 150 snippets of the HPLT crawl, 300 pages of 20 news comments each, and 150 articles that were read
    as CP949 though UTF-8, or whose spaces were taken out or put behind every syllable; `docs/korean.md` has the
    figures and a reviewed sample. Words are measured between white space (*eojeol*); decomposed Hangul (NFD) counts
    as the syllables that it makes. KS X 1001 is the Korean standard of 1987 behind EUC-KR.
    """

    use = "korean"

    hangul_ratio: Range = Range(min=0.3)
    """Share of Hangul, jamo included, among letters of all scripts."""
    jamo_ratio: Range = Range(max=0.01)
    """Share of letters that are jamo by themselves: ㅋㅋㅋ, ㅠㅠ, ㅇㅇ, also half-width ones."""
    rare_syllable_ratio: Range = Range(max=0.1)
    """Share of syllables outside KS X 1001, which lists the 2,350 in use: a wrong encoding makes others."""
    eojeol_length: Range = Range(min=2, max=6)
    """Mean syllables of an eojeol: text that has lost its spaces has 20 and more."""
    single_syllable_ratio: Range = Range(max=0.4)
    """Share of eojeol of one syllable: text with a space behind every syllable has no others."""
    ending_ratio: Range = Range(min=0.45)
    """Share of eojeol of two or more syllables whose last one, punctuation aside, is one of `endings`."""
    glued_ratio: Range = Range(max=0.05)
    """Share of eojeol whose letters change script twice or more without a mark between, as in `가a나`. `韓國의`,
    `KBS에서` and `한국(韓國)의` do not."""
    endings: Annotated[str, AfterValidator(_syllables)] = ENDINGS
    """Last syllables of particles (-는, -을, -에서, -까지) and of endings of verbs (-다, -습니다, -고, -지만, -한)."""

    @cached_property
    def _table(self) -> NDArray[np.uint8]:
        return syllable_table(self.endings)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Ratios and lengths as float64; 0 where there is nothing to divide by."""
        counts = hangul(*buffers(batch["text"]), self._table)
        several = counts.eojeols - counts.single
        return {
            "hangul_ratio": text.ratio(counts.syllables + counts.jamo, counts.letters),
            "jamo_ratio": text.ratio(counts.jamo, counts.letters),
            "rare_syllable_ratio": text.ratio(counts.rare, counts.syllables),
            "eojeol_length": text.ratio(counts.syllables, counts.eojeols),
            "single_syllable_ratio": text.ratio(counts.single, counts.eojeols),
            "ending_ratio": text.ratio(counts.ended, several),
            "glued_ratio": text.ratio(counts.glued, counts.eojeols),
        }
