"""URLs in a form that is the same for all addresses of one page.

Sources: RFC 3986, section 6.2 (case of host and of escapes, escapes of unreserved characters, default ports, empty
paths); the WHATWG URL standard (https://url.spec.whatwg.org: white space, backslashes). Beyond those, what by
convention leads to the same page: no user, no fragment unless it is a path of its own (`#!`), no trailing slashes, and
no parameters that only follow a visitor. Segments `.` and `..` are left as they are.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I32, OUT_U8, VOID, i64, inline, kernel
from curate.ops.url import authority, hex_digit, host_span, without_www

SCHEME, WWW, SLASH, QUERY, FRAGMENT = (np.int64(1 << bit) for bit in range(5))
"""What counts, as bits: `http` or `https`, a leading `www.`, trailing slashes, the query, the fragment."""

Bytes = NDArray[np.uint8]
_SLASH, _BACKSLASH, _MARK, _HASH, _COLON, _PERCENT, _AND, _IS, _BANG, _STAR = (ord(c) for c in "/\\?#:%&=!*")


class Addresses(NamedTuple):
    """Normal forms; URL i is `data[offsets[i]:offsets[i + 1]]`."""

    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]


@inline
def _upper(byte: int) -> int:
    return byte & ~0x20 if 0x61 <= byte <= 0x7A else byte


@inline
def _lower(byte: int) -> int:
    return byte | 0x20 if 0x41 <= byte <= 0x5A else byte


@inline
def _plain(byte: int) -> bool:
    """Whether a byte stands for itself whether it is escaped or not."""
    letter = 0x61 <= byte | 0x20 <= 0x7A or 0x30 <= byte <= 0x39
    return letter or byte >= 0x80 or byte in (0x20, 0x2D, 0x2E, 0x5F, 0x7E)


@inline
def _copy(data: Bytes, at: int, end: int, out: Bytes, filled: int) -> int:
    """Copy bytes with their escapes in one form; where the output now ends."""
    while at < end:
        byte, width = i64(data[at]), 1
        if byte == _PERCENT and at + 2 < end:
            high, low = hex_digit(i64(data[at + 1])), hex_digit(i64(data[at + 2]))
            if high >= 0 and low >= 0:
                width = 3
                if _plain(high << 4 | low):
                    byte = high << 4 | low
        if width == 3 and byte == _PERCENT:
            out[filled] = _PERCENT
            out[filled + 1] = _upper(i64(data[at + 1]))
            out[filled + 2] = _upper(i64(data[at + 2]))
            filled += 3
        elif byte not in (0x09, 0x0A, 0x0D):
            out[filled] = byte
            filled += 1
        at += width
    return filled


@inline
def _put_host(data: Bytes, at: int, end: int, secure: bool, out: Bytes, filled: int, counts: int) -> int:
    """The authority `data[at:end]` without user, default port and, by choice, `www.`; where the output now ends."""
    start, stop = host_span(data, at, end)
    begin = filled
    filled = _copy(data, start, stop, out, filled)
    for i in range(begin, filled):
        out[i] = _lower(i64(out[i]))
    while filled > begin and out[filled - 1] == 0x2E:
        filled -= 1
    if not counts & WWW:
        filled = without_www(out, begin, filled)
    port, digits, first = 0, 0, stop + 1
    for i in range(first, end):
        digits += 1
        port = port * 10 + i64(data[i]) - 0x30 if digits < 6 else i64(-1)
    if digits > 0 and port != (443 if secure else 80):
        out[filled] = _COLON
        filled = _copy(data, first, end, out, filled + 1)
    return filled


@inline
def _ignored(data: Bytes, at: int, end: int, name_offsets: NDArray[np.int32], names: Bytes) -> bool:
    """Whether the parameter `data[at:end]` bears one of the names, in any case; `*` ends the beginning of a name."""
    stop = at
    while stop < end and data[stop] != _IS:
        stop += 1
    for name in range(len(name_offsets) - 1):
        start, length = i64(name_offsets[name]), i64(name_offsets[name + 1]) - i64(name_offsets[name])
        opened = length > 0 and names[start + length - 1] == _STAR
        length -= opened
        if stop - at >= length if opened else stop - at == length:
            i = 0
            while i < length and _lower(i64(data[at + i])) == names[start + i]:
                i += 1
            if i == length:
                return True
    return False


@inline
def _put_query(
    data: Bytes, at: int, end: int, name_offsets: NDArray[np.int32], names: Bytes, out: Bytes, filled: int
) -> int:
    """The parameters in `data[at:end]` that have a name of their own; where the output now ends."""
    mark = _MARK
    while at < end:
        stop = at
        while stop < end and data[stop] != _AND:
            stop += 1
        if stop > at and not _ignored(data, at, stop, name_offsets, names):
            out[filled] = mark
            mark = _AND
            filled = _copy(data, at, stop, out, filled + 1)
        at = stop + 1
    return filled


@inline
def _find(data: Bytes, at: int, end: int, one: int, other: int) -> int:
    """Where one of two bytes is first, or `end`."""
    while at < end and data[at] != one and data[at] != other:
        at += 1
    return at


@inline
def _is_secure(data: Bytes, at: int, end: int) -> bool:
    """Whether the scheme before byte `end` is `https` (or `wss`, `ftps`): ends in s."""
    while at < end and data[at] != _COLON:
        at += 1
    return at < end and at > 0 and _lower(i64(data[at - 1])) == 0x73


@inline
def _put_path(data: Bytes, at: int, end: int, out: Bytes, filled: int, counts: int) -> int:
    """The path, with slashes in one direction and, by choice, none at its end; where the output now ends."""
    begin = filled
    filled = _copy(data, at, end, out, filled)
    for i in range(begin, filled):
        if out[i] == _BACKSLASH:
            out[i] = _SLASH
    while not counts & SLASH and filled > begin and out[filled - 1] == _SLASH:
        filled -= 1
    return filled - 1 if filled == begin + 1 and out[begin] == _SLASH else filled


@kernel(VOID, IN_I32, IN_U8, I64, IN_I32, IN_U8, OUT_I32, OUT_U8)
def _canonical(
    offsets: NDArray[np.int32],
    data: Bytes,
    counts: int,
    name_offsets: NDArray[np.int32],
    names: Bytes,
    starts: NDArray[np.int32],
    out: Bytes,
) -> None:
    filled = i64(0)
    for row in range(len(starts) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end and data[at] <= 0x20:
            at += 1
        while end > at and data[end - 1] <= 0x20:
            end -= 1
        fragment = _find(data, at, end, _HASH, _HASH)
        begin = authority(data, at, fragment)
        secure = _is_secure(data, at, begin)
        if secure and counts & SCHEME:
            out[filled] = _COLON
            filled += 1
        query = _find(data, begin, fragment, _MARK, _MARK)
        path = _find(data, begin, query, _SLASH, _BACKSLASH)
        filled = _put_host(data, begin, path, secure, out, filled, counts)
        filled = _put_path(data, path, query, out, filled, counts)
        if counts & QUERY:
            filled = _put_query(data, query + 1, fragment, name_offsets, names, out, filled)
        if fragment + 1 < end and (counts & FRAGMENT or data[fragment + 1] == _BANG):
            filled = _copy(data, fragment, end, out, filled)
        starts[row + 1] = filled


def canonical(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    counts: int,
    name_offsets: NDArray[np.int32],
    names: NDArray[np.uint8],
) -> Addresses:
    """The normal forms of these URLs. `counts` says what makes a difference; parameters of these names make none.

    Any bytes have a form; what is no URL reads as a host and a path. Names are in lower case, `utm_*` stands for all
    that begin so.
    """
    starts, out = np.zeros(len(offsets), np.int32), np.empty(int(offsets[-1] - offsets[0]) + len(offsets), np.uint8)
    _canonical(offsets, data, counts, name_offsets, names, starts, out)
    return Addresses(starts, out[: starts[-1]])
