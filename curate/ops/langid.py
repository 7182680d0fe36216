"""Language identification's inner loops: the window that is read, and naive Bayes over byte n-grams.

`bayes` is langid.py's scheme (Lui and Baldwin, "langid.py: An Off-the-shelf Language Identification
Tool", ACL 2012) as py3langid 0.4 refines it: an automaton over bytes counts n-gram features, each
counts log(1 + n), and the log-posterior is divided by the square root of the text's bytes before the
softmax, which keeps the probability calibrated over lengths.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U16, IN_U32, OUT_I32, OUT_I64, OUT_U8, VOID, i64, inline, kernel

_IN_F32 = types.Array(types.float32, 1, "C", readonly=True)
_IN_F32_2D = types.Array(types.float32, 2, "C", readonly=True)
_OUT_F32_2D = types.Array(types.float32, 2, "C")


class Model(NamedTuple):
    """Naive Bayes over the features that an automaton finds; S states, F features, C classes."""

    moves: NDArray[np.uint32]
    """The automaton's distinct rows of 256 next states, one after the other."""
    rows_of: NDArray[np.uint16]
    """(S,) which row of `moves` a state uses."""
    features: NDArray[np.int32]
    """(S,) the feature that a state completes, or -1."""
    weights: NDArray[np.float32]
    """(F, C) log-likelihoods."""
    prior: NDArray[np.float32]
    """(C,) log-priors."""


class Windows(NamedTuple):
    """Cut-out texts as offsets and bytes, and which of them hold a letter."""

    offsets: NDArray[np.int32]
    data: NDArray[np.uint8]
    lettered: NDArray[np.bool_]


def windows(offsets: NDArray[np.int32], data: NDArray[np.uint8], width: int) -> Windows:
    """`width` code points from the middle of every text.

    The window begins `width` / 2 code points before the text's middle byte, or at the text's start. Runs of
    white space and control characters count as one space, and none stays at the ends.
    """
    rows = len(offsets) - 1
    room = int(np.minimum(np.diff(offsets), 4 * width).sum(dtype=np.int64))
    starts, out, lettered = np.zeros(rows + 1, np.int32), np.empty(room, np.uint8), np.zeros(rows, np.uint8)
    _windows(offsets, data, width, unicode.classes(), starts, out, lettered)
    return Windows(starts, out[: starts[-1]], lettered.view(np.bool_))


class Groups(NamedTuple):
    """Runs of whole lines, one after the other over all texts."""

    offsets: NDArray[np.int32]
    """Where groups begin, and where the last ends."""
    rows: NDArray[np.int32]
    """The text of every group, ascending."""
    letters: NDArray[np.int64]
    """How many letters each holds."""


def line_groups(offsets: NDArray[np.int32], data: NDArray[np.uint8], least: int, most: int) -> Groups:
    """Every text as at most `most` + 1 runs of whole lines, each but the last of a text of at least `least` letters.

    In a text of many lines a run is longer: at least the text's bytes / `most`.
    """
    texts = len(offsets) - 1
    room = texts * (most + 1)
    starts, rows, letters = np.zeros(room + 1, np.int32), np.zeros(room, np.int32), np.zeros(room, np.int64)
    filled = np.zeros(1, np.int64)
    _line_groups(offsets, data, least, most, unicode.classes(), starts, rows, letters, filled)
    n = int(filled[0])
    return Groups(starts[: n + 1], rows[:n], letters[:n])


def bayes(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], model: Model
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """(texts, C) log-posteriors but for a constant, and how many different features each text has.

    A text without any feature has the prior.
    """
    rows = len(offsets) - 1
    made, found = np.zeros((rows, len(model.prior)), np.float32), np.zeros(rows, np.int32)
    seen = np.zeros((2, len(model.weights)), np.int32)
    _bayes(offsets, data, *model, seen[0], seen[1], found, made)
    return made, found


@inline
def _middle(data: NDArray[np.uint8], begin: int, end: int, width: int) -> int:
    if end - begin <= width:
        return begin
    at, back = (begin + end) // 2, (width + 1) // 2
    while at > begin:
        if data[at] & 0xC0 != 0x80:
            if back == 0:
                break
            back -= 1
        at -= 1
    return at


@kernel(VOID, IN_I32, IN_U8, I64, IN_U16, OUT_I32, OUT_U8, OUT_U8)
def _windows(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    width: int,
    classes: NDArray[np.uint16],
    starts: NDArray[np.int32],
    out: NDArray[np.uint8],
    lettered: NDArray[np.uint8],
) -> None:
    filled = 0
    for row in range(len(offsets) - 1):
        end, taken, gap, begin = int(offsets[row + 1]), 0, False, filled
        at = _middle(data, int(offsets[row]), end, width)
        while at < end and taken < width:
            code, after = unicode.decode(data, at, end)
            bits = classes[code]
            if bits & unicode.SPACE or code < 0x20 or 0x7F <= code < 0xA0:
                gap = filled > begin
            else:
                if gap:
                    if taken + 2 > width:
                        break
                    out[filled] = 0x20
                    filled, taken, gap = filled + 1, taken + 1, False
                if bits & unicode.LETTER:
                    lettered[row] = 1
                for i in range(at, after):
                    out[filled + i - at] = data[i]
                filled, taken = filled + after - at, taken + 1
            at = after
        starts[row + 1] = filled


@kernel(VOID, IN_I32, IN_U8, I64, I64, IN_U16, OUT_I32, OUT_I32, OUT_I64, OUT_I64)
def _line_groups(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    least: int,
    most: int,
    classes: NDArray[np.uint16],
    starts: NDArray[np.int32],
    rows: NDArray[np.int32],
    letters: NDArray[np.int64],
    filled: NDArray[np.int64],
) -> None:
    group = 0
    starts[0] = offsets[0]
    for row in range(len(offsets) - 1):
        at, end, begin, found = i64(offsets[row]), i64(offsets[row + 1]), i64(offsets[row]), i64(0)
        size = (end - at) // most
        while at < end:
            code, after = unicode.decode(data, at, end)
            if classes[code] & unicode.LETTER:
                found += 1
            at = after
            if at == end or (code == 0x0A and found >= least and at - begin >= size):
                starts[group + 1], rows[group], letters[group] = at, row, found
                group, begin, found = group + 1, at, 0
    filled[0] = group


@inline
def _add(
    weights: NDArray[np.float32],
    seen: NDArray[np.int32],
    touched: NDArray[np.int32],
    distinct: int,
    score: NDArray[np.float32],
    row: int,
) -> None:
    """Add log(1 + n) times a feature's weights for all features, four at a time, and forget their counts."""
    for i in range(0, distinct, 4):
        a, b = touched[i], touched[min(i + 1, distinct - 1)]
        c, d = touched[min(i + 2, distinct - 1)], touched[min(i + 3, distinct - 1)]
        n, seen[a] = np.float32(math.log1p(seen[a])), 0
        o, seen[b] = np.float32(math.log1p(seen[b])), 0
        p, seen[c] = np.float32(math.log1p(seen[c])), 0
        q, seen[d] = np.float32(math.log1p(seen[d])), 0
        for k in range(score.shape[1]):
            score[row, k] += (n * weights[a, k] + o * weights[b, k]) + (p * weights[c, k] + q * weights[d, k])


@kernel(
    VOID,
    IN_I32,
    IN_U8,
    IN_U32,
    IN_U16,
    IN_I32,
    _IN_F32_2D,
    _IN_F32,
    OUT_I32,
    OUT_I32,
    OUT_I32,
    _OUT_F32_2D,
)
def _bayes(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    moves: NDArray[np.uint32],
    rows_of: NDArray[np.uint16],
    features: NDArray[np.int32],
    weights: NDArray[np.float32],
    prior: NDArray[np.float32],
    seen: NDArray[np.int32],
    touched: NDArray[np.int32],
    found: NDArray[np.int32],
    made: NDArray[np.float32],
) -> None:
    for row in range(len(found)):
        state, distinct = np.uint32(0), 0
        for at in range(offsets[row], offsets[row + 1]):
            state = moves[(np.int64(rows_of[state]) << 8) + data[at]]
            feature = features[state]
            if feature >= 0:
                if seen[feature] == 0:
                    touched[distinct] = feature
                    distinct += 1
                seen[feature] += 1
        found[row] = distinct
        for k in range(len(prior)):
            made[row, k] = prior[k]
        if distinct > 0:
            _add(weights, seen, touched, distinct, made, row)
        scale = np.float32(1.0 / math.sqrt(max(offsets[row + 1] - offsets[row], 1)))
        for k in range(len(prior)):
            made[row, k] *= scale
