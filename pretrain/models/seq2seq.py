"""The encoder–decoder, numerically equal to T5 v1.1 of transformers without dropout.

Raffel et al. 2020; Shazeer 2020 for the gated feed-forward. Pre-normalised blocks, no biases. Attention is without
1/√K, which initialisation makes up for; positions enter as learnt biases of distances, one table for all layers of a
side, none between the sides.
"""

import torch
from torch import Tensor, nn

from pretrain.config import Model
from pretrain.models.layers import FeedForward, norm
from pretrain.models.network import Network, head
from pretrain.models.relative import RelativeAttention, RelativePositions


class Block(nn.Module):
    """One layer of a side's residual stream; the decoder's also looks at what the encoder made."""

    def __init__(self, model: Model, *, decoder: bool) -> None:
        super().__init__()
        self.attention_norm = norm(model)
        self.attention = RelativeAttention(model)
        if decoder:
            self.cross_norm = norm(model)
            self.cross_attention = RelativeAttention(model)
        self.feedforward_norm = norm(model)
        self.feedforward = FeedForward(model)

    def forward(
        self,
        x_BTD: Tensor,
        bias_HTT: Tensor,
        mask_BTT: Tensor | None,
        memory_BSD: Tensor | None = None,
        cross_BTS: Tensor | None = None,
    ) -> Tensor:
        """(B, T, D) → (B, T, D); the memory is the encoder's last hidden states, `cross_BTS` where to look in it."""
        normed = self.attention_norm(x_BTD)
        x_BTD = x_BTD + self.attention(normed, normed, bias_HTT, mask_BTT)
        if memory_BSD is not None:
            x_BTD = x_BTD + self.cross_attention(self.cross_norm(x_BTD), memory_BSD, None, cross_BTS)
        out: Tensor = x_BTD + self.feedforward(self.feedforward_norm(x_BTD))
        return out


class Side(nn.Module):
    """Encoder or decoder: blocks, their positions, a last norm."""

    def __init__(self, model: Model, *, decoder: bool) -> None:
        super().__init__()
        layers = model.decoder_layers if decoder else model.layers
        self.positions = RelativePositions(model, causal=decoder)
        self.blocks = nn.ModuleList(Block(model, decoder=decoder) for _ in range(layers))
        self.norm = norm(model)

    def forward(
        self,
        x_BTD: Tensor,
        documents_BT: Tensor | None,
        memory_BSD: Tensor | None = None,
        memory_documents_BS: Tensor | None = None,
    ) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        bias = self.positions(x_BTD.shape[1])
        mask, cross = _same(documents_BT, documents_BT), None
        if memory_BSD is not None:
            cross = _same(documents_BT, memory_documents_BS)
        for block in self.blocks:
            x_BTD = block(x_BTD, bias, mask, memory_BSD, cross)
        out: Tensor = self.norm(x_BTD)
        return out


class Seq2Seq(Network):
    """A token of the input sees all of it; one of the output sees the input, itself and the output before it."""

    family = "seq2seq"

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.config = model
        self.embedding = nn.Embedding(model.vocabulary, model.width)
        self.encoder = Side(model, decoder=False)
        self.decoder = Side(model, decoder=True)
        self.head = head(model, self.embedding)

    def forward(
        self,
        inputs_BT: Tensor,
        documents_BT: Tensor | None = None,
        decoder_inputs_BU: Tensor | None = None,
        decoder_documents_BU: Tensor | None = None,
    ) -> Tensor:
        """See `Network`; with documents of one side those of the other are needed too."""
        if decoder_inputs_BU is None:
            raise ValueError("a seq2seq network needs decoder_inputs_BU")
        memory = self.encode(inputs_BT, documents_BT)
        return self.decode(decoder_inputs_BU, memory, decoder_documents_BU, documents_BT)

    def encode(self, inputs_BT: Tensor, documents_BT: Tensor | None = None) -> Tensor:
        """(B, T) → (B, T, D), what `decode` takes as memory."""
        out: Tensor = self.encoder(self.embedding(inputs_BT), documents_BT)
        return out

    def decode(
        self,
        decoder_inputs_BU: Tensor,
        memory_BTD: Tensor,
        decoder_documents_BU: Tensor | None = None,
        documents_BT: Tensor | None = None,
    ) -> Tensor:
        """(B, U) → hidden states (B, U, D)."""
        x_BUD = self.embedding(decoder_inputs_BU)
        out: Tensor = self.decoder(x_BUD, decoder_documents_BU, memory_BTD, documents_BT)
        return out

    def predict(self, hidden_ND: Tensor) -> Tensor:
        """Itself; over √D where the head is the embedding (Raffel et al. 2020)."""
        return hidden_ND * self.config.width**-0.5 if self.config.tied else hidden_ND

    def matrix_parameters(self) -> int:
        """See `Network`."""
        return sum(p.numel() for side in (self.encoder, self.decoder) for p in side.blocks.parameters())

    def flops_per_token(self, read: float = 1.0, asked: float = 1.0) -> float:
        """See `Network`; keys and values of the encoder's states are work of the tokens read."""
        model = self.config
        encoding, decoding = (sum(p.numel() for p in s.blocks.parameters()) for s in (self.encoder, self.decoder))
        memory = 2 * model.decoder_layers * model.width**2
        outputs = model.context * asked / read
        reading = 6 * (encoding + memory) + 12 * model.layers * model.width * model.context
        writing = 6 * (decoding - memory) + 12 * model.decoder_layers * model.width * (model.context + outputs)
        return read * reading + asked * (writing + 6 * self.head.weight.numel())

    def _draw(self, name: str, weight: Tensor, draw: torch.Generator) -> None:
        """Queries also take the 1/√K that attention lacks (Raffel et al. 2020); no distance is preferred."""
        super()._draw(name, weight, draw)
        if name.endswith("attention.query.weight"):
            weight.mul_((self.config.width // self.config.heads) ** -0.5)
        elif name.endswith("positions.weight"):
            weight.zero_()


def _same(queries_BT: Tensor | None, keys_BS: Tensor | None) -> Tensor | None:
    return None if queries_BT is None or keys_BS is None else queries_BT[:, :, None] == keys_BS[:, None, :]
