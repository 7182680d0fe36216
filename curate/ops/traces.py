"""Traces of personal data: where in texts something stands that may be an address, a number or a key.

One pass over the bytes finds candidates by what is cheap to see; whether a candidate holds is for others to say. All
is ASCII but for the spaces and dashes within numbers, so that no span begins or ends inside a code point.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_U8, OUT_I64_2D, i64, inline, kernel

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Out = NDArray[np.int64]

ROW, START, STOP, KIND = range(4)
KINDS = range(6)
AT, NUMBER, TOKEN, COLONS, ACCOUNT, BLOCK = KINDS
"""What a trace is: an `@` between what e-mail addresses are made of; a row of groups of digits; a word of letters,
digits, `_` and `-`; hexadecimal groups between colons; two letters and two digits; the head of a PEM block."""

MIN_DIGITS, MIN_DOTS = 7, 3
"""A row of digits that is shorter is a number, unless it has three dots, as IP addresses do."""
LONG_TOKEN, ID_TOKEN, ID_DIGITS = 20, 7, 6
"""Letters and digits of a token that may be a key; of one that may be an identity number, and digits of that."""
BETWEEN = 4
"""Bytes that may separate two groups of digits."""
LOCAL, DOMAIN, ACCOUNT_BYTES, HEAD = 64, 255, 48, 64
"""Bytes of the parts of an e-mail address (RFC 5321); what an account number takes with spaces, and a block's head."""

MIN_DOMAIN, HEX_DIGITS, MIN_COLONS = 3, 4, 6
"""Bytes after an `@` that a domain exceeds; of a group in an IPv6 address, and colons in one without `::`."""

_DIGIT, _LETTER, _JOIN, _LOCAL, _DOMAIN, _HEX, _GAP = 1, 2, 4, 8, 16, 32, 64


def _classes() -> Bytes:
    made = np.zeros(256, np.uint8)
    for text, bit in (
        (b"0123456789", _DIGIT | _LOCAL | _DOMAIN | _HEX),
        (b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", _LETTER | _LOCAL | _DOMAIN),
        (b"abcdefABCDEF", _HEX),
        (b"_-", _JOIN),
        (b"._%+-'&", _LOCAL),
        (b".-", _DOMAIN),
        (b" -./()", _GAP),
        (b"\xc2\xa0\xe2\x80\x90\x91\x92\x93\xaf", _GAP),  # no-break spaces, and dashes from the hyphen to the en dash
    ):
        made[np.frombuffer(text, np.uint8)] |= bit
    return made


CLASSES = _classes()
_AT, _COLON, _DASH, _DOT, _PLUS, _OPEN = ord("@"), ord(":"), ord("-"), ord("."), ord("+"), ord("(")
_BEGIN = tuple(b"-----BEGIN")
BEGIN = len(_BEGIN) - 1


class Traces(NamedTuple):
    """Per candidate its row, where it stands (bytes from the beginning of its text), and its kind; ascending rows."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    kinds: NDArray[np.int64]


@inline
def _digits_from(data: Bytes, at: int, end: int, classes: Bytes) -> tuple[int, int, int]:
    """Where a row of groups of digits that begins at `at` ends, its digits and its single dots."""
    digits, dots, last = i64(0), i64(0), at
    while at < end:
        bits = classes[data[at]]
        if bits & _DIGIT:
            dots += at - last == 2 and data[at - 1] == _DOT
            digits += 1
            last = at
        elif not bits & _GAP or at - last > BETWEEN:
            break
        at += 1
    return last + 1, digits, dots


@inline
def _opening(data: Bytes, at: int, start: int) -> int:
    """The plus sign or the parenthesis before a number belongs to it."""
    if at > start and data[at - 1] == _OPEN:
        at -= 1
    if at > start and data[at - 1] == _PLUS:
        at -= 1
    return at


@inline
def _left(data: Bytes, at: int, start: int, classes: Bytes, bit: int) -> int:
    while at > start and classes[data[at - 1]] & bit:
        at -= 1
    return at


@inline
def _right(data: Bytes, at: int, end: int, classes: Bytes, bit: int) -> int:
    while at < end and classes[data[at]] & bit:
        at += 1
    return at


@inline
def _colons(data: Bytes, at: int, end: int, classes: Bytes) -> tuple[int, int, bool]:
    """Where hexadecimal groups between colons end, how many colons there are, and whether two stand side by side."""
    colons, double, last = i64(0), False, i64(-2)
    while at < end:
        code = data[at]
        if code == _COLON:
            double = double or last == at - 1
            last = at
            colons += 1
        elif not (classes[code] & _HEX or code == _DOT):
            break
        at += 1
    return at, colons, double


@inline
def _word(data: Bytes, at: int, end: int, classes: Bytes) -> tuple[int, int, int]:
    """Where a word of letters, digits and joining marks ends, its letters and its digits."""
    letters = digits = i64(0)
    while at < end:
        bits = classes[data[at]]
        if bits & _DIGIT:
            digits += 1
        elif bits & _LETTER:
            letters += 1
        elif not bits & _JOIN:
            break
        at += 1
    return at, letters, digits


@inline
def _is_account(data: Bytes, at: int, end: int, classes: Bytes) -> bool:
    """Two letters and two digits, as an IBAN begins."""
    return (
        end - at >= 4
        and (classes[data[at]] & classes[data[at + 1]] & _LETTER) != 0
        and (classes[data[at + 2]] & classes[data[at + 3]] & _DIGIT) != 0
    )


@inline
def _is_block(data: Bytes, at: int, end: int) -> bool:
    """`-----BEGIN`."""
    if end - at < len(_BEGIN):
        return False
    for i in range(len(_BEGIN)):  # noqa: SIM110 - a kernel has no generators
        if data[at + i] != _BEGIN[i]:
            return False
    return True


@inline
def _add(out: Out, found: int, start: int, stop: int, kind: int) -> int:
    if found < out.shape[1]:
        out[START, found], out[STOP, found], out[KIND, found] = start, stop, kind
    return found + 1


@inline
def _in_word(data: Bytes, at: int, stop: int, end: int, classes: Bytes, base: int, out: Out, found: int) -> int:
    """Add what a word is a trace of by itself."""
    _, letters, digits = _word(data, at, stop, classes)
    size = letters + digits
    if letters and digits and (size >= LONG_TOKEN or (size >= ID_TOKEN and digits >= ID_DIGITS)):
        found = _add(out, found, at - base, stop - base, TOKEN)
    if _is_account(data, at, stop, classes):
        found = _add(out, found, at - base, min(at + ACCOUNT_BYTES, end) - base, ACCOUNT)
    return found


@inline
def _numbers(
    data: Bytes, at: int, stop: int, end: int, classes: Bytes, base: int, numbered: int, out: Out, found: int
) -> tuple[int, int]:
    """Add the rows of digits that begin within a word, none before `numbered`; how far they reach, and the count."""
    while at < stop:
        if at >= numbered and classes[data[at]] & _DIGIT:
            numbered, count, dots = _digits_from(data, at, end, classes)
            if count >= MIN_DIGITS or dots >= MIN_DOTS:
                found = _add(out, found, _opening(data, at, base) - base, numbered - base, NUMBER)
            at = numbered
        else:
            at += 1
    return numbered, found


@inline
def _around(data: Bytes, at: int, base: int, end: int, classes: Bytes, out: Out, found: int) -> int:
    """Add what stands on both sides of an `@`."""
    first = _left(data, at, max(base, at - LOCAL), classes, _LOCAL)
    stop = _right(data, at + 1, min(end, at + 1 + DOMAIN), classes, _DOMAIN)
    if first < at and stop > at + MIN_DOMAIN:
        found = _add(out, found, first - base, stop - base, AT)
    return found


@kernel(I64, IN_I32, IN_U8, IN_U8, OUT_I64_2D)
def _scan(offsets: Offsets, data: Bytes, classes: Bytes, out: Out) -> int:
    found = i64(0)
    for row in range(len(offsets) - 1):
        base, end = i64(offsets[row]), i64(offsets[row + 1])
        at, numbered, coloned, before = base, base, base, found
        while at < end:
            code = data[at]
            if classes[code] & (_DIGIT | _LETTER):
                stop, _, digits = _word(data, at, end, classes)
                if digits:
                    found = _in_word(data, at, stop, end, classes, base, out, found)
                    numbered, found = _numbers(data, at, stop, end, classes, base, numbered, out, found)
                at = stop
                continue
            if code == _AT:
                found = _around(data, at, base, end, classes, out, found)
            elif code == _COLON and at >= coloned:
                first = _left(data, at, max(base, at - HEX_DIGITS), classes, _HEX)
                coloned, colons, double = _colons(data, at, end, classes)
                if colons > 1 and (double or colons >= MIN_COLONS):
                    found = _add(out, found, first - base, coloned - base, COLONS)
            elif code == _DASH and _is_block(data, at, end):
                found = _add(out, found, at - base, min(at + HEAD, end) - base, BLOCK)
                at += BEGIN
            at += 1
        for i in range(before, min(found, out.shape[1])):
            out[ROW, i] = row
    return found


def scan(offsets: Offsets, data: Bytes) -> Traces:
    """All traces of all texts."""
    room = 1024 + (int(offsets[-1]) - int(offsets[0])) // 64
    while True:
        out = np.empty((len(Traces._fields), room), np.int64)
        found = int(_scan(offsets, data, CLASSES, out))
        if found <= room:
            return Traces(*out[:, :found])
        room = found
