"""A trained run, opened for use: its settings, the network of a checkpoint, and the tokenizer."""

from dataclasses import dataclass
from pathlib import Path

from pretrain import checkpoint
from pretrain.config import Config, load
from pretrain.errors import CheckpointError
from pretrain.models import Network, build
from pretrain.tokens import Vocabulary


@dataclass(frozen=True)
class Trained:
    """What `open_run` gives."""

    config: Config
    model: Network
    """In evaluation mode, on the CPU."""
    vocabulary: Vocabulary
    step: int
    """Of the checkpoint."""


def open_run(run: Path, step: int | None = None) -> Trained:
    """Load a run's latest checkpoint, or that of `step`; raises `CheckpointError` where there is none."""
    if not (run / "config.toml").is_file():
        raise CheckpointError(f"{run}: not a run (no config.toml)")
    found = checkpoint.steps(run)
    if not found or (step is not None and step not in found):
        raise CheckpointError(f"{run}: no checkpoint{'' if step is None else f' of step {step}'}; there are {found}")
    config = load(run / "config.toml")
    model = build(config.model)
    chosen = found[-1] if step is None else step
    checkpoint.load_weights(run, chosen, model)
    vocabulary = Vocabulary.open(run / "tokenizer" / "tokenizer.json", config.model.vocabulary)
    return Trained(config, model.eval(), vocabulary, chosen)
