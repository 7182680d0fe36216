"""Attention by learnt biases of distances, as T5 has it (Raffel et al. 2020, section 2.1)."""

import math

import torch
from torch import Tensor, nn

from pretrain.config import Model
from pretrain.models.attention import attend
from pretrain.models.linear import Linear, together


class RelativePositions(nn.Module):
    """A bias a head for each bucket of distances."""

    def __init__(self, model: Model, *, causal: bool) -> None:
        super().__init__()
        self.causal, self.distance = causal, model.relative_distance
        self.weight = nn.Parameter(torch.empty(model.relative_buckets, model.heads))

    def forward(self, length: int) -> Tensor:
        """(H, T, T): what is added to the logit of query t and key s; −∞ after t in a decoder."""
        steps = torch.arange(1 - length, length, device=self.weight.device)
        by_step_HR = self.weight[buckets(steps, len(self.weight), self.distance, causal=self.causal)].T
        if self.causal:
            by_step_HR = by_step_HR.masked_fill(steps > 0, -torch.inf)
        at = torch.arange(length, device=steps.device)
        return by_step_HR[:, at - at[:, None] + length - 1]


def buckets(steps: Tensor, count: int, distance: int, *, causal: bool) -> Tensor:
    """The bucket of each step from query to key, in [0, count).

    Of the buckets for a direction half are exact; the others grow logarithmically up to `distance`. Causal attention
    has one direction, the other kind two, the second for keys after the query.
    """
    ahead = torch.zeros_like(steps) if causal else (steps > 0).long() * (count // 2)
    count = count if causal else count // 2
    far = (-steps).clamp(min=0) if causal else steps.abs()
    exact = count // 2
    growth = torch.log(far.clamp(min=1).float() / exact) / math.log(distance / exact) * (count - exact)
    return ahead + torch.where(far < exact, far, (exact + growth.long()).clamp(max=count - 1))


class RelativeAttention(nn.Module):
    """Attention without 1/√K and without positions of its own, to the same tokens or to others."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.head = model.width // model.heads
        self.query = Linear(model.width, model.width)
        self.key = Linear(model.width, model.width)
        self.value = Linear(model.width, model.width)
        self.output = Linear(model.width, model.width)

    def forward(self, x_BTD: Tensor, seen_BSD: Tensor, bias_HTS: Tensor | None, mask_BTS: Tensor | None) -> Tensor:
        """`mask_BTS` is True where a query of x may look among the seen; who may look nowhere gets nothing."""
        if seen_BSD is x_BTD:
            parts = together(x_BTD, self.query, self.key, self.value).chunk(3, dim=-1)
        else:
            parts = (self.query(x_BTD), *together(seen_BSD, self.key, self.value).chunk(2, dim=-1))
        query, key, value = map(self._split, parts)
        somewhere_BT = None
        if mask_BTS is not None and bias_HTS is None:
            # A softmax over nothing is no number: it is taken over all, and its outcome dropped
            somewhere_BT = mask_BTS.any(-1)
            mask_BTS = mask_BTS | ~somewhere_BT[:, :, None]
        mixed = attend(query, key, value, mask_BTS=mask_BTS, bias_HTS=bias_HTS, scale=1.0)
        if somewhere_BT is not None:
            mixed = mixed * somewhere_BT[:, None, :, None]
        joined: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return joined

    def _split(self, x_BTD: Tensor) -> Tensor:
        return x_BTD.view(*x_BTD.shape[:2], -1, self.head).transpose(1, 2)
