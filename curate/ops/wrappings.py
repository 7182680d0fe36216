r"""What text is wrapped in on its way through pages and dumps: tags, character references, JSON's escapes.

Read in place, without parsing a document: a tag is `<`, a name and attributes with `=`, so that `a < b` and
`if (x<y)` are none; references are those of HTML 4 (https://www.w3.org/TR/html401/sgml/entities.html) and
numbers; escapes are `\n`, `\r`, `\t` and `\u0041` (RFC 8259, section 7).
"""

from html.entities import name2codepoint

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import i64, inline

GAP, NOTHING = -1, -2
"""In place of a code point: what separates words, and what does not."""

LONGEST_TAG = 2048
"""Bytes at most from `<` to `>`."""

INLINE = (
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd"),
    *("mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"),
)
"""Elements whose tags part no words, as browsers draw them."""


def _pack(name: str) -> int:
    return int.from_bytes(name.encode(), "little")


def _references() -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """Names of up to eight letters as little-endian numbers, ascending, and their code points."""
    pairs = sorted((_pack(name), code) for name, code in [*name2codepoint.items(), ("apos", 0x27)])
    return np.array([name for name, _ in pairs], np.uint64), np.array([code for _, code in pairs], np.int64)


NAMES, CODES = _references()
INLINE_NAMES = np.array(sorted(map(_pack, INLINE)), np.uint64)


@inline
def _letter(byte: int) -> bool:
    return 0x61 <= byte | 0x20 <= 0x7A


@inline
def _digit(byte: int) -> bool:
    return 0x30 <= byte <= 0x39


@inline
def _place(names: NDArray[np.uint64], name: np.uint64) -> int:
    """Where a name stands among ascending ones, or −1."""
    low, high = i64(0), i64(len(names))
    while low < high:
        middle = (low + high) // 2
        if names[middle] < name:
            low = middle + 1
        else:
            high = middle
    return low if low < len(names) and names[low] == name else i64(-1)


@inline
def _tag_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Behind the `>` of a tag whose name ends at `at`; −1 where this is no tag."""
    last, told, bare = min(end, at + LONGEST_TAG), False, True
    for i in range(at, last):
        byte = i64(data[i])
        if byte == 0x3E:
            return i64(i + 1) if told or bare else i64(-1)
        if byte == 0x3C or (i == at and byte > 0x20 and byte != 0x2F):
            return i64(-1)
        told |= byte == 0x3D
        bare &= byte <= 0x20 or byte == 0x2F
    return i64(-1)


@inline
def _comment_end(data: NDArray[np.uint8], at: int, end: int) -> int:
    """Behind the first `>`; −1 where there is none."""
    for i in range(at, min(end, at + LONGEST_TAG)):
        if data[i] == 0x3E:
            return i64(i + 1)
    return i64(-1)


@inline
def read_tag(data: NDArray[np.uint8], at: int, end: int, inline_names: NDArray[np.uint64]) -> tuple[int, int]:
    """`GAP` or `NOTHING` for the tag at a `<`, and where it ends; `GAP` and the next byte where there is none."""
    i = at + 1
    if i < end and data[i] == 0x21:
        after = _comment_end(data, i, end)
        return i64(GAP), after if after > 0 else at + 1
    i += i < end and data[i] == 0x2F
    if i >= end or not _letter(i64(data[i])):
        return i64(GAP), at + 1
    name, start = np.uint64(0), i
    while i < end and (_letter(i64(data[i])) or _digit(i64(data[i])) or data[i] == 0x2D or data[i] == 0x3A):
        if i - start < 8:
            name |= np.uint64(data[i] | 0x20) << np.uint64(8 * (i - start))
        i += 1
    after = _tag_end(data, i, end)
    if after < 0:
        return i64(GAP), at + 1
    return i64(NOTHING) if i - start <= 8 and _place(inline_names, name) >= 0 else i64(GAP), after


@inline
def _hex(byte: int) -> int:
    """The value of a hexadecimal digit, −1 for anything else."""
    if _digit(byte):
        return byte - 0x30
    return (byte | 0x20) - 0x57 if 0x61 <= byte | 0x20 <= 0x66 else i64(-1)


@inline
def _valid(code: int) -> int:
    """The code point, or `GAP` for a number that is none."""
    return code if 0 < code <= 0x10FFFF and code >> 11 != 0x1B else i64(GAP)


@inline
def _number(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """The code point of `65;` or `x41;`, and where it ends; that is −1 where this is none."""
    base = 16 if at < end and data[at] | 0x20 == 0x78 else 10
    at += base == 16
    code, start = i64(0), at
    while at < end and at - start < 8:
        digit = _hex(i64(data[at]))
        if digit < 0 or digit >= base:
            break
        code = code * base + digit
        at += 1
    if at == start or at >= end or data[at] != 0x3B:
        return i64(GAP), i64(-1)
    return _valid(code), at + 1


@inline
def _reference(
    data: NDArray[np.uint8], at: int, end: int, names: NDArray[np.uint64], codes: NDArray[np.int64]
) -> tuple[int, int]:
    """As `_number`, of what stands behind `&`, named or not."""
    if at < end and data[at] == 0x23:
        return _number(data, at + 1, end)
    name, start = np.uint64(0), at
    while at < end and at - start < 8 and (_letter(i64(data[at])) or _digit(i64(data[at]))):
        name |= np.uint64(data[at]) << np.uint64(8 * (at - start))
        at += 1
    found = _place(names, name)
    if found < 0 or at >= end or data[at] != 0x3B:
        return i64(GAP), i64(-1)
    return i64(codes[found]), at + 1


@inline
def read_reference(
    data: NDArray[np.uint8], at: int, end: int, names: NDArray[np.uint64], codes: NDArray[np.int64]
) -> tuple[int, int]:
    """The code point of the reference at an `&`, and where it ends; `GAP` and the next byte where there is none.

    `&amp;rsquo;` is ’, since pages are often encoded twice.
    """
    code, after = _reference(data, at + 1, end, names, codes)
    if after < 0:
        return i64(GAP), at + 1
    if code == 0x26:
        again, behind = _reference(data, after, end, names, codes)
        if behind > 0:
            return again, behind
    return code, after


@inline
def _unit(data: NDArray[np.uint8], at: int, end: int) -> int:
    r"""The UTF-16 unit of `\u0041` at `at`, −1 where there is none."""
    if at + 6 > end or data[at] != 0x5C or data[at + 1] != 0x75:
        return i64(-1)
    code = i64(0)
    for i in range(at + 2, at + 6):
        digit = _hex(i64(data[i]))
        if digit < 0:
            return i64(-1)
        code = code << 4 | digit
    return code


@inline
def read_escape(data: NDArray[np.uint8], at: int, end: int) -> tuple[int, int]:
    """The code point of the escape at a backslash, or `GAP`, and where it ends."""
    if at + 1 < end and (data[at + 1] == 0x6E or data[at + 1] == 0x72 or data[at + 1] == 0x74):
        return i64(GAP), at + 2
    first = _unit(data, at, end)
    if first >> 10 == 0x36:
        second = _unit(data, at + 6, end)
        if second >> 10 == 0x37:
            return 0x10000 + ((first & 0x3FF) << 10 | (second & 0x3FF)), at + 12
    return (_valid(first), at + 6) if first >= 0 else (i64(GAP), at + 1)
