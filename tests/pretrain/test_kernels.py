"""Norm and rotation of our own are the plain formulas, in value and gradient."""

import pytest
import torch

from pretrain.models.kernels import rms_norm, rotate
from pretrain.models.layers import rotation


def draws(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def same_with_gradients(found, expected, leaves):
    torch.testing.assert_close(found, expected)
    grad = draws(9, *found.shape)
    pairs = zip(torch.autograd.grad(found, leaves, grad), torch.autograd.grad(expected, leaves, grad), strict=True)
    for mine, theirs in pairs:
        torch.testing.assert_close(mine, theirs, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("shape", [(3, 7), (2, 5, 3, 8), (1, 1)])
def test_the_norm_is_its_formula(weighted, shape):
    x, weight = draws(1, *shape).requires_grad_(), draws(2, shape[-1]).requires_grad_() if weighted else None

    expected = x / (x.square().mean(-1, keepdim=True) + 1e-6).sqrt() * (1 if weight is None else weight)

    same_with_gradients(rms_norm(x, weight, 1e-6), expected, [x, *([weight] if weighted else [])])


@pytest.mark.parametrize("reverse", [True, False])
def test_the_rotation_is_a_complex_product(reverse):
    x = draws(1, 2, 6, 3, 8).requires_grad_()
    cos, sin = rotation(torch.arange(6), 8, 100.0, reverse=reverse)

    turned = torch.complex(x[..., :4], x[..., 4:]) * torch.complex(cos, sin)

    same_with_gradients(rotate(x, cos, sin), torch.cat([turned.real, turned.imag], -1), [x])


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
def test_both_keep_the_type_of_what_they_are_given(kind):
    x = draws(1, 2, 6, 3, 8).to(kind)

    assert rms_norm(x, torch.ones(8), 1e-6).dtype == kind
    assert rotate(x, *rotation(torch.arange(6), 8, 100.0)).dtype == kind
