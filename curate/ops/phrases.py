"""Short lists of phrases, found in text whatever the case of their ASCII letters."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import windows
from curate.ops.kernel import IN_I32, IN_U8, OUT_I64, VOID, i64, inline, kernel

Bytes = NDArray[np.uint8]


PAIRS, TABLE = 16, 1 << 16


class Phrases(NamedTuple):
    """Phrase i is `data[starts[i]:starts[i + 1]]`, UTF-8; `first[a + 256 * b]` is 1 where bytes a, b can begin one.

    Two bytes and not one, since a letter in five begins some phrase, and one pair in thirty does. Behind the last byte
    of a text stands a zero. Those pairs also stand, small letters for both cases, one behind the other in
    `first[65536:]`, unless they are more than 16 or some phrase has but one byte.
    """

    starts: NDArray[np.int32]
    data: Bytes
    first: Bytes


def phrases(entries: Sequence[str]) -> Phrases:
    """Pack the entries, their ASCII letters in lower case; raises `ValueError` for one that is empty."""
    if not all(entries):
        raise ValueError("an empty phrase is everywhere")
    packed = [entry.encode().lower() for entry in entries]
    first = np.zeros((256, 256), np.uint8)
    for phrase in packed:
        seconds = [*phrase[1:2], *phrase[1:2].upper()] or slice(None)
        first[seconds, phrase[0]] = first[seconds, phrase[:1].upper()[0]] = 1
    starts = np.cumsum([0, *map(len, packed)]).astype(np.int32)
    pairs = sorted({phrase[:2] for phrase in packed})
    listed = b"".join(pairs) if len(pairs) <= PAIRS and all(len(pair) == 2 for pair in pairs) else b""
    table = np.concatenate([first.ravel(), np.frombuffer(listed, np.uint8)])
    return Phrases(starts, np.frombuffer(b"".join(packed), np.uint8), table)


def listable(entries: tuple[str, ...]) -> tuple[str, ...]:
    """The entries, if they can be looked for; raises `ValueError` for an empty one."""
    phrases(entries)
    return entries


@inline
def lowered(byte: int) -> int:
    """The byte, an ASCII capital in lower case."""
    return byte + 32 if 65 <= byte <= 90 else byte


@inline
def phrase_end(data: Bytes, at: int, end: int, starts: NDArray[np.int32], phrase: Bytes, which: int) -> int:
    """Where phrase `which` ends if it begins at byte `at`, else −1."""
    begin, size = i64(starts[which]), i64(starts[which + 1]) - i64(starts[which])
    if end - at < size:
        return i64(-1)
    for i in range(size):
        if lowered(i64(data[at + i])) != i64(phrase[begin + i]):
            return i64(-1)
    return at + size


@inline
def any_phrase_end(data: Bytes, at: int, end: int, starts: NDArray[np.int32], phrase: Bytes, first: Bytes) -> int:
    """Where the first phrase of the list that begins at byte `at` ends, else −1."""
    if at < end and first[i64(data[at]) | (i64(data[at + 1]) << 8 if at + 1 < end else 0)]:
        for which in range(len(starts) - 1):
            after = phrase_end(data, at, end, starts, phrase, which)
            if after >= 0:
                return after
    return i64(-1)


@inline
def _next_start(data: Bytes, at: int, end: int, first: Bytes) -> int:
    """The first byte from `at` on where a phrase can begin, by its first two bytes; `end` where none can."""
    while len(first) > TABLE and at < end and at + windows.MARGIN <= len(data):
        found = np.uint64(0)
        for i in range(TABLE, len(first), 2):
            found |= _pair(data, at, i64(first[i]), i64(first[i + 1]))
        if found:
            return min(at + windows.lowest(found), end)
        at += windows.SIZE
    while at < end and not first[i64(data[at]) | (i64(data[at + 1]) << 8 if at + 1 < end else 0)]:
        at += 1
    return min(at, end)


@inline
def _pair(data: Bytes, at: int, one: int, other: int) -> np.uint64:
    """Where in the window two bytes stand side by side, ASCII letters (given small) in either case."""
    return _either(data, at, one) & _either(data, at + 1, other)


@inline
def _either(data: Bytes, at: int, byte: int) -> np.uint64:
    found = windows.among(data, at, byte, byte)
    return found | windows.among(data, at, byte - 32, byte - 32) if 97 <= byte <= 122 else found


@inline
def holds_phrase(data: Bytes, start: int, end: int, starts: NDArray[np.int32], phrase: Bytes, first: Bytes) -> bool:
    """Whether any phrase occurs in `data[start:end]`."""
    at = _next_start(data, start, end, first)
    while at < end:
        if any_phrase_end(data, at, end, starts, phrase, first) >= 0:
            return True
        at = _next_start(data, at + 1, end, first)
    return False


@kernel(VOID, IN_I32, IN_U8, IN_I32, IN_U8, IN_U8, OUT_I64)
def _occurrences(
    offsets: NDArray[np.int32],
    data: Bytes,
    starts: NDArray[np.int32],
    phrase: Bytes,
    first: Bytes,
    out: NDArray[np.int64],
) -> None:
    for row in range(len(out)):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            at = _next_start(data, at, end, first)
            if at == end:
                break
            after = any_phrase_end(data, at, end, starts, phrase, first)
            out[row] += after >= 0
            at = after if after >= 0 else at + 1


def occurrences(offsets: NDArray[np.int32], data: Bytes, listed: Phrases) -> NDArray[np.int64]:
    """How often phrases of the list occur in each text, without overlaps (int64)."""
    out = np.zeros(len(offsets) - 1, np.int64)
    _occurrences(offsets, data, *listed, out)
    return out
