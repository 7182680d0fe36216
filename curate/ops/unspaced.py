"""Words in scripts that put no spaces between them, by rules that need no dictionary.

Two ideographs, or one and the hiragana behind it; one that is mostly a word alone; two hiragana, or one that is
mostly a particle; a run of katakana or bopomofo; four consonants of Thai or Lao, three of Khmer, two syllables of
Burmese, each with vowels and marks, a Thai or Lao word ending before a vowel that leads a syllable and behind a
letter that ends one. The kinds of letters are in `unicode.py`; the numbers make as many words as segmenters do:
`docs/words.md` has the measurements.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, I64_3, IN_U8, IN_U16, i64, inline, kernel
from curate.ops.unicode import (
    EXTENDER,
    FINAL,
    HAN,
    HIRAGANA,
    JOINER,
    KATAKANA,
    KHMER,
    KILLER,
    KIND,
    LEADING,
    MYANMAR,
    PARTICLE,
    STACKER,
    THAI,
    UNSPACED,
    decode,
)

Bytes = NDArray[np.uint8]


@inline
def _goes_on(last: int, letters: int, kind: int) -> bool:
    """Whether a letter stays in a word of South-East Asia that has some consonants."""
    if last == STACKER or kind == FINAL:
        return True
    if kind == LEADING or last == FINAL:
        return False
    limit = 4 if kind == THAI else 3 if kind == KHMER else 2
    return last == LEADING or letters < limit


@inline
def _joins(first: int, last: int, letters: int, kind: int, silenced: bool) -> bool:
    """Whether a letter without spaces, of some kind, goes on with a word whose first and last letters' kinds are given.

    `letters` is how many the word has so far, those that lead a syllable apart; `last` is `STACKER` behind a virama.
    """
    if first >= LEADING:
        return kind >= LEADING and (letters == 0 or silenced or _goes_on(last, letters, kind))
    if first in (KATAKANA, EXTENDER):
        return kind in (KATAKANA, EXTENDER)
    if first in (HIRAGANA, PARTICLE):
        return kind == EXTENDER or (first == kind == HIRAGANA and letters == 1)
    return first == HAN and letters == 1 and kind in (HAN, HIRAGANA)


@kernel(I64_3, IN_U8, I64, I64, IN_U16, called=True)
def unspaced_word(data: Bytes, at: int, end: int, classes: NDArray[np.uint16]) -> tuple[int, int, int]:
    """The word of letters without spaces that starts at byte `at`: where it ends, its length and classes."""
    code, at = decode(data, at, end)
    union = i64(classes[code])
    first = last = union & KIND
    length, letters = i64(1), i64(first != LEADING)
    while at < end:
        code, after = decode(data, at, end)
        bits = i64(classes[code])
        kind = bits & KIND
        if bits & UNSPACED:
            following = i64(0)
            if kind == MYANMAR and after < end:
                following, _ = decode(data, after, end)
            if not _joins(first, last, letters, kind, i64(classes[following]) & KIND == KILLER):
                break
            letters += kind not in (LEADING, FINAL)
            last = kind
        elif not bits & JOINER:
            break
        elif kind == STACKER:
            last = kind
        union |= bits
        length += 1
        at = after
    return at, length, union
