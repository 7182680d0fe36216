"""The causal decoder, numerically equal to NanoChat, Qwen3 or Llama of transformers by `Model.architecture`.

Pre-normalised blocks, no biases: x ← x + attention(norm(x)); x ← x + feedforward(norm(x)).
"""

import torch
from torch import Tensor, nn

from pretrain.config import Model
from pretrain.models.layers import Attention, Cache, FeedForward, norm, rotation
from pretrain.models.network import Network, head


class Block(nn.Module):
    """One layer of the residual stream."""

    def __init__(self, model: Model, layer: int) -> None:
        super().__init__()
        self.attention_norm = norm(model)
        self.attention = Attention(model, layer)
        self.feedforward_norm = norm(model)
        self.feedforward = FeedForward(model)

    def forward(
        self, x_BTD: Tensor, turn: tuple[Tensor, Tensor], mask_BTT: Tensor | None, cache: Cache | None
    ) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), turn, mask_BTT, cache)
        out: Tensor = x_BTD + self.feedforward(self.feedforward_norm(x_BTD))
        return out


class Decoder(Network):
    """A token sees itself and those before it."""

    family = "decoder"

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.config = model
        self.embedding = nn.Embedding(model.vocabulary, model.width)
        self.blocks = nn.ModuleList(Block(model, layer) for layer in range(model.layers))
        self.norm = norm(model)
        self.head = head(model, self.embedding)

    def forward(
        self,
        inputs_BT: Tensor,
        documents_BT: Tensor | None = None,
        decoder_inputs_BU: Tensor | None = None,  # noqa: ARG002  a seq2seq network's
        decoder_documents_BU: Tensor | None = None,  # noqa: ARG002
        cache: Cache | None = None,
    ) -> Tensor:
        """See `Network`; with a `cache` the tokens continue what it holds."""
        seen = 0 if cache is None else cache.length
        model = self.config
        positions = torch.arange(seen, seen + inputs_BT.shape[1], device=inputs_BT.device)
        reverse = model.architecture == "nanochat"
        turn = rotation(positions, model.width // model.heads, model.rope_theta, reverse=reverse)
        mask = _mask(inputs_BT, documents_BT, seen)
        x_BTD = self.embedding(inputs_BT)
        if model.architecture == "nanochat":
            x_BTD = self.norm(x_BTD)
        for block in self.blocks:
            x_BTD = block(x_BTD, turn, mask, cache)
        out: Tensor = self.norm(x_BTD)
        return out

    def matrix_parameters(self) -> int:
        """See `Network`."""
        return sum(p.numel() for p in self.blocks.parameters())

    def flops_per_token(self, read: float = 1.0, asked: float = 1.0) -> float:
        """See `Network`."""
        model = self.config
        inside = 6 * self.matrix_parameters() + 12 * model.layers * model.width * model.context
        return read * inside + asked * 6 * self.head.weight.numel()


def _mask(inputs_BT: Tensor, documents_BT: Tensor | None, seen: int) -> Tensor | None:
    """Where a query may look (B, T, seen + T); None for plain causal attention or for a single query."""
    length = inputs_BT.shape[1]
    if documents_BT is None and (seen == 0 or length == 1):
        return None
    causal = torch.ones(length, seen + length, dtype=torch.bool, device=inputs_BT.device).tril(seen)[None]
    return causal if documents_BT is None else causal & (documents_BT[:, :, None] == documents_BT[:, None, :])
