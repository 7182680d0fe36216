"""Optimisers and schedule: every weight in exactly one group, each group with its own rate.

At small scale the rate per group matters more than anything else of the recipe: unit embeddings and a zero head want
rates a hundred times apart. Two-dimensional weights inside blocks go to Muon (`pretrain.muon`) or AdamW, all else to
AdamW (Loshchilov and Hutter 2019); or AdamW takes all, with rates times the RMS of each weight (Shazeer and Stern
2018; nanoT5's AdamWScale).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from pretrain.config import Optim
from pretrain.muon import Muon
from pretrain.shares import placed, whole

GROUPS = ("matrix", "embedding", "head", "norm")

_LEAST_SCALE = 1e-3
"""Of a weight whose RMS is about 0, so that what begins at zero learns at all (Shazeer and Stern 2018)."""


def groups(model: nn.Module) -> dict[str, list[nn.Parameter]]:
    """Group → weights; every weight of the model is in exactly one. Raises `ValueError` for one that fits none."""
    found: dict[str, list[nn.Parameter]] = {name: [] for name in GROUPS}
    for name, weight in model.named_parameters():
        found[_group(name, weight)].append(weight)
    return {name: weights for name, weights in found.items() if weights}


def _group(name: str, weight: nn.Parameter) -> str:
    """The group called norm holds all that is small: norms, biases, tables of relative positions."""
    if name in ("embedding.weight", "head.weight"):
        return name.partition(".")[0]
    if weight.ndim == 1 or name.endswith("positions.weight"):
        return "norm"
    if weight.ndim == 2 and ("blocks." in name or name == "transform.weight"):
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
    """Muon and AdamW as one, for settings that `pretrain.ladder` has resolved; raises `ValueError` for others."""

    def __init__(self, model: nn.Module, optim: Optim) -> None:
        parts = groups(model)
        peaks = {name: getattr(optim, f"{name}_learning_rate") for name in parts}
        if not all(peaks.values()) or not optim.beta2 or optim.warmup < 0:
            raise ValueError("the settings hold zeros that stand for values of the ladder: resolve them first")
        decay = {"matrix": optim.weight_decay}
        each = [
            {"params": weights, "peak": peaks[name], "weight_decay": decay.get(name, 0.0)}
            for name, weights in parts.items()
        ]
        self.scaled = optim.matrices == "adamw_scaled"
        self._all: list[torch.optim.Optimizer] = []
        if optim.matrices == "muon" and "matrix" in parts:
            self._all.append(Muon(each[:1], momentum=optim.momentum))
            each = each[1:]
        if self.scaled:
            each = [group | {"params": [weight]} for group in each for weight in group["params"]]
        betas = (optim.beta1, optim.beta2)
        self._all.append(torch.optim.AdamW(each, betas=betas, eps=optim.epsilon, weight_decay=0.0, fused=True))

    def rate(self, share: float) -> None:
        """Set every group to this share of its peak, times the RMS of its weight where rates are scaled."""
        for optimizer in self._all:
            scales = _root_mean_squares(optimizer) if self.scaled else [1.0] * len(optimizer.param_groups)
            for group, scale in zip(optimizer.param_groups, scales, strict=True):
                group["lr"] = group["peak"] * share * scale

    def step(self) -> None:
        """Update every weight from its gradient."""
        for optimizer in self._all:
            optimizer.step()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for optimizer in self._all:
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """What `load_state_dict` takes: whole tensors, however the weights are shared among processes.

        Every process must call it, since shares are gathered.
        """
        return [_mapped(optimizer, optimizer.state_dict(), lambda tensor, _: whole(tensor)) for optimizer in self._all]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Continue where `state_dict` was taken, by as many processes or by others."""
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(_mapped(optimizer, state, placed))


def _mapped(
    optimizer: torch.optim.Optimizer, saved: dict[str, Any], change: Callable[[Tensor, Tensor], Tensor]
) -> dict[str, Any]:
    """A state dict with each tensor in a weight's shape changed to what `change` makes of it and the weight."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    states = {
        number: {
            key: change(value, weights[number])
            if isinstance(value, Tensor) and value.shape == weights[number].shape
            else value
            for key, value in state.items()
        }
        for number, state in saved["state"].items()
    }
    return saved | {"state": states}


def _root_mean_squares(optimizer: torch.optim.Optimizer) -> list[float]:
    """RMS of the weight of each group, which holds one."""
    weights = [group["params"][0].detach() for group in optimizer.param_groups]
    norms = torch.stack([whole(torch.linalg.vector_norm(weight)) for weight in weights])
    sizes = torch.tensor([weight.numel() for weight in weights], device=norms.device)
    found: list[float] = (norms / sizes.sqrt()).clamp(min=_LEAST_SCALE).tolist()
    return found
