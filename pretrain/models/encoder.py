"""The encoder, numerically equal to ModernBERT of transformers with attention over the whole row in every layer.

Warner et al. 2024. Pre-normalised blocks, no biases: x ← x + attention(norm(x)); x ← x + feedforward(norm(x)); the
first block has no norm before its attention, since one follows the embedding.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from pretrain.config import Model
from pretrain.models.layers import Attention, FeedForward, norm, rotation
from pretrain.models.linear import Linear
from pretrain.models.network import Network, head


class Block(nn.Module):
    """One layer of the residual stream."""

    def __init__(self, model: Model, layer: int) -> None:
        super().__init__()
        self.attention_norm = norm(model) if layer else nn.Identity()
        self.attention = Attention(model, layer)
        self.feedforward_norm = norm(model)
        self.feedforward = FeedForward(model)

    def forward(self, x_BTD: Tensor, turn: tuple[Tensor, Tensor], mask_BTT: Tensor | None) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), turn, mask_BTT)
        out: Tensor = x_BTD + self.feedforward(self.feedforward_norm(x_BTD))
        return out


class Encoder(Network):
    """A token sees all of its row, or of its document."""

    family = "encoder"

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.config = model
        self.embedding = nn.Embedding(model.vocabulary, model.width)
        self.embedding_norm = norm(model)
        self.blocks = nn.ModuleList(Block(model, layer) for layer in range(model.layers))
        self.norm = norm(model)
        self.transform = Linear(model.width, model.width)
        self.transform_norm = norm(model)
        self.head = head(model, self.embedding)

    def forward(
        self,
        inputs_BT: Tensor,
        documents_BT: Tensor | None = None,
        decoder_inputs_BU: Tensor | None = None,  # noqa: ARG002  a seq2seq network's
        decoder_documents_BU: Tensor | None = None,  # noqa: ARG002
    ) -> Tensor:
        """See `Network`."""
        model = self.config
        positions = torch.arange(inputs_BT.shape[1], device=inputs_BT.device)
        turn = rotation(positions, model.width // model.heads, model.rope_theta)
        mask = None if documents_BT is None else documents_BT[:, :, None] == documents_BT[:, None, :]
        x_BTD = self.embedding_norm(self.embedding(inputs_BT))
        for block in self.blocks:
            x_BTD = block(x_BTD, turn, mask)
        out: Tensor = self.norm(x_BTD)
        return out

    def predict(self, hidden_ND: Tensor) -> Tensor:
        """norm(gelu(W·x)), (…, D) → (…, D)."""
        out: Tensor = self.transform_norm(functional.gelu(self.transform(hidden_ND)))
        return out

    def matrix_parameters(self) -> int:
        """See `Network`."""
        return sum(p.numel() for p in self.blocks.parameters()) + self.transform.weight.numel()

    def flops_per_token(self, read: float = 1.0, asked: float = 1.0) -> float:
        """See `Network`."""
        model = self.config
        predicting = self.transform.weight.numel() + self.head.weight.numel()
        inside = 6 * (self.matrix_parameters() - self.transform.weight.numel())
        return read * (inside + 12 * model.layers * model.width * model.context) + asked * 6 * predicting
