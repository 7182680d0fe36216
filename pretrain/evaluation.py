"""Held-out text in bits per byte, which compares models over tokenizers.

    bits per byte = Σ nats of text tokens / (ln 2 · Σ UTF-8 bytes of those tokens)

Control tokens weigh no bytes and their nats are not counted. The packing is fixed: validation documents in stored
order, concatenated and cut at the model's context, whatever the training order.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pretrain.config import Data
from pretrain.data import Packing
from pretrain.models import Network
from pretrain.models.head import token_nats
from pretrain.objectives import clm
from pretrain.shards import Shards
from pretrain.tokens import Vocabulary

_TOKENS_AT_ONCE = 8_192


@dataclass(frozen=True, eq=False)
class Score:
    """What the documents cost, each (documents,) in stored order."""

    nats: NDArray[np.float64]
    bytes: NDArray[np.int64]
    tokens: NDArray[np.int64]

    @property
    def bits_per_byte(self) -> float:
        """Over all documents together."""
        return float(self.nats.sum() / (math.log(2) * self.bytes.sum())) if self.bytes.sum() else math.nan

    @property
    def nats_per_token(self) -> float:
        """Mean loss of a text token."""
        return float(self.nats.sum() / self.tokens.sum()) if self.tokens.sum() else math.nan


@torch.no_grad()
def score(model: Network, shards: Shards, vocabulary: Vocabulary, data: Data) -> Score | None:
    """Score each text token of the validation split once, up to `data.validation_tokens` by whole documents.

    None where the split holds no document.
    """
    if not len(shards):
        return None
    documents = max(1, int(np.searchsorted(np.cumsum(shards.lengths), data.validation_tokens, side="right")))
    packing = Packing(shards, model.config.context, None, documents=documents)
    lengths = vocabulary.byte_lengths.astype(np.int64)
    nats, sizes, counts = np.zeros(documents), np.zeros(documents, np.int64), np.zeros(documents, np.int64)
    at_once = max(1, _TOKENS_AT_ONCE // model.config.context)
    for first in range(0, packing.rows_per_epoch, at_once):
        batch = clm(packing.rows(first, min(at_once, packing.rows_per_epoch - first)))
        text = (batch.targets >= 0) & (lengths[batch.targets] > 0)
        costs = _nats(model, batch.inputs, batch.targets, batch.documents if data.isolate_documents else None)
        where = batch.documents[text]
        np.add.at(nats, where, costs[text])
        np.add.at(sizes, where, lengths[batch.targets[text]])
        np.add.at(counts, where, 1)
    return Score(nats, sizes, counts)


def _nats(
    model: Network, inputs: NDArray[np.int64], targets: NDArray[np.int64], documents: NDArray[np.int64] | None
) -> NDArray[np.float64]:
    where = model.head.weight.device
    isolated = None if documents is None else torch.from_numpy(np.ascontiguousarray(documents)).to(where)
    hidden = model(torch.from_numpy(np.ascontiguousarray(inputs)).to(where), isolated)
    flat = torch.from_numpy(np.ascontiguousarray(targets)).to(where).flatten()
    nats = token_nats(hidden.flatten(0, 1), model.head.weight, flat, model.config.logit_cap)
    return nats.double().cpu().numpy().reshape(targets.shape)
