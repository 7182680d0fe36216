"""Operations of a layer that torch computes in many passes over memory, in few.

Each is a function with its gradient, equal to the plain formula that stands in its docstring. Where torch.compile
traces, and on a GPU, the plain formula is taken: there it is fused.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def rms_norm(x: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
    """Give x / √(mean(x²) + ε) ⊙ weight over the last axis; same shape and type."""
    if _fused_elsewhere(x):
        return functional.rms_norm(x, x.shape[-1:], None if weight is None else weight.to(x.dtype), epsilon)
    out: Tensor = _RMSNorm.apply(x, weight, epsilon)  # type: ignore[no-untyped-call]
    return out


def rotate(x_BTHK: Tensor, cos_TK: Tensor, sin_TK: Tensor) -> Tensor:
    """Turn the pairs (x_i, x_(i + K/2)), the half-split layout of transformers' Llama; cosines (T, 1, K/2).

    (a, b) → (a·cos − b·sin, b·cos + a·sin).
    """
    if not _fused_elsewhere(x_BTHK):
        out: Tensor = _Rotate.apply(x_BTHK, cos_TK, sin_TK)  # type: ignore[no-untyped-call]
        return out
    first, second = x_BTHK.chunk(2, dim=-1)
    cos, sin = cos_TK.to(x_BTHK.dtype), sin_TK.to(x_BTHK.dtype)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def _fused_elsewhere(x: Tensor) -> bool:
    return x.device.type != "cpu" or torch.compiler.is_compiling()


class _RMSNorm(torch.autograd.Function):
    """With r = 1/√(mean(x²) + ε) and h = g ⊙ w: dx = r·(h − x·r²·mean(h ⊙ x)); dw = Σ g ⊙ x·r."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor | None, epsilon: float) -> Tensor:
        wide = x.float()
        scale: Tensor = torch.linalg.vecdot(wide, wide).div_(x.shape[-1]).add_(epsilon).rsqrt_()[..., None]
        ctx.save_for_backward(x, weight, scale)
        out: Tensor = wide * scale
        return (out if weight is None else out.mul_(weight)).to(x.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor | None, None]:
        x, weight, scale = ctx.saved_tensors
        wide, grad = x.float(), grad.float()
        grad_weight = None
        if weight is not None:
            grad_weight = (grad * wide).mul_(scale).flatten(0, -2).sum(0)
            grad = grad * weight
        share = torch.linalg.vecdot(grad, wide).div_(x.shape[-1])[..., None] * scale.square()
        return torch.addcmul(grad, wide, share, value=-1).mul_(scale).to(x.dtype), grad_weight, None


class _Rotate(torch.autograd.Function):
    """A rotation; its gradient is the rotation back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        return _turned(x, cos, sin)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        cos, sin = ctx.saved_tensors
        return _turned(grad, cos, -sin), None, None


def _turned(x_BTHK: Tensor, cos_TK: Tensor, sin_TK: Tensor) -> Tensor:
    cos, sin = cos_TK.to(x_BTHK.dtype), sin_TK.to(x_BTHK.dtype)
    first, second = x_BTHK.chunk(2, dim=-1)
    out = torch.empty_like(x_BTHK, memory_format=torch.contiguous_format)
    one, two = out.chunk(2, dim=-1)
    torch.mul(first, cos, out=one).addcmul_(second, sin, value=-1)
    torch.mul(second, cos, out=two).addcmul_(first, sin)
    return out
