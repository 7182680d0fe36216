"""Masked language modelling (BERT, Devlin et al. 2019), with a fixed number of masks a row."""

import numpy as np
from numpy.typing import NDArray

from pretrain.data import Rows
from pretrain.draws import below, draws
from pretrain.objectives.batch import IGNORE, Batch, Weights, shares
from pretrain.tokens import END_OF_TEXT, MASK


def mlm(rows: Rows, ratio: float, text_ids: NDArray[np.int64], weights: Weights = None) -> Batch:
    """Predict chosen tokens of a row from all others: 80 % of them read as a mask, 10 % as any text token, 10 % as is.

    Of each row's text tokens round(ratio · tokens) are chosen, at least one; ends of documents and padding never are.
    A fixed number, as in cramming (Geiping and Goldstein 2023), keeps a step's work even. `text_ids` are what a random
    token is drawn from.
    """
    tokens, documents, keys = rows
    chosen = _chosen(keys, (documents >= 0) & (tokens != END_OF_TEXT), ratio)
    inputs = tokens.copy()
    inputs[chosen] = _disguised(tokens[chosen], draws(keys, tokens.shape[1], 1)[chosen], text_ids)
    targets = np.where(chosen, tokens, IGNORE)
    return Batch(inputs, targets, documents, shares(targets, documents, weights))


def _chosen(keys_B: NDArray[np.uint64], text_BT: NDArray[np.bool_], ratio: float) -> NDArray[np.bool_]:
    """(B, T) the text positions of least draw, as many a row as the ratio says."""
    found = text_BT.sum(1)
    wanted = np.minimum(np.maximum(np.rint(ratio * found).astype(np.int64), 1), found)
    lots = np.where(text_BT, draws(keys_B, text_BT.shape[1]), np.uint64(2**64 - 1))
    last = np.take_along_axis(np.sort(lots, axis=1), np.maximum(wanted - 1, 0)[:, None], axis=1)
    return text_BT & (lots <= last)


def _disguised(
    tokens_N: NDArray[np.int64], draws_N: NDArray[np.uint64], text_ids: NDArray[np.int64]
) -> NDArray[np.int64]:
    """What is read in place of chosen tokens; the draw's upper half picks the way, its lower half the token."""
    way = below(draws_N, 10)
    random = text_ids[below(draws_N << np.uint64(32), len(text_ids))]
    return np.where(way < 8, MASK, np.where(way == 8, random, tokens_N))
