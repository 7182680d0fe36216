"""The loss of a batch, the same in training, evaluation, ablation and fine-tuning.

    nats = Σ over chosen positions: weight · −log softmax(head · predict(hidden))[target]

Only chosen positions, those with a target, meet the head: with a vocabulary many times the width it is most of a small
model's work, and a masked model has targets at a third of its positions or fewer.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pretrain.models import Network
from pretrain.models.head import cross_entropy, token_nats
from pretrain.objectives.batch import IGNORE, Batch
from pretrain.tokens import PAD


class Tensors(NamedTuple):
    """A batch on a device."""

    inputs: tuple[Tensor | None, ...]
    """What the network's `forward` takes: inputs, documents and, for an encoder–decoder, those of the decoder."""
    chosen: Tensor | None
    """(N,) flat positions that have a target; None where all have."""
    targets: Tensor
    """(N,)"""
    weights: Tensor | None
    """(N,) None where all weigh 1."""


def tensors(batch: Batch, network: Network, *, isolate: bool) -> Tensors:
    """Bring a batch to the network's device; `isolate` keeps attention inside documents.

    Without it documents are only told apart from padding, and where a causal mask or full rows do that, not at all.
    """
    device = network.head.weight.device

    def put(array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device, non_blocking=True)

    flat = batch.targets.reshape(-1)
    places = np.flatnonzero(flat != IGNORE)
    some = len(places) < len(flat)
    weights = None if batch.weights is None else put(batch.weights.reshape(-1)[places])
    own, decoders = _visible(batch, isolate=isolate, causal=network.family == "decoder")
    reads = () if batch.decoder_inputs is None else (_begun(batch, isolate=isolate), decoders)
    inputs = (batch.inputs, own, *reads)
    return Tensors(
        tuple(None if array is None else put(array) for array in inputs),
        put(places) if some else None,
        put(flat[places]),
        weights,
    )


def _visible(batch: Batch, *, isolate: bool, causal: bool) -> tuple[NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Documents of inputs and of decoder inputs by which attention is cut; None where it need not be."""
    if isolate:
        return batch.documents, batch.decoder_documents
    if causal or not (batch.documents < 0).any():
        return None, None
    # All text is one document, padding another; what a decoder reads beyond its targets asks nothing of anybody
    return np.minimum(batch.documents, 0), None if batch.decoder_inputs is None else np.zeros_like(batch.decoder_inputs)


def _begun(batch: Batch, *, isolate: bool) -> NDArray[np.int64] | None:
    """What the decoder reads: in isolation each document begins with a pad, not with the one before's last token."""
    reads, documents = batch.decoder_inputs, batch.decoder_documents
    if reads is None or documents is None or not isolate:
        return reads
    begins = np.diff(documents, axis=1, prepend=-1) != 0
    return np.where(begins, PAD, reads)


def hidden(network: Network, batch: Tensors, forward: Callable[..., Tensor] | None = None) -> Tensor:
    """(N, D) what the head multiplies at the chosen positions; `forward` may be a compiled or wrapped network."""
    states_ND = (forward or network)(*batch.inputs).flatten(0, 1)
    return network.predict(states_ND if batch.chosen is None else states_ND.index_select(0, batch.chosen))


def loss(network: Network, batch: Tensors, forward: Callable[..., Tensor] | None = None) -> Tensor:
    """Nats of all targets, weighted and summed, with gradients."""
    states = hidden(network, batch, forward)
    cap = network.config.logit_cap
    return cross_entropy(states, network.head.weight, batch.targets, batch.weights, cap)


@torch.no_grad()
def nats(network: Network, batch: Tensors, forward: Callable[..., Tensor] | None = None) -> Tensor:
    """(N,) unweighted nats of each chosen target, in the order of flat positions."""
    states = hidden(network, batch, forward)
    return token_nats(states, network.head.weight, batch.targets, network.config.logit_cap)
