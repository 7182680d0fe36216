"""Bytes of a page → text, and how it was found out: declared, detected or repaired.

The order is that of the HTML standard (byte order mark, then the transport's charset, then `<meta>`),
but what is declared is verified: bytes that are valid UTF-8 beyond ASCII are UTF-8 whatever a page
says, and a declaration that the bytes contradict, or one of `iso-8859-1` over text of another script, gives
way to detection. Encoding labels are those of the WHATWG Encoding Standard, so `iso-8859-1` means windows-1252.
"""

import codecs
import re
from typing import NamedTuple

from curate.ingest.records import Decoding

CODECS = {
    "shift_jis": "cp932",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "iso8859-11": "cp874",
    "koi8-r": "koi8-u",
}
"""Where Python's codec of the standard's name is narrower than what the standard decodes."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_META = re.compile(
    rb"""<(?:meta[^>]{0,300}?|\?xml[^>]{0,100}?en)c(?:harset|oding)\s*=\s*["']?\s*([A-Za-z0-9_:.\-]{2,40})""",
    re.IGNORECASE,
)
_WINDOW = 1 << 14
"""How far into a page `<meta>` is looked for; the standard says 1,024 bytes, old pages need more."""
_DETECT = 1 << 17
"""How much of a page the detector reads."""
_HIGH = re.compile(rb"[\x80-\xff]")
_C1 = re.compile(rb"[\x80-\x9f]")
_LETTERS = re.compile(rb"[\xa1-\xff]+")
_PAIR = re.compile(rb"[\xa1-\xfe]{2}")
_WHOLE = re.compile(r"[^\x00-\x7f\ufffd]")
_SINGLE = ("iso8859", "cp125", "koi8", "mac")
_UNDEFINED = {0x81, 0x8D, 0x8F, 0x90, 0x9D}
"""Bytes that windows-1252 leaves open and the standard maps to C1 controls."""


class Decoded(NamedTuple):
    """Text fit to be stored, the codec's name, and how far it can be trusted."""

    text: str
    encoding: str
    decoding: Decoding


def decode(data: bytes, charset: str | None = None, *, markup: bool = True) -> Decoded:
    """A page's bytes as text without lone surrogates and NUL; never raises.

    `charset` is what the transport declared; without `markup` no declaration is looked for in the text.
    """
    for bom, name in _BOMS:
        if data.startswith(bom):
            return _as(data[len(bom) :], name, "declared")
    declared = _label(charset) or (_declared(data) if markup else None)
    if wide := _wide(data):
        return _as(data, wide, "detected")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _legacy(data, declared, error)
    if text.isascii():
        if declared == "iso2022_jp" and "\x1b$" in text:
            return _as(data, declared, "declared")
        return _clean(text, declared or "utf-8", "declared" if declared else "detected")
    return _clean(text, "utf-8", "declared" if declared == "utf-8" else "detected")


def clean(text: str) -> tuple[str, bool]:
    """Text that UTF-8 can hold, without NUL, and whether that took a repair.

    A lone surrogate becomes U+FFFD. NUL is removed, as browsers do in text: it means nothing there, and
    libraries that take C strings would stop at it.
    """
    repaired = False
    if "\0" in text:
        text, repaired = text.replace("\0", ""), True
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return _paired(text), True
    return text, repaired


def _paired(text: str) -> str:
    """Join surrogate pairs, replace what is left of them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _clean(text: str, encoding: str, decoding: Decoding) -> Decoded:
    text = text.removeprefix("\ufeff")
    text, repaired = clean(text)
    return Decoded(text, encoding, "repaired" if repaired else decoding)


def _as(data: bytes, encoding: str, decoding: Decoding) -> Decoded:
    try:
        return _clean(data.decode(encoding), encoding, decoding)
    except UnicodeDecodeError:
        return _clean(data.decode(encoding, "replace"), encoding, "repaired")


def _label(label: str | None) -> str | None:
    """Python's codec for a declared label, None for one that the standard does not know."""
    if not label:
        return None
    from resiliparse.parse.encoding import map_encoding_to_html5

    name = map_encoding_to_html5(label.strip("\"' \t").lower(), fallback_utf8=False)
    return None if name is None else CODECS.get(name, name)


def _declared(data: bytes) -> str | None:
    """What the page says of itself. A page that can be read as ASCII so far cannot be UTF-16."""
    for found in _META.finditer(data[:_WINDOW]):
        name = _label(found.group(1).decode("ascii"))
        if name:
            return "utf-8" if name.startswith("utf-16") else name
    return None


def _wide(data: bytes) -> str | None:
    """UTF-16 without a mark shows at once in markup, and in Latin text: every other byte is NUL."""
    head = data[:256]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if even and odd:
        return None
    if odd * 3 > len(head) or head.startswith(b"<\0"):
        return "utf-16-le"
    return "utf-16-be" if even * 3 > len(head) or head.startswith(b"\0<") else None


def _legacy(data: bytes, declared: str | None, error: UnicodeDecodeError) -> Decoded:
    """Bytes that are no UTF-8: as declared if that holds, else as detected, else repaired."""
    if declared and declared != "utf-8" and not (declared == "cp1252" and _foreign(_window(data))):
        text = _strict(data, declared)
        if text is not None:
            return _clean(text, declared, "declared")
    if _mostly_utf8(data, error):
        return _clean(data.decode("utf-8", "replace"), "utf-8", "repaired")
    detected = _detected(data)
    text = _strict(data, detected)
    if text is not None:
        return _clean(text, detected, "detected")
    return _clean(data.decode(declared or detected, "replace"), declared or detected, "repaired")


def _strict(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "cp1252" and data[error.start] in _UNDEFINED:
            return data.decode(encoding, "sluice.c1")
        return None


def _c1_controls(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return "".join(chr(byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error("sluice.c1", _c1_controls)


def _mostly_utf8(data: bytes, error: UnicodeDecodeError) -> bool:
    """Whether valid multi-byte sequences outnumber what breaks UTF-8, which chance does not bring about."""
    text = data[max(0, error.start - _DETECT) : error.start + _DETECT].decode("utf-8", "replace")
    return len(_WHOLE.findall(text)) > text.count("\ufffd")


def _detected(data: bytes) -> str:
    """The detector's guess from what lies around the page's first bytes beyond ASCII.

    It reads tea leaves where there are few of them: a guess at a script or region whose letters make up
    less than 1 in 500 bytes, or that turns punctuation into C1 controls, gives way to windows-1252.
    """
    from resiliparse.parse.encoding import detect_encoding

    window = _window(data)
    name = detect_encoding(window, max_len=_DETECT) or "cp1252"
    name = CODECS.get(name, name)
    if name == "utf-8" and _korean(window):
        return "cp949"
    if name == "utf-8" or (name.startswith(_SINGLE) and _unlikely(window, name)):
        return "cp1252"
    return name


def _window(data: bytes) -> bytes:
    first = _HIGH.search(data)
    start = max(0, (first.start() if first else 0) - 1024)
    return data[start : start + _DETECT]


def _foreign(window: bytes) -> bool:
    """Whether most bytes beyond ASCII stand three and more in a row, as no Western language writes its letters.

    `iso-8859-1` is what servers and editors declare that were never told; the detector knows better then.
    """
    runs = [len(run) for run in _LETTERS.findall(window)]
    return 2 * sum(run for run in runs if run > 2) > sum(runs)


def _korean(window: bytes) -> bool:
    """EUC-KR, which the detector does not tell: pairs of high bytes whose first lies where Hangul is (KS X 1001)."""
    pairs = _PAIR.findall(window)
    hangul = sum(0xB0 <= pair[0] <= 0xC8 for pair in pairs)
    return hangul > 3 and hangul * 10 > len(pairs) * 8 and len(pairs) * 20 > len(_HIGH.findall(window)) * 9


def _unlikely(window: bytes, name: str) -> bool:
    high = len(_HIGH.findall(window))
    return high * 500 < len(window) or (name.startswith("iso8859") and _C1.search(window) is not None)
