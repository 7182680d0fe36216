"""A linear classifier over hashed words, runs of words and parts of words: what short texts are screened with.

At inference a fastText model of two labels (Joulin et al., "Bag of Tricks for Efficient Text Classification", EACL
2017) is a sum of one number a feature, the feature's vector times the difference of the labels' vectors: here only that
number is kept, in a byte, and found by the feature's hash (Weinberger et al., "Feature Hashing for Large Scale
Multitask Learning", ICML 2009). The sum is divided by the square root of the number of features.

Features of a text whose words are `plain_words`:

- words, pairs and triples of words;
- words in a text that names a group, by what it holds of the kinds from `CONTEXTS` on (negations, reports), since
  "they are not vermin" must count otherwise than "they are vermin"; and words behind such a text of the same document;
- parts of words: 3 to 5 code points, or 1 to 3 of scripts that are written without spaces, these also by what a text
  that names a group holds;
- the kinds of other marks.
"""

import math
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import trie
from curate.ops.kernel import F64, I64, IN_I32, IN_U8, OUT_F32, OUT_I32, OUT_I64, OUT_U32, VOID, i64, inline, kernel
from curate.ops.plain_words import CONTEXTS, GROUP, NAME, PRIME, SPREAD, Desk, Marks, desk, hash_words, words_of
from curate.ops.sentence_spans import Pieces

Bytes = NDArray[np.uint8]

_IN_I8 = types.Array(types.int8, 1, "C", readonly=True)
_WORD, _PAIR, _TRIPLE, _NAMED, _BEHIND, _PART, _KIND = (np.uint64(i + 1) for i in range(7))
_START, _STOP = np.uint64(1), np.uint64(2)


def features(
    offsets: NDArray[np.int32], data: Bytes, pieces: Pieces, marks: Marks, bits: int
) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """The features of every piece, below 2^bits: piece i has `ids[starts[i] : starts[i + 1]]`."""
    room = max(1024, 512 * len(pieces.rows))
    starts = np.zeros(len(pieces.rows) + 1, np.int64)
    while True:
        ids = np.empty(room, np.uint32)
        size = int(_all(offsets, data, pieces, marks, desk(), bits, starts, ids))
        if size <= room:
            return starts, ids[:size]
        room = size


def scores(
    offsets: NDArray[np.int32],
    data: Bytes,
    pieces: Pieces,
    marks: Marks,
    weights: NDArray[np.int8],
    scale: float,
    bias: float,
) -> NDArray[np.float32]:
    """The probability of every piece (float32), the logistic of the sum; 0 without features. `weights` holds 2^n."""
    found = np.zeros(len(pieces.rows), np.float32)
    bits = len(weights).bit_length() - 1
    _scores(offsets, data, pieces, marks, desk(), bits, weights, scale, bias, found)
    return found


@inline
def _mix(kind: np.uint64, a: np.uint64, b: np.uint64, bits: int) -> np.uint32:
    state = (kind * SPREAD ^ a) * PRIME
    state = (state ^ (state >> np.uint64(29)) ^ b) * SPREAD
    state = (state ^ (state >> np.uint64(32))) * SPREAD
    return np.uint32(state >> np.uint64(64 - bits))


@inline
def _note(ids: NDArray[np.uint32], found: int, feature: np.uint32) -> int:
    if found < len(ids):
        ids[found] = feature
        return found + 1
    return found


@inline
def _parts(
    letters: NDArray[np.int32],
    start: int,
    stop: int,
    kind: int,
    around: int,
    bits: int,
    ids: NDArray[np.uint32],
    found: int,
) -> int:
    """Note the parts of one word; how many features there are now. Place `start - 1` and `stop` are its edges."""
    shortest, longest, edge = (i64(1), i64(3), i64(0)) if kind == 1 else (i64(3), i64(5), i64(1))
    for first in range(start - edge, stop + edge - shortest + 1):
        state = PRIME
        for k in range(first, min(first + longest, stop + edge)):
            letter = _START if k < start else _STOP if k >= stop else np.uint64(letters[k])
            state = (state ^ letter) * PRIME
            if k - first + 1 >= shortest:
                found = _note(ids, found, _mix(_PART, state, np.uint64(k - first), bits))
                if around >= 0 and kind == 1:
                    found = _note(ids, found, _mix(_PART, state, np.uint64(k - first + 8 + 8 * around), bits))
    return found


@inline
def _features(desk: Desk, count: int, named: bool, behind: bool, context: int, bits: int) -> int:
    """Fill `ids` with the features of a piece's words; how many there are."""
    letters, words, ids = desk.letters, desk.words, desk.ids
    found, none = i64(0), np.uint64(0)
    for k in range(count):
        word = np.uint64(words[2, k])
        found = _note(ids, found, _mix(_WORD, word, none, bits))
        if named:
            found = _note(ids, found, _mix(_NAMED, word, np.uint64(context), bits))
        elif behind:
            found = _note(ids, found, _mix(_BEHIND, word, none, bits))
        if k + 1 < count:
            following = np.uint64(words[2, k + 1])
            found = _note(ids, found, _mix(_PAIR, word, following, bits))
            if k + 2 < count:
                pair = (word * PRIME ^ following) * SPREAD
                found = _note(ids, found, _mix(_TRIPLE, pair, np.uint64(words[2, k + 2]), bits))
        if words[3, k] != NAME:
            found = _parts(
                letters, words[0, k], words[1, k], words[3, k], context if named else i64(-1), bits, ids, found
            )
    return found


@inline
def _piece(
    offsets: NDArray[np.int32],
    data: Bytes,
    pieces: Pieces,
    piece: int,
    marks: Marks,
    state: tuple[int, int],
    desk: Desk,
    bits: int,
) -> tuple[int, int, int]:
    """Fill `ids` for one piece, after all before it: how many, the next mark, and the row of the last name."""
    row = i64(pieces.rows[piece])
    base, start, stop = i64(offsets[row]), i64(pieces.starts[piece]), i64(pieces.stops[piece])
    mark, size = state[0], len(marks.rows)
    while mark < size and (marks.rows[mark] < row or (marks.rows[mark] == row and marks.stops[mark] <= start)):
        mark += 1
    last, named, context = mark, False, i64(0)
    while last < size and marks.rows[last] == row and marks.starts[last] < stop:
        named |= marks.kinds[last] == GROUP
        if marks.kinds[last] >= CONTEXTS:
            context |= i64(1) << (marks.kinds[last] - CONTEXTS)
        last += 1
    count = words_of(data, base + start, base + stop, base, marks, mark, last, desk)
    hash_words(desk.letters, desk.words, count)
    found = _features(desk, count, named, state[1] == row, context, bits)
    for k in range(mark, last):
        if marks.kinds[k] != GROUP and marks.kinds[k] < CONTEXTS:
            found = _note(desk.ids, found, _mix(_KIND, np.uint64(marks.kinds[k]), np.uint64(named), bits))
    return found, mark, row if named else i64(-1)


_UNIFORM: Any = types.NamedUniTuple
_PIECES, _MARKS = _UNIFORM(OUT_I32, 3, Pieces), _UNIFORM(OUT_I32, 4, Marks)
_DESK = trie.named(
    (types.Array(types.uint16, 1, "C"), OUT_U32, OUT_U32, OUT_I32, types.Array(types.int64, 2, "C"), OUT_U32), Desk
)


@kernel(I64, IN_I32, IN_U8, _PIECES, _MARKS, _DESK, I64, OUT_I64, OUT_U32)
def _all(
    offsets: NDArray[np.int32],
    data: Bytes,
    pieces: Pieces,
    marks: Marks,
    desk: Desk,
    bits: int,
    starts: NDArray[np.int64],
    ids: NDArray[np.uint32],
) -> int:
    """Write all pieces' features as far as they fit; the number of all."""
    mark, row, size = i64(0), i64(-1), i64(0)
    for piece in range(len(pieces.rows)):
        found, mark, row = _piece(offsets, data, pieces, piece, marks, (mark, row), desk, bits)
        for k in range(found):
            if size + k < len(ids):
                ids[size + k] = desk.ids[k]
        size += found
        starts[piece + 1] = size
    return size


@kernel(VOID, IN_I32, IN_U8, _PIECES, _MARKS, _DESK, I64, _IN_I8, F64, F64, OUT_F32)
def _scores(
    offsets: NDArray[np.int32],
    data: Bytes,
    pieces: Pieces,
    marks: Marks,
    desk: Desk,
    bits: int,
    weights: NDArray[np.int8],
    scale: float,
    bias: float,
    out: NDArray[np.float32],
) -> None:
    mark, row = i64(0), i64(-1)
    for piece in range(len(out)):
        found, mark, row = _piece(offsets, data, pieces, piece, marks, (mark, row), desk, bits)
        total = i64(0)
        for k in range(found):
            total += weights[desk.ids[k]]
        if found > 0:
            out[piece] = 1.0 / (1.0 + math.exp(-(bias + scale * total / math.sqrt(found))))
