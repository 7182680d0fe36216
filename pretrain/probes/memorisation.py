"""What a model learnt by heart: beginnings of training documents against beginnings of held-out ones.

A decoder is given the first k tokens of a document and continues by its likeliest token; a document is reproduced where
the next m are the document's own (after Carlini et al. 2023, who take 50). Held-out documents show how much of that is
plain predictability. For every family the loss on the same k + m tokens is compared: both splits are drawn from one
corpus by hash, so what training documents are cheaper by is memory.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from pretrain.data import permutation
from pretrain.errors import DataError
from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Floats, nats
from pretrain.evaluation.results import Figure, figure
from pretrain.evaluation.sentences import asker
from pretrain.models.layers import Cache
from pretrain.probes.proportions import share
from pretrain.sampling import silent
from pretrain.shards import Manifest, Shards
from pretrain.tokens import END_OF_TEXT
from pretrain.trained import Trained

Ids = NDArray[np.int64]

PREFIX, NEXT = 32, 32
"""k and m, where the context has room."""
_AT_ONCE = 64
_TASK = "memorisation"


class Beginnings(NamedTuple):
    """The first k + m tokens of documents (N, k + m) of either split."""

    training: Ids
    held_out: Ids
    prefix: int


def memorisation(trained: Trained, manifest: Manifest, *, documents: int = 200, seed: int = 1) -> list[Figure]:
    """Figures on up to so many documents of each split; raises `DataError` where one has none long enough."""
    found = beginnings(trained, manifest, documents, seed)
    said = f"first {found.training.shape[1]} tokens of documents"
    costs = [losses(trained, ids) for ids in (found.training, found.held_out)]
    figures = [
        _figure("nats a token, training documents", costs[0], seed, said),
        _figure("nats a token, held-out documents", costs[1], seed, said),
    ]
    if trained.model.family != "decoder":
        return figures
    rows = [(ids, continued(trained, ids[:, : found.prefix], ids.shape[1] - found.prefix)) for ids in found[:2]]
    right = [written == ids[:, found.prefix :] for ids, written in rows]
    said = f"likeliest {right[0].shape[1]} tokens after {found.prefix}"
    for name, hits in zip(("training", "held-out"), right, strict=True):
        whole = share(int(hits.all(1).sum()), len(hits))
        figures.append(figure(_TASK, f"reproduced, {name} documents", whole, len(hits), seed, note=said))
        figures.append(_figure(f"tokens as in the text, {name} documents", hits.mean(1), seed, said))
    return figures


def beginnings(trained: Trained, manifest: Manifest, documents: int, seed: int) -> Beginnings:
    """Seeded samples of documents that are long enough."""
    context = trained.config.model.context
    prefix = min(PREFIX, (context - 2) // 2)
    size = prefix + min(NEXT, (context - 2) - prefix)
    parts = [_first(Shards(manifest, split), size, documents, seed) for split in ("train", "validation")]
    return Beginnings(parts[0], parts[1], prefix)


def _first(shards: Shards, size: int, documents: int, seed: int) -> Ids:
    long = np.flatnonzero(shards.lengths >= size)
    if not len(long):
        raise DataError(f"the {shards.split} split holds no document of {size} tokens, so memory cannot be measured")
    chosen = long[permutation(len(long), seed)[:documents]]
    return np.stack([shards.document(int(number), 0, size).astype(np.int64) for number in chosen])


def losses(trained: Trained, ids: Ids) -> Floats:
    """(N,) mean nats a token as the family is asked for a sentence."""
    ask = asker(trained)
    found = []
    for row in ids:
        questions = list(ask(row))
        found.append(float(sum(cost.sum() for cost in nats(trained.model, questions))) / len(row))
    return np.array(found)


@torch.no_grad()
def continued(trained: Trained, prefixes: Ids, tokens: int) -> Ids:
    """(N, tokens) the likeliest continuations of prefixes (N, k), each behind an end-of-text, of text tokens alone."""
    banned = silent(trained.vocabulary)
    return np.concatenate([_greedy(trained, part, tokens, banned) for part in _parts(prefixes)])


def _greedy(trained: Trained, prefixes: Ids, tokens: int, banned: torch.Tensor) -> Ids:
    opening = np.full((len(prefixes), 1), END_OF_TEXT)
    unseen = torch.from_numpy(np.concatenate([opening, prefixes], axis=1))
    cache, written = Cache(), []
    for _ in range(tokens):
        hidden = trained.model(unseen, cache=cache)
        unseen = trained.model.logits(hidden[:, -1]).masked_fill(banned, -torch.inf).argmax(1)[:, None]
        written.append(unseen)
    found: Ids = torch.cat(written, dim=1).numpy()
    return found


def _parts(rows: Ids) -> Iterator[Ids]:
    for first in range(0, len(rows), _AT_ONCE):
        yield rows[first : first + _AT_ONCE]


def _figure(metric: str, values: Floats, seed: int, note: str) -> Figure:
    return figure(_TASK, metric, intervals.mean(values, seed), len(values), seed, note=note)
