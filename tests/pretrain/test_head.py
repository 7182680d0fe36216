import pytest
import torch
from torch.nn import functional

from pretrain.models import head
from pretrain.objectives import IGNORE


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(head, "_CHUNK_VALUES", 50 * 16)


def case(tokens=70, width=8, vocabulary=50):
    draw = torch.Generator().manual_seed(4)
    hidden = torch.randn(tokens, width, generator=draw, requires_grad=True)
    matrix = torch.randn(vocabulary, width, generator=draw, requires_grad=True)
    targets = torch.randint(0, vocabulary, (tokens,), generator=draw)
    targets[::9] = IGNORE
    return hidden, matrix, targets, torch.rand(tokens, generator=draw)


def plain(hidden, matrix, targets, cap):
    """Every logit at once, through torch's own functions."""
    logits = hidden @ matrix.T
    logits = cap * torch.tanh(logits / cap) if cap else logits
    return functional.cross_entropy(logits, targets, ignore_index=IGNORE, reduction="none")


@pytest.mark.parametrize("cap", [0.0, 3.0])
@pytest.mark.parametrize("weighted", [False, True])
def test_loss_and_gradients_are_those_of_the_whole_logits(cap, weighted):
    hidden, matrix, targets, weights = case()
    weights = weights if weighted else None

    mine = head.cross_entropy(hidden, matrix, targets, weights, cap)
    expected = (plain(hidden, matrix, targets, cap) * (1 if weights is None else weights)).sum()
    found, wanted = (torch.autograd.grad(loss / 7, (hidden, matrix)) for loss in (mine, expected))

    torch.testing.assert_close(mine, expected)
    torch.testing.assert_close(found, wanted)


@pytest.mark.parametrize("cap", [0.0, 3.0])
def test_nats_are_those_of_each_token(cap):
    hidden, matrix, targets, _ = case()

    torch.testing.assert_close(
        head.token_nats(hidden, matrix, targets, cap), plain(hidden, matrix, targets, cap).detach()
    )


def test_bfloat16_stays_near_float32():
    hidden, matrix, targets, _ = case()

    with torch.autocast("cpu", torch.bfloat16):
        mine = head.cross_entropy(hidden, matrix, targets)
    found = torch.autograd.grad(mine, (hidden, matrix))

    wanted = plain(hidden, matrix, targets, 0.0).sum()
    torch.testing.assert_close(mine, wanted, rtol=0.01, atol=0)
    for a, b in zip(found, torch.autograd.grad(wanted, (hidden, matrix)), strict=True):
        assert a.dtype == torch.float32
        assert (a - b).norm() < 0.02 * b.norm()


def test_huge_logits_do_not_overflow():
    hidden, matrix, targets, _ = case()

    loss = head.cross_entropy(hidden * 1e4, matrix * 1e4, targets)

    assert torch.isfinite(loss)


@pytest.mark.parametrize("cap", [0.0, 3.0])
def test_the_formula_that_a_gpu_compiles_is_that_of_the_passes_in_place(cap):
    hidden, matrix, targets, share = case()
    scores, share = (hidden @ matrix.T).detach(), share * (targets != IGNORE)

    one, other = head.slopes(scores, targets, share, cap), head.slopes_in_place(scores.clone(), targets, share, cap)

    torch.testing.assert_close(one, other)
