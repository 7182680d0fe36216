"""Token shards to a compact model.

from pretrain import train
train("pipelines/gpt-tiny.toml", data="DIR", output="RUN")
"""

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pretrain.config import Config, load
    from pretrain.generation import generate
    from pretrain.training import train

# Read when torch is loaded. Threads that spin at a barrier starve each other where cores are shared: on two busy
# cores a step took 15 times as long.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__all__ = ["Config", "generate", "load", "train"]

_HOMES = {"Config": "config", "generate": "generation", "load": "config", "train": "training"}


def __getattr__(name: str) -> Any:
    """Import on first use: torch takes a second to load."""
    from importlib import import_module

    if name not in _HOMES:
        raise AttributeError(f"module 'pretrain' has no attribute {name!r}")
    return getattr(import_module(f"pretrain.{_HOMES[name]}"), name)
