"""The script that a text is mostly written in, by the blocks of Unicode that its letters lie in."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode, windows
from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I32, OUT_I64, OUT_U8, VOID, i64, inline, kernel

SCRIPTS = (
    "other", "latin", "greek", "cyrillic", "armenian", "hebrew", "arabic", "devanagari", "bengali", "tamil", "telugu",
    "indic", "thai", "southeast_asian", "georgian", "ethiopic", "hangul", "kana", "han",
)  # fmt: skip
"""What a text can be written in; `other` where it has no letter of the rest."""

_BLOCKS = (
    ("latin", 0x41, 0x5B), ("latin", 0x61, 0x7B), ("latin", 0xC0, 0x250), ("latin", 0x1E00, 0x1F00),
    ("latin", 0xFF21, 0xFF5B), ("greek", 0x370, 0x400), ("greek", 0x1F00, 0x2000), ("cyrillic", 0x400, 0x530),
    ("armenian", 0x531, 0x590), ("hebrew", 0x5D0, 0x600), ("arabic", 0x620, 0x700), ("arabic", 0x750, 0x780),
    ("arabic", 0xFB50, 0xFE00), ("arabic", 0xFE70, 0xFF00), ("devanagari", 0x900, 0x980), ("bengali", 0x980, 0xA00),
    ("indic", 0xA00, 0xB80), ("tamil", 0xB80, 0xC00), ("telugu", 0xC00, 0xC80), ("indic", 0xC80, 0xE00),
    ("thai", 0xE00, 0xE80), ("southeast_asian", 0xE80, 0xF00), ("southeast_asian", 0x1000, 0x10A0),
    ("georgian", 0x10A0, 0x1100), ("hangul", 0x1100, 0x1200), ("ethiopic", 0x1200, 0x13A0),
    ("southeast_asian", 0x1780, 0x1800), ("kana", 0x3040, 0x3100), ("hangul", 0x3130, 0x3190), ("han", 0x3400, 0x4DC0),
    ("han", 0x4E00, 0xA000), ("hangul", 0xAC00, 0xD7B0), ("han", 0xF900, 0xFB00), ("kana", 0xFF66, 0xFFA0),
    ("han", 0x20000, 0x32000),
)  # fmt: skip
"""Half-open ranges of code points, after the Unicode Standard's list of blocks; signs between letters cost nothing."""


@cache
def _table() -> NDArray[np.uint8]:
    table = np.zeros(0x32000, np.uint8)
    for script, low, high in _BLOCKS:
        table[low:high] = SCRIPTS.index(script)
    return table


def written_in(offsets: NDArray[np.int32], data: NDArray[np.uint8], window: int) -> NDArray[np.int32]:
    """The number in `SCRIPTS` of most letters among the first `window` bytes of each text; of two alike, the first.

    Where kana are a fifth of kana and Han, the text is Japanese and all of these count as kana.
    """
    found = np.zeros(len(offsets) - 1, np.int32)
    _written_in(offsets, data, window, _table(), np.zeros(len(SCRIPTS), np.int64), found)
    return found


_LATIN, _KANA, _HAN = SCRIPTS.index("latin"), SCRIPTS.index("kana"), SCRIPTS.index("han")


@inline
def _script(table: NDArray[np.uint8], data: NDArray[np.uint8], at: int, end: int) -> int:
    code, _ = unicode.decode(data, at, end)
    return i64(table[code]) if code < len(table) else i64(0)


@kernel(VOID, IN_I32, IN_U8, I64, OUT_U8, OUT_I64, OUT_I32)
def _written_in(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    window: int,
    table: NDArray[np.uint8],
    counts: NDArray[np.int64],
    found: NDArray[np.int32],
) -> None:
    for row in range(len(offsets) - 1):
        counts[:] = 0
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        stop = min(end, at + window)
        while at + windows.SIZE <= stop:
            counts[_LATIN] += windows.ones(windows.letters(data, at))
            leads = windows.among(data, at, 0xC0, 0xFF)
            while leads:
                counts[_script(table, data, at + windows.lowest(leads), end)] += 1
                leads &= leads - windows.ONE
            at += windows.SIZE
        while at < stop:
            counts[_script(table, data, at, end)] += data[at] & 0xC0 != 0x80
            at += 1
        counts[0] = 0
        if 4 * counts[_KANA] >= counts[_HAN]:
            counts[_KANA] += counts[_HAN] if counts[_KANA] else 0
        best = 0
        for script in range(1, len(counts)):
            if counts[script] > counts[best]:
                best = script
        found[row] = best
