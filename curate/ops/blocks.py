"""A page's blocks: what stands between two block-level tags, and what is known of it; one linear scan.

The input is what an HTML parser wrote out of its tree, so that tags nest and attributes are quoted. Any other bytes do
no harm: nothing is read beyond the end, and tags that do not fit are passed over. A block is a paragraph, a heading, a
list item, a cell, or text that stands for itself; two line breaks in a row end one as well.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import tags
from curate.ops.kernel import IN_U8, OUT_I32_2D, OUT_I64, OUT_U8, OUT_U64, VOID, i64, inline, kernel
from curate.ops.tags import (
    BREAK,
    CLOSE,
    EMPTY,
    HIDDEN,
    INLINE,
    LINK,
    PREFORMATTED,
    QUOTE,
    RAW,
    SLASH,
    UNREAD,
    attributes,
    hashed,
    is_letter,
    is_space,
    kind_of,
    name_end,
    same,
)
from curate.ops.trie import TRIE, Trie

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int32]
State = NDArray[np.int64]

OPEN, AMPERSAND, SPACE, NEWLINE, RETURN, BANG, QUESTION = b"<& \n\r!?"
PARENT, KIND, SAYS, NAME, HOME, HANDED = range(6)
"""Columns of elements: row of the parent, `tags` kind, what the tag says, hash of the name, the innermost element that
is no inline one, and what an element hands down. Row 0 stands for what is outside all elements."""
ELEMENT, START, END, WIDTH, LINKED, STOPS = range(6)
"""Columns of blocks: the home element, where the text begins and ends, letters (as `_weight` counts), those within
links, and marks that end sentences or part clauses."""
_UNSEEN, _WITHIN_LINK, _VERBATIM = 1, 2, 4
_TEXT, _BLOCKS, _ELEMENTS, _CURRENT, _BEGUN, _WIDTH, _LINKED, _STOPS, _BREAKS, _KIND, _SAYS, _NAME = range(12)
_CLIMB = 256
"""So far up an end tag looks for its element; bounds the time that end tags without one can take."""


class Blocks(NamedTuple):
    """Elements and blocks in document order, a row each, and the text that blocks point into, as UTF-8."""

    elements: Rows
    blocks: Rows
    text: Bytes


@inline
def _flush(state: State, elements: Rows, blocks: Rows, text: Bytes) -> None:
    """End the block, if it has any text."""
    begun, stop = state[_BEGUN], state[_TEXT]
    while stop > begun and is_space(text[stop - 1]):
        stop -= 1
    if stop > begun:
        row = state[_BLOCKS]
        blocks[row, ELEMENT] = elements[state[_CURRENT], HOME]
        blocks[row, START], blocks[row, END] = begun, stop
        blocks[row, WIDTH], blocks[row, LINKED], blocks[row, STOPS] = state[_WIDTH], state[_LINKED], state[_STOPS]
        state[_BLOCKS] += 1
    state[_BEGUN] = state[_TEXT] = stop
    state[_WIDTH] = state[_LINKED] = state[_STOPS] = state[_BREAKS] = 0


@inline
def _enter(state: State, elements: Rows) -> None:
    row, parent, kind = state[_ELEMENTS], state[_CURRENT], state[_KIND]
    elements[row, PARENT], elements[row, KIND], elements[row, SAYS] = parent, kind, state[_SAYS]
    elements[row, NAME] = state[_NAME]
    elements[row, HOME] = elements[parent, HOME] if kind in (INLINE, LINK, UNREAD) else row
    unseen = _UNSEEN if kind == UNREAD or state[_SAYS] & HIDDEN else 0
    handed = (_WITHIN_LINK if kind == LINK else 0) | (_VERBATIM if kind == PREFORMATTED else 0)
    elements[row, HANDED] = i64(elements[parent, HANDED]) | unseen | handed
    state[_CURRENT] = row
    state[_ELEMENTS] += 1


@inline
def _leave(state: State, elements: Rows) -> None:
    """Close the innermost element of the name, if one is open."""
    at, climbed = state[_CURRENT], 0
    while at > 0 and elements[at, NAME] != state[_NAME] and climbed < _CLIMB:
        at = i64(elements[at, PARENT])
        climbed += 1
    if at > 0 and elements[at, NAME] == state[_NAME]:
        state[_CURRENT] = elements[at, PARENT]


@inline
def _weight(byte: int) -> int:
    """Letters that a character stands for, by its first byte: a Chinese one for three, a Hangul syllable for two."""
    if byte < 0x80 or 0xC0 <= byte < 0xE3:
        return 1
    if byte < 0xC0:
        return 0
    return 3 if byte <= 0xE9 else 2


@inline
def _stops(data: Bytes, at: int, end: int) -> bool:
    """A mark that ends a sentence or parts a clause: .,;!? before a blank, and 、。，；！？ ،؟ । anywhere."""
    byte = data[at]
    if byte < 0x80:
        if byte not in (0x21, 0x2C, 0x2E, 0x3B, 0x3F):
            return False
        return at + 1 >= end or is_space(data[at + 1]) or data[at + 1] in (OPEN, QUOTE, AMPERSAND)
    if byte < 0xD8 or at + 2 >= end:
        return False
    second, third = data[at + 1], data[at + 2]
    if byte == 0xE3:
        return second == 0x80 and third in (0x81, 0x82)
    if byte == 0xEF:
        return second == 0xBC and third in (0x81, 0x8C, 0x9B, 0x9F)
    return (byte == 0xD8 and second in (0x8C, 0x9F)) or (byte == 0xE0 and second == 0xA5 and third == 0xA4)


@inline
def _read(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """A byte of text and how many bytes stand for it: references as serialisers write them, unbreakable blanks."""
    byte = i64(data[at])
    if byte == AMPERSAND:
        if same(data, at, end, b"&amp;"):
            return AMPERSAND, 5
        if same(data, at, end, b"&lt;"):
            return OPEN, 4
        if same(data, at, end, b"&gt;"):
            return CLOSE, 4
        if same(data, at, end, b"&nbsp;"):
            return SPACE, 6
    elif byte == 0xC2 and at + 1 < end and data[at + 1] == 0xA0:
        return SPACE, 2
    return byte, 1


@inline
def _put_space(state: State, text: Bytes, byte: int, verbatim: bool) -> None:
    """White space as it is in preformatted text, else one blank for all."""
    if state[_TEXT] == state[_BEGUN]:
        return
    if verbatim:
        if byte != RETURN:
            text[state[_TEXT]] = byte
            state[_TEXT] += 1
    elif not is_space(text[state[_TEXT] - 1]):
        text[state[_TEXT]] = SPACE
        state[_TEXT] += 1


@inline
def _character(data: Bytes, at: int, end: int, state: State, elements: Rows, text: Bytes) -> int:
    """Past a byte of text, which is put down if readers see it."""
    handed = elements[state[_CURRENT], HANDED]
    byte, size = _read(data, at, end)
    if handed & _UNSEEN:
        return at + size
    if is_space(byte):
        _put_space(state, text, byte, (handed & _VERBATIM) != 0)
        return at + size
    weight = _weight(byte)
    state[_BREAKS] = 0
    state[_WIDTH] += weight
    if handed & _WITHIN_LINK:
        state[_LINKED] += weight
    state[_STOPS] += _stops(data, at, end)
    text[state[_TEXT]] = byte
    state[_TEXT] += 1
    return at + size


@inline
def _break(state: State, elements: Rows, blocks: Rows, text: Bytes) -> None:
    """A line break; the second in a row ends the block."""
    state[_BREAKS] += 1
    if state[_BREAKS] > 1:
        _flush(state, elements, blocks, text)
        return
    while state[_TEXT] > state[_BEGUN] and is_space(text[state[_TEXT] - 1]):
        state[_TEXT] -= 1
    if state[_TEXT] > state[_BEGUN]:
        text[state[_TEXT]] = NEWLINE
        state[_TEXT] += 1


@inline
def _past(data: Bytes, at: int, end: int) -> int:
    """The end of what starts here and is no start tag: a comment, an end tag, a declaration."""
    if same(data, at, end, b"<!--"):
        at += 4
        while at < end and not same(data, at, end, b"-->"):
            at += 1
        return min(at + 3, end)
    while at < end and data[at] != CLOSE:
        at += 1
    return min(at + 1, end)


@inline
def _past_raw(data: Bytes, at: int, end: int, name: int, size: int) -> int:
    """Past the element that holds text alone, whose name starts at `name`."""
    while at < end:
        if data[at] == OPEN and at + 1 + size < end and data[at + 1] == SLASH:
            alike = True
            for i in range(size):
                alike = alike and (data[at + 2 + i] | 32) == (data[name + i] | 32)
            if alike:
                break
        at += 1
    return _past(data, at, end)


@inline
def _name(data: Bytes, at: int, stop: int, keys: NDArray[np.uint64], kinds: Bytes, state: State) -> None:
    """Put down what a tag's name is and says."""
    name = hashed(data, at, stop)
    found = kind_of(keys, kinds, name)
    state[_KIND], state[_SAYS], state[_NAME] = found & 31, found >> 5, i64(name & np.uint64(0x7FFFFFFF))


@kernel(VOID, IN_U8, OUT_U64, OUT_U8, TRIE, TRIE, OUT_I64, OUT_I32_2D, OUT_I32_2D, OUT_U8)
def _scan(
    data: Bytes,
    keys: NDArray[np.uint64],
    kinds: Bytes,
    named: Trie,
    roles: Trie,
    state: State,
    elements: Rows,
    blocks: Rows,
    text: Bytes,
) -> None:
    at, end = 0, len(data)
    while at < end:
        following = i64(data[at + 1]) if at + 1 < end and data[at] == OPEN else 0
        if is_letter(following):
            stop = name_end(data, at + 1, end)
            _name(data, at + 1, stop, keys, kinds, state)
            kind, begun = state[_KIND], at + 1
            at = attributes(data, stop, end, named, roles, state, _SAYS)
            if kind == BREAK:
                _break(state, elements, blocks, text)
            elif kind == RAW:
                at = _past_raw(data, at, end, begun, stop - begun)
            elif kind != EMPTY:
                if kind not in (INLINE, LINK, UNREAD):
                    _flush(state, elements, blocks, text)
                _enter(state, elements)
        elif following == SLASH:
            _name(data, at + 2, name_end(data, at + 2, end), keys, kinds, state)
            if state[_KIND] not in (INLINE, LINK, UNREAD, BREAK, EMPTY):
                _flush(state, elements, blocks, text)
            _leave(state, elements)
            at = _past(data, at, end)
        elif following in (BANG, QUESTION):
            at = _past(data, at, end)
        else:
            at = _character(data, at, end, state, elements, text)
    _flush(state, elements, blocks, text)


def blocks(markup: bytes) -> Blocks:
    """The blocks of a page's serialised markup (UTF-8)."""
    data = np.frombuffer(markup, np.uint8)
    rows = int(np.count_nonzero(data == OPEN)) + 2
    elements, found = np.zeros((rows, 6), np.int32), np.zeros((rows, 6), np.int32)
    text, state = np.empty(len(data) + 1, np.uint8), np.zeros(12, np.int64)
    state[_ELEMENTS] = 1
    _scan(data, tags.KEYS, tags.TABLE, tags.NAMED, tags.ROLES, state, elements, found, text)
    return Blocks(elements[: state[_ELEMENTS]], found[: state[_BLOCKS]], text[: state[_TEXT]])
