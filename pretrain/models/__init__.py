"""The networks, built from shared layers."""

from pretrain.config import Model
from pretrain.models.decoder import Decoder
from pretrain.models.encoder import Encoder
from pretrain.models.network import Network
from pretrain.models.seq2seq import Seq2Seq

__all__ = ["Network", "build"]

_NETWORKS: dict[str, type[Network]] = {"decoder": Decoder, "encoder": Encoder, "seq2seq": Seq2Seq}


def build(model: Model) -> Network:
    """The network of a resolved `Model`, its weights not yet set."""
    return _NETWORKS[model.family](model)
