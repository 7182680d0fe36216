"""Matrix products of a network, by the quickest of the libraries that torch carries.

Torch multiplies float32 on a CPU with MKL, which on processors of other makers than its own runs at half of what
they can do (measured on an AMD EPYC with AVX-512: 212 of 450 GFLOP/s on two cores). oneDNN, which torch carries as
well and uses for bfloat16, does not. Both add in float32; the last bits differ, as between any two libraries.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

_ONEDNN = getattr(torch.ops.mkldnn, "_linear_pointwise", None)
"""What torch.compile calls for a linear map on a CPU; private to torch, so that it may be missing one day."""


class Linear(nn.Linear):
    """A linear map without bias, the same as `torch.nn.Linear` but quicker in float32 on a CPU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(…, I) → (…, O)."""
        return linear(x, self.weight)


def linear(x: Tensor, weight_OI: Tensor) -> Tensor:
    """(…, I) → (…, O), x·weightᵀ with its gradient."""
    if not direct(x):
        return functional.linear(x, weight_OI)
    product: Tensor = _Product.apply(x, weight_OI)  # type: ignore[no-untyped-call]
    return product


def together(x: Tensor, *linears: Linear) -> Tensor:
    """The outputs of several layers without bias, one after another on the last axis, by one matrix product.

    The weights stay apart, since Muon makes each of them orthogonal by itself; to join them costs a copy.
    """
    return linear(x, torch.cat([each.weight for each in linears]))


def direct(x: Tensor) -> bool:
    """Whether oneDNN is asked for a product of `x`: float32 on a CPU, outside autocast and torch.compile."""
    plain = x.dtype == torch.float32 and x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return _ONEDNN is not None and plain and not torch.compiler.is_compiling()


def product(x_NI: Tensor, weight_OI: Tensor) -> Tensor:
    """x·weightᵀ (N, O), without a gradient. Quick where `x` is contiguous; `weight` may be a transposed view."""
    if _ONEDNN is None or not direct(x_NI):
        return x_NI @ weight_OI.T
    out: Tensor = _ONEDNN(x_NI, weight_OI, None, "none", [], "")
    return out


def outer(grad_NO: Tensor, x_NI: Tensor) -> Tensor:
    """gradᵀ·x (O, I), without a gradient: the weight's gradient of `product`. Copies the narrower of the two."""
    if grad_NO.shape[1] <= x_NI.shape[1]:
        return product(grad_NO.T.contiguous(), x_NI.T)
    return product(x_NI.T.contiguous(), grad_NO.T).T


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight_OI: Tensor) -> Tensor:
        ctx.save_for_backward(x, weight_OI)
        return product(x.reshape(-1, x.shape[-1]), weight_OI).view(*x.shape[:-1], len(weight_OI))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None]:
        x, weight_OI = ctx.saved_tensors
        grad_NO, x_NI = grad.reshape(-1, grad.shape[-1]).contiguous(), x.reshape(-1, x.shape[-1])
        to_x = product(grad_NO, weight_OI.T).view_as(x) if ctx.needs_input_grad[0] else None
        return to_x, outer(grad_NO, x_NI) if ctx.needs_input_grad[1] else None
