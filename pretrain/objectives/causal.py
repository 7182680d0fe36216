"""Causal language modelling."""

import numpy as np

from pretrain.data import Rows
from pretrain.objectives.batch import IGNORE, Batch, Weights, shares


def clm(rows: Rows, weights: Weights = None) -> Batch:
    """Predict each token of a row from those before it.

    Rows have a lead of one token. An input belongs to the document of its *target*, so that an end-of-text opens the
    document it precedes. `weights` (D,) are those of the documents.
    """
    documents = rows.documents[:, 1:]
    targets = np.where(documents >= 0, rows.tokens[:, 1:], IGNORE)
    return Batch(rows.tokens[:, :-1], targets, documents, shares(targets, documents, weights))
