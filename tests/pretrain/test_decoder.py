import numpy as np
import pytest
import torch

from pretrain.models import build
from pretrain.models.layers import Cache
from tests.pretrain.networks import DECODERS, network, shape, tokens

# --- a slow reference in NumPy, float64, one token at a time ---------------------------------------------------------


def norm(x, epsilon=1e-6):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + epsilon)


def turned(x, position, theta=10_000.0):
    """Rotate pairs (i, i + K/2) by −position·θ^(−2i/K)."""
    half = len(x) // 2
    out = np.empty_like(x)
    for i in range(half):
        angle = -position * theta ** (-2 * i / len(x))
        out[i] = x[i] * np.cos(angle) - x[i + half] * np.sin(angle)
        out[i + half] = x[i + half] * np.cos(angle) + x[i] * np.sin(angle)
    return out


def attended(x, weight, name, heads, kv_heads, documents):
    q, k, v = (x @ weight[f"{name}.{part}.weight"].T for part in ("query", "key", "value"))
    size = q.shape[1] // heads
    mixed = np.zeros_like(q)
    for t in range(len(x)):
        for h in range(heads):
            g = h // (heads // kv_heads)
            query = norm(turned(q[t, h * size : (h + 1) * size], t))
            seen = [s for s in range(t + 1) if documents[s] == documents[t]]
            keys = np.stack([norm(turned(k[s, g * size : (g + 1) * size], s)) for s in seen])
            logits = keys @ query / np.sqrt(size)
            shares = np.exp(logits - logits.max())
            mixed[t, h * size : (h + 1) * size] = (shares / shares.sum()) @ v[seen, g * size : (g + 1) * size]
    return mixed @ weight[f"{name}.output.weight"].T


def reference(model, row, documents):
    weight = {name: p.detach().double().numpy() for name, p in model.named_parameters()}
    x = norm(weight["embedding.weight"][row])
    for layer in range(model.config.layers):
        block = f"blocks.{layer}"
        x = x + attended(norm(x), weight, f"{block}.attention", 4, 2, documents)
        inner = np.maximum(norm(x) @ weight[f"{block}.feedforward.up.weight"].T, 0) ** 2
        x = x + inner @ weight[f"{block}.feedforward.down.weight"].T
    cap = model.config.logit_cap
    return cap * np.tanh(norm(x) @ weight["head.weight"].T / cap)


@pytest.mark.parametrize("documents", [[0] * 12, [0] * 5 + [1] * 4 + [2] * 3])
def test_the_decoder_is_its_formula(documents):
    model, row = network(), tokens(1)

    isolated = torch.tensor([documents]) if len(set(documents)) > 1 else None
    found = model.logits(model(row, isolated))[0].detach().numpy()

    np.testing.assert_allclose(found, reference(model, row[0].numpy(), documents), atol=1e-4)


@pytest.mark.parametrize("architecture", DECODERS)
def test_a_token_does_not_see_those_after_it(architecture):
    model, row = network(architecture), tokens(1)
    changed = row.clone()
    changed[0, 7:] = (changed[0, 7:] + 1) % 97

    assert torch.equal(model(row)[:, :7], model(changed)[:, :7])


@pytest.mark.parametrize("architecture", DECODERS)
def test_a_cache_changes_nothing(architecture):
    model, row = network(architecture), tokens(1)
    cache = Cache()

    parts = [model(row[:, a:b], cache=cache) for a, b in ((0, 5), (5, 6), (6, 9), (9, 12))]

    torch.testing.assert_close(torch.cat(parts, 1), model(row), atol=1e-5, rtol=1e-4)
    assert cache.length == 12


def test_work_a_token_is_counted_by_the_formula():
    model = build(shape("nanochat"))
    matrices = 2 * (24 * 24 * 2 + 24 * 12 * 2 + 24 * 40 * 2)

    assert model.matrix_parameters() == matrices
    assert model.flops_per_token() == 6 * (matrices + 97 * 24) + 12 * 2 * 24 * 16
