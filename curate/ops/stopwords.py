"""How many words of a short list a text has: the sign of natural language in Gopher's rules."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from curate.ops import unicode, windows
from curate.ops.hashing import read_8
from curate.ops.kernel import BOOL, IN_I32, IN_U8, IN_U16, IN_U32, IN_U64, OUT_I64, OUT_U32, VOID, i64, inline, kernel
from curate.ops.normal import normalise
from curate.ops.text import next_word
from curate.ops.unicode import NOTHING, PUNCTUATION, SYMBOL, decode

PACKED, CAPITALS = 8, np.uint64(0x2020202020202020)
"""ASCII letters that one number holds; the bits by which capitals differ from small ones."""
UNCLEAR = -2
LONGEST = 256
"""Folded code points beyond which nothing is a stop word."""


class StopList(NamedTuple):
    """Up to 64 folded words: entry i is `codes[starts[i]:starts[i + 1]]`, a whole word or (`endings[i]`) an ending.

    `packed[i]` is its bytes as one little-endian number where it is a whole word of up to eight ASCII letters, else 0.
    """

    starts: npt.NDArray[np.int32]
    codes: npt.NDArray[np.uint32]
    endings: npt.NDArray[np.uint8]
    packed: npt.NDArray[np.uint64]


def stop_list(entries: Sequence[str], *, exact: bool = False) -> StopList:
    """Fold the entries, unless they are to be found `exact`ly as they are written.

    One that begins with "-" is an ending, for languages whose particles are suffixed.
    """
    if len(entries) > 64:
        raise ValueError(f"{len(entries)} stop words; at most 64 can be counted")
    folded = [_folded(entry.removeprefix("-"), exact=exact) for entry in entries]
    for entry, word in zip(entries, folded, strict=True):
        if not word or " " in word:
            raise ValueError(f"{entry!r} is not one word")
    starts = np.cumsum([0, *map(len, folded)]).astype(np.int32)
    codes = np.array([ord(code) for word in folded for code in word], np.uint32)
    endings = [entry.startswith("-") for entry in entries]
    packed = [0 if ending else _packed(word) for word, ending in zip(folded, endings, strict=True)]
    return StopList(starts, codes, np.array(endings, np.uint8), np.array(packed, np.uint64))


def _packed(word: str) -> int:
    plain = word.isascii() and word.isalpha() and len(word) <= PACKED
    return int.from_bytes(word.encode(), "little") if plain else 0


def _folded(word: str, *, exact: bool) -> str:
    if exact:
        return word
    data = np.frombuffer(word.encode(), np.uint8)
    return normalise(np.array([0, len(data)], np.int32), data, punctuation=True).data.tobytes().decode()


@inline
def _append(code: int, length: int, classes: npt.NDArray[np.uint16], word: npt.NDArray[np.uint32]) -> int:
    """Add a code point to the word, but for punctuation before its first letter."""
    if length >= LONGEST or (length == 0 and i64(classes[code]) & (PUNCTUATION | SYMBOL)):
        return length
    word[length] = code
    return length + 1


@inline
def _fold_word(
    data: npt.NDArray[np.uint8],
    at: int,
    end: int,
    classes: npt.NDArray[np.uint16],
    table: npt.NDArray[np.uint32],
    expansions: npt.NDArray[np.uint32],
    word: npt.NDArray[np.uint32],
) -> int:
    """Fold one word into `word` without the punctuation around it; its length."""
    length = i64(0)
    while at < end:
        code, at = decode(data, at, end)
        folded = i64(table[code])
        if folded < NOTHING:
            length = _append(folded, length, classes, word)
        elif folded != NOTHING:
            first = (folded & NOTHING) >> 5
            for i in range(first, first + (folded & 31)):
                length = _append(i64(expansions[i]), length, classes, word)
    while length > 0 and i64(classes[i64(word[length - 1])]) & (PUNCTUATION | SYMBOL):
        length -= 1
    return length


@inline
def _read_word(data: npt.NDArray[np.uint8], at: int, end: int, word: npt.NDArray[np.uint32]) -> int:
    """Write one word into `word` as it is; its length."""
    length = i64(0)
    while at < end:
        code, at = decode(data, at, end)
        word[length] = code
        length += 1
    return length


@inline
def _matches(
    word: npt.NDArray[np.uint32],
    length: int,
    starts: npt.NDArray[np.int32],
    codes: npt.NDArray[np.uint32],
    endings: npt.NDArray[np.uint8],
    entry: int,
) -> bool:
    first, size = i64(starts[entry]), i64(starts[entry + 1]) - i64(starts[entry])
    if (length <= size) if endings[entry] else (length != size):
        return False
    for i in range(size):  # noqa: SIM110  (kernels know no generators)
        if word[length - size + i] != codes[first + i]:
            return False
    return True


@inline
def _core(word: np.uint64, exact: bool, length: int) -> tuple[int, int]:
    """Where a word of so many ASCII characters begins and ends without the marks around it, which `exact` leaves.

    `word` are its letters and digits, from its first character on.
    """
    if exact or word == 0:
        return i64(0), length if exact else i64(0)
    return windows.lowest(word), windows.highest(word) + 1


@inline
def _lookup(data: npt.NDArray[np.uint8], at: int, length: int, exact: bool, packed: npt.NDArray[np.uint64]) -> int:
    """The entry that `length` (1 to 8) ASCII letters from byte `at` on are; −1 for none."""
    word = read_8(data, at)
    if not exact:
        word |= CAPITALS
    if length < PACKED:
        word &= (np.uint64(1) << np.uint64(8 * length)) - np.uint64(1)
    for entry in range(len(packed)):
        if packed[entry] == word:
            return i64(entry)
    return i64(-1)


@inline
def _quick(
    data: npt.NDArray[np.uint8],
    at: int,
    start: int,
    stop: int,
    letters: np.uint64,
    digits: np.uint64,
    exact: bool,
    longest: int,
    packed: npt.NDArray[np.uint64],
) -> int:
    """The entry that a word of the window at `at` is, −1 for none, `UNCLEAR` for what takes a closer look."""
    inside = windows.below(stop - start)
    first, last = _core(((letters | digits) >> np.uint64(start)) & inside, exact, stop - start)
    if last - first > longest or last == 0:
        return i64(-1)
    core = windows.below(last) & ~windows.below(first)
    if longest == LONGEST or last - first > PACKED or (letters >> np.uint64(start)) & core != core:
        return UNCLEAR
    return _lookup(data, at + start + first, last - first, exact, packed)


@inline
def _enter(found: np.uint64, entry: int, every: bool) -> tuple[np.uint64, int]:
    """The entries found with this one, if it is one (not −1), and whether it counts."""
    if entry < 0:
        return found, i64(0)
    bit = np.uint64(1) << np.uint64(entry)
    return found | bit, i64(every or not found & bit)


@inline
def _compare(
    data: npt.NDArray[np.uint8],
    start: int,
    stop: int,
    classes: npt.NDArray[np.uint16],
    table: npt.NDArray[np.uint32],
    expansions: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.int32],
    codes: npt.NDArray[np.uint32],
    endings: npt.NDArray[np.uint8],
    exact: bool,
    every: bool,
    word: npt.NDArray[np.uint32],
    found: np.uint64,
) -> tuple[np.uint64, int]:
    """The entries found, with those that `data[start:stop]` is, and how many of those count."""
    if exact:
        folded = _read_word(data, start, stop, word)
    else:
        folded = _fold_word(data, start, stop, classes, table, expansions, word)
    count = i64(0)
    for entry in range(len(starts) - 1):
        bit = np.uint64(1) << np.uint64(entry)
        if (every or not found & bit) and _matches(word, folded, starts, codes, endings, entry):
            found |= bit
            count += 1
    return found, count


@inline
def _longest(starts: npt.NDArray[np.int32], endings: npt.NDArray[np.uint8]) -> int:
    """Code points of the longest word that can be an entry."""
    longest = i64(0)
    for entry in range(len(starts) - 1):
        longest = max(longest, LONGEST if endings[entry] else i64(starts[entry + 1]) - i64(starts[entry]))
    return longest


@kernel(VOID, IN_I32, IN_U8, IN_U16, IN_U32, IN_U32, IN_I32, IN_U32, IN_U8, IN_U64, BOOL, BOOL, OUT_U32, OUT_I64)
def _stop_words(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    classes: npt.NDArray[np.uint16],
    table: npt.NDArray[np.uint32],
    expansions: npt.NDArray[np.uint32],
    starts: npt.NDArray[np.int32],
    codes: npt.NDArray[np.uint32],
    endings: npt.NDArray[np.uint8],
    packed: npt.NDArray[np.uint64],
    exact: bool,
    every: bool,
    word: npt.NDArray[np.uint32],
    out: npt.NDArray[np.int64],
) -> None:
    entries, longest = len(starts) - 1, _longest(starts, endings)
    for row in range(len(out)):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        found, count = np.uint64(0), i64(0)
        while at < end and (every or count < entries):
            runs, ends, size = windows.words(data, at, end)
            letters, digits = np.uint64(0), np.uint64(0)
            if size > 0:
                letters, digits = windows.letters(data, at), windows.digits(data, at)
            while runs and (every or count < entries):
                start, stop = windows.first_word(runs, ends)
                runs = windows.behind(runs, stop)
                entry = _quick(data, at, start, stop, letters, digits, exact, longest, packed)
                if entry == UNCLEAR:
                    found, more = _compare(
                        data,
                        at + start,
                        at + stop,
                        classes,
                        table,
                        expansions,
                        starts,
                        codes,
                        endings,
                        exact,
                        every,
                        word,
                        found,
                    )
                else:
                    found, more = _enter(found, entry, every)
                count += more
            if size > 0:
                at += size
                continue
            start, at, length, union = next_word(data, at, end, classes)
            if length == 0 or length > LONGEST:
                continue
            if length > longest and at - start == length and not union & (PUNCTUATION | SYMBOL):
                continue  # ASCII letters and digits: folding leaves as many, and no entry has so many
            found, more = _compare(
                data, start, at, classes, table, expansions, starts, codes, endings, exact, every, word, found
            )
            count += more
        out[row] = count


def stop_words(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    stops: StopList,
    classes: npt.NDArray[np.uint16] | None = None,
    *,
    exact: bool = False,
    every: bool = False,
) -> npt.NDArray[np.int64]:
    """Distinct entries of the list per text, or `every` occurrence of one.

    Case, and punctuation around a word, do not matter, unless words are to be `exact`ly what a list made so holds.
    """
    out = np.zeros(len(offsets) - 1, np.int64)
    table, expansions = unicode.folds()
    scratch = np.empty(LONGEST, np.uint32)
    known = unicode.classes() if classes is None else classes
    _stop_words(offsets, data, known, table, expansions, *stops, exact, every, scratch, out)
    return out
