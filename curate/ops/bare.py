"""Bare words: what two copies of a passage have in common, however each is wrapped, with their places in the text.

A text is read through tags, character references and JSON's escapes (`wrappings.py`) and folded as `normal.py` folds
it, punctuation and symbols separating words. What is left is cut finer than for counting, so that where a passage
begins does not change how it is cut: in scripts without spaces every letter, with its marks, stands alone. So that n
words mean about as much text there, words have weights, in quarters: 4 for a word between spaces, 2 for an ideograph
or a hiragana, 1 for a letter of katakana, Thai, Lao, Khmer or Burmese, whose words have two and some four letters
(`docs/words.md`).
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    IN_U32,
    IN_U64,
    OUT_I32,
    OUT_I64,
    OUT_U8,
    i64,
    inline,
    kernel,
)
from curate.ops.normal import LARGEST, LONGEST, encode
from curate.ops.trie import named
from curate.ops.unicode import HAN, JOINER, KATAKANA, KIND, PUNCTUATION, SPACE, SYMBOL, UNSPACED, decode
from curate.ops.wrappings import (
    CODES,
    GAP,
    INLINE_NAMES,
    NAMES,
    read_escape,
    read_reference,
    read_tag,
)

WORD, IDEOGRAPH, LETTER = 4, 2, 1
"""Weights, in quarters of a word."""

_BETWEEN, _SPECIAL = 0, 1
"""What `plain` says of ASCII that is no letter or digit: it separates words, or it may begin a wrapping."""

_CLOSED, _RUN, _ALONE = 0, 1, 2
"""Whether a word is being written, and if only marks may follow."""


class BareWords(NamedTuple):
    """The bare words of all texts, one space behind each: word w is `data[begins[w]:begins[w + 1] - 1]`.

    Text i has the words `rows[i]` to `rows[i + 1]` (int64); word w stands at bytes `starts[w]` to `stops[w]` of its
    text (int32) and weighs `weights[w]` quarters (uint8). `begins` is int32, one more than words.
    """

    rows: NDArray[np.int64]
    data: NDArray[np.uint8]
    begins: NDArray[np.int32]
    starts: NDArray[np.int32]
    stops: NDArray[np.int32]
    weights: NDArray[np.uint8]


class _Tables(NamedTuple):
    """What code points fold to and are, and the names of wrappings."""

    classes: NDArray[np.uint16]
    folds: NDArray[np.uint32]
    expansions: NDArray[np.uint32]
    plain: NDArray[np.uint8]
    inline_names: NDArray[np.uint64]
    names: NDArray[np.uint64]
    codes: NDArray[np.int64]


_TABLES = named((IN_U16, IN_U32, IN_U32, IN_U8, IN_U64, IN_U64, IN_I64), _Tables)
WORDS = named((OUT_I64, OUT_U8, OUT_I32, OUT_I32, OUT_I32, OUT_U8), BareWords)
_GAPS = SPACE | PUNCTUATION | SYMBOL


@cache
def _tables() -> _Tables:
    folds, classes = unicode.folds(), unicode.classes()
    plain = folds.table[:0x80].astype(np.uint8)
    plain[(classes[plain] & _GAPS) != 0] = _BETWEEN
    plain[[ord(sign) for sign in "<&\\"]] = _SPECIAL
    tables = _Tables(classes, folds.table, folds.expansions, plain, INLINE_NAMES, NAMES, CODES)
    locked: list[Any] = [table.view() for table in tables]
    for table in locked:
        table.flags.writeable = False  # kernels' types tell the two apart inside a tuple; others share what is viewed
    return _Tables(*locked)


@inline
def _weight(bits: int) -> int:
    """The weight of a letter that stands alone, by its classes."""
    return IDEOGRAPH if HAN <= bits & KIND < KATAKANA else LETTER


@inline
def _open(words: BareWords, word: int, out: int, start: int, weight: int) -> None:
    words.begins[word], words.starts[word], words.weights[word] = out, start, weight


@inline
def _close(words: BareWords, word: int, out: int, state: int) -> tuple[int, int]:
    """The number of the next word and where it is written, the open one (if any) closed."""
    if state == _CLOSED:
        return word, out
    words.data[out] = 0x20
    return word + 1, out + 1


@inline
def _put(
    words: BareWords, tables: _Tables, code: int, at: int, after: int, word: int, out: int, state: int
) -> tuple[int, int, int]:
    """Append a folded code point that stands at bytes `at` to `after`; the state then."""
    bits = i64(tables.classes[code])
    if bits & _GAPS:
        word, out = _close(words, word, out, state)
        return word, out, i64(_CLOSED)
    alone = bits & UNSPACED != 0
    if state == _CLOSED or alone or (state == _ALONE and not bits & JOINER):
        word, out = _close(words, word, out, state)
        _open(words, word, out, at, _weight(bits) if alone else WORD)
        state = i64(_ALONE) if alone else i64(_RUN)
    words.stops[word] = after
    return word, encode(code, words.data, out), state


@inline
def _fold(
    words: BareWords, tables: _Tables, code: int, at: int, after: int, word: int, out: int, state: int
) -> tuple[int, int, int]:
    """Append a code point of the text."""
    folded = i64(tables.folds[code])
    if folded < unicode.NOTHING:
        return _put(words, tables, folded, at, after, word, out, state)
    if folded != unicode.NOTHING:
        first = (folded & unicode.NOTHING) >> 5
        for i in range(first, first + (folded & 31)):
            word, out, state = _put(words, tables, i64(tables.expansions[i]), at, after, word, out, state)
    return word, out, state


@inline
def _run(
    data: NDArray[np.uint8], at: int, end: int, tables: _Tables, words: BareWords, out: int, room: int
) -> tuple[int, int]:
    """Copy ASCII letters and digits; where they end, in the text and in the words."""
    while at < end and out < room and data[at] < 0x80:
        letter = tables.plain[data[at]]
        if letter <= _SPECIAL:
            break
        words.data[out] = letter
        out += 1
        at += 1
    return at, out


@inline
def _unwrap(data: NDArray[np.uint8], at: int, end: int, tables: _Tables) -> tuple[int, int]:
    """The code point at `at`, which may be wrapped, or `GAP` or `NOTHING`; and where it ends."""
    byte = data[at]
    if byte >= 0x80:
        return decode(data, at, end)
    if byte == 0x3C:
        return read_tag(data, at, end, tables.inline_names)
    if byte == 0x26:
        return read_reference(data, at, end, tables.names, tables.codes)
    return read_escape(data, at, end) if byte == 0x5C else (i64(GAP), at + 1)


@inline
def _row(
    data: NDArray[np.uint8], begin: int, end: int, tables: _Tables, words: BareWords, word: int, out: int
) -> tuple[int, int]:
    """Append the words of a text; the next word's number, and where it is written, −1 where there is no room."""
    at, room, state = begin, len(words.data) - LONGEST, i64(_CLOSED)
    while at < end:
        if out >= room or word >= len(words.starts) - LONGEST:
            return word, i64(-1)
        byte = data[at]
        if byte < 0x80 and tables.plain[byte] > _SPECIAL:
            if state != _RUN:
                word, out = _close(words, word, out, state)
                _open(words, word, out, at - begin, WORD)
                state = i64(_RUN)
            at, out = _run(data, at, end, tables, words, out, room)
            words.stops[word] = at - begin
            continue
        if byte < 0x80 and tables.plain[byte] == _BETWEEN:
            code, after = i64(GAP), at + 1
        else:
            code, after = _unwrap(data, at, end, tables)
        if code >= 0:
            word, out, state = _fold(words, tables, code, at - begin, after - begin, word, out, state)
        elif code == GAP:
            word, out = _close(words, word, out, state)
            state = i64(_CLOSED)
        at = after
    return _close(words, word, out, state)


@kernel(I64, IN_I32, IN_U8, _TABLES, WORDS, I64)
def _bare_words(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], tables: _Tables, words: BareWords, row: int
) -> int:
    """Fill `words` from `row` on; the row at which it was full."""
    word = i64(words.rows[row])
    out = i64(words.begins[word])
    while row < len(offsets) - 1:
        word, out = _row(data, i64(offsets[row]), i64(offsets[row + 1]), tables, words, word, out)
        if out < 0:
            break
        row += 1
        words.rows[row] = word
        words.begins[word] = out
    return row


def _room(rows: int, size: int) -> BareWords:
    """Arrays for so many rows and bytes of words; what is not written of them takes no memory."""
    most = size // 2 + 2 * LONGEST
    begins, starts, stops = (np.empty(most + 1, np.int32) for _ in range(3))
    begins[0] = 0
    return BareWords(
        np.zeros(rows + 1, np.int64), np.empty(size, np.uint8), begins, starts, stops, np.empty(most, np.uint8)
    )


def _grown(words: BareWords, row: int) -> BareWords:
    """The same, up to a row, with twice the room."""
    larger = _room(len(words.rows) - 1, 2 * len(words.data))
    done = int(words.rows[row])
    larger.rows[: row + 1], larger.begins[: done + 1] = words.rows[: row + 1], words.begins[: done + 1]
    larger.data[: words.begins[done]] = words.data[: words.begins[done]]
    larger.starts[:done], larger.stops[:done] = words.starts[:done], words.stops[:done]
    larger.weights[:done] = words.weights[:done]
    return larger


def bare_words(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> BareWords:
    """The bare words of every text."""
    rows, row = len(offsets) - 1, 0
    size = int(offsets[-1]) - int(offsets[0])
    words = _room(rows, size + size // 4 + 4 * LONGEST)
    while (row := _bare_words(offsets, data, _tables(), words, row)) < rows:
        if len(words.data) > LARGEST // 2:
            raise OverflowError(f"{size} bytes of text are more than can be compared at once")
        words = _grown(words, row)
    count = int(words.rows[-1])
    return BareWords(
        words.rows,
        words.data[: words.begins[count]],
        words.begins[: count + 1],
        words.starts[:count],
        words.stops[:count],
        words.weights[:count],
    )
