"""Products by oneDNN are torch's products."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from pretrain.models.linear import Linear, direct, outer, product

SIZES = st.integers(1, 40)


def draws(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=40, deadline=None)
@given(rows=SIZES, inputs=SIZES, outputs=SIZES, seed=st.integers(0, 2**31))
def test_a_product_and_both_of_its_gradients_are_those_of_torch(rows, inputs, outputs, seed):
    layer = Linear(inputs, outputs)
    x = draws(seed, 2, rows, inputs).requires_grad_()
    grad = draws(seed + 1, 2, rows, outputs)
    out = layer(x)
    out.backward(grad)
    again, weight = x.detach().clone().requires_grad_(), layer.weight.detach().clone().requires_grad_()
    expected = functional.linear(again, weight)
    expected.backward(grad)
    torch.testing.assert_close(out, expected)
    torch.testing.assert_close(x.grad, again.grad)
    torch.testing.assert_close(layer.weight.grad, weight.grad, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(("inputs", "outputs"), [(5, 9), (9, 5), (7, 7)])
def test_the_weight_gradient_is_the_same_whichever_side_is_copied(inputs, outputs):
    grad, x = draws(1, 11, outputs), draws(2, 11, inputs)
    torch.testing.assert_close(outer(grad, x), grad.T @ x)


def test_a_transposed_view_serves_as_the_weight():
    x, weight = draws(1, 11, 5), draws(2, 5, 9)
    torch.testing.assert_close(product(x, weight.T), x @ weight)


def test_other_types_devices_and_compilers_keep_torch_s_way():
    assert not direct(torch.ones(2, 2, dtype=torch.bfloat16))
    assert not direct(torch.ones(2, 2, device="meta"))
    with torch.autocast("cpu", torch.bfloat16):
        assert not direct(torch.ones(2, 2))
        assert Linear(3, 4)(torch.ones(2, 3)).dtype == torch.bfloat16


def test_a_frozen_weight_and_a_frozen_input_get_no_gradient():
    layer = Linear(3, 4).requires_grad_(requires_grad=False)
    x = draws(1, 2, 3).requires_grad_()
    layer(x).sum().backward()
    assert layer.weight.grad is None
    assert x.grad is not None


def test_a_single_vector_is_multiplied_too():
    layer, x = Linear(5, 9), draws(1, 5).requires_grad_()
    layer(x).sum().backward()
    torch.testing.assert_close(layer(x), layer.weight @ x)
    torch.testing.assert_close(x.grad, layer.weight.detach().sum(0))
