"""Tiny networks of each family whose weights say something, as runs that are open."""

import torch

from pretrain.config import Config, Model, Train
from pretrain.models import build
from pretrain.trained import Trained
from tests.pretrain import token_folder

ARCHITECTURES = {"decoder": "nanochat", "encoder": "modernbert", "seq2seq": "t5"}


def trained(vocabulary, family="decoder", objective=None, context=24):
    """A run of random weights, large enough that tokens differ."""
    shape = Model(architecture=ARCHITECTURES[family], context=context, layers=1, width=16, heads=2)
    asked = objective or {"decoder": "clm", "encoder": "mlm", "seq2seq": "span"}[family]
    config = Config(model=shape.resolved(token_folder.VOCABULARY), train=Train(objective=asked))
    model = build(config.model)
    model.initialise(1)
    draw = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.ndim == 2:
                weight.normal_(0, 0.4, generator=draw)
    return Trained(config, model.eval(), vocabulary, 7)
