"""Which blocks are a page's main content, and the text they make. Letters, links and tags decide, no language does.

Prose is a block of at least 25 letters that holds a stop or comma and no more than half of its letters in links: link
density and text length are the two features that tell most (Kohlschütter et al., WSDM 2010). Then, in this order:

1. What names call boilerplate is dropped, unless it holds half of the page's prose; so are comments, for now, unless
   they hold nine tenths. If less than a fifth of the prose is left, boilerplate's names mean nothing here and are
   forgotten; so are those of comments if less than a twentieth is left even then.
2. The content is in the innermost element with three quarters of the prose that is left. Paragraphs count twice there,
   and what names call the main text counts four times.
3. Blocks with more than half of their letters in links go, and all but five blocks before the first prose and two
   after the last.
4. The nearest heading before comes back if there is none before the first prose, and comments of 25 letters do.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops.blocks import ELEMENT, END, HOME, KIND, LINKED, PARENT, SAYS, START, STOPS, WIDTH, Blocks
from curate.ops.kernel import BOOL, I64, IN_I32_2D, IN_U8, OUT_I64, OUT_U8, i64, inline, kernel
from curate.ops.tags import ASIDE, CELL, COMMENT, HEADING, ITEM, MAIN, ORDERED, PARAGRAPH, ROW

Bytes = NDArray[np.uint8]
Rows = NDArray[np.int32]
Sums = NDArray[np.int64]

_PROSE = 25
"""Letters of the shortest prose, as `blocks` counts them: five English words, nine Chinese characters."""
_BEFORE, _AFTER = 5, 2
_IN_MAIN, _IN_PARAGRAPH = 4, 2
_WITHIN = 16
"""Beside `ASIDE`, `COMMENT` and `MAIN`, which elements inherit here: inside the element that holds the content."""
_MARKER = 24
"""Bytes that may go before a block: two line feeds and the number of an item."""
_FEED, _TAB = b"\n\t"


@inline
def _is_plain(blocks: Rows, row: int) -> bool:
    """No more than half of the block's letters are in links."""
    return i64(blocks[row, LINKED]) * 2 <= i64(blocks[row, WIDTH])


@inline
def _prose(blocks: Rows, row: int) -> int:
    """The block's letters if it is prose, else 0."""
    width = i64(blocks[row, WIDTH])
    return width if width >= _PROSE and blocks[row, STOPS] > 0 and _is_plain(blocks, row) else 0


@inline
def _add_up(elements: Rows, sums: Sums) -> None:
    """What elements hold themselves → what they and all within them hold."""
    for row in range(len(sums) - 1, 0, -1):
        sums[elements[row, PARENT]] += sums[row]


@inline
def _mark(elements: Rows, sums: Sums, marks: Bytes) -> None:
    """Elements say what their names say and what they are within; boilerplate and comments are not most of a page."""
    total = sums[0]
    for row in range(1, len(marks)):
        says = i64(elements[row, SAYS]) & (ASIDE | COMMENT | MAIN)
        if sums[row] * 2 >= total:
            says &= ~ASIDE
        if sums[row] * 10 >= total * 9:
            says &= ~COMMENT
        marks[row] = i64(marks[elements[row, PARENT]]) | says


@inline
def _left(blocks: Rows, marks: Bytes, says: int) -> int:
    """Letters of prose in what is not marked so."""
    found = 0
    for row in range(len(blocks)):
        if not marks[blocks[row, ELEMENT]] & says:
            found += _prose(blocks, row)
    return found


@inline
def _forget(marks: Bytes, says: int) -> None:
    for row in range(len(marks)):
        marks[row] &= 255 - says


@inline
def _weigh(elements: Rows, blocks: Rows, marks: Bytes, sums: Sums) -> None:
    """How much speaks for the content to be in an element."""
    sums[:] = 0
    for row in range(len(blocks)):
        home = i64(blocks[row, ELEMENT])
        if not marks[home] & (ASIDE | COMMENT):
            twice = _IN_PARAGRAPH if elements[home, KIND] == PARAGRAPH else 1
            sums[home] += _prose(blocks, row) * twice * (_IN_MAIN if marks[home] & MAIN else 1)
    _add_up(elements, sums)


@inline
def _enclose(elements: Rows, sums: Sums, marks: Bytes) -> None:
    """Mark what is within the innermost element that holds three quarters of the weight."""
    inner = 0
    for row in range(1, len(sums)):
        if sums[row] * 4 >= sums[0] * 3 and elements[row, HOME] == row:
            inner = row
    for row in range(len(marks)):
        if row == inner or marks[elements[row, PARENT]] & _WITHIN:
            marks[row] |= _WITHIN


@inline
def _edge(blocks: Rows, keep: Bytes, step: int, more: int) -> int:
    """The row that lies so many kept blocks outside of the first prose from one end."""
    kept = 0
    row = 0 if step > 0 else len(keep) - 1
    while 0 <= row < len(keep) and not (keep[row] and _prose(blocks, row)):
        row += step
    edge = row
    while 0 <= row - step < len(keep) and kept < more:
        row -= step
        if keep[row]:
            edge = row
            kept += 1
    return edge


@inline
def _head(elements: Rows, blocks: Rows, keep: Bytes) -> None:
    """Bring back the nearest heading before the content, where it has none before its first prose."""
    first = 0
    while not keep[first]:
        first += 1
    row = first
    while row < len(keep):
        if keep[row] and elements[blocks[row, ELEMENT], KIND] == HEADING:
            return
        if keep[row] and _prose(blocks, row):
            break
        row += 1
    for row in range(first - 1, -1, -1):
        if elements[blocks[row, ELEMENT], KIND] == HEADING and _is_plain(blocks, row):
            keep[row] = 1
            return


@kernel(BOOL, IN_I32_2D, IN_I32_2D, BOOL, OUT_U8, OUT_I64, OUT_U8)
def _choose(elements: Rows, blocks: Rows, comments: bool, marks: Bytes, sums: Sums, keep: Bytes) -> bool:
    for row in range(len(blocks)):
        sums[blocks[row, ELEMENT]] += _prose(blocks, row)
    _add_up(elements, sums)
    total = sums[0]
    if total == 0:
        return False
    _mark(elements, sums, marks)
    if _left(blocks, marks, ASIDE | COMMENT) * 5 < total:
        _forget(marks, ASIDE)
        if _left(blocks, marks, COMMENT) * 20 < total:
            _forget(marks, COMMENT)
    _weigh(elements, blocks, marks, sums)
    _enclose(elements, sums, marks)
    for row in range(len(blocks)):
        mark = marks[blocks[row, ELEMENT]]
        keep[row] = _is_plain(blocks, row) and mark & _WITHIN and not mark & (ASIDE | COMMENT)
    first, last = _edge(blocks, keep, 1, _BEFORE), _edge(blocks, keep, -1, _AFTER)
    keep[:first] = 0
    keep[last + 1 :] = 0
    _head(elements, blocks, keep)
    for row in range(len(blocks)):
        mark = marks[blocks[row, ELEMENT]]
        if comments and mark & COMMENT and not mark & ASIDE and blocks[row, WIDTH] >= _PROSE and _is_plain(blocks, row):
            keep[row] = 1
    return True


def main_content(page: Blocks, *, comments: bool = True) -> Bytes | None:
    """Per block whether it is main content, or None where the page has no prose to go by."""
    keep = np.zeros(len(page.blocks), np.uint8)
    marks, sums = np.zeros(len(page.elements), np.uint8), np.zeros(len(page.elements), np.int64)
    return keep if _choose(page.elements, page.blocks, comments, marks, sums, keep) else None


@inline
def _put_between(elements: Rows, one: int, other: int, out: Bytes, at: int) -> int:
    """What parts two blocks, by their homes: a tab between cells, a blank line at paragraphs, else a line end."""
    kind, before = elements[other, KIND], elements[one, KIND]
    row = elements[other, PARENT]
    if kind == CELL and before == CELL and one != other and row == elements[one, PARENT] and elements[row, KIND] == ROW:
        out[at] = _TAB
        return at + 1
    out[at] = _FEED
    if one == other or kind in (PARAGRAPH, HEADING) or before in (PARAGRAPH, HEADING):
        out[at + 1] = _FEED
        return at + 2
    return at + 1


@inline
def _put_number(number: int, out: Bytes, at: int) -> int:
    """A number, a full stop and a blank."""
    digits, left = 1, number // 10
    while left:
        digits += 1
        left //= 10
    for place in range(digits):
        out[at + digits - 1 - place] = ord("0") + number % 10
        number //= 10
    out[at + digits], out[at + digits + 1] = ord("."), ord(" ")
    return at + digits + 2


@inline
def _put_marker(elements: Rows, home: int, numbers: Sums, out: Bytes, at: int) -> int:
    """A list item's number or bullet."""
    parent = i64(elements[home, PARENT])
    if elements[parent, KIND] == ORDERED:
        numbers[parent] += 1
        return _put_number(numbers[parent], out, at)
    out[at], out[at + 1], out[at + 2], out[at + 3] = 0xE2, 0x80, 0xA2, ord(" ")
    return at + 4


@kernel(I64, IN_I32_2D, IN_I32_2D, IN_U8, IN_U8, OUT_I64, OUT_U8)
def _write(elements: Rows, blocks: Rows, text: Bytes, keep: Bytes, numbers: Sums, out: Bytes) -> int:
    at, before = 0, -1
    for row in range(len(blocks)):
        if keep[row]:
            home = i64(blocks[row, ELEMENT])
            if before >= 0:
                at = _put_between(elements, before, home, out, at)
            if elements[home, KIND] == ITEM and home != before:
                at = _put_marker(elements, home, numbers, out, at)
            for i in range(blocks[row, START], blocks[row, END]):
                out[at] = text[i]
                at += 1
            before = home
    return at


def written(page: Blocks, keep: Bytes) -> str:
    """The text of the blocks that are kept, a paragraph's worth of markup left: blank lines, bullets, numbers, tabs."""
    out = np.empty(len(page.text) + _MARKER * (len(keep) + 1), np.uint8)
    numbers = np.zeros(len(page.elements), np.int64)
    size = _write(page.elements, page.blocks, page.text, keep, numbers, out)
    return out[:size].tobytes().decode("utf-8", "replace")
