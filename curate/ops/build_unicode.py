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

ZERO_WIDTH_SPACE, TATWEEL = 0x200B, 0x0640

KIND_NAMES = {
    unicode.HAN: "CJK (?:UNIFIED|COMPATIBILITY) IDEOGRAPH|IDEOGRAPHIC (?:ITERATION|CLOSING|NUMBER)"
    "|VERTICAL IDEOGRAPHIC ITERATION|HANGZHOU NUMERAL|NUSHU|TANGUT|KHITAN|YI SYLLABLE",
    unicode.HIRAGANA: "HIRAGANA|HENTAIGANA",
    unicode.EXTENDER: "(?:HALFWIDTH )?KATAKANA-HIRAGANA PROLONGED",
    unicode.KATAKANA: "KATAKANA|HALFWIDTH KATAKANA|BOPOMOFO",
    unicode.LEADING: "(?:THAI CHARACTER SARA|LAO VOWEL SIGN) (?:E|EI|AE|O|AI MAI(?:MUAN|MALAI)|AI|AY)$",
    unicode.FINAL: "THAI CHARACTER (?:SARA A|SARA AM|MAIYAMOK|PAIYANNOI)$|KHMER SIGN LEK TOO$"
    "|LAO (?:VOWEL SIGN A|VOWEL SIGN AM|KO LA|ELLIPSIS)$",
    unicode.THAI: "THAI CHARACTER|LAO |TAI LE |NEW TAI LUE |TAI VIET ",
    unicode.KHMER: "KHMER |JAVANESE |BALINESE |AHOM ",
    unicode.MYANMAR: "MYANMAR |TAI THAM ",
}
"""Names of the letters of scripts that put no spaces between words, by kind; the first that fits holds."""

WORDS_ALONE = frozenset(
    "的了是在和有也就都你月等与與或将將被但並并从從您她它对對后後又让讓把给給于於說说吧较較若却卻跟呢吗嗎啊谁誰亦啦我他"
)
"""Ideographs that are mostly words alone: particles, pronouns, prepositions, conjunctions."""

PARTICLES = frozenset("のにをはがでともやへ")
"""Hiragana that are mostly Japanese particles."""

BROAD_VOWELS = "าๅາ"
"""Letters by category, which stay with their consonant as marks do."""

MARK_KINDS = {unicode.STACKER: "\u17d2\u1039\u1a60\u1b44\ua9c0", unicode.KILLER: "\u103a\u1a7a"}

BREAK_NAMES = re.compile(
    "IDEOGRAPHIC COMMA|FULLWIDTH (?:COMMA|COLON|SEMICOLON)$|KATAKANA MIDDLE DOT$|ETHIOPIC WORDSPACE$"
    "|TIBETAN MARK (?:INTERSYLLABIC|DELIMITER) TSHEG"
)
"""Names of punctuation behind which a word ends; what can end a sentence and is not ASCII does so too."""

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
    bits = unicode.SPACE if code in WHITE_SPACE or code == ZERO_WIDTH_SPACE else 0
    bits |= {"L": unicode.LETTER, "N": unicode.NUMBER, "P": unicode.PUNCTUATION, "S": unicode.SYMBOL}.get(
        category[0], 0
    )
    bits |= {"Lu": unicode.UPPER, "Lt": unicode.UPPER, "Ll": unicode.LOWER, "Nd": unicode.DIGIT}.get(category, 0)
    if (category[0] == "M" or category == "Cf" or character in BROAD_VOWELS) and not bits & unicode.SPACE:
        bits |= unicode.JOINER
    if category == "Po" and TERMINAL_NAMES.search(name) and not name.startswith("INVERTED"):
        bits |= unicode.TERMINAL
    if code == TATWEEL:
        bits = unicode.JOINER
    if not bits & (unicode.SPACE | unicode.PUNCTUATION | unicode.SYMBOL | unicode.JOINER) or character in BROAD_VOWELS:
        bits |= unicode.PLAIN
    kind = kind_of(character)
    return bits | kind | (unicode.UNSPACED if unicode.HAN <= kind <= unicode.MYANMAR else 0)


def kind_of(character: str) -> int:
    """The kind of a code point, 0 for most."""
    category, name = unicodedata.category(character), unicodedata.name(character, "")
    if category in ("Lo", "Lm", "Nl") and character not in BROAD_VOWELS:
        return _letter_kind(character, name)
    if category[0] == "M":
        return next((kind for kind, marks in MARK_KINDS.items() if character in marks), 0)
    ends = TERMINAL_NAMES.search(name) and not name.startswith("INVERTED") and "ELLIPSIS" not in name
    if category[0] == "P" and character > "\x7f" and ((category == "Po" and ends) or BREAK_NAMES.match(name)):
        return unicode.BREAK
    return 0


def _letter_kind(character: str, name: str) -> int:
    if character in WORDS_ALONE:
        return unicode.ALONE
    if character in PARTICLES:
        return unicode.PARTICLE
    if re.match("HANGUL (?:JUNGSEONG|JONGSEONG)", name):
        return unicode.TAIL
    return next((kind for kind, names in KIND_NAMES.items() if re.match(names, name)), 0)


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
