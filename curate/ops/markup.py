"""Markup as text: telling it from text, and bounding what it costs to parse. All scans are linear."""

import re
from collections.abc import Iterable

import numpy as np

HTML = ("text/html", "application/xhtml+xml")
"""MIME types of markup."""
WINDOW = 4096
"""How far into a payload its type is looked for."""
_LEAD = rb"""(?is)\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]{0,200}\?>\s*|<!--(?:(?!-->).){0,2000}-->\s*)*"""
_DOCUMENT = re.compile(_LEAD + rb"<(?:!doctype\s+(?:html|[^>]{0,40}\bhtml)|html|head|body|title|meta|frameset)\b")
_FRAGMENT = re.compile(
    _LEAD + rb"<(?:div|p|article|section|main|table|h[1-6]|ul|ol|span|center|font|script|style|link)\b[^<>]*>"
)
_INSIDE = re.compile(rb"(?i)<(?:!doctype\s+html|html|head|body)\b")
_TAG = re.compile(r"<[A-Za-z](?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+")
"""A tag with its attributes; a quote counts only where a value begins. Never backtracks."""
_VALUES = re.compile(r"=\s*+(?:\"[^\"]*+\"|'[^']*+')")
_OPTION = re.compile(r"<(?:option|(/option))(?=[\s/>])", re.IGNORECASE)
_ROOT = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_FORMATTING = "b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"
_FORMATTED = re.compile(rf"<(?:{_FORMATTING})[\s>/]", re.IGNORECASE)
_MARKER = "td|th|caption|object|applet|marquee|template"
_REOPENED = re.compile(rf"<(/?)(?:({_FORMATTING})|({_MARKER}))(?=[\s/>])([^>]*+)", re.IGNORECASE)
"""Tags that a parser keeps a list of, and those that begin a new list."""
_RAW = "script|style|xmp|iframe|noembed|noframes|plaintext"
_VOID = "area|base|basefont|bgsound|br|col|embed|frame|hr|img|input|keygen|link|meta|param|source|track|wbr"
_NO_ELEMENTS = re.compile(rf"<!--.*?-->|<({_RAW})\b[^>]*>(.*?)</\1>|<(?:{_VOID})\b[^>]*>", re.DOTALL)
"""What does not nest in serialised markup: comments, elements that hold text alone, void elements."""
_FOREIGN = re.compile(r"<(svg|math)\b.*?</\1>", re.DOTALL)
_RAW_TAG = re.compile(rf"<(?:{_RAW})\b[^>]*>[^<]*<(?!/)")
_OPTIONS = 5_000
_ATTRIBUTES = 5_000
_LONG = 1 << 15
"""A tag with so many attributes is at least so long."""
_ELEMENTS = 5_000_000
"""Elements that a document may grow to while it is parsed."""


def is_document(head: bytes) -> bool:
    """Whether a payload begins as an HTML document does, or is one soon after its start."""
    head = head[:WINDOW]
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")):
        head = head.replace(b"\x00", b"").lstrip(b"\xff\xfe")
    if _DOCUMENT.match(head):
        return True
    return head.lstrip()[:1] == b"<" and _INSIDE.search(head) is not None


def is_markup(text: str) -> bool:
    """Whether a text is HTML and not text about HTML: a document, or a fragment that begins and ends with tags."""
    if "<" not in text[:WINDOW]:
        return False
    head = text[:WINDOW].encode("utf-8", "replace")
    if is_document(head):
        return True
    return _FRAGMENT.match(head) is not None and text.rstrip()[-1:] == ">" and "</" in text


def without_options(markup: str) -> str:
    """The markup with the options of menus as plain text, where there are so many that a parser would choke.

    Parsers take time quadratic in the options of a `select`; what they say is no text of the page anyway.
    """
    if markup.count("<") <= _OPTIONS or markup.lower().count("<option") <= _OPTIONS:
        return markup
    return _OPTION.sub(lambda tag: "</wbr" if tag.group(1) else "<wbr", markup)


def overload(markup: str) -> tuple[str, str] | None:
    """Why markup must not be parsed: reason and sentence, or None.

    Parsers take time quadratic in the attributes of one element, and where formatting elements are left
    open they open them again in every block that follows, so that a page of some kilobytes can become
    billions of elements. `max_attributes`: a tag has more than 5,000, or there are as many `html` and
    `body` tags, whose attributes go to one element. `max_elements`: formatting elements left open times
    tags is above 5 million.
    """
    data = np.frombuffer(markup.encode("utf-8", "surrogatepass"), np.uint8)
    starts = np.flatnonzero(data == ord("<"))
    tags = len(starts)
    found: Iterable[re.Match[str] | None] = ()
    if np.diff(starts, append=len(data)).max(initial=0) >= _LONG:
        found = (_TAG.match("<" + part) for part in markup.split("<") if len(part) >= _LONG)
    if tags > _ATTRIBUTES and sum(map(markup.count, ('"<', "'<", "=<"))) + tags - markup.count(">") > _ATTRIBUTES:
        found = _TAG.finditer(markup)
    if any(_attributes(tag.group()) > _ATTRIBUTES for tag in found if tag):
        return "max_attributes", f"a tag with more than {_ATTRIBUTES:,} attributes"
    if tags > _ATTRIBUTES and sum(1 for _ in _ROOT.finditer(markup)) > _ATTRIBUTES:
        return "max_attributes", f"more than {_ATTRIBUTES:,} html and body tags"
    if (
        tags * tags > _ELEMENTS
        and tags * len(_FORMATTED.findall(markup)) > _ELEMENTS
        and tags * _left_open(markup) > _ELEMENTS
    ):
        return "max_elements", f"more than {_ELEMENTS:,} elements, most of them opened again and again"
    return None


def _attributes(tag: str) -> int:
    return 0 if len(tag) < _LONG else len(_VALUES.sub("= ", tag).split())


def _left_open(markup: str) -> int:
    """The longest list of formatting elements that a parser has to open again.

    As the HTML standard has it: at most three of the same tag and attributes, and cells and objects begin
    a list of their own.
    """
    lists: list[dict[str, list[str]]] = [{}]
    size, longest = [0], 0
    for closing, name, marker, attributes in _REOPENED.findall(markup):
        if marker and not closing:
            lists.append({})
            size.append(0)
        elif marker:
            if len(lists) > 1:
                lists.pop()
                size.pop()
        elif closing:
            if lists[-1].get(name.lower()):
                lists[-1][name.lower()].pop()
                size[-1] -= 1
        else:
            same = lists[-1].setdefault(name.lower(), [])
            if same[-3:] != [attributes] * 3:
                same.append(attributes)
                size[-1] += 1
                longest = max(longest, size[-1])
    return longest


def depth(serialised: str) -> int | None:
    """How deep elements nest in what a parser wrote out of its tree; None where only the tree itself can tell.

    There every element that is not void has its end tag, and `<` stands for itself only in comments and
    in the elements that hold text. It may be ambiguous in a script that holds scripts, and in SVG.
    """
    if any("<script" in (match.group(2) or "") for match in _NO_ELEMENTS.finditer(serialised)):
        return None
    if any(_RAW_TAG.search(match.group()) for match in _FOREIGN.finditer(serialised)):
        return None
    data = np.frombuffer(_NO_ELEMENTS.sub("", serialised).encode() + b" ", np.uint8)
    starts = np.flatnonzero(data[:-1] == ord("<"))
    steps = np.where(data[starts + 1] == ord("/"), -1, 1)
    return int(np.cumsum(steps).max(initial=0))
