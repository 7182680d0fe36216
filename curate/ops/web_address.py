"""Whether a string is a web address, as spaCy's tokenizer has it, so that it stays one word.

Source: the pattern of spaCy's `lang/tokenizer_exceptions.py` (after Diego Perini's of 2010), read here from left to
right without going back: an optional scheme, an optional user, a public IPv4 address or a host name with a
top-level domain in small letters, an optional port, an optional path.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops import windows
from curate.ops.kernel import i64, inline
from curate.ops.treebank_rules import DECIMAL, DIGIT, LETTER, LOWER
from curate.ops.unicode import decode

Bytes = NDArray[np.uint8]
Classes = NDArray[np.uint16]

DOT, COLON, SLASH, AT, PLUS, MINUS, UNDERSCORE = (ord(mark) for mark in ".:/@+-_")
PATH = tuple(ord(mark) for mark in "/?#")


@inline
def _is_host(code: int, bits: int) -> bool:
    """A letter or digit of ASCII, or whatever lies between U+00A1 and U+FFFF."""
    return (bits & (LETTER | DIGIT) != 0) if code < 0x80 else 0xA1 <= code <= 0xFFFF


@inline
def _closes(data: Bytes, at: int, end: int, classes: Classes) -> bool:
    """Whether `data[at:end]` is nothing, or a port, a path, or both."""
    if at < end and data[at] == COLON:
        digits, at = 0, at + 1
        while at < end and digits < 6:
            code, after = decode(data, at, end)
            if not i64(classes[code]) & DECIMAL:
                break
            digits, at = digits + 1, after
        if digits < 2 or digits > 5:
            return False
    return at == end or data[at] in PATH


@inline
def _octet(data: Bytes, at: int, end: int) -> tuple[int, int, int]:
    """A number of up to three digits at byte `at`: its value, how many digits, and where it ends."""
    value = digits = i64(0)
    while at < end and digits < 4 and 48 <= data[at] <= 57:
        value = value * 10 + i64(data[at]) - 48
        digits, at = digits + 1, at + 1
    return value, digits, at


@inline
def _is_ip(data: Bytes, at: int, end: int, classes: Classes) -> bool:
    """Whether a public IPv4 address begins at byte `at`, and nothing follows that may not."""
    first, digits, at = _octet(data, at, end)
    if first < 1 or first > 223 or first in (10, 127) or digits != 1 + (first > 9) + (first > 99):
        return False
    second = last = i64(0)
    for place in range(3):
        if at >= end or data[at] != DOT:
            return False
        last, digits, at = _octet(data, at + 1, end)
        if digits == 0 or digits > 3 or last > 255 or (place < 2 and digits == 3 and last < 100):
            return False
        second = last if place == 0 else second
    private = (
        (first == 169 and second == 254) or (first == 192 and second == 168) or (first == 172 and 16 <= second < 32)
    )
    canonical = 1 <= last <= 254 and digits == 1 + (last > 9) + (last > 99)
    return canonical and not private and _closes(data, at, end, classes)


@inline
def _domain_end(data: Bytes, at: int, end: int, classes: Classes) -> int:
    """Where a run of 2 to 63 small letters that begins at byte `at` ends, else −1."""
    letters = 0
    while at < end and letters < 64:
        code, after = decode(data, at, end)
        if not i64(classes[code]) & LOWER:
            break
        letters, at = letters + 1, after
    return at if 2 <= letters <= 63 else i64(-1)


@inline
def _is_host_name(data: Bytes, at: int, end: int, classes: Classes) -> bool:
    """Whether labels of at most 64 characters, full stops between, and a top-level domain begin at byte `at`."""
    length, last = 0, False
    while at < end:
        code, at = decode(data, at, end)
        if code == DOT:
            if not last:
                return False
            after = _domain_end(data, at, end, classes)
            if after >= 0 and _closes(data, after, end, classes):
                return True
            length = 0
            last = False
        else:
            last = _is_host(code, i64(classes[code]))
            length += 1
            if length > 64 or not (last or (length > 1 and code in (MINUS, UNDERSCORE))):
                return False
    return False


@inline
def _scheme_end(data: Bytes, start: int, end: int, classes: Classes) -> int:
    """Behind `https://` and the like, or `start`."""
    at = start
    while at < end:
        code, after = decode(data, at, end)
        if not (i64(classes[code]) & (LETTER | DECIMAL) or code in (PLUS, MINUS, DOT, UNDERSCORE)):
            break
        at = after
    slashes = at + 2 < end and data[at] == COLON and data[at + 1] == SLASH and data[at + 2] == SLASH
    return at + 3 if slashes and at >= start + 2 else start


@inline
def is_address(data: Bytes, start: int, end: int, classes: Classes) -> bool:
    """Whether `data[start:end]`, which holds no white space, is a web address."""
    if windows.find_byte(data, start, end, DOT) == end:
        return False  # neither a host's name nor an address is without a full stop
    begin = _scheme_end(data, start, end, classes)
    for place in (start, begin):
        if _is_host_name(data, place, end, classes) or _is_ip(data, place, end, classes):
            return True
    for at in range(start + 1, end - 1):
        if data[at] == AT and (_is_host_name(data, at + 1, end, classes) or _is_ip(data, at + 1, end, classes)):
            return True
    return False
