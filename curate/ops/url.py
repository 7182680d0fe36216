"""URLs as bytes: a normal form, and what a host is.

The normal form follows the WHATWG URL standard (https://url.spec.whatwg.org) as far as block lists
need it: no scheme, user, port, fragment, leading `www.`, trailing dots or slashes; the host in lower
case; percent-encoded bytes decoded; tabs and line ends gone; backslashes read as slashes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import IN_I32, IN_U8, OUT_I32, OUT_U8, VOID, i64, inline, kernel

_SLASH, _BACKSLASH, _QUERY, _FRAGMENT, _AT, _COLON, _DOT, _PERCENT = 0x2F, 0x5C, 0x3F, 0x23, 0x40, 0x3A, 0x2E, 0x25


class Urls(NamedTuple):
    """Normal forms; URL i is `data[offsets[i]:offsets[i + 1]]`, its host the first `hosts[i]` bytes of that."""

    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]
    hosts: NDArray[np.int32]

    def host(self, row: int) -> bytes:
        """The host of one URL."""
        return bytes(self.data[self.offsets[row] : self.offsets[row] + self.hosts[row]])


def normalise(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> Urls:
    """The normal forms of these URLs. Any bytes have one; what is no URL reads as a host and a path."""
    rows = len(offsets) - 1
    starts, hosts = np.zeros(rows + 1, np.int32), np.zeros(rows, np.int32)
    out = np.empty(int(offsets[-1] - offsets[0]), np.uint8)
    _normalise(offsets, data, starts, hosts, out)
    return Urls(starts, out[: starts[-1]], hosts)


def on_addresses(urls: Urls) -> NDArray[np.bool_]:
    """Whether the host is an IP address: IPv6 in brackets, or a last label that is a number."""
    found = np.zeros(len(urls.hosts), np.uint8)
    _on_addresses(*urls, found)
    return found.view(np.bool_)


def on_foreign_hosts(urls: Urls) -> NDArray[np.bool_]:
    """Whether the host has bytes beyond ASCII."""
    found = np.zeros(len(urls.hosts), np.uint8)
    _on_foreign_hosts(*urls, found)
    return found.view(np.bool_)


def on_punycode_hosts(urls: Urls) -> NDArray[np.bool_]:
    """Whether a label of the host is an international one in its ASCII form: begins with `xn--`."""
    found = np.zeros(len(urls.hosts), np.uint8)
    _on_punycode_hosts(*urls, found)
    return found.view(np.bool_)


def squeezed(urls: Urls) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Offsets and bytes of the URLs without ASCII white space and signs: letters, digits and all beyond ASCII."""
    starts, out = np.zeros(len(urls.hosts) + 1, np.int32), np.empty(len(urls.data), np.uint8)
    _squeezed(urls.offsets, urls.data, starts, out)
    return starts, out[: starts[-1]]


@inline
def hex_digit(byte: int) -> int:
    """The value of a hexadecimal digit, or -1."""
    if 0x30 <= byte <= 0x39:
        return byte - 0x30
    lower = byte | 0x20
    return lower - 0x57 if 0x61 <= lower <= 0x66 else -1


@inline
def authority(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Where the authority begins: after a scheme and slashes, or after slashes."""
    mark = at
    while mark < end and (0x61 <= data[mark] | 0x20 <= 0x7A or 0x2B <= data[mark] <= 0x39) and data[mark] != _SLASH:
        mark += 1
    if mark > at and mark + 1 < end and data[mark] == _COLON and data[mark + 1] in (_SLASH, _BACKSLASH):
        at = mark + 1
    while at < end and data[at] in (_SLASH, _BACKSLASH):
        at += 1
    return at


@inline
def _copy(data: NDArray[np.uint8], at: int, end: int, out: NDArray[np.uint8], filled: int, lower: int) -> int:
    """Copy decoded bytes, upper-case ASCII lowered by choice; where the output now ends."""
    while at < end:
        byte, width = i64(data[at]), 1
        if byte == _PERCENT and at + 2 < end:
            high, low = hex_digit(i64(data[at + 1])), hex_digit(i64(data[at + 2]))
            if high >= 0 and low >= 0:
                byte, width = high << 4 | low, 3
        at += width
        if byte not in (0x09, 0x0A, 0x0D):
            if lower and 0x41 <= byte <= 0x5A:
                byte |= 0x20
            out[filled] = _SLASH if byte == _BACKSLASH else byte
            filled += 1
    return filled


@inline
def host_span(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """Begin and end of the host in data[at:end], an authority: no user, no port."""
    for i in range(at, end):
        if data[i] == _AT:
            at = i + 1
    stop = at
    if at < end and data[at] == 0x5B:
        while stop < end and data[stop] != 0x5D:
            stop += 1
        return at, min(stop + 1, end)
    while stop < end and data[stop] != _COLON:
        stop += 1
    return at, stop


@inline
def without_www(out: NDArray[np.uint8], begin: int, end: int) -> int:
    """Drop a leading `www.` of a host that has another dot; where the host now ends."""
    if end - begin < 5 or out[begin] != 0x77 or out[begin + 1] != 0x77 or out[begin + 2] != 0x77:
        return end
    if out[begin + 3] != _DOT:
        return end
    dots = 0
    for i in range(begin + 4, end):
        dots += out[i] == _DOT
    if dots == 0:
        return end
    for i in range(begin + 4, end):
        out[i - 4] = out[i]
    return end - 4


@kernel(VOID, IN_I32, IN_U8, OUT_I32, OUT_I32, OUT_U8)
def _normalise(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    starts: NDArray[np.int32],
    hosts: NDArray[np.int32],
    out: NDArray[np.uint8],
) -> None:
    filled = i64(0)
    for row in range(len(hosts)):
        at, end, begin = i64(offsets[row]), i64(offsets[row + 1]), filled
        while at < end and data[at] <= 0x20:
            at += 1
        while end > at and data[end - 1] <= 0x20:
            end -= 1
        at = authority(data, at, end)
        slash = at
        while slash < end and data[slash] not in (_SLASH, _BACKSLASH, _QUERY, _FRAGMENT):
            slash += 1
        host, stop = host_span(data, at, slash)
        filled = _copy(data, host, stop, out, filled, 1)
        while filled > begin and out[filled - 1] == _DOT:
            filled -= 1
        filled = without_www(out, begin, filled)
        width = filled - begin
        hosts[row] = width
        stop = slash
        while stop < end and data[stop] != _FRAGMENT:
            stop += 1
        filled = _copy(data, slash, stop, out, filled, 0)
        while filled > begin + width and out[filled - 1] == _SLASH:
            filled -= 1
        starts[row + 1] = filled


@kernel(VOID, IN_I32, IN_U8, IN_I32, OUT_U8)
def _on_addresses(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], hosts: NDArray[np.int32], found: NDArray[np.uint8]
) -> None:
    for row in range(len(found)):
        begin, at = offsets[row], offsets[row] + hosts[row] - 1
        digits = 0
        while at >= begin and 0x30 <= data[at] <= 0x39:
            digits, at = digits + 1, at - 1
        numeric = digits > 0 and (at < begin or data[at] == _DOT)
        found[row] = numeric or (hosts[row] > 0 and data[begin] == 0x5B)


@kernel(VOID, IN_I32, IN_U8, IN_I32, OUT_U8)
def _on_foreign_hosts(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], hosts: NDArray[np.int32], found: NDArray[np.uint8]
) -> None:
    for row in range(len(found)):
        for at in range(offsets[row], offsets[row] + hosts[row]):
            found[row] |= data[at] >> 7


@kernel(VOID, IN_I32, IN_U8, IN_I32, OUT_U8)
def _on_punycode_hosts(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], hosts: NDArray[np.int32], found: NDArray[np.uint8]
) -> None:
    for row in range(len(found)):
        begin = i64(offsets[row])
        for at in range(begin, begin + hosts[row] - 3):
            named = data[at] == 0x78 and data[at + 1] == 0x6E and data[at + 2] == 0x2D and data[at + 3] == 0x2D
            found[row] |= named and (at == begin or data[at - 1] == _DOT)


@kernel(VOID, IN_I32, IN_U8, OUT_I32, OUT_U8)
def _squeezed(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], starts: NDArray[np.int32], out: NDArray[np.uint8]
) -> None:
    filled = i64(0)
    for row in range(len(starts) - 1):
        for at in range(offsets[row], offsets[row + 1]):
            byte = data[at]
            out[filled] = byte
            filled += byte >= 0x80 or 0x61 <= byte | 0x20 <= 0x7A or 0x30 <= byte <= 0x39
        starts[row + 1] = filled
