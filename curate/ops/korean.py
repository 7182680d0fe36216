"""What Korean text is made of: syllables, lone jamo, and eojeol, the runs that Korean puts spaces between.

Conjoining jamo (U+1100 on) are read as the syllables that they make, so that decomposed text (NFD, as file systems and
some editors leave it) measures as composed text does. An *eojeol* is a run of non-white space that holds a syllable.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import IN_I32, IN_U8, IN_U16, OUT_I64_2D, VOID, i64, inline, kernel
from curate.ops.unicode import ALONE, HAN, JOINER, KIND, LETTER, SPACE, decode

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]
Counts = NDArray[np.int64]

FIRST, LAST = 0xAC00, 0xD7A3
"""The 11,172 syllables."""
ARAEA = 0x318D
"""A vowel of the past, today a middle dot: no letter here."""
COMMON, ENDING = 1, 2
"""Bits of `syllable_table`."""
NONE, HANGUL, IDEOGRAPH, OTHER = range(4)
"""What a code point is to the count of changes of script."""


class Hangul(NamedTuple):
    """Per text (int64).

    Letters of all scripts, a decomposed syllable being one; syllables; jamo by themselves; syllables that are not
    common; eojeol; those of one syllable, those that end in an ending, those of letters that change script twice.
    """

    letters: Counts
    syllables: Counts
    jamo: Counts
    rare: Counts
    eojeols: Counts
    single: Counts
    ended: Counts
    glued: Counts


LETTERS, SYLLABLES, LONE, RARE, EOJEOLS, SINGLE, ENDED, GLUED = range(8)


def syllable_table(endings: str) -> Bytes:
    """Bits for every syllable: whether it is common, and whether it is one of `endings`.

    Common are the 2,350 that KS X 1001 lists, whose form in EUC-KR is two bytes.
    """
    syllables = [chr(code) for code in range(FIRST, LAST + 1)]
    common = [len(syllable.encode("euc_kr")) == 2 for syllable in syllables]
    ending = [syllable in endings for syllable in syllables]
    return np.array(common, np.uint8) * COMMON + np.array(ending, np.uint8) * ENDING


@inline
def _next(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """The code point that starts at byte `at`, with the conjoining jamo behind it that make one syllable of it."""
    code, at = decode(data, at, end)
    if 0x1100 <= code <= 0x1112 and at < end:
        vowel, after = decode(data, at, end)
        if 0x1161 <= vowel <= 0x1175:
            code = FIRST + ((code - 0x1100) * 21 + vowel - 0x1161) * 28
            at = after
    if FIRST <= code <= LAST and (code - FIRST) % 28 == 0 and at < end:
        final, after = decode(data, at, end)
        if 0x11A8 <= final <= 0x11C2:
            return code + final - 0x11A7, after
    return code, at


@inline
def _is_jamo(code: int) -> bool:
    """Whether it is a jamo of any block, compatibility, half-width or conjoining; fillers and ㆍ are none."""
    conjoining = 0x1100 <= code <= 0x11FF or 0xA960 <= code <= 0xA97C or 0xD7B0 <= code <= 0xD7FB
    alone = 0x3131 <= code <= 0x318E or 0xFFA1 <= code <= 0xFFDC
    return (conjoining and code not in (0x115F, 0x1160)) or (alone and code not in (0x3164, ARAEA))


@inline
def _script(code: int, bits: int) -> int:
    if FIRST <= code <= LAST:
        return HANGUL
    if not bits & LETTER or _is_jamo(code):
        return NONE
    return IDEOGRAPH if bits & KIND in (HAN, ALONE) else OTHER


@inline
def _eojeol(data: Bytes, at: int, end: int, classes: Classes, table: Bytes, out: Counts, row: int) -> int:
    """Count what stands from byte `at` to the next white space; where it ends."""
    syllables = changes = last = i64(0)
    script = i64(NONE)
    while at < end:
        code, after = _next(data, at, end)
        bits = i64(classes[code])
        if bits & SPACE:
            break
        at = after
        if code == ARAEA:
            bits = i64(0)
        if bits & JOINER:
            continue
        now = _script(code, bits)
        changes += script != NONE and now not in (NONE, script)
        script = now
        out[LETTERS, row] += bits & LETTER != 0
        out[LONE, row] += _is_jamo(code)
        if now == HANGUL:
            last = i64(table[code - FIRST])
            syllables += 1
            out[RARE, row] += not last & COMMON
        elif bits & LETTER:
            last = i64(0)
    out[SYLLABLES, row] += syllables
    out[EOJEOLS, row] += syllables > 0
    out[SINGLE, row] += syllables == 1
    out[ENDED, row] += syllables > 1 and last & ENDING != 0
    out[GLUED, row] += syllables > 0 and changes > 1
    return at


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_U8, OUT_I64_2D)
def _hangul(offsets: Offsets, data: Bytes, classes: Classes, table: Bytes, out: Counts) -> None:
    for row in range(out.shape[1]):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            code, after = decode(data, at, end)
            at = after if i64(classes[code]) & SPACE else _eojeol(data, at, end, classes, table, out, row)


def hangul(offsets: Offsets, data: Bytes, table: Bytes) -> Hangul:
    """Count; `table` is that of `syllable_table`."""
    out = np.zeros((len(Hangul._fields), len(offsets) - 1), np.int64)
    _hangul(offsets, data, unicode.classes(), table, out)
    return Hangul(*out)
