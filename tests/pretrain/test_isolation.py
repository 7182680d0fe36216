"""What a document costs does not depend on those beside it, where attention is isolated."""

import numpy as np
import pytest
import torch

from pretrain.config import Model, Train
from pretrain.loss import loss, nats, tensors
from pretrain.models import build
from pretrain.objectives import IGNORE, objective
from tests.pretrain.test_packing import numbered

VOCABULARY, CONTEXT = 640, 24
LENGTHS = [5, 1, 14, 2, 40, 9, 3]
CHANGED = 4


class Ids:
    """A vocabulary as far as objectives ask."""

    size = VOCABULARY
    control = np.arange(VOCABULARY) < 22


def network(architecture):
    model = Model(architecture=architecture, context=CONTEXT, layers=2, width=16, heads=2).resolved(VOCABULARY)
    built = build(model)
    built.initialise(1)
    draw = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for weight in built.parameters():
            weight.add_(torch.empty_like(weight).normal_(0, 0.3, generator=draw))
    return built


def corpora():
    """The same documents twice, but that one has other words of the same number."""
    one, other = numbered(LENGTHS), numbered(LENGTHS)
    other.documents[CHANGED] = other.documents[CHANGED] + 200
    return one, other


def asked(built, name, shards, weights=None):
    made = objective(Train(objective=name), CONTEXT, Ids)
    packing = made.packing(shards, 3)
    return made.ask(packing.rows(0, packing.rows_per_epoch), weights)


CASES = [("llama", "clm"), ("modernbert", "mlm"), ("t5", "span"), ("t5", "prefix")]


@pytest.mark.parametrize(("architecture", "name"), CASES)
def test_a_document_costs_the_same_whatever_stands_beside_it(architecture, name):
    built = network(architecture)

    costs = {}
    for isolate in (True, False):
        for number, shards in enumerate(corpora()):
            batch = asked(built, name, shards)
            others = (batch.target_documents != CHANGED)[batch.targets != IGNORE]
            costs[isolate, number] = nats(built, tensors(batch, built, isolate=isolate)).numpy()[others]

    np.testing.assert_allclose(costs[True, 0], costs[True, 1], rtol=1e-5, atol=1e-6)
    assert not np.allclose(costs[False, 0], costs[False, 1], rtol=1e-3)


@pytest.mark.parametrize("isolate", [True, False])
@pytest.mark.parametrize(("architecture", "name"), CASES)
def test_padding_changes_nothing(architecture, name, isolate):
    built = network(architecture)
    batch = asked(built, name, numbered([7]))
    wider = batch._replace(
        inputs=np.where(batch.documents < 0, 77, batch.inputs),
        decoder_inputs=None
        if batch.decoder_inputs is None
        else np.where(np.cumsum(batch.targets == IGNORE, axis=1) > 1, 77, batch.decoder_inputs),
    )

    whole, other = (nats(built, tensors(b, built, isolate=isolate)) for b in (batch, wider))

    assert (batch.documents < 0).any()
    torch.testing.assert_close(whole, other)


@pytest.mark.parametrize(("architecture", "name"), CASES)
def test_documents_of_no_weight_give_no_gradient(architecture, name):
    built = network(architecture)
    weights = np.array([1.0] * len(LENGTHS), np.float32)
    weights[CHANGED] = 0

    gradients = []
    for shards in corpora():
        built.zero_grad()
        loss(built, tensors(asked(built, name, shards, weights), built, isolate=True)).backward()
        gradients.append([w.grad.clone() for w in built.parameters() if w.grad is not None])

    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
        assert one.isfinite().all()
