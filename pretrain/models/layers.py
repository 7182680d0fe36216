"""Layers that the networks share. Shapes: B rows, T tokens, D width, H heads, K width of a head, I inner width."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from pretrain.config import Model
from pretrain.models.attention import attend
from pretrain.models.kernels import rms_norm, rotate
from pretrain.models.linear import Linear, together


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
        self.weight = nn.Parameter(torch.empty(width)) if weighted else None

    def forward(self, x: Tensor) -> Tensor:
        """Normalise the last axis; same shape and type."""
        return rms_norm(x, self.weight, self.epsilon)


def norm(model: Model) -> nn.Module:
    """The norm of the residual stream: LayerNorm without bias for ModernBERT, RMSNorm for all others."""
    if model.architecture == "modernbert":
        return nn.LayerNorm(model.width, model.norm_epsilon, bias=False)
    return RMSNorm(model.width, model.norm_epsilon, weighted=model.architecture != "nanochat")


def rotation(positions_T: Tensor, head: int, theta: float, *, reverse: bool = False) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, 1, K/2) of rotary positions (Su et al. 2021): angle t·θ^(−2i/K) for the i-th pair.

    `reverse` rotates by the negative angle, as NanoChat does.
    """
    exponents = torch.arange(0, head, 2, dtype=torch.float32, device=positions_T.device) / head
    angles = (positions_T.float()[:, None] / theta**exponents)[:, None]
    return angles.cos(), -angles.sin() if reverse else angles.sin()


class Attention(nn.Module):
    """Self-attention with rotary positions and grouped keys and values; causal in decoders."""

    def __init__(self, model: Model, layer: int) -> None:
        super().__init__()
        self.layer, self.heads, self.kv_heads = layer, model.heads, model.kv_heads
        self.head = model.width // model.heads
        self.causal = model.family == "decoder"
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
        self, x_BTD: Tensor, turn: tuple[Tensor, Tensor], mask_BTT: Tensor | None, cache: Cache | None = None
    ) -> Tensor:
        """`turn` as `rotation` gives it; `mask_BTT` is True where a query may look, None for all or plain causal."""
        parts = together(x_BTD, self.query, self.key, self.value).view(*x_BTD.shape[:2], -1, self.head)
        query, key, value = torch.split(parts, [self.heads, self.kv_heads, self.kv_heads], dim=2)
        if self.norm_first:
            query, key = self.query_norm(query), self.key_norm(key)
        query, key = rotate(query, *turn), rotate(key, *turn)
        if self.norm_last:
            query, key = self.query_norm(query), self.key_norm(key)
        query, key, value = (part.transpose(1, 2) for part in (query, key, value.to(query.dtype)))
        if cache is not None:
            key, value = cache.extend(self.layer, key, value)
        causal = self.causal and mask_BTT is None and query.shape[2] > 1
        mixed = attend(query, key, value, mask_BTS=mask_BTT, causal=causal)
        joined: Tensor = self.output(mixed.transpose(1, 2).flatten(2))
        return joined


class FeedForward(nn.Module):
    """W₂·a(W₁x), or gated: W₂·(a(W₁x) ⊙ W₃x) (Shazeer 2020).

    a is relu(·)² for NanoChat (So et al. 2021), ungated; silu for Qwen3 and Llama; gelu for ModernBERT; gelu by its
    tanh approximation for T5.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.architecture = model.architecture
        self.up = Linear(model.width, model.feedforward)
        gated = model.architecture != "nanochat"
        self.gate = Linear(model.width, model.feedforward) if gated else None
        self.down = Linear(model.feedforward, model.width)

    def forward(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        out: Tensor = self.down(self._inner(x_BTD))
        return out

    def _inner(self, x_BTD: Tensor) -> Tensor:
        if self.gate is None:
            return functional.relu(self.up(x_BTD)).square()
        gate, up = together(x_BTD, self.gate, self.up).chunk(2, dim=-1)
        if self.architecture in ("qwen3", "llama"):
            return functional.silu(gate) * up
        return functional.gelu(gate, approximate="tanh" if self.architecture == "t5" else "none") * up
