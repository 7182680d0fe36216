"""Muon: momentum whose matrices are made orthogonal before they are applied (Jordan et al. 2024).

    m ← m + (1 − β)(g − m);   u = g + β(m − g);   W ← (1 − ηλ)W − η·√max(1, rows / columns) · NS(u)

NS is Newton and Schulz's iteration towards the orthogonal matrix nearest to u. `torch.optim.Muon` has the same
numbers and, on a CPU, the same speed. Here matrices of one shape go through NS together (a GPU is called tens of
times instead of thousands), a fused weight is several matrices, and a weight may be sharded (FSDP2): then every
process gathers the whole update, 4 bytes a weight, and makes it orthogonal itself.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from pretrain.hardware import has_bfloat16
from pretrain.shares import placed, whole

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
"""Of the quintic that lifts small singular values quickest, to between 0.7 and 1.2 (Jordan et al. 2024)."""
_ITERATIONS = 5
_TINY = 1e-7
_VALUES = {"cpu": 2**18}
"""Most values of matrices that are iterated together: what a core's cache holds, """
_VALUES_ELSEWHERE = 2**26
"""or 128 MB in bfloat16, for each of three copies."""


class _Place(NamedTuple):
    """Where a matrix belongs: a weight's number, and its place among that weight's parts."""

    weight: int
    part: int


class Muon(torch.optim.Optimizer):
    """Updates weights of two dimensions.

    `parts` says of fused weights how many rows each of their matrices has; all other weights are one matrix. The
    state of a weight is its `momentum_buffer`.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        parts: Mapping[nn.Parameter, tuple[int, ...]] | None = None,
    ) -> None:
        self.parts = dict(parts or {})
        super().__init__(groups, {"lr": 0.0, "momentum": momentum, "weight_decay": weight_decay})
        for weight in (w for group in self.param_groups for w in group["params"]):
            if weight.ndim != 2:
                raise ValueError(f"Muon updates matrices, not a weight of shape {tuple(weight.shape)}")
            if weight in self.parts and sum(self.parts[weight]) != len(weight):
                raise ValueError(f"parts of {self.parts[weight]} rows do not make a weight of {len(weight)}")

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Update every weight that has a gradient; `closure` is torch's and must be None."""
        if closure is not None:
            raise ValueError("Muon evaluates no closure")
        for group in self.param_groups:
            weights = [weight for weight in group["params"] if weight.grad is not None]
            looked = [self._look_ahead(weight, group["momentum"]) for weight in weights]
            for weight, update in zip(weights, self._orthogonal(weights, looked), strict=True):
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                weight.add_(update, alpha=-group["lr"])

    def _look_ahead(self, weight: nn.Parameter, momentum: float) -> Tensor:
        """Nesterov's step from the running mean of the gradients."""
        state, grad = self.state[weight], weight.grad
        assert grad is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        mean: Tensor = state["momentum_buffer"]
        mean.lerp_(grad, 1 - momentum)
        return grad.lerp(mean, momentum)

    def _orthogonal(self, weights: list[nn.Parameter], updates: list[Tensor]) -> Iterator[Tensor]:
        """The updates made orthogonal, part by part, in the weights' own placement."""
        pieces = {
            _Place(i, j): part
            for i, (weight, update) in enumerate(zip(weights, updates, strict=True))
            for j, part in enumerate(whole(update).split(list(self.parts.get(weight, (len(weight),)))))
        }
        done: dict[_Place, Tensor] = {}
        for places in _alike(pieces):
            rows, columns = pieces[places[0]].shape
            scale = max(1.0, rows / columns) ** 0.5
            results = newton_schulz(torch.stack([pieces.pop(place) for place in places])) * scale
            done |= zip(places, results, strict=True)
        for i, weight in enumerate(weights):
            parts = [done.pop(_Place(i, j)) for j in range(len(self.parts.get(weight, (0,))))]
            yield placed(torch.cat(parts) if len(parts) > 1 else parts[0], weight)


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


def _alike(pieces: dict[_Place, Tensor]) -> list[list[_Place]]:
    """Places of matrices of one shape, in order, and no more than go together."""
    by_shape: dict[torch.Size, list[_Place]] = {}
    for place, piece in pieces.items():
        by_shape.setdefault(piece.shape, []).append(place)
    found = []
    for shape, places in by_shape.items():
        most = _VALUES.get(pieces[places[0]].device.type, _VALUES_ELSEWHERE)
        size = max(1, most // shape.numel())
        found += [places[i : i + size] for i in range(0, len(places), size)]
    return found
