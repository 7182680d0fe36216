import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pretrain import muon
from pretrain.muon import Muon, newton_schulz


def reference(weights, gradients, *, rate, momentum, decay):
    """Muon as its author describes it, a matrix at a time, in float64."""
    means = [torch.zeros_like(w, dtype=torch.float64) for w in weights]
    weights = [w.double() for w in weights]
    for step in gradients:
        for i, grad in enumerate(g.double() for g in step):
            means[i] = momentum * means[i] + (1 - momentum) * grad
            x = (1 - momentum) * grad + momentum * means[i]
            rows, columns = x.shape
            x = x.T if rows > columns else x
            x = x / x.norm()
            for _ in range(5):
                a = x @ x.T
                x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
            x = x.T if rows > columns else x
            weights[i] = weights[i] * (1 - rate * decay) - rate * max(1, rows / columns) ** 0.5 * x
    return weights


SHAPES = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=6)


@given(SHAPES, st.integers(0, 2**31), st.floats(0, 0.99), st.floats(0, 1))
def test_it_is_the_plain_reference(shapes, seed, momentum, decay):
    draw = torch.Generator().manual_seed(seed)
    weights = [torch.nn.Parameter(torch.randn(shape, generator=draw)) for shape in shapes]
    gradients = [[torch.randn(shape, generator=draw) for shape in shapes] for _ in range(3)]
    expected = reference(weights, gradients, rate=0.1, momentum=momentum, decay=decay)
    optimizer = Muon([{"params": weights, "lr": 0.1}], momentum=momentum, weight_decay=decay)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(muon, "has_bfloat16", lambda _: False)
        for step in gradients:
            for weight, grad in zip(weights, step, strict=True):
                weight.grad = grad
            optimizer.step()

    for weight, wanted in zip(weights, expected, strict=True):
        torch.testing.assert_close(weight.detach().double(), wanted, rtol=1e-3, atol=1e-4)


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon to compare with")
def test_it_is_that_of_torch_up_to_bfloat16():
    shapes = [(16, 16), (48, 16), (16, 48), (16, 16)]
    both = [[torch.nn.Parameter(torch.full(s, 0.5)) for s in shapes] for _ in range(2)]
    ours = Muon([{"params": both[0], "lr": 0.02}], weight_decay=0.1)
    theirs = torch.optim.Muon(both[1], lr=0.02, weight_decay=0.1, momentum=0.95)

    for step in range(5):
        draw = torch.Generator().manual_seed(step)
        for mine, other in zip(*both, strict=True):
            mine.grad = other.grad = torch.randn(mine.shape, generator=draw)
        ours.step()
        theirs.step()

    for mine, other in zip(*both, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=3e-3)


def test_singular_values_come_near_one():
    draw = torch.Generator().manual_seed(1)

    found = torch.linalg.svdvals(newton_schulz(torch.randn(5, 24, 40, generator=draw)))

    assert found.min() > 0.6
    assert found.max() < 1.25


def test_a_matrix_does_not_depend_on_those_beside_it(monkeypatch):
    draw = torch.Generator().manual_seed(1)
    gradients = [torch.randn(12, 8, generator=draw) for _ in range(5)]
    results = []
    for most in (1, 200, 10**6):
        monkeypatch.setattr(muon, "_VALUES", {"cpu": most})
        weights = [torch.nn.Parameter(torch.zeros(12, 8)) for _ in gradients]
        for weight, grad in zip(weights, gradients, strict=True):
            weight.grad = grad
        Muon([{"params": weights, "lr": 1.0}]).step()
        results.append(torch.stack([w.detach() for w in weights]))

    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0.02)
    torch.testing.assert_close(results[0], results[2], rtol=0, atol=0.02)


def test_a_gradient_of_zeros_moves_nothing():
    weight = torch.nn.Parameter(torch.ones(3, 4))
    weight.grad = torch.zeros(3, 4)

    Muon([{"params": [weight], "lr": 0.1}]).step()

    assert torch.equal(weight, torch.ones(3, 4))


def test_what_is_no_matrix_is_refused():
    with pytest.raises(ValueError, match=r"not a weight of shape \(3,\)"):
        Muon([{"params": [torch.nn.Parameter(torch.zeros(3))]}])
