"""The networks, built from shared layers."""

from pretrain.config import Model
from pretrain.models.decoder import Decoder
from pretrain.models.network import Network

__all__ = ["Network", "build"]

_NETWORKS: dict[str, type[Network]] = {"decoder": Decoder}


def build(model: Model) -> Network:
    """The network of a resolved `Model`, its weights not yet set."""
    return _NETWORKS[model.family](model)
