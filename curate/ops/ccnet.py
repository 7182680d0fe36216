"""CCNet's normal form of text for language models, which its published models were trained on.

Source: cc_net (Wenzek et al. 2020, https://arxiv.org/abs/1911.00359), `text_normalizer.normalize`: lower case;
canonical decomposition without non-spacing marks; every decimal digit a 0; typographic punctuation in ASCII;
control characters gone. Each code point is mapped by itself, so that a final sigma is σ here and ς there.
"""

import unicodedata
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U32, OUT_I32, OUT_U8, i64, kernel
from curate.ops.normal import encode
from curate.ops.unicode import NOTHING, SEVERAL, decode

VERSION = unicodedata.unidata_version
"""The version of Unicode that decides what letters, marks and digits are."""

PUNCTUATION = {
    **dict.fromkeys("，、", ","),
    **dict.fromkeys("。", "."),
    **dict.fromkeys("„”“«»」「《》", '"'),
    **dict.fromkeys("´’", "'"),
    **dict.fromkeys("∶：", ":"),
    **dict.fromkeys("–━►", "-"),
    "？": "?", "！": "!", "（": "(", "）": ")", "；": ";", "～": "~", "〈": "<", "〉": ">", "【": "[", "％": "%",
    "】": "]", "—": " - ", "．": ". ", "…": "...",
}  # fmt: skip
"""What cc_net makes of each mark."""

_MAPPED = ((0, 0x20000), (0x2F800, 0x2FA20), (0xE0100, 0xE01F0))
"""Code points outside these ranges are themselves."""


class Mapping(NamedTuple):
    """As `unicode.Folds`: per code point one code point, `NOTHING`, or several of `expansions`."""

    table: NDArray[np.uint32]
    expansions: NDArray[np.uint32]


def mapped(character: str, *, keep_lines: bool) -> str:
    """What becomes of one code point."""
    if character == "\n" and keep_lines:
        return character
    parts = [c for c in unicodedata.normalize("NFD", character.lower()) if unicodedata.category(c) != "Mn"]
    digits = ("0" if unicodedata.category(c) == "Nd" else c for c in parts)
    marks = (PUNCTUATION.get(c, c) for c in digits)
    return "".join(c for c in marks if not (ord(c[0]) < 0x20 or 0x7F <= ord(c[0]) < 0xA0))


@cache
def mapping(*, keep_lines: bool) -> Mapping:
    """The mapping of all code points; 4.5 MB, made once a process."""
    table = np.arange(0x110000, dtype=np.uint32)
    expansions: list[int] = []
    for first, stop in _MAPPED:
        for code in range(first, stop):
            text = mapped(chr(code), keep_lines=keep_lines)
            if len(text) == 1:
                table[code] = ord(text)
            else:
                table[code] = (SEVERAL | len(expansions) << 5 | len(text)) if text else NOTHING
                expansions += map(ord, text)
    return Mapping(table, np.array(expansions, np.uint32))


def normalise(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], *, keep_lines: bool
) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Offsets and bytes of the normal forms.

    `keep_lines` spares line feeds, which cc_net takes for control characters: it glues the words around them.
    """
    table, expansions = mapping(keep_lines=keep_lines)
    starts = np.zeros(len(offsets), np.int32)
    nothing = np.zeros(0, np.uint8)
    size = _normalise(offsets, data, table, expansions, 0, starts, nothing)
    if size > np.iinfo(np.int32).max:
        raise OverflowError(f"{len(data)} bytes of text are more than can be normalised at once")
    out = np.empty(size, np.uint8)
    _normalise(offsets, data, table, expansions, 1, starts, out)
    return starts, out


@kernel(I64, IN_I32, IN_U8, IN_U32, IN_U32, I64, OUT_I32, OUT_U8)
def _normalise(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    table: NDArray[np.uint32],
    expansions: NDArray[np.uint32],
    write: int,
    starts: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> int:
    """Bytes of all normal forms; they and their offsets are written only where asked for."""
    filled = i64(0)
    for row in range(len(starts) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            code, at = decode(data, at, end)
            value = i64(table[code])
            first, stop = i64(0), i64(1)
            if value & SEVERAL:
                first = (value & NOTHING) >> 5
                stop = first + (value & 31)
            for i in range(first, stop if value != NOTHING else first):
                code = i64(expansions[i]) if value & SEVERAL else value
                if write:
                    filled = encode(code, out, filled)
                else:
                    filled += 1 + (code >= 0x80) + (code >= 0x800) + (code >= 0x10000)
        if write:
            starts[row + 1] = filled
    return filled
