"""Two language models into one opinion, and how far to trust it.

Both models are asked about their own labels. With m the share that the wide model gives to labels that the deep
one knows, too, a label of the deep model gets m' q, where q is proportional to wide · deep^weight within those
labels and

    logit m' = slope · logit m + shift + doubt · D − length · log(letters / 100),

D being the deep model's highest log-probability: languages that it knows are the likelier ones, the less so the
less sure it is of a long text. Every other label keeps its share of 1 − m'. A label of the deep model that the
wide one lacks counts there as `absent` below the best. No label stands for a text of which less than `SHARE` of
the letters are in blocks (128 code points, all ideographs being one) that its language is written in.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import IN_I32, IN_U8, IN_U16, OUT_F64, OUT_I32, OUT_I64, VOID, i64, inline, kernel
from curate.ops.unicode import LETTER, decode

BLOCKS = 1024
"""Blocks of 128 code points up to U+1FFFF; all that follows is ideographs."""
IDEOGRAPHS = 0x4E00 >> 7
SHARE = 0.3
SHORT, LONG = 10, 150
"""Letters up to which a text is short, and from which on it is long."""
FEATURES = 8
"""What is known about an answer: the logit of its probability (−12 to 12), log(1 + letters) from
`SHORT` to `LONG`, the wide and the deep
model's log-probability of it (−12 to 0; 0 where a model lacks the label), whether the deep model lacks it, the
deep model's highest log-probability, the wide model's highest score before the softmax, and by how much the text's
log(1 + letters) is below that of `SHORT`."""

_IN_F32_2D = types.Array(types.float32, 2, "C", readonly=True)
_IN_F64_2D = types.Array(types.float64, 2, "C", readonly=True)
_IN_U8_2D = types.Array(types.uint8, 2, "C", readonly=True)
_OUT_F64_2D = types.Array(types.float64, 2, "C")
_IN_F64 = types.Array(types.float64, 1, "C", readonly=True)
_NONE = -1e30
_FLOOR = -12.0
_NEGLIGIBLE = 25.0


class Scheme(NamedTuple):
    """How two models' classes map to one list of L labels."""

    wide: NDArray[np.int32]
    """Class of the wide model → label."""
    deep: NDArray[np.int32]
    """Class of the deep model → label; several may share one."""
    blocks: NDArray[np.uint8]
    """(BLOCKS, L): 1 where a label's language has letters of a block."""
    weights: NDArray[np.float64]
    """weight, absent, slope, shift, doubt, length, as in the module's head."""


def combine(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    wide: NDArray[np.float32],
    deep: NDArray[np.float32],
    scheme: Scheme,
) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
    """The likeliest label of every text, −1 where no label has its script, and (texts, FEATURES).

    `offsets` and `data` are the texts in normal form, `wide` and `deep` each model's scores before their softmax.
    """
    rows, labels = len(offsets) - 1, scheme.blocks.shape[1]
    best, features = np.full(rows, -1, np.int32), np.zeros((rows, FEATURES))
    work, counts, touched = np.empty((4, labels)), np.zeros(BLOCKS, np.int64), np.zeros(BLOCKS, np.int64)
    known = np.zeros((2, labels), np.uint8)
    known[0, scheme.wide], known[1, scheme.deep] = 1, 1
    _combine(
        offsets,
        data,
        unicode.classes(),
        wide,
        deep,
        scheme.wide,
        scheme.deep,
        scheme.blocks,
        known,
        scheme.weights,
        counts,
        touched,
        work,
        best,
        features,
    )
    return best, features


@inline
def block(code: int) -> int:
    """The block of a code point."""
    ideograph = 0x3400 <= code < 0xA000 or code >= 0x20000
    return IDEOGRAPHS if ideograph else code >> 7


@inline
def _letters(
    data: NDArray[np.uint8],
    at: int,
    end: int,
    classes: NDArray[np.uint16],
    counts: NDArray[np.int64],
    touched: NDArray[np.int64],
) -> tuple[int, int]:
    """Count letters by block; how many letters, and how many blocks are in `touched`."""
    letters, distinct = i64(0), i64(0)
    while at < end:
        code, at = decode(data, at, end)
        if classes[code] & LETTER:
            place = block(code)
            if counts[place] == 0:
                touched[distinct] = place
                distinct += 1
            counts[place] += 1
            letters += 1
    return letters, distinct


@inline
def _written(
    counts: NDArray[np.int64],
    touched: NDArray[np.int64],
    distinct: int,
    letters: int,
    blocks: NDArray[np.uint8],
    share: NDArray[np.float64],
) -> None:
    """`share` ← 1 for each label whose script the text has, else 0; forgets the counts."""
    share[:] = 0.0
    for i in range(distinct):
        place = touched[i]
        for k in range(len(share)):
            share[k] += blocks[place, k] * counts[place]
        counts[place] = 0
    for k in range(len(share)):
        share[k] = 1.0 if share[k] >= SHARE * letters and letters > 0 else 0.0


@inline
def _log_sum(values: NDArray[np.float64]) -> float:
    top = _NONE
    for k in range(len(values)):
        top = max(top, values[k])
    if top <= _NONE:
        return _NONE
    total = 0.0
    for k in range(len(values)):
        if values[k] > top - _NEGLIGIBLE:
            total += math.exp(values[k] - top)
    return top + math.log(total)


@inline
def _added(a: float, b: float) -> float:
    """log(exp a + exp b)."""
    top = max(a, b)
    if min(a, b) < top - _NEGLIGIBLE:
        return top
    return top if top <= _NONE else top + math.log1p(math.exp(min(a, b) - top))


@inline
def _lift(values: NDArray[np.float64], written: NDArray[np.float64]) -> None:
    """Log-probabilities over the labels whose script the text has."""
    for k in range(len(values)):
        if written[k] == 0.0:
            values[k] = _NONE
    total = _log_sum(values)
    for k in range(len(values)):
        values[k] = values[k] - total if values[k] > _NONE else _NONE


@inline
def _mix(
    wide: NDArray[np.float64],
    deep: NDArray[np.float64],
    known: NDArray[np.uint8],
    written: NDArray[np.float64],
    weights: NDArray[np.float64],
    letters: int,
    mixed: NDArray[np.float64],
) -> float:
    """The formula of the module's head, as log-probabilities; the deep model's highest one."""
    shared, others, top, sure = _NONE, _NONE, _NONE, _FLOOR
    for k in range(len(wide)):
        if known[1, k]:
            shared = _added(shared, wide[k])
            top = max(top, wide[k])
            sure = max(sure, deep[k])
        else:
            others = _added(others, wide[k])
    for k in range(len(wide)):
        mixed[k] = _NONE
        if known[1, k] and written[k] > 0.0:
            base = wide[k] if known[0, k] else max(top, _FLOOR) - weights[1]
            mixed[k] = base + weights[0] * deep[k]
    within = _log_sum(mixed)
    odds = weights[2] * (shared - others) + weights[3] + weights[4] * sure - weights[5] * math.log(letters / 100.0)
    odds = min(max(odds, -50.0), 50.0)
    for k in range(len(wide)):
        if known[1, k]:
            mixed[k] = mixed[k] - within - math.log1p(math.exp(-odds)) if mixed[k] > _NONE else _NONE
        else:
            mixed[k] = wide[k] - others - math.log1p(math.exp(odds)) if wide[k] > _NONE else _NONE
    return sure


@kernel(
    VOID,
    IN_I32,
    IN_U8,
    IN_U16,
    _IN_F32_2D,
    _IN_F32_2D,
    IN_I32,
    IN_I32,
    _IN_U8_2D,
    _IN_U8_2D,
    _IN_F64,
    OUT_I64,
    OUT_I64,
    _OUT_F64_2D,
    OUT_I32,
    _OUT_F64_2D,
)
def _combine(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    wide_scores: NDArray[np.float32],
    deep_scores: NDArray[np.float32],
    wide_labels: NDArray[np.int32],
    deep_labels: NDArray[np.int32],
    blocks: NDArray[np.uint8],
    known: NDArray[np.uint8],
    weights: NDArray[np.float64],
    counts: NDArray[np.int64],
    touched: NDArray[np.int64],
    work: NDArray[np.float64],
    best: NDArray[np.int32],
    features: NDArray[np.float64],
) -> None:
    wide, deep, mixed, written = work[0], work[1], work[2], work[3]
    for row in range(len(best)):
        begin, end = i64(offsets[row]), i64(offsets[row + 1])
        letters, distinct = _letters(data, begin, end, classes, counts, touched)
        _written(counts, touched, distinct, letters, blocks, written)
        wide[:], deep[:], highest = _NONE, _NONE, np.float64(wide_scores[row, 0])
        for k in range(len(wide_labels)):
            wide[wide_labels[k]] = wide_scores[row, k]
            highest = max(highest, np.float64(wide_scores[row, k]))
        for k in range(len(deep_labels)):
            deep[deep_labels[k]] = _added(deep[deep_labels[k]], np.float64(deep_scores[row, k]))
        _lift(wide, written)
        _lift(deep, written)
        if letters == 0:
            continue
        sure = _mix(wide, deep, known, written, weights, letters, mixed)
        top = 0
        for k in range(1, len(mixed)):
            if mixed[k] > mixed[top]:
                top = k
        if mixed[top] <= _NONE:
            continue
        best[row] = top
        rest = max(1.0 - math.exp(mixed[top]), 1e-9)
        features[row, 0] = min(max(mixed[top] - math.log(rest), _FLOOR), -_FLOOR)
        features[row, 1] = math.log1p(min(max(letters, SHORT), LONG))
        features[row, 2] = max(wide[top], _FLOOR) if known[0, top] else 0.0
        features[row, 3] = max(deep[top], _FLOOR) if known[1, top] else 0.0
        features[row, 4] = 1.0 - known[1, top]
        features[row, 5] = sure
        features[row, 6] = highest
        features[row, 7] = math.log1p(SHORT) - math.log1p(min(letters, SHORT))


@kernel(VOID, _IN_F64_2D, _IN_F64_2D, OUT_F64)
def _trust(features: NDArray[np.float64], weights: NDArray[np.float64], made: NDArray[np.float64]) -> None:
    for row in range(len(made)):
        total, last = weights[0, 0], features.shape[1] - 1
        for k in range(features.shape[1]):
            total += weights[0, k + 1] * features[row, k]
        total += weights[0, last + 2] * features[row, 0] * features[row, 1]
        total += weights[0, last + 3] * features[row, 0] * features[row, 7]
        total += weights[0, last + 4] * features[row, last] * features[row, 1]
        made[row] = 1.0 / (1.0 + math.exp(-min(max(total, -30.0), 30.0)))


def trust(features: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The probability that an answer is right: a logistic regression on its features.

    `weights`: the constant, one for each feature, and one each for the products of the answer's logit with the
    text's length and with its shortness, and of the last feature with the length.
    """
    made = np.zeros(len(features))
    _trust(features, np.ascontiguousarray(weights, np.float64).reshape(1, -1), made)
    return made
