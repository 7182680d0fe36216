"""What tags are and what their attributes say, for kernels that scan markup as a parser has written it out."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline
from curate.ops.trie import Trie, build, step

Bytes = NDArray[np.uint8]
State = NDArray[np.int64]

INLINE, BLOCK, PARAGRAPH, HEADING, ITEM, CELL, ROW, BREAK, LINK, EMPTY, PREFORMATTED, UNREAD, RAW, ORDERED = range(14)
"""Kinds of elements. What is `EMPTY` has no end tag, what is `UNREAD` no text for readers; `RAW` holds text alone."""
ASIDE, COMMENT, MAIN, HIDDEN = 1, 2, 4, 8
"""What names and attributes say of an element: boilerplate, readers' comments, the main text, invisible."""
_KINDS = {
    BLOCK: "address article aside blockquote body caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form header hgroup legend main menu nav search section summary table tbody tfoot thead ul",
    PARAGRAPH: "p",
    HEADING: "h1 h2 h3 h4 h5 h6",
    ITEM: "li",
    CELL: "td th",
    ROW: "tr",
    BREAK: "br hr",
    LINK: "a",
    EMPTY: "area base basefont bgsound col embed frame img input keygen link meta param source track wbr",
    PREFORMATTED: "pre",
    UNREAD: "audio button canvas datalist head map menuitem noscript object optgroup option progress select svg "
    "template textarea title video",
    RAW: "iframe noembed noframes plaintext script style xmp",
    ORDERED: "ol",
}
_ASIDES = "aside footer form menu nav"
_PREFIXES = {
    ASIDE: "addthis advert archives banner blogroll breadcrumb categories commentform consent cookie copyright footer "
    "gdpr latest login masthead menu modal morelinks nav newsletter outbrain pager pagin popular popup promo recent "
    "recommend register related respond rightcol rightrail sharethis sidebar signin signup skiplink sponsor subnav "
    "submenu subscri tagcloud taboola teaser toolbar topmenu topnav trending widget",
    COMMENT: "comment discussion disqus replies",
    MAIN: "article entry hentry post story",
}
"""How words of classes and ids begin. Of the words on the development half of the gold pages (`tests/bench/gold.py`)
that are in common use, those under which most of the text was, or was not, in the gold."""
_WORDS = {ASIDE: "ad ads foot header links rail rss secondary side tags tools"}
_ROLES = {ASIDE: "complementary contentinfo dialog navigation", MAIN: "articleBody"}
_WHOLE = 64
_SLOTS = 1024
_SEED, _PRIME = 14695981039346656037, 1099511628211
"""FNV-1a, 64 bits."""
CLOSE, SLASH, QUOTE, APOSTROPHE, EQUALS, COLON = b">/\"'=:"


def _hash(name: str) -> int:
    found = _SEED
    for byte in name.encode():
        found = ((found ^ byte) * _PRIME) % 2**64
    return found


def _table() -> tuple[NDArray[np.uint64], Bytes]:
    """Open addressing: hash of a name, and its kind; 32 is added where the name itself says `ASIDE`."""
    keys, kinds = np.zeros(_SLOTS, np.uint64), np.zeros(_SLOTS, np.uint8)
    for kind, names in _KINDS.items():
        for name in names.split():
            slot = _hash(name) >> 54
            while keys[slot]:
                slot = (slot + 1) % _SLOTS
            keys[slot], kinds[slot] = _hash(name), kind | (32 if name in _ASIDES.split() else 0)
    return keys, kinds


def _trie(*lists: tuple[dict[int, str], int]) -> Trie:
    """Names and what they say, with a mark beside it."""
    return build({tuple(w.encode()): f | mark for names, mark in lists for f, ws in names.items() for w in ws.split()})


KEYS, TABLE = _table()
NAMED = _trie((_PREFIXES, 0), (_WORDS, _WHOLE))
ROLES = _trie((_ROLES, _WHOLE))


@inline
def is_letter(byte: int) -> bool:
    """An ASCII letter."""
    return ord("a") <= (byte | 32) <= ord("z")


@inline
def is_upper(byte: int) -> bool:
    """An ASCII capital."""
    return ord("A") <= byte <= ord("Z")


@inline
def is_space(byte: int) -> bool:
    """White space of HTML."""
    return byte == 32 or 9 <= byte <= 13


@inline
def name_end(data: Bytes, at: int, end: int) -> int:
    """Where a tag's or an attribute's name ends."""
    while at < end and data[at] > 32 and data[at] not in (SLASH, CLOSE, EQUALS):
        at += 1
    return at


@inline
def hashed(data: Bytes, at: int, end: int) -> np.uint64:
    """The hash of a name, case folded."""
    found = np.uint64(_SEED)
    for i in range(at, end):
        byte = i64(data[i]) + 32 * is_upper(data[i])
        found = (found ^ np.uint64(byte)) * np.uint64(_PRIME)
    return found


@inline
def kind_of(keys: NDArray[np.uint64], kinds: Bytes, name: np.uint64) -> int:
    """The kind of a hashed name; `INLINE` for one that is not known."""
    slot = i64(name >> np.uint64(54))
    while keys[slot] != 0 and keys[slot] != name:
        slot = (slot + 1) & (_SLOTS - 1)
    return i64(kinds[slot]) if keys[slot] == name else 0


@inline
def same(data: Bytes, at: int, end: int, what: bytes) -> bool:
    """Whether these bytes stand here."""
    if end - at < len(what):
        return False
    alike = True
    for i in range(len(what)):
        alike = alike and data[at + i] == what[i]
    return alike


@inline
def _words_from(data: Bytes, at: int, end: int, names: Trie) -> int:
    """What the names that begin here say; a whole word ends before anything but a small letter."""
    found, state = 0, 0
    for i in range(at, end):
        state = step(names, state, i64(data[i]) + 32 * is_upper(data[i]))
        if state < 0:
            break
        says = i64(names.final[state])
        if says >= 0 and (says < _WHOLE or i + 1 == end or not is_letter(data[i + 1]) or is_upper(data[i + 1])):
            found |= says & (_WHOLE - 1)
    return found


@inline
def said(data: Bytes, at: int, end: int, names: Trie) -> int:
    """What the words of a class or id say; they begin after what is no letter, or with a capital after a small one."""
    found, start = 0, True
    for i in range(at, end):
        letter = is_letter(data[i])
        if letter and (start or (is_upper(data[i]) and not is_upper(data[i - 1]))):
            found |= _words_from(data, i, end, names)
        start = not letter
    return found


@inline
def hides(data: Bytes, at: int, end: int) -> bool:
    """`display: none` or `visibility: hidden` within a style."""
    for i in range(at, end):
        if data[i] == COLON:
            value = i + 1
            while value < end and is_space(data[value]):
                value += 1
            if i - at >= 7 and same(data, i - 7, end, b"display") and same(data, value, end, b"none"):
                return True
            if i - at >= 10 and same(data, i - 10, end, b"visibility") and same(data, value, end, b"hidden"):
                return True
    return False


@inline
def _attribute(data: Bytes, name: int, stop: int, at: int, end: int, named: Trie, roles: Trie) -> int:
    size = stop - name
    if (size == 5 and same(data, name, stop, b"class")) or (size == 2 and same(data, name, stop, b"id")):
        return said(data, at, end, named)
    if size == 5 and same(data, name, stop, b"style"):
        return HIDDEN if hides(data, at, end) else 0
    if size == 6 and same(data, name, stop, b"hidden"):
        return HIDDEN
    if (size == 4 and same(data, name, stop, b"role")) or (size == 8 and same(data, name, stop, b"itemprop")):
        return _words_from(data, at, end, roles)
    return 0


@inline
def _value_end(data: Bytes, at: int, end: int) -> int:
    """Where the value ends that begins here, or after a quote; the quote itself is left."""
    if at < end and data[at] in (QUOTE, APOSTROPHE):
        quote = data[at]
        at += 1
        while at < end and data[at] != quote:
            at += 1
        return at
    while at < end and data[at] > 32 and data[at] != CLOSE:
        at += 1
    return at


@inline
def attributes(data: Bytes, at: int, end: int, named: Trie, roles: Trie, state: State, slot: int) -> int:
    """Past the tag whose attributes begin here; what they say is added to a slot of the state."""
    while at < end and data[at] != CLOSE:
        if is_space(data[at]) or data[at] in (SLASH, QUOTE, APOSTROPHE):
            at += 1
            continue
        stop = max(name_end(data, at, end), at + 1)
        value = after = stop
        if stop < end and data[stop] == EQUALS:
            value = stop + 1
            after = _value_end(data, value, end)
            value += value < after and data[value] in (QUOTE, APOSTROPHE)
        state[slot] |= _attribute(data, at, stop, value, after, named, roles)
        at = after
    return min(at + 1, end)
