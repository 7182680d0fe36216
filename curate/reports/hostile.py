"""Text from the web, made safe to show: it must not drive a terminal, break a table or run in a browser.

HTML is escaped by the template engine; what is done here is what escaping leaves undone: control
characters, bidirectional overrides, invisible characters, lone surrogates, and length.
"""

import json
import re
import unicodedata

from rich.cells import cell_len, set_cell_size

JOINERS = "\u200c\u200d"
"""Zero-width joiners: they steer nothing, and Persian and emoji need them."""
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
MARKS_IN_A_ROW = 4
FAR = 10_000
"""Characters of a name that are looked at at all."""
_SPECIAL = re.compile(r"[\\`*\[\]#|~$]|(?<![^\W_])_|_(?![^\W_])|:(?=//)|(?<=www)\.|^[-+=]")
_MARKS = re.compile(
    rf"([\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{{{MARKS_IN_A_ROW}}})"
    r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def visible(text: object, *, lines: bool = False) -> str:
    r"""The text with every character that steers or hides made visible: `␛[31m`, `\u202e`.

    Line feeds and tabs stay where `lines` says so, and are shown as `␊` and `␉` where it does not.
    Piles of combining marks are cut to four.
    """
    text = _MARKS.sub(r"\1", str(text))
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if lines and c in "\n\t" else _shown(c) for c in text)


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if character in JOINERS or unicodedata.category(character) not in HIDDEN:
        return character
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def short(text: object, cells: int) -> str:
    """One visible line of at most `cells` terminal cells, its middle cut out where it is longer."""
    whole = str(text)
    if len(whole) > FAR:
        whole = whole[: FAR // 2] + "…" + whole[-FAR // 2 :]
    line = visible(whole)
    if cell_len(line) <= cells:
        return line
    tail = line[-(cells // 3) :]
    while cell_len(tail) > cells // 3:
        tail = tail[1:]
    return set_cell_size(line, max(cells - 1 - cell_len(tail), 0)).rstrip() + "…" + tail


def excerpt(text: object, characters: int, *, lines: bool = False) -> str:
    """The first `characters` characters of a text, made visible; `…` where something was cut."""
    whole = str(text or "")
    head = whole[:characters]
    return visible(head, lines=lines) + ("…" if len(whole) > len(head) else "")


def markdown(text: object) -> str:
    """The text as Markdown that means itself, in a table cell too: no markup, link, HTML or second line."""
    escaped = _SPECIAL.sub(lambda found: "\\" + found[0], visible(text))
    return escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text: object) -> str:
    """The text as inline code in Markdown, whatever backticks and pipes it holds."""
    inside = visible(text).replace("|", "\\|") or " "
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", inside)), default=0))
    return f"{fence} {inside} {fence}" if "`" in inside else f"{fence}{inside}{fence}"


def quoted(text: object) -> str:
    """The text as a YAML double-quoted scalar (JSON is one)."""
    return json.dumps(visible(text), ensure_ascii=False)
