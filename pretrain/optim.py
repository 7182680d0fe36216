"""Optimisers and schedule: every weight in exactly one group, each group with its own rate.

At small scale the rate per group matters more than anything else of the recipe: unit embeddings and a zero head want
rates a hundred times apart. Two-dimensional weights inside blocks go to Muon (Jordan 2024; `torch.optim.Muon`) or
AdamW, all else to AdamW (Loshchilov and Hutter 2019).
"""

from typing import Any

import torch
from torch import nn

from pretrain.config import Optim
from pretrain.errors import UsageError

GROUPS = ("matrix", "embedding", "head", "norm")


def groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Group → weights; every weight of the model is in exactly one. Raises `ValueError` for one that fits none."""
    found: dict[str, list[nn.Parameter]] = {name: [] for name in GROUPS}
    for name, weight in model.named_parameters():
        found[_group(name, weight)].append(weight)
    return {name: weights for name, weights in found.items() if weights}


def _group(name: str, weight: nn.Parameter) -> str:
    if name in ("embedding.weight", "head.weight"):
        return name.partition(".")[0]
    if weight.ndim == 1 or name.endswith("positions.weight"):
        return "norm"
    if weight.ndim == 2 and (".blocks." in f".{name}" or name == "transform.weight"):
        return "matrix"
    raise ValueError(f"{name}: a weight of shape {tuple(weight.shape)} belongs to no group")


def schedule(step: int, steps: int, optim: Optim) -> float:
    """Share of the peak rate at step 0 ≤ `step` < `steps`: warm-up, stable, decay (Hu et al. 2024), all linear.

    Rises as (step + 1) / warmup, stays 1, and falls over the last `decay · steps` steps towards `floor`, which it
    would reach at `steps`.
    """
    rise = min(1.0, (step + 1) / optim.warmup) if optim.warmup else 1.0
    falling = optim.decay * steps
    left = min(1.0, (steps - step) / falling) if falling else 1.0
    return rise * (optim.floor + (1 - optim.floor) * left)


class Optimizers:
    """Muon and AdamW as one."""

    def __init__(self, model: nn.Module, optim: Optim) -> None:
        parts = groups(model)
        matrices = parts.pop("matrix", [])
        rest = [{"params": w, "peak": getattr(optim, f"{name}_learning_rate")} for name, w in parts.items()]
        self._all: list[torch.optim.Optimizer] = []
        if optim.matrices == "muon":
            self._all.append(_muon(matrices, optim))
        else:
            group = {"params": matrices, "peak": optim.matrix_learning_rate, "weight_decay": optim.weight_decay}
            rest.insert(0, group)
        betas = (optim.beta1, optim.beta2)
        self._all.append(torch.optim.AdamW(rest, betas=betas, eps=optim.epsilon, weight_decay=0.0, fused=True))

    def rate(self, share: float) -> None:
        """Set every group to this share of its peak."""
        for optimizer in self._all:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share

    def step(self) -> None:
        """Update every weight from its gradient."""
        for optimizer in self._all:
            optimizer.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimizer in self._all:
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """What `load_state_dict` takes."""
        return [optimizer.state_dict() for optimizer in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Continue where `state_dict` was taken."""
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(state)


def _muon(matrices: list[nn.Parameter], optim: Optim) -> torch.optim.Optimizer:
    if not hasattr(torch.optim, "Muon"):
        raise UsageError(f"optim.matrices = muon needs torch 2.9 or later, not {torch.__version__}; adamw is the other")
    group = {"params": matrices, "peak": optim.matrix_learning_rate}
    return torch.optim.Muon([group], momentum=optim.momentum, weight_decay=optim.weight_decay)
