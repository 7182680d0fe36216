"""Head and cross entropy in one, over chunks of tokens: the (tokens × vocabulary) logits never exist as a whole.

With a vocabulary many times the width, logits are most of the memory traffic of a small model's step. A chunk's
logits stay in the cache while loss and gradient are taken from them; the backward pass only scales those.
"""

import importlib.util
from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from pretrain.models.linear import outer, product
from pretrain.objectives.batch import IGNORE

_CHUNK_VALUES = 2**21
"""Logits held at once on a CPU (8 MB in float32)."""


def cross_entropy(
    hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, weights_N: Tensor | None = None, cap: float = 0.0
) -> Tensor:
    """Σ weight · −log softmax(cap·tanh(hidden·headᵀ / cap))[target], in nats; `IGNORE` targets cost nothing.

    Equal to torch's own cross entropy over the whole logits, with reduction "sum". Gradients flow to `hidden_ND`
    and `head_VD`.
    """
    loss: Tensor = _CrossEntropy.apply(hidden_ND, head_VD, targets_N, weights_N, cap)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def token_nats(hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, cap: float = 0.0) -> Tensor:
    """(N,) −log probability of each target in nats, 0 where it is `IGNORE`."""
    head_VD = _compute_type(head_VD)
    nats = torch.zeros(len(targets_N), dtype=torch.float32, device=hidden_ND.device)
    for rows in _chunks(len(targets_N), head_VD):
        logits = _logits(hidden_ND[rows], head_VD, cap)
        nats[rows] = logits.logsumexp(1) - _at(logits, targets_N[rows])
    return nats.masked_fill_(targets_N == IGNORE, 0)


class _CrossEntropy(torch.autograd.Function):
    """Takes both gradients in the forward pass, while a chunk's logits are at hand."""

    @staticmethod
    def forward(
        ctx: Any, hidden_ND: Tensor, head_VD: Tensor, targets_N: Tensor, weights_N: Tensor | None, cap: float
    ) -> Tensor:
        head = _compute_type(head_VD)
        grad_hidden = torch.empty_like(hidden_ND)
        grad_head = _zeros(head_VD)
        loss = torch.zeros((), dtype=torch.float32, device=hidden_ND.device)
        for rows in _chunks(len(targets_N), head):
            targets = targets_N[rows]
            share = (targets != IGNORE).float() if weights_N is None else weights_N[rows] * (targets != IGNORE)
            hidden = hidden_ND[rows].to(head.dtype)
            scores = product(hidden, head)
            nats, grad = _slopes_of(scores)(scores, targets, share, cap)
            loss += nats
            grad_hidden[rows] = product(grad, head.T)
            grad_head += outer(grad, hidden)
        ctx.save_for_backward(grad_hidden, grad_head)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None, None, None]:
        grad_hidden, grad_head = ctx.saved_tensors
        return grad_hidden * grad, grad_head * grad, None, None, None


def _slopes_of(scores_NV: Tensor) -> Callable[[Tensor, Tensor, Tensor, float], tuple[Tensor, Tensor]]:
    """In place where memory is a cache; on a GPU one kernel that reads the scores twice, where one can be made."""
    return _fused() if scores_NV.is_cuda and importlib.util.find_spec("triton") else slopes_in_place


def slopes(scores_NV: Tensor, targets_N: Tensor, share_N: Tensor, cap: float) -> tuple[Tensor, Tensor]:
    """Loss of the scores hidden·headᵀ, and its gradient by them (N, V) in their type, as one formula."""
    logits = _capped(scores_NV.float(), cap)
    total = logits.logsumexp(1, keepdim=True)
    hit = torch.arange(logits.shape[1], device=logits.device) == targets_N[:, None]
    grad = ((logits - total).exp() - hit.float()) * share_N[:, None]
    nats = (total[:, 0] - _at(logits, targets_N)) * share_N
    return nats.sum(), (grad * (1 - (logits / cap) ** 2) if cap else grad).to(scores_NV.dtype)


@cache
def _fused() -> Any:
    """Made when it is first asked for: the compiler alone takes a second to load."""
    return torch.compile(slopes, dynamic=False)


def slopes_in_place(scores_NV: Tensor, targets_N: Tensor, share_N: Tensor, cap: float) -> tuple[Tensor, Tensor]:
    """The same as `slopes`; overwrites float32 scores."""
    logits = _capped(scores_NV.float(), cap)
    slope = None if not cap else (logits / cap).square_().neg_().add_(1)
    target = _at(logits, targets_N)
    top = logits.amax(1)
    grad = logits.sub_(top[:, None]).exp_()
    total = grad.sum(1)
    nats = (total.log() + top - target) * share_N
    grad.mul_((share_N / total)[:, None])
    grad.scatter_add_(1, targets_N.clamp(min=0)[:, None], -share_N[:, None])
    return nats.sum(), (grad if slope is None else grad.mul_(slope)).to(scores_NV.dtype)


def _logits(hidden_ND: Tensor, head_VD: Tensor, cap: float) -> Tensor:
    return _capped(product(hidden_ND.to(head_VD.dtype), head_VD).float(), cap)


def _capped(logits_NV: Tensor, cap: float) -> Tensor:
    return cap * torch.tanh(logits_NV / cap) if cap else logits_NV


def _zeros(head_VD: Tensor) -> Tensor:
    """Like the head, but laid out as `outer` gives its product: adding across layouts takes six times as long."""
    wide = head_VD.shape[0] > head_VD.shape[1]
    return torch.zeros_like(head_VD.T, memory_format=torch.contiguous_format).T if wide else torch.zeros_like(head_VD)


def _at(logits_NV: Tensor, targets_N: Tensor) -> Tensor:
    return logits_NV.gather(1, targets_N.clamp(min=0)[:, None])[:, 0]


def _compute_type(head_VD: Tensor) -> Tensor:
    """The head in the type in which autocast multiplies here."""
    kind = head_VD.device.type
    return head_VD.to(torch.get_autocast_dtype(kind)) if torch.is_autocast_enabled(kind) else head_VD


def _chunks(tokens: int, head_VD: Tensor) -> list[slice]:
    values = _CHUNK_VALUES if head_VD.device.type == "cpu" else 64 * _CHUNK_VALUES
    size = max(16, values // head_VD.shape[0])
    return [slice(i, min(i + size, tokens)) for i in range(0, tokens, size)]
