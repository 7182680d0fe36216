"""Held-out text in bits per byte, which compares models over tokenizers.

    bits per byte = Σ nats of text tokens / (ln 2 · Σ UTF-8 bytes of those tokens)

Control tokens weigh no bytes and their nats are not counted. The packing is fixed: validation documents in stored
order, concatenated and cut at the model's context, whatever the training order.

The figure of a causal model is the length of a code for the text. Other objectives are scored by the same formula over
the tokens they are asked, on masks that are a function of the row's number alone: 15 % of a masked model's text, spans
of density 0.15 and mean 3 for span corruption. That is no code length, and none of them is comparable to another
objective's.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from pretrain import loss
from pretrain.config import Data, Train
from pretrain.data import Documents
from pretrain.models import Network
from pretrain.objectives import IGNORE, evaluated, objective
from pretrain.parallel import World
from pretrain.tokens import Vocabulary

_TOKENS_AT_ONCE = 8_192
_CAUSAL = Train()
_ALONE = World()


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
def score(
    model: Network,
    shards: Documents,
    vocabulary: Vocabulary,
    data: Data,
    train: Train = _CAUSAL,
    world: World = _ALONE,
) -> Score | None:
    """Score the targets of the validation split, up to `data.validation_tokens` by whole documents.

    A causal model is asked each text token once; for other objectives of `train` see the module's text. None where the
    split holds no document. The processes of `world` share the work and get the same score.
    """
    if not len(shards):
        return None
    documents = max(1, int(np.searchsorted(np.cumsum(shards.lengths), data.validation_tokens, side="right")))
    asked = objective(evaluated(train), model.config.context, vocabulary)
    packing = asked.packing(shards, None, documents)
    lengths = vocabulary.byte_lengths.astype(np.int64)
    nats, sizes, counts = np.zeros(documents), np.zeros(documents, np.int64), np.zeros(documents, np.int64)
    at_once = max(1, _TOKENS_AT_ONCE // model.config.context)
    for first, counts_here in world.shares(range(0, packing.rows_per_epoch, at_once)):
        batch = asked.ask(packing.rows(first, min(at_once, packing.rows_per_epoch - first)), None)
        costs = loss.nats(model, loss.tensors(batch, model, isolate=data.isolate_documents)).double().cpu().numpy()
        chosen = batch.targets != IGNORE
        targets, where = batch.targets[chosen], batch.target_documents[chosen]
        text = (lengths[targets] > 0) & counts_here
        np.add.at(nats, where[text], costs[text])
        np.add.at(sizes, where[text], lengths[targets[text]])
        np.add.at(counts, where[text], 1)
    return Score(*world.total(nats, sizes, counts))
