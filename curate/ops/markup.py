"""Markup as text: telling it from text, and bounding what it costs to parse. All scans are linear."""

import re

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
_TAG = re.compile(r"<(?:(!--)|(/?)([A-Za-z][^\s/>]*+)(?:[^>=]++|=\s*+(?:\"[^\"]*+\"|'[^']*+')?+)*+)")
"""A comment's start, or a tag with its attributes; a quote counts only where a value begins. Never backtracks."""
_VALUES = re.compile(r"=\s*+(?:\"[^\"]*+\"|'[^']*+')")
_OPTION = re.compile(r"<(/?)option(?=[\s/>])", re.IGNORECASE)
_ROOT = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_RAW = frozenset(["script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"])
"""Elements whose content is no markup."""
_FLAT = frozenset(
    [
        *(
            "area",
            "base",
            "br",
            "col",
            "embed",
            "hr",
            "img",
            "input",
            "link",
            "meta",
            "param",
            "source",
            "track",
            "wbr",
        ),
        *("p", "li", "dt", "dd", "option", "optgroup", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup"),
        *("caption", "html", "head", "body", "wbr"),
    ]
)
"""Elements that are void, or that the next one of their kind closes: by themselves they do not nest."""
_OPTIONS = 5_000
_ATTRIBUTES = 5_000
_LONG = 1 << 15
"""A tag with so many attributes is at least so long."""


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
    return _OPTION.sub(r"<\1x-option", markup) if markup.count("ption") > _OPTIONS else markup


def overload(markup: str, max_depth: int) -> tuple[str, str] | None:
    """Why markup costs more than it can be worth: reason and sentence, or None.

    `max_depth`: elements nest deeper. Follows the stack of open elements as a browser does in outline: a
    closing tag closes all that was opened within, or nothing where there is no such element; comments
    and scripts are passed over. `max_attributes`: a tag has more than 5,000 attributes, or the document
    as many `html` and `body` tags, whose attributes all go to one element. Parsers and extractors take
    time quadratic in these.
    """
    if markup.count("<") - markup.count("</") <= max_depth and max(map(len, markup.split("<"))) < _LONG:
        return None
    if sum(1 for _ in _ROOT.finditer(markup)) > _ATTRIBUTES:
        return "max_attributes", f"more than {_ATTRIBUTES:,} html and body tags"
    stack: list[str] = []
    open_: dict[str, int] = {}
    at = 0
    while tag := _TAG.search(markup, at):
        at = tag.end()
        name = (tag.group(3) or "").lower()
        if at - tag.start() >= _LONG and _attributes(tag.group()) > _ATTRIBUTES:
            return "max_attributes", f"a tag with more than {_ATTRIBUTES:,} attributes"
        if tag.group(1) or (not tag.group(2) and name in _RAW):
            at = markup.find("-->" if tag.group(1) else f"</{name}", at)
            if at < 0:
                return None
        elif tag.group(2):
            _close(name, stack, open_)
        elif name not in _FLAT:
            stack.append(name)
            open_[name] = open_.get(name, 0) + 1
            if len(stack) > max_depth:
                return "max_depth", f"more than {max_depth:,} nested elements"
    return None


def _close(name: str, stack: list[str], open_: dict[str, int]) -> None:
    if open_.get(name):
        while (closed := stack.pop()) != name:
            open_[closed] -= 1
        open_[name] -= 1


def _attributes(tag: str) -> int:
    return len(_VALUES.sub("= ", tag).split())
