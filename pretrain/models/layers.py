"""Layers that every architecture shares. Shapes: B rows, T tokens, D width, H heads, K width of a head."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from pretrain.config import Model
from pretrain.models.linear import Linear


@dataclass
class Cache:
    """Keys and values of the tokens seen so far, per layer; what makes generation linear in length."""

    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)

    @property
    def length(self) -> int:
        """Tokens seen."""
        return self.keys[0].shape[2] if self.keys else 0

    def extend(self, layer: int, key_BHTK: Tensor, value_BHTK: Tensor) -> tuple[Tensor, Tensor]:
        """Append to a layer, in order of layers, and give all of it."""
        if layer == len(self.keys):
            self.keys.append(key_BHTK)
            self.values.append(value_BHTK)
        else:
            self.keys[layer] = torch.cat([self.keys[layer], key_BHTK], dim=2)
            self.values[layer] = torch.cat([self.values[layer], value_BHTK], dim=2)
        return self.keys[layer], self.values[layer]


class RMSNorm(nn.Module):
    """x / √(mean(x²) + ε), times a weight where the architecture has one (Zhang and Sennrich 2019)."""

    def __init__(self, width: int, epsilon: float, *, weighted: bool) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.width = (width,)
        self.weight = nn.Parameter(torch.empty(width)) if weighted else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis; same shape and type."""
        weight = None if self.weight is None else self.weight.to(x.dtype)
        return functional.rms_norm(x, self.width, weight, self.epsilon)


def rotation(positions_T: Tensor, head: int, theta: float, *, reverse: bool) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, K/2) of rotary positions (Su et al. 2021): angle t·θ^(−2i/K) for the i-th pair.

    `reverse` rotates by the negative angle, as NanoChat does.
    """
    exponents = torch.arange(0, head, 2, dtype=torch.float32, device=positions_T.device) / head
    angles = positions_T.float()[:, None] / theta**exponents
    return angles.cos(), -angles.sin() if reverse else angles.sin()


def rotate(x_BHTK: Tensor, cos_TK: Tensor, sin_TK: Tensor) -> Tensor:
    """Rotate the pairs (x_i, x_(i + K/2)), the half-split layout of transformers' Llama."""
    first, second = x_BHTK.chunk(2, dim=-1)
    cos, sin = cos_TK.to(x_BHTK.dtype), sin_TK.to(x_BHTK.dtype)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


class Attention(nn.Module):
    """Causal self-attention with rotary positions and grouped keys and values."""

    def __init__(self, model: Model, layer: int) -> None:
        super().__init__()
        self.layer, self.heads, self.kv_heads = layer, model.heads, model.kv_heads
        self.head = model.width // model.heads
        self.query = Linear(model.width, model.heads * self.head)
        self.key = Linear(model.width, model.kv_heads * self.head)
        self.value = Linear(model.width, model.kv_heads * self.head)
        self.output = Linear(model.heads * self.head, model.width)
        self.norm_first = model.architecture == "qwen3"
        self.norm_last = model.architecture == "nanochat"
        if self.norm_first or self.norm_last:
            self.query_norm = RMSNorm(self.head, model.norm_epsilon, weighted=self.norm_first)
            self.key_norm = RMSNorm(self.head, model.norm_epsilon, weighted=self.norm_first)

    def forward(
        self, x_BTD: Tensor, turn: tuple[Tensor, Tensor], mask_BTT: Tensor | None, cache: Cache | None
    ) -> Tensor:
        """`turn` as `rotation` gives it; `mask_BTT` is True where a query may look, None for plain causal."""
        query = self._split(self.query(x_BTD), self.heads)
        key = self._split(self.key(x_BTD), self.kv_heads)
        value = self._split(self.value(x_BTD), self.kv_heads)
        if self.norm_first:
            query, key = self.query_norm(query), self.key_norm(key)
        query, key = rotate(query, *turn), rotate(key, *turn)
        if self.norm_last:
            query, key = self.query_norm(query), self.key_norm(key)
        if cache is not None:
            key, value = cache.extend(self.layer, key, value)
        mixed = functional.scaled_dot_product_attention(
            query,
            key,
            value.to(query.dtype),
            attn_mask=None if mask_BTT is None else mask_BTT[:, None],
            is_causal=mask_BTT is None and query.shape[2] > 1,
            enable_gqa=self.kv_heads != self.heads,
        )
        joined: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return joined

    def _split(self, x_BTD: Tensor, heads: int) -> Tensor:
        return x_BTD.view(*x_BTD.shape[:2], heads, self.head).transpose(1, 2)


class FeedForward(nn.Module):
    """ReLU²: W₂·relu(W₁x)² (So et al. 2021), or SwiGLU: W₂·(silu(W₁x) ⊙ W₃x) (Shazeer 2020)."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.up = Linear(model.width, model.feedforward)
        gated = model.architecture != "nanochat"
        self.gate = Linear(model.width, model.feedforward) if gated else None
        self.down = Linear(model.feedforward, model.width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        up = self.up(x_BTD)
        inner = functional.relu(up).square() if self.gate is None else functional.silu(self.gate(x_BTD)) * up
        out: Tensor = self.down(inner)
        return out
