"""The lines of an ARPA file's sections, from bytes to keys and numbers; and tables of what was read."""

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_F32, IN_U8, IN_U64, OUT_F32, OUT_I64, OUT_U64, VOID, i64, inline, kernel
from curate.ops.ngram_model import BEGIN, END, UNKNOWN, extended, slot_of, word_hash

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Floats = NDArray[np.float32]

LINE, NUMBER, WORDS, POSITIVE = 1, 2, 3, 4
"""What can be wrong: no line, no number, too few words, a probability above 1."""


@inline
def _mantissa(data: Bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """Digits with or without a point: the first 17 of them as a number, its power of ten, how many, where they end."""
    mantissa, power, digits, point = i64(0), i64(0), i64(0), i64(0)
    while at < end and (0x30 <= data[at] <= 0x39 or (data[at] == 0x2E and not point)):
        if data[at] == 0x2E:
            point = 1
        else:
            digits += 1
            fits = mantissa < 10**16
            mantissa = mantissa * 10 + i64(data[at]) - 0x30 if fits else mantissa
            power += not fits
            power -= point
        at += 1
    return mantissa, power, digits, at


@inline
def _exponent(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """The number after an `e`, and where it ends; 0 where there is none."""
    if at + 1 >= end or data[at] | 0x20 != 0x65:
        return i64(0), at
    negative = data[at + 1] == 0x2D
    value, _, digits, stop = _mantissa(data, at + 2 if negative or data[at + 1] == 0x2B else at + 1, end)
    if digits == 0 or digits > 6:
        return i64(0), at
    return (-value if negative else value), stop


@inline
def _number(data: Bytes, at: int, end: int) -> tuple[float, int, bool]:
    """A decimal number or `-inf`: its value, where it ends, whether there is one."""
    negative = at < end and data[at] == 0x2D
    if at < end and data[at] in (0x2B, 0x2D):
        at += 1
    if negative and at + 2 < end and data[at] | 0x20 == 0x69 and data[at + 1] | 0x20 == 0x6E:
        return -np.inf, at + 3, bool(data[at + 2] | 0x20 == 0x66)
    mantissa, power, digits, at = _mantissa(data, at, end)
    more, at = _exponent(data, at, end)
    power = min(max(power + more, -400), 400)
    value = np.float64(mantissa)
    if mantissa:
        value = value / 10.0**-power if power < 0 else value * 10.0**power
    return (-value if negative else value), at, bool(digits > 0 and value < 1e38)


@inline
def _gap(data: Bytes, at: int, end: int) -> int:
    """Where the spaces, tabs and carriage returns from here on end."""
    while at < end and data[at] in (0x20, 0x09, 0x0D):
        at += 1
    return at


@inline
def _special(data: Bytes, start: int, end: int) -> np.uint64:
    """The hash of `<s>`, `</s>`, `<unk>` or `<UNK>`, and 0 for other words."""
    if end - start < 3 or data[start] != 0x3C or data[end - 1] != 0x3E:
        return np.uint64(0)
    if end - start == 3 and data[start + 1] == 0x73:
        return BEGIN
    if end - start == 4 and data[start + 1] == 0x2F and data[start + 2] == 0x73:
        return END
    if end - start != 5 or data[start + 1] | 0x20 != 0x75:
        return np.uint64(0)
    return UNKNOWN if data[start + 2] | 0x20 == 0x6E and data[start + 3] | 0x20 == 0x6B else np.uint64(0)


@inline
def _read_words(data: Bytes, at: int, end: int, order: int, words: Keys) -> tuple[int, bool]:
    """Hash `order` words into `words`: where they end, and whether they are there before the line ends."""
    for i in range(order):
        at = _gap(data, at, end)
        start = at
        while at < end and data[at] not in (0x20, 0x09, 0x0D, 0x0A):
            at += 1
        if at == start:
            return at, False
        words[i] = _special(data, start, at) or word_hash(data, start, at)
    return at, True


@inline
def _chained(words: Keys, first: int, stop: int) -> np.uint64:
    """The key of `words[first:stop]`, 0 where they are none."""
    key = np.uint64(0)
    for i in range(stop - 1, first - 1, -1):
        key = extended(key, words[i])
    return key


@kernel(VOID, IN_U64, OUT_U64)
def key_of(words: Keys, out: Keys) -> None:
    """The key of an n-gram of these words, first to last."""
    out[0] = _chained(words, i64(0), i64(len(words)))


@kernel(VOID, IN_U8, I64, I64, OUT_U64)
def words_at(data: Bytes, line: int, order: int, words: Keys) -> None:
    """The hashes of the words of the line at this byte."""
    _, at, _ = _number(data, line, i64(len(data)))
    _read_words(data, at, i64(len(data)), order, words)


@kernel(I64, IN_U8, OUT_I64, I64, OUT_U64, OUT_U64, OUT_U64, OUT_U64, OUT_I64, OUT_F32, OUT_F32)
def parse(
    data: Bytes,
    place: NDArray[np.int64],
    order: int,
    words: Keys,
    keys: Keys,
    suffixes: Keys,
    prefixes: Keys,
    lines: NDArray[np.int64],
    probabilities: Floats,
    backoffs: Floats,
) -> int:
    """Fill a section from byte `place[0]` on, which moves along; 0, or what is wrong with the line there."""
    end = i64(len(data))
    for row in range(len(keys)):
        at = place[0]
        while at < end and data[at] in (0x20, 0x09, 0x0D, 0x0A):
            at += 1
        place[0] = lines[row] = at
        if at >= end or data[at] == 0x5C:
            return LINE
        logarithm, at, good = _number(data, at, end)
        if not good or logarithm > 0:
            return POSITIVE if good else NUMBER
        at, good = _read_words(data, at, end, order, words)
        if not good:
            return WORDS
        at = _gap(data, at, end)
        weight = 0.0
        if at < end and data[at] != 0x0A:
            weight, at, good = _number(data, at, end)
            at = _gap(data, at, end)
            if not good or (at < end and data[at] != 0x0A):
                return NUMBER
        keys[row], probabilities[row], backoffs[row] = _chained(words, i64(0), order), logarithm, weight
        suffixes[row], prefixes[row] = _chained(words, i64(1), order), _chained(words, i64(0), order - 1)
        place[0] = at
    return 0


@kernel(I64, IN_U64, IN_F32, IN_F32, OUT_U64, OUT_F32, OUT_F32)
def insert(
    keys: Keys, probabilities: Floats, backoffs: Floats, slots: Keys, slot_probabilities: Floats, slot_backoffs: Floats
) -> int:
    """Put n-grams into the table; the first that is there already, or -1."""
    for row in range(len(keys)):
        slot = slot_of(slots, keys[row])
        if slots[slot]:
            return row
        slots[slot] = keys[row]
        slot_probabilities[slot], slot_backoffs[slot] = probabilities[row], backoffs[row]
    return i64(-1)


@kernel(VOID, IN_U64, IN_U64, OUT_I64)
def find(keys: Keys, table: Keys, out: NDArray[np.int64]) -> None:
    """The slots at which the keys are, or belong."""
    for row in range(len(keys)):
        out[row] = slot_of(table, keys[row])
