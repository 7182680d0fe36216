"""Small networks whose every part matters, for the tests."""

import torch

from pretrain.config import Model
from pretrain.models import build

ARCHITECTURES = ["nanochat", "qwen3", "llama", "modernbert", "t5"]
DECODERS = ARCHITECTURES[:3]
SHAPE = {"vocabulary": 97, "context": 16, "layers": 2, "width": 24, "heads": 4, "feedforward": 40}


def shape(architecture, **changes):
    own = {"nanochat": {"logit_cap": 5.0}, "t5": {"decoder_layers": 3, "relative_buckets": 8, "relative_distance": 9}}
    grouped = {"kv_heads": 2} if architecture in DECODERS else {}
    return Model(architecture=architecture, **(SHAPE | grouped | own.get(architecture, {}) | changes)).resolved(97)


def network(architecture="nanochat", **changes):
    """A network with random weights everywhere (at the start some are zero)."""
    made = build(shape(architecture, **changes))
    draw = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            weight.normal_(0, 0.3, generator=draw).add_(1.0 if weight.ndim == 1 else 0.0)
            # T5's queries carry the 1/√K that its attention lacks; without it float32 itself is off by more than 1e-4
            if architecture == "t5" and name.endswith("query.weight"):
                weight.mul_((made.config.width // made.config.heads) ** -0.5)
    return made.eval()


def tokens(rows=2, length=12, seed=1):
    return torch.randint(0, 97, (rows, length), generator=torch.Generator().manual_seed(seed))


def asked(made, row=None, documents=None):
    """Logits for the row; a seq2seq network is also given the row's first half, as what it has written."""
    row = tokens() if row is None else row
    if made.family != "seq2seq":
        return made.logits(made(row, documents))
    half = row.shape[1] // 2
    return made.logits(made(row, documents, row[:, :half], None if documents is None else documents[:, :half]))
