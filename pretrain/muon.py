"""Muon: momentum whose matrices are made orthogonal before they are applied (Jordan et al. 2024).

    m ← m + (1 − β)(g − m);   u = g + β(m − g);   W ← (1 − ηλ)W − η·√max(1, rows / columns) · NS(u)

NS is Newton and Schulz's iteration towards the orthogonal matrix nearest to u. `torch.optim.Muon` has the same
numbers and, on a CPU, the same speed. Here matrices of one shape go through NS together (a GPU is called tens of
times instead of thousands), and a weight may be sharded (FSDP2): then every process gathers the whole update, 4 bytes
a weight, and makes it orthogonal itself.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from pretrain.hardware import has_bfloat16
from pretrain.shares import placed, whole

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that lifts small singular values quickest, to between 0.7 and 1.2 (Jordan et al. 2024)."""
_ITERATIONS = 5
_TINY = 1e-7
_VALUES = {"cpu": 2**18}
"""Most values of matrices that go together: what a core's cache holds."""
_VALUES_ELSEWHERE = 2**26
"""128 MB in bfloat16, for each of three copies."""


class Muon(torch.optim.Optimizer):
    """Updates weights of two dimensions; raises `ValueError` for others.

    Each is one matrix: queries, keys and values belong in weights of their own. The state of a weight is its
    `momentum_buffer`.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], *, momentum: float = 0.95, weight_decay: float = 0.0) -> None:
        super().__init__(groups, {"lr": 0.0, "momentum": momentum, "weight_decay": weight_decay})
        for weight in (w for group in self.param_groups for w in group["params"]):
            if weight.ndim != 2:
                raise ValueError(f"Muon updates matrices, not a weight of shape {tuple(weight.shape)}")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every weight that has a gradient; `closure` is torch's and must be None."""
        if closure is not None:
            raise ValueError("Muon evaluates no closure")
        for group in self.param_groups:
            for weights in _alike([weight for weight in group["params"] if weight.grad is not None]):
                looked = [whole(self._look_ahead(weight, group["momentum"])) for weight in weights]
                scale = max(1.0, weights[0].shape[0] / weights[0].shape[1]) ** 0.5
                for weight, update in zip(weights, newton_schulz(torch.stack(looked)), strict=True):
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.add_(placed(update, weight), alpha=-group["lr"] * scale)

    def _look_ahead(self, weight: nn.Parameter, momentum: float) -> Tensor:
        """Nesterov's step from the running mean of the gradients."""
        state, grad = self.state[weight], weight.grad
        assert grad is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        mean: Tensor = state["momentum_buffer"]
        mean.lerp_(grad, 1 - momentum)
        return grad.lerp(mean, momentum)


def newton_schulz(x_NRC: Tensor) -> Tensor:
    """About UVᵀ of each matrix UΣVᵀ, in float32: singular values between 0.7 and 1.2 instead of exactly 1.

    N matrices of R rows and C columns. Multiplies in bfloat16 where the hardware does.
    """
    tall = x_NRC.shape[1] > x_NRC.shape[2]
    x = (x_NRC.mT if tall else x_NRC).to(torch.bfloat16 if has_bfloat16(x_NRC.device) else torch.float32)
    x = (x / x.norm(dim=(1, 2), keepdim=True).clamp(min=_TINY)).contiguous()
    a, b, c = _COEFFICIENTS
    for _ in range(_ITERATIONS):
        gram = torch.bmm(x, x.mT)
        inner = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
        x = torch.baddbmm(x, inner, x, beta=a)
    return (x.mT if tall else x).float()


def _alike(weights: list[nn.Parameter]) -> list[list[nn.Parameter]]:
    """Weights of one shape, in order, no more than go together."""
    by_shape: dict[torch.Size, list[nn.Parameter]] = {}
    for weight in weights:
        by_shape.setdefault(weight.shape, []).append(weight)
    found = []
    for shape, same in by_shape.items():
        size = max(1, _VALUES.get(same[0].device.type, _VALUES_ELSEWHERE) // shape.numel())
        found += [same[i : i + size] for i in range(0, len(same), size)]
    return found
