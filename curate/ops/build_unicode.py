"""Build `unicode.npz`, the character table of all kernels, from Python's `unicodedata`.

Run `python -m curate.ops.build_unicode` after a change here; the table is data of the project, so
that results do not change with the user's Python. Sources: UnicodeData.txt through `unicodedata`
(categories, names, decompositions, case folding), PropList.txt (White_Space).
"""

import re
import unicodedata
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode

CODE_POINTS = 0x110000
PAGE = 256

WHITE_SPACE = frozenset(
    [*range(0x09, 0x0E), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000]
)

UNSPACED_NAMES = re.compile(
    "(?:CJK (?:UNIFIED|COMPATIBILITY) IDEOGRAPH|IDEOGRAPHIC (?:ITERATION|CLOSING|NUMBER)|VERTICAL IDEOGRAPHIC ITERATION"
    "|HANGZHOU NUMERAL|HIRAGANA|KATAKANA|HALFWIDTH KATAKANA|HENTAIGANA|BOPOMOFO|NUSHU|TANGUT|KHITAN|YI SYLLABLE"
    "|THAI CHARACTER|LAO |KHMER |MYANMAR |TIBETAN |TAI LE |NEW TAI LUE |TAI THAM |TAI VIET |JAVANESE |BALINESE |AHOM )"
)
"""Names of the letters of scripts that put no spaces between words."""

TERMINAL_NAMES = re.compile(
    "FULL STOP|QUESTION MARK|EXCLAMATION MARK|INTERROBANG|DANDA|ELLIPSIS|SEMICOLON FULL|SENTENCE|KHAN$|BARIYOOSAN"
    "|IDEOGRAPHIC FULL STOP|SIGN SECTION$|SIGN LITTLE SECTION|PARAGRAPH SEPARATOR|SHAD$|TERMINAL|SIGN CAMNUC PII KUUH"
)
"""Names of punctuation that can end a sentence (much as the property Sentence_Terminal, which `unicodedata` lacks)."""

QUOTES = {"'": "‘’‚‛′‹›＇`´", '"': "“”„‟″«»＂", "-": "‐‑‒–—―−"}
"""Typographic variants that near-identical copies of a text differ in → their ASCII form."""


def _class_of(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    name = unicodedata.name(character, "")
    bits = unicode.SPACE if code in WHITE_SPACE else 0
    bits |= {"L": unicode.LETTER, "N": unicode.NUMBER, "P": unicode.PUNCTUATION, "S": unicode.SYMBOL}.get(
        category[0], 0
    )
    bits |= {"Lu": unicode.UPPER, "Lt": unicode.UPPER, "Ll": unicode.LOWER, "Nd": unicode.DIGIT}.get(category, 0)
    bits |= unicode.JOINER if category[0] == "M" or category == "Cf" else 0
    if category in ("Lo", "Lm", "Nl") and UNSPACED_NAMES.match(name):
        bits |= unicode.UNSPACED
    if category == "Po" and TERMINAL_NAMES.search(name) and not name.startswith("INVERTED"):
        bits |= unicode.TERMINAL
    if not bits & (unicode.SPACE | unicode.PUNCTUATION | unicode.SYMBOL | unicode.JOINER):
        bits |= unicode.PLAIN
    return bits


def _folded(code: int) -> str:
    """Compatibility decomposition, case folding, typographic variants; " " for controls, "" for what is invisible."""
    character = chr(code)
    if 0xD800 <= code < 0xE000:
        return character
    for ascii_form, variants in QUOTES.items():
        if character in variants:
            return ascii_form
    if unicodedata.category(character) == "Cc":
        return " "
    if _invisible(code):
        return ""
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    return "".join(plain for part in folded for plain in (_folded(ord(part)) if part != character else part))


def _invisible(code: int) -> bool:
    """Format characters (zero-width spaces, joiners, soft hyphen, byte order mark) and variation selectors."""
    return unicodedata.category(chr(code)) == "Cf" or 0xFE00 <= code < 0xFE10 or 0xE0100 <= code < 0xE01F0


def classes() -> NDArray[np.uint16]:
    """Class bits of every code point."""
    return np.array([_class_of(code) for code in range(CODE_POINTS)], np.uint16)


def folds() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Per code point what it folds to, and the code points of all foldings to several."""
    table = np.arange(CODE_POINTS, dtype=np.uint32)
    expansions: list[int] = []
    for code in range(CODE_POINTS):
        folded = [ord(part) for part in _folded(code)]
        if len(folded) == 1:
            table[code] = folded[0]
        elif not folded:
            table[code] = unicode.NOTHING
        else:
            table[code] = unicode.SEVERAL | len(expansions) << 5 | len(folded)
            expansions += folded
    return table, np.array(expansions, np.uint32)


def paged(table: NDArray[np.generic], prefix: str) -> dict[str, NDArray[np.generic]]:
    """The table as distinct pages of 256 and the number of the page of each."""
    pages, index = np.unique(table.reshape(-1, PAGE), axis=0, return_inverse=True)
    return {f"{prefix}_pages": pages, f"{prefix}_index": index.astype(np.uint16).ravel()}


def build(path: Path) -> None:
    """Write the table."""
    table, expansions = folds()
    # Foldings are stored as differences: most code points fold to themselves, so that most pages are equal.
    shifted = table - np.arange(CODE_POINTS, dtype=np.uint32)
    arrays = {**paged(classes(), "classes"), **paged(shifted, "folds"), "expansions": expansions}
    np.savez_compressed(path, version=np.array(unicodedata.unidata_version), **arrays)  # type: ignore[arg-type]


if __name__ == "__main__":
    build(unicode.TABLE)
