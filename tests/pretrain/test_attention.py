"""Attention by plain products is torch's attention."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pretrain.models import attention
from pretrain.models.attention import attend


def draw(seed, *shape, kind=torch.float32):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(kind).requires_grad_()


def parts(seed, rows, heads, length, keys, kind=torch.float32):
    return [draw(seed + i, rows, heads, size, 8, kind=kind) for i, size in enumerate((length, keys, keys))]


def results(monkeypatch, plainly, seed, rows, heads, length, keys, kind, **options):
    """Output and gradients of query, key, value and bias."""
    with monkeypatch.context() as context:
        context.setattr(attention, "_plainly", lambda *_: plainly)
        given_parts = parts(seed, rows, heads, length, keys, kind)
        bias = options.pop("bias", None)
        if bias is not None:
            bias = options["bias_HTS"] = bias.detach().clone().requires_grad_()
        out = attend(*given_parts, **options)
        out.backward(draw(seed + 9, *out.shape, kind=kind).detach())
    return [out.detach(), *(part.grad for part in given_parts), *([] if bias is None else [bias.grad])]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 3),
    heads=st.integers(1, 3),
    length=st.integers(1, 9),
    causal=st.booleans(),
    masked=st.booleans(),
    biased=st.booleans(),
    scale=st.sampled_from([None, 1.0]),
    seed=st.integers(0, 2**31),
)
def test_output_and_gradients_are_those_of_torch(rows, heads, length, causal, masked, biased, scale, seed):
    options = {"scale": scale}
    forbidden = torch.ones(length, length, dtype=torch.bool).triu(1)
    if masked:
        chances = torch.rand(rows, length, length, generator=torch.Generator().manual_seed(seed))
        mask = (chances > 0.5) | torch.eye(length, dtype=torch.bool)
        options["mask_BTS"] = mask & ~forbidden if causal else mask
    elif causal and not biased:
        options["causal"] = True
    if biased:
        bias = draw(seed + 20, heads, length, length).detach()
        options["bias"] = bias.masked_fill(forbidden, -torch.inf) if causal else bias
    with pytest.MonkeyPatch.context() as monkeypatch:
        case = (seed, rows, heads, length, length, torch.float32)
        ours = results(monkeypatch, True, *case, **options)
        theirs = results(monkeypatch, False, *case, **options)
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)


def test_in_bfloat16_it_is_as_near_to_exact_attention_as_torch_is(monkeypatch):
    case = (3, 2, 2, 40, 40)
    exact = results(monkeypatch, False, *case, torch.float32, causal=True)
    ours = results(monkeypatch, True, *case, torch.bfloat16, causal=True)
    for one, other in zip(ours, exact, strict=True):
        torch.testing.assert_close(one.float(), other, atol=0.06, rtol=0.06)


def test_queries_may_look_at_another_side_of_other_length(monkeypatch):
    case = (1, 2, 3, 5, 11, torch.float32)
    ours, theirs = (results(monkeypatch, plainly, *case) for plainly in (True, False))
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)


def test_long_rows_fewer_key_heads_and_plain_float32_keep_torch_s_way():
    query, key, _ = parts(1, 1, 2, 4, 4, torch.bfloat16)
    assert attention._plainly(query, key, None)
    assert not attention._plainly(query, key[:, :1], None)
    assert not attention._plainly(query.float(), key.float(), None)
    assert attention._plainly(query.float(), key.float(), torch.zeros(2, 4, 4))
    longer = torch.zeros(1, 2, attention.LONGEST + 1, 8, dtype=torch.bfloat16)
    assert not attention._plainly(query, longer, None)
