"""Span corruption (T5, Raffel et al. 2020), prefix language modelling and UL2's mixture of both (Tay et al. 2022).

    row      100 101 102 103 104 105 106 107 108 109 110 111 112      noise: 103–105, 111–112
    inputs   100 101 102 S₀ 106 107 108 109 110 S₁ E
    targets  S₀ 103 104 105 S₁ 111 112 E                              (S₀ = V − 1, S₁ = V − 2, …; E = end-of-text)

Every token of a row stands in inputs or in targets, once. T5 draws masks that begin with text and end with noise, so
that the first token is never predicted and the last always. Here all masks of so many tokens in so many spans are
equally likely, wherever they begin and end; the lengths are the same.

In isolated attention a sentinel belongs to the document of its span's first token, an end-of-text and a mode token to
that of the text beside them.
"""

import numpy as np
from numpy.typing import NDArray

from pretrain.data import Rows
from pretrain.draws import Keys, below, draws
from pretrain.lengths import Denoiser, Lengths, noise, suffixes
from pretrain.objectives.batch import IGNORE, Batch, Weights, shares
from pretrain.tokens import END_OF_TEXT, PAD, SENTINELS

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

MODES = {"R": 6, "S": 7, "X": 8}
"""Ids of UL2's mode tokens, the first of the spare ones: regular, sequential, extreme."""


def denoise(
    rows: Rows, denoisers: tuple[Denoiser, ...], lengths: Lengths, vocabulary: int, weights: Weights = None
) -> Batch:
    """Corrupt each row by one of the denoisers, drawn with equal chance.

    Buffers are as wide as `lengths` says; what a row leaves empty is padding.
    """
    which = below(draws(rows.keys, 1, 2)[:, 0], len(denoisers))
    real = (rows.documents >= 0).sum(1)
    mask = np.zeros(rows.tokens.shape, np.bool_)
    for number, length in np.unique(np.stack([which, real], 1), axis=0).tolist():
        here = np.flatnonzero((which == number) & (real == length))
        mask[here, :length] = corruption(rows.keys[here], length, denoisers[number])
    marked = np.array([d.mean > 0 for d in denoisers])[which]
    modes = np.array([MODES.get(d.mode, PAD) for d in denoisers])[which]
    return split(rows, mask, marked, modes, lengths, vocabulary, weights)


def corruption(keys_B: Keys, length: int, denoiser: Denoiser) -> Flags:
    """(B, length) True where a token becomes a target."""
    if length < 2:
        return np.zeros((len(keys_B), length), np.bool_)
    if denoiser.mean:
        return _spans(keys_B, length, *noise(length, denoiser.density, denoiser.mean))
    shortest, longest = suffixes(length, denoiser.density)
    suffix = shortest + below(draws(keys_B, 1, 3)[:, 0], longest - shortest + 1)
    mask: Flags = np.arange(length) >= length - suffix[:, None]
    return mask


def _spans(keys_B: Keys, length: int, tokens: int, spans: int) -> Flags:
    """Masks of `tokens` in `spans`: which gaps between the other tokens hold a span, and where spans divide."""
    gaps = _least(draws(keys_B, length - tokens + 1, 4), spans)
    cuts = _least(draws(keys_B, tokens - 1, 5), spans - 1) + 1
    before = np.concatenate([np.zeros((len(keys_B), 1), np.int64), cuts], axis=1)
    after = np.concatenate([cuts, np.full((len(keys_B), 1), tokens)], axis=1)
    edges = np.zeros((len(keys_B), length + 1), np.int64)
    row = np.arange(len(keys_B))[:, None]
    edges[row, gaps + before] += 1
    edges[row, gaps + after] -= 1
    return edges.cumsum(1)[:, :-1].astype(np.bool_)


def _least(lots: Keys, count: int) -> Ints:
    """(B, count) places of the smallest draws of each row, ascending."""
    if not count:
        return np.zeros((len(lots), 0), np.int64)
    return np.sort(np.argpartition(lots, count - 1, axis=1)[:, :count], axis=1)


def split(
    rows: Rows, mask: Flags, marked: Flags, modes: Ints, lengths: Lengths, vocabulary: int, weights: Weights
) -> Batch:
    """Lay rows out as inputs and targets; `marked` rows have sentinels, `modes` other than pad a first token."""
    tokens, documents, _ = rows
    real = documents >= 0
    starts = mask & ~np.pad(mask, ((0, 0), (1, 0)))[:, :-1] & marked[:, None]
    span = starts.cumsum(1)
    sentinels = vocabulary - span
    first, last = documents[:, :1], np.take_along_axis(documents, np.maximum(real.sum(1) - 1, 0)[:, None], 1)

    inputs = _Pages(len(tokens), lengths.inputs)
    inputs.write(modes[:, None], first, (modes != PAD)[:, None])
    inputs.write(np.where(starts, sentinels, tokens), documents, real & (starts | ~mask))
    inputs.end(last)
    targets = _Pages(len(tokens), lengths.targets)
    # A sentinel and its span's first token share a place: two columns for each, of which most stay unwritten
    pairs = np.stack([sentinels, tokens], 2).reshape(len(tokens), -1)
    targets.write(pairs, documents.repeat(2, axis=1), np.stack([starts, mask], 2).reshape(len(tokens), -1))
    targets.end(last)

    asked = np.where(targets.documents >= 0, targets.tokens, IGNORE)
    shifted = np.pad(targets.tokens, ((0, 0), (1, 0)))[:, :-1]
    return Batch(
        inputs.tokens, asked, inputs.documents, shares(asked, targets.documents, weights), shifted, targets.documents
    )


class _Pages:
    """B rows filled from the left, each as far as it has tokens."""

    def __init__(self, rows: int, width: int) -> None:
        self.tokens = np.full((rows, width), PAD, np.int64)
        self.documents = np.full((rows, width), -1, np.int64)
        self._filled = np.zeros((rows, 1), np.int64)

    def write(self, tokens: Ints, documents: Ints, wanted: Flags) -> None:
        """Append the wanted of (B, N) tokens to their rows."""
        places = self._filled + wanted.cumsum(1) - 1
        row, column = np.nonzero(wanted)
        self.tokens[row, places[row, column]] = tokens[row, column]
        self.documents[row, places[row, column]] = documents[row, column]
        self._filled += wanted.sum(1, keepdims=True)

    def end(self, documents: Ints) -> None:
        """Append an end-of-text to each row, of these (B, 1) documents."""
        self.write(np.full_like(documents, END_OF_TEXT), documents, np.ones(documents.shape, np.bool_))


def restore(inputs: Ints, targets: Ints, vocabulary: int) -> Ints:
    """The row that became these inputs and targets: the inverse of `denoise`.

    Each sentinel of the inputs gives way to what follows it in the targets; without sentinels the targets follow the
    inputs.
    """
    first = 1 if len(inputs) and inputs[0] in MODES.values() else 0
    text = _without_end(inputs[first:])
    asked = _without_end(targets[targets != IGNORE])
    marks = np.flatnonzero(asked >= vocabulary - SENTINELS)
    pieces = np.split(asked, marks)
    spans = {int(piece[0]): piece[1:] for piece in pieces[1:]}
    filled = [spans[token] if (token := int(t)) in spans else [token] for t in text.tolist()]
    return np.concatenate([*filled, pieces[0]]).astype(np.int64)


def _without_end(tokens: Ints) -> Ints:
    """Tokens up to the last end-of-text, which is the row's own; what follows is padding."""
    return tokens[: np.flatnonzero(tokens == END_OF_TEXT)[-1]]
