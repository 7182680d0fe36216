import numpy as np
import pytest
import torch
from torch.nn import functional

from pretrain.config import Model
from pretrain.data import Packing
from pretrain.loss import loss, nats, tensors
from pretrain.models import build
from pretrain.objectives import IGNORE, Batch, clm
from tests.pretrain.test_packing import numbered


@pytest.fixture(scope="module")
def decoder():
    network = build(Model(vocabulary=320, context=16, layers=1, width=16, heads=2).resolved(0))
    network.initialise(1)
    with torch.no_grad():
        network.head.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(2))
    return network


def causal(weights=None, count=3):
    return clm(Packing(numbered([9, 20, 13]), 16, 1).rows(0, count), weights)


def slow(network, batch):
    """(B, U) nats by the whole logits, 0 where nothing is asked."""
    with torch.no_grad():
        logits = network.logits(network(torch.from_numpy(batch.inputs)))
    flat = functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.targets).flatten(), reduction="none")
    return flat.view(batch.targets.shape).numpy()


def test_the_loss_is_the_sum_over_targets(decoder):
    batch = causal()

    found = loss(decoder, tensors(batch, decoder, isolate=False))

    assert found.item() == pytest.approx(slow(decoder, batch).sum(), rel=1e-5)


def test_positions_without_a_target_cost_nothing_and_never_meet_the_head(decoder):
    batch = causal()
    batch = batch._replace(targets=np.where(batch.targets % 3 == 0, batch.targets, IGNORE))

    parts = tensors(batch, decoder, isolate=False)

    assert parts.chosen.tolist() == np.flatnonzero(batch.targets.ravel() != IGNORE).tolist()
    assert loss(decoder, parts).item() == pytest.approx(slow(decoder, batch).sum(), rel=1e-5)
    np.testing.assert_allclose(nats(decoder, parts), slow(decoder, batch)[batch.targets != IGNORE], rtol=1e-4)


def test_weights_count_in_the_loss_and_not_in_the_nats(decoder):
    batch = causal(np.array([0.5, 2.0, 0.0], np.float32))

    parts = tensors(batch, decoder, isolate=False)

    assert loss(decoder, parts).item() == pytest.approx((slow(decoder, batch) * batch.weights).sum(), rel=1e-5)
    np.testing.assert_allclose(nats(decoder, parts), slow(decoder, batch)[batch.targets != IGNORE], rtol=1e-4)


def test_the_gradient_of_some_targets_is_that_of_the_whole_logits(decoder):
    batch = causal()
    batch = batch._replace(targets=np.where(batch.targets % 3 == 0, batch.targets, IGNORE))

    decoder.zero_grad()
    loss(decoder, tensors(batch, decoder, isolate=False)).backward()
    found = {name: weight.grad.clone() for name, weight in decoder.named_parameters()}
    decoder.zero_grad()
    logits = decoder.logits(decoder(torch.from_numpy(batch.inputs)))
    whole = functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(batch.targets).flatten(), reduction="sum")
    whole.backward()

    for name, weight in decoder.named_parameters():
        torch.testing.assert_close(found[name], weight.grad, rtol=1e-4, atol=1e-4)


def test_a_batch_in_parts_is_the_batch(decoder):
    batch = causal(np.array([0.5, 2.0, 1.0], np.float32))

    parts = [batch.part(slice(i, i + 1)) for i in range(3)]

    whole = loss(decoder, tensors(batch, decoder, isolate=True)).item()
    assert whole == pytest.approx(sum(loss(decoder, tensors(p, decoder, isolate=True)).item() for p in parts), rel=1e-5)


class Encoder:
    """What `tensors` asks of a network that sees whole rows."""

    family = "encoder"
    head = torch.nn.Linear(2, 2)


def test_documents_are_given_where_attention_is_isolated_or_rows_are_padded():
    full = np.array([[0, 0, 1]])
    padded = np.array([[0, 1, -1]])
    tokens = np.array([[100, 101, 102]])

    def seen(documents, *, isolate, decoder=False):
        batch = Batch(tokens, tokens, documents, None, *((tokens, documents) if decoder else ()))
        given = tensors(batch, Encoder, isolate=isolate).inputs
        return [None if array is None else array.tolist() for array in given[1::2]]

    assert seen(full, isolate=False) == [None]
    assert seen(full, isolate=True) == [[[0, 0, 1]]]
    assert seen(padded, isolate=False) == [[[0, 0, -1]]]
    assert seen(padded, isolate=False, decoder=True) == [[[0, 0, -1]], [[0, 0, 0]]]
    assert seen(padded, isolate=True, decoder=True) == [[[0, 1, -1]], [[0, 1, -1]]]


def test_a_causal_model_needs_no_mask_for_padding_at_the_end(decoder):
    batch = clm(Packing(numbered([5]), 16, 1).rows(0, 1))

    assert tensors(batch, decoder, isolate=False).inputs[1] is None
