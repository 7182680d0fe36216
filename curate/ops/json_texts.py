"""The texts of JSON Lines, without making Python's strings of them.

Of each line that holds one object with one string under a key, the string is written to one buffer and the line,
with an empty string in its place, to another, for a JSON parser to read. That parser judges what is written like
this; here only the string is judged, by RFC 8259. What is in any way unusual (a key with escapes or twice, no
object, a control character, half a surrogate pair, NUL) is left to whoever reads single lines.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import windows
from curate.ops.kernel import I64, IN_U8, OUT_I64, OUT_U8, VOID, i64, inline, kernel
from curate.ops.normal import encode

Bytes = NDArray[np.uint8]

TAKEN, BLANK, LEFT = 0, 1, 2
"""What became of a line."""
_QUOTE, _BACKSLASH, _COMMA, _COLON, _OPEN, _CLOSE, _U, _OPEN_LIST, _LIST_END = b'"\\,:{}u[]'
_OPENS, _CLOSES = 1, 2
_BRACKETS = np.zeros(256, np.uint8)
_BRACKETS[list(b"{[")], _BRACKETS[list(b"}]")] = _OPENS, _CLOSES
_ESCAPES = np.zeros(256, np.uint8)
_ESCAPES[list(b'"\\/ntrbf')] = list(b'"\\/\n\t\r\b\f')
"""What stands behind a backslash → what that means, but for `u`."""


@inline
def _gap(data: Bytes, at: int, end: int) -> int:
    """The first byte that is no white space."""
    while at < end and (data[at] == 0x20 or data[at] == 0x09 or data[at] == 0x0D):
        at += 1
    return at


@inline
def _stop(data: Bytes, at: int, end: int) -> int:
    """The first quote, backslash or control character; `end` where there is none."""
    while at + windows.SIZE <= len(data) and at < end:
        found = windows.among(data, at, 0x22, 0x22) | windows.among(data, at, 0x5C, 0x5C)
        found |= windows.among(data, at, 0x00, 0x1F)
        if found:
            return min(at + windows.lowest(found), end)
        at += windows.SIZE
    while at < end and data[at] != _QUOTE and data[at] != _BACKSLASH and data[at] >= 0x20:
        at += 1
    return min(at, end)


@inline
def _string_end(data: Bytes, at: int, end: int) -> int:
    """Behind the quote that closes a string, or −1; `at` is behind the one that opens it."""
    while True:
        at = _stop(data, at, end)
        if at >= end:
            return i64(-1)
        if data[at] == _QUOTE:
            return at + 1
        at += 2 if data[at] == _BACKSLASH else 1


@inline
def _value_end(data: Bytes, at: int, end: int) -> int:
    """Behind a value, or −1 where it does not end; whether it is one is left to the parser."""
    depth = i64(0)
    while at < end:
        byte = data[at]
        kind = _BRACKETS[byte]
        if depth == 0 and (kind == _CLOSES or byte == _COMMA):
            return at
        at += 1
        if byte == _QUOTE:
            at = _string_end(data, at, end)
        depth += i64(kind == _OPENS) - i64(kind == _CLOSES)
        if at < 0 or (depth == 0 and (byte == _QUOTE or kind == _CLOSES)):
            return at
    return i64(-1)


@inline
def _name(data: Bytes, at: int, end: int, key: Bytes) -> tuple[int, bool]:
    """Where the value of the member at `at` begins, and whether it is `key`'s; −1 where there is none to be sure of."""
    at = _gap(data, at, end)
    if at >= end or data[at] != _QUOTE:
        return i64(-1), False
    name = at + 1
    stop = _stop(data, name, end)
    mine = stop - name == len(key)
    for i in range(len(key) if mine else 0):
        mine = mine and data[name + i] == key[i]
    at = _gap(data, stop + 1, end)
    if at >= end or data[stop] != _QUOTE or data[at] != _COLON:
        return i64(-1), False
    return _gap(data, at + 1, end), mine


@inline
def _find(data: Bytes, at: int, end: int, key: Bytes) -> tuple[int, int]:
    """Of an object that fills a line: the quote that opens the string under `key`, and behind the line's last byte.

    The quote is −1 where the line is left.
    """
    quote = i64(-1)
    at = _gap(data, at, end)
    if at >= end or data[at] != _OPEN:
        return i64(-1), at
    while data[at] != _CLOSE:
        at, mine = _name(data, at + 1, end, key)
        if at < 0 or at >= end or (mine and (data[at] != _QUOTE or quote >= 0)):
            return i64(-1), at
        quote = at if mine else quote
        at = _value_end(data, at, end)
        if at < 0:
            return i64(-1), at
        at = _gap(data, at, end)
        if at >= end or (data[at] != _CLOSE and data[at] != _COMMA):
            return i64(-1), at
    return (quote if _gap(data, at + 1, end) == end else i64(-1)), at + 1


@inline
def _hex(data: Bytes, at: int, end: int) -> int:
    """Four hexadecimal digits, or −1."""
    if at + 4 > end:
        return i64(-1)
    value = i64(0)
    for i in range(4):
        byte = i64(data[at + i])
        if 0x30 <= byte <= 0x39:
            value = value * 16 + byte - 0x30
        elif 0x41 <= byte <= 0x46 or 0x61 <= byte <= 0x66:
            value = value * 16 + (byte | 0x20) - 0x57
        else:
            return i64(-1)
    return value


@inline
def _escaped(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """What the escape behind the backslash at `at - 1` stands for, and where it ends; −1 or 0 where it is left."""
    if at >= end:
        return i64(-1), at
    if data[at] != _U:
        return i64(_ESCAPES[data[at]]), at + 1
    code = _hex(data, at + 1, end)
    at += 5
    if not 0xD800 <= code <= 0xDFFF:
        return code, at
    low = i64(-1)
    if code < 0xDC00 and at + 1 < end and data[at] == _BACKSLASH and data[at + 1] == _U:
        low = _hex(data, at + 2, end)
    if not 0xDC00 <= low <= 0xDFFF:
        return i64(-1), at
    return 0x10000 + ((code - 0xD800) << 10) + low - 0xDC00, at + 6


@inline
def _copy(data: Bytes, at: int, stop: int, out: Bytes, to: int) -> int:
    """Copy bytes; where the next ones go."""
    for i in range(stop - at):
        out[np.uint64(to + i)] = data[np.uint64(at + i)]
    return to + stop - at


@inline
def _unescape(data: Bytes, at: int, end: int, out: Bytes, to: int) -> tuple[int, int]:
    """Write the string whose first byte is at `at`; behind its closing quote, or −1, and where the next one goes."""
    while True:
        stop = _stop(data, at, end)
        to = _copy(data, at, stop, out, to)
        if stop >= end or data[stop] < 0x20:
            return i64(-1), to
        if data[stop] == _QUOTE:
            return stop + 1, to
        code, at = _escaped(data, stop + 1, end)
        if code <= 0:
            return i64(-1), to
        to = encode(code, out, to)


@kernel(VOID, IN_U8, IN_U8, I64, OUT_I64, OUT_U8, OUT_I64, OUT_U8, OUT_I64)
def _texts(
    data: Bytes,
    key: Bytes,
    most: int,
    fates: NDArray[np.int64],
    texts: Bytes,
    ends: NDArray[np.int64],
    rest: Bytes,
    sizes: NDArray[np.int64],
) -> None:
    """Fill `fates` and `ends` by line, `texts` and `rest`; `sizes` is the number of lines, then of bytes of `rest`."""
    at, line, to, left = i64(0), i64(0), i64(0), i64(0)
    while at < len(data):
        end = windows.find_byte(data, at, len(data), 0x0A)
        fates[line] = LEFT
        if _gap(data, at, end) == end:
            fates[line] = BLANK
        elif end - at < most:
            quote, last = _find(data, at, end, key)
            if quote >= 0:
                behind, after = _unescape(data, quote + 1, last, texts, to)
                if behind >= 0:
                    fates[line], to = TAKEN, after
                    left = _copy(data, at, quote + 1, rest, left)
                    left = _copy(data, behind - 1, last, rest, left)
                    rest[left] = _COMMA
                    left += 1
        ends[line] = to
        line += 1
        at = end + 1
    sizes[0], sizes[1] = line, left


class Texts(NamedTuple):
    """What lines hold."""

    fates: NDArray[np.int64]
    """Of each line: `TAKEN`, `BLANK` or `LEFT`."""
    offsets: NDArray[np.int32]
    """(lines + 1,) of each line's text in `data`; nothing where none was taken."""
    data: Bytes
    rest: bytes
    """A JSON array of the lines that were taken, with an empty string in place of each text."""


def texts(block: bytes, key: bytes, most: int) -> Texts:
    """The texts under `key` of whole lines (the last may lack its line feed) that have fewer than `most` bytes."""
    data = np.frombuffer(block, np.uint8)
    lines = block.count(b"\n") + 1
    fates, ends, sizes = np.empty(lines, np.int64), np.zeros(lines, np.int64), np.zeros(2, np.int64)
    found, rest = np.empty(len(data), np.uint8), np.empty(len(data) + 2 * lines + 2, np.uint8)
    rest[0] = _OPEN_LIST
    _texts(data, np.frombuffer(key, np.uint8), most, fates, found, ends, rest[1:], sizes)
    count, size = sizes.tolist()
    rest[max(1, size)] = _LIST_END  # in place of the last comma
    offsets = np.zeros(count + 1, np.int32)
    offsets[1:] = ends[:count]
    return Texts(fates[:count], offsets, found[: offsets[-1]], rest[: max(1, size) + 1].tobytes())
