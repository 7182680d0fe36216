"""What a model is asked: pure functions from rows of tokens to inputs and targets.

Each takes the rows that `pretrain.data.Packing` cuts and gives a `Batch`, a function of the rows alone; nothing
here knows models or files.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pretrain.data import Documents, Packing, Rows
from pretrain.layouts import BestFit, Concatenated
from pretrain.lengths import PREFIX, UL2, Denoiser, Lengths, lengths
from pretrain.objectives.batch import IGNORE, Batch, Weights
from pretrain.objectives.causal import clm
from pretrain.objectives.denoising import denoise, restore
from pretrain.objectives.masked import mlm

if TYPE_CHECKING:
    from pretrain.config import Train
    from pretrain.tokens import Vocabulary

__all__ = ["IGNORE", "Batch", "Objective", "clm", "denoise", "evaluated", "mlm", "objective", "restore"]


@dataclass(frozen=True)
class Objective:
    """One objective with all its settings."""

    lengths: Lengths
    lead: int
    """Tokens before a row that it needs to see."""
    ask: Callable[[Rows, Weights], Batch]
    """Rows and the weights of documents to a batch."""

    def packing(
        self, shards: Documents, seed: int | None, documents: int | None = None, *, whole: bool = False
    ) -> Packing:
        """Rows as this objective wants them; `whole` keeps documents whole where they fit."""
        layout = BestFit if whole else Concatenated
        return Packing(shards, self.lengths.raw, seed, lead=self.lead, documents=documents, layout=layout)


def objective(train: "Train", context: int, vocabulary: "Vocabulary") -> Objective:
    """The objective that `train` names, for a model whose inputs hold `context` tokens."""
    size = lengths(train.objective, context, train.span_density, train.span_mean)
    if train.objective == "clm":
        return Objective(size, 1, clm)
    if train.objective == "mlm":
        text_ids = np.flatnonzero(~vocabulary.control)
        return Objective(size, 0, lambda rows, weights: mlm(rows, train.mask_ratio, text_ids, weights))
    denoisers = {"prefix": (PREFIX,), "ul2": UL2}.get(
        train.objective, (Denoiser("", train.span_density, train.span_mean),)
    )
    return Objective(size, 0, lambda rows, weights: denoise(rows, denoisers, size, vocabulary.size, weights))


def evaluated(train: "Train") -> "Train":
    """How a run is scored, whatever it was trained with: 15 % masks, spans of density 0.15 and mean 3."""
    return train.model_copy(update={"mask_ratio": 0.15, "span_density": 0.15, "span_mean": 3.0})
