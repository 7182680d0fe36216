"""Character classes and folding of all 1,114,112 code points, from a table that the project ships.

`classes()` are bit sets (uint16) whose upper four bits are a number, the *kind*; `folds()` says what a code
point becomes in normalised text: its compatibility decomposition (NFKD), case-folded, with typographic
quotes and dashes in their ASCII form, controls as spaces and invisible characters gone. `unicode.npz` is
built by `build_unicode.py`.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline

TABLE = Path(__file__).with_name("unicode.npz")

SPACE = 1
"""White_Space, and the zero width space, which ends a word where none is drawn."""
LETTER = 2
"""General categories L*, but for the Arabic tatweel, which is a mark."""
UPPER = 4
"""Lu and Lt."""
LOWER = 8
"""Ll."""
DIGIT = 16
"""Nd."""
NUMBER = 32
"""N*."""
PUNCTUATION = 64
"""P*."""
SYMBOL = 128
"""S*."""
JOINER = 256
"""Marks (M*), format characters (Cf) and Thai and Lao AA: never a word of their own after a letter."""
UNSPACED = 512
"""Letters of scripts written without spaces between words; their kind says how many make one."""
TERMINAL = 1024
"""Punctuation that can end a sentence."""
PLAIN = 2048
"""Neither white space nor punctuation, symbol or joiner: what makes a word more than decoration."""

KIND = 0xF000
"""Mask of the kind; 0 for most code points."""
(
    HAN,
    ALONE,
    HIRAGANA,
    PARTICLE,
    KATAKANA,
    EXTENDER,
    LEADING,
    FINAL,
    THAI,
    KHMER,
    MYANMAR,
    STACKER,
    KILLER,
    TAIL,
    BREAK,
) = (number << 12 for number in range(1, 16))
"""Kinds. Of letters without spaces: ideographs; those that are words alone; hiragana; those that are particles;
katakana; the prolonged sound mark; vowels that lead a syllable; letters that end one; consonants of scripts like Thai,
like Khmer, like Burmese. Of marks: the virama that stacks consonants, the asat that silences one. `TAIL`: vowels
and finals of decomposed Hangul, which have no length. `BREAK`, the greatest: marks behind which a word ends, white
space or not (tsheg, full stops and commas of such scripts, danda)."""

NOTHING = 0x7FFFFFFF
"""Folds to nothing."""
SEVERAL = 0x80000000
"""Folds to `value & 31` code points of `expansions`, from `(value & 0x7FFFFFFF) >> 5` on."""


class Folds(NamedTuple):
    """`table`: uint32 per code point, itself a code point, `NOTHING`, or `SEVERAL` | start << 5 | length."""

    table: NDArray[np.uint32]
    expansions: NDArray[np.uint32]


@cache
def classes() -> NDArray[np.uint16]:
    """Class bits of every code point; 2.2 MB, loaded once a process."""
    with np.load(TABLE) as stored:
        table: NDArray[np.uint16] = stored["classes_pages"][stored["classes_index"]].ravel()
    return table


@cache
def folds() -> Folds:
    """What every code point folds to; 4.5 MB, loaded once a process."""
    with np.load(TABLE) as stored:
        table = stored["folds_pages"][stored["folds_index"]].ravel()
        table += np.arange(len(table), dtype=np.uint32)
        return Folds(table, stored["expansions"])


@inline
def decode(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """The code point that starts at byte `at`, and where the next one starts.

    Text is valid UTF-8 by Arrow's contract; in a broken buffer a stray byte reads as U+FFFD, so that
    nothing is read beyond `end` and no kernel hangs.
    """
    first = i64(data[at])
    left = end - at
    if first < 0x80:
        return first, at + 1
    if first < 0xE0:
        if first >= 0xC2 and left > 1:
            return (first & 0x1F) << 6 | (i64(data[at + 1]) & 0x3F), at + 2
    elif first < 0xF0:
        if left > 2:
            low = (i64(data[at + 1]) & 0x3F) << 6 | (i64(data[at + 2]) & 0x3F)
            return (first & 0x0F) << 12 | low, at + 3
    elif first < 0xF5 and left > 3:
        middle = (i64(data[at + 1]) & 0x3F) << 12 | (i64(data[at + 2]) & 0x3F) << 6
        code = (first & 0x07) << 18 | middle | (i64(data[at + 3]) & 0x3F)
        return min(code, i64(0x10FFFF)), at + 4
    return i64(0xFFFD), at + 1
