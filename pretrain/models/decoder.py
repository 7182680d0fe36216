"""The causal decoder, numerically equal to NanoChat, Qwen3 or Llama of transformers by `Model.architecture`.

Pre-normalised blocks, no biases: x ← x + attention(norm(x)); x ← x + feedforward(norm(x)).
"""

import torch
from torch import Tensor, nn

from pretrain.config import Model
from pretrain.models.layers import Attention, Cache, FeedForward, RMSNorm, rotation


class Block(nn.Module):
    """One layer of the residual stream."""

    def __init__(self, model: Model, layer: int) -> None:
        super().__init__()
        weighted = model.architecture != "nanochat"
        self.attention_norm = RMSNorm(model.width, model.norm_epsilon, weighted=weighted)
        self.attention = Attention(model, layer)
        self.feedforward_norm = RMSNorm(model.width, model.norm_epsilon, weighted=weighted)
        self.feedforward = FeedForward(model)

    def forward(
        self, x_BTD: Tensor, turn: tuple[Tensor, Tensor], mask_BTT: Tensor | None, cache: Cache | None
    ) -> Tensor:
        """(B, T, D) → (B, T, D)."""
        x_BTD = x_BTD + self.attention(self.attention_norm(x_BTD), turn, mask_BTT, cache)
        out: Tensor = x_BTD + self.feedforward(self.feedforward_norm(x_BTD))
        return out


class Decoder(nn.Module):
    """Tokens to hidden states (`forward`), hidden states to logits (`logits`).

    The two are apart because the loss is computed without ever holding all logits (`pretrain.models.head`).
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.config = model
        weighted = model.architecture != "nanochat"
        self.embedding = nn.Embedding(model.vocabulary, model.width)
        self.blocks = nn.ModuleList(Block(model, layer) for layer in range(model.layers))
        self.norm = RMSNorm(model.width, model.norm_epsilon, weighted=weighted)
        self.head = nn.Linear(model.width, model.vocabulary, bias=False)
        if model.tied:
            self.head.weight = self.embedding.weight

    def forward(self, tokens_BT: Tensor, documents_BT: Tensor | None = None, cache: Cache | None = None) -> Tensor:
        """Hidden states (B, T, D) after the last norm; token t sees 0..t.

        `documents_BT` isolates: a token sees only those of equal document. With a `cache` the tokens continue what it
        holds.
        """
        seen = 0 if cache is None else cache.length
        model = self.config
        positions = torch.arange(seen, seen + tokens_BT.shape[1], device=tokens_BT.device)
        reverse = model.architecture == "nanochat"
        turn = rotation(positions, model.width // model.heads, model.rope_theta, reverse=reverse)
        mask = _mask(tokens_BT, documents_BT, seen)
        x_BTD = self.embedding(tokens_BT)
        if model.architecture == "nanochat":
            x_BTD = self.norm(x_BTD)
        for block in self.blocks:
            x_BTD = block(x_BTD, turn, mask, cache)
        out: Tensor = self.norm(x_BTD)
        return out

    def logits(self, x_BTD: Tensor) -> Tensor:
        """(B, T, D) → (B, T, V) in float32."""
        logits: Tensor = self.head(x_BTD).float()
        cap = self.config.logit_cap
        return cap * torch.tanh(logits / cap) if cap else logits

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Set every weight from the seed, by nanochat's scheme.

        Matrices are uniform with deviation 1/√inputs, those that write to the residual stream zero; embedding
        N(0, 1), head N(0, 0.001), norms 1. A tied embedding is N(0, 0.02), since it also is the head.
        """
        draw = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            if name == "embedding.weight":
                weight.normal_(0, 0.02 if self.config.tied else 1.0, generator=draw)
            elif name == "head.weight":
                weight.normal_(0, 0.001, generator=draw)
            elif weight.ndim == 1:
                weight.fill_(1)
            elif name.endswith(("attention.output.weight", "feedforward.down.weight")):
                weight.zero_()
            else:
                bound = (3 / weight.shape[1]) ** 0.5
                weight.uniform_(-bound, bound, generator=draw)

    def matrix_parameters(self) -> int:
        """Weights inside the blocks: the size by which compact models are called."""
        return sum(p.numel() for p in self.blocks.parameters())

    def flops_per_token(self) -> int:
        """Floating-point operations of training on one token at full context.

        6 for each weight of a matrix product and 12·L·D·T for attention (PaLM, Chowdhery et al. 2022, appendix B).
        """
        model = self.config
        products = self.matrix_parameters() + self.head.weight.numel()
        return 6 * products + 12 * model.layers * model.width * model.context


def _mask(tokens_BT: Tensor, documents_BT: Tensor | None, seen: int) -> Tensor | None:
    """Where a query may look (B, T, seen + T); None for plain causal attention or for a single query."""
    length = tokens_BT.shape[1]
    if documents_BT is None and (seen == 0 or length == 1):
        return None
    causal = torch.ones(length, seen + length, dtype=torch.bool, device=tokens_BT.device).tril(seen)[None]
    return causal if documents_BT is None else causal & (documents_BT[:, :, None] == documents_BT[:, None, :])
