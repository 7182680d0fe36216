"""What every network offers, so that training, evaluation and export need not ask which it is."""

from typing import ClassVar

import torch
from torch import Tensor, nn

from pretrain.config import Family, Model
from pretrain.models.linear import Linear


class Network(nn.Module):
    """Tokens to hidden states (`forward`), hidden states of the positions that are asked to logits (`logits`).

    The two are apart because the loss is computed without ever holding all logits (`pretrain.models.head`), and for
    masked positions alone. Shapes: B rows, T tokens read, U positions that may be asked (T but for seq2seq), D width,
    V vocabulary. The constructor only shapes; `initialise` sets every weight, also after `to_empty` from the meta
    device.
    """

    family: ClassVar[Family]
    config: Model
    embedding: nn.Embedding
    head: nn.Linear
    """What `predict` gives, times this, are the logits; no bias."""

    def forward(
        self,
        inputs_BT: Tensor,
        documents_BT: Tensor | None = None,
        decoder_inputs_BU: Tensor | None = None,
        decoder_documents_BU: Tensor | None = None,
    ) -> Tensor:
        """Hidden states (B, U, D) after the last norm.

        `documents_BT` isolates: a token attends to those of equal document alone. The decoder's two belong to seq2seq
        networks; the others take and ignore None there.
        """
        raise NotImplementedError

    def predict(self, hidden_ND: Tensor) -> Tensor:
        """(…, D) → (…, D): what the head multiplies. Costs work only where a token is asked."""
        return hidden_ND

    def logits(self, hidden_ND: Tensor) -> Tensor:
        """(…, D) → (…, V) in float32, through `predict` and the head."""
        logits: Tensor = self.head(self.predict(hidden_ND)).float()
        cap = self.config.logit_cap
        return cap * torch.tanh(logits / cap) if cap else logits

    @torch.no_grad()
    def initialise(self, seed: int) -> None:
        """Set every weight from the seed, by nanochat's scheme.

        Matrices are uniform with deviation 1/√inputs, those that write to the residual stream zero; embedding
        N(0, 1), head N(0, 0.001), norms 1. A tied embedding is N(0, 0.02), since it also is the head. A network with
        weights of other kinds says what they begin with.
        """
        draw = torch.Generator().manual_seed(seed)
        for name, weight in self.named_parameters():
            self._draw(name, weight, draw)

    def _draw(self, name: str, weight: Tensor, draw: torch.Generator) -> None:
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
        """Weights beside embedding, head and last norm: the size by which compact models are called."""
        raise NotImplementedError

    def flops_per_token(self, read: float = 1.0, asked: float = 1.0) -> float:
        """Floating-point operations of training on one token of the corpus at full context.

        `read` and `asked` are inputs and targets for each token of the corpus: 1 and 1 for causal modelling, 1 and
        the mask's ratio for masked, both below 1 for span corruption. 6 for each weight of a matrix product and
        12·D·T for each layer's attention (PaLM, Chowdhery et al. 2022, appendix B); the head works where a
        token is asked alone.
        """
        raise NotImplementedError


def head(model: Model, embedding: nn.Embedding) -> nn.Linear:
    """The last matrix (V, D): its own, or that of the embedding."""
    made = Linear(model.width, model.vocabulary)
    if model.tied:
        made.weight = embedding.weight
    return made
