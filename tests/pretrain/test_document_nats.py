import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pretrain.config import Data, Model
from pretrain.evaluation import document_nats, score
from pretrain.evaluation.documents import windows
from pretrain.models import build
from pretrain.objectives import IGNORE
from pretrain.shards import Manifest, Shards
from pretrain.tokens import END_OF_TEXT
from tests.pretrain import token_folder


@pytest.fixture(scope="module")
def network():
    model = build(Model(vocabulary=640, context=16, layers=1, width=16, heads=2).resolved(640))
    model.initialise(1)
    with torch.no_grad():
        model.head.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(2))
        model.blocks[0].attention.output.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(3))
    return model


@torch.no_grad()
def slow(model, ids):
    """One prediction at a time, from at least half a context wherever there is so much."""
    text, nats = [END_OF_TEXT, *ids], 0.0
    context = model.config.context
    for place in range(1, len(text)):
        begin = 0 if place <= context else -(-(place - context) // (context // 2)) * (context // 2)
        logits = model.logits(model(torch.tensor([text[begin:place]])))[0, -1].double()
        nats -= logits.log_softmax(0)[text[place]].item()
    return nats


def test_documents_cost_what_single_predictions_cost(network):
    draw = np.random.default_rng(4)
    documents = [draw.integers(22, 384, length) for length in (1, 15, 16, 17, 40, 0, 24, 25, 71)]

    np.testing.assert_allclose(document_nats(network, documents), [slow(network, d) for d in documents], rtol=1e-5)


@given(length=st.integers(0, 300), context=st.integers(2, 40))
@settings(deadline=None)
def test_each_token_is_asked_once_behind_half_a_context(length, context):
    ids = np.arange(100, 100 + length)

    found = list(windows(ids, context))

    asked = [t for window in found for t in window.targets if t != IGNORE]
    assert asked == ids.tolist()
    for number, window in enumerate(found):
        assert len(window.inputs) == len(window.targets) <= context
        first = next(i for i, t in enumerate(window.targets) if t != IGNORE)
        assert number == 0 or first >= context // 2
        assert all(i + 1 == t for i, t in zip(window.inputs[1:], window.targets[1:], strict=True) if t != IGNORE)


def test_a_document_alone_in_its_split_scores_the_same_either_way(network, tmp_path):
    manifest = Manifest.read(token_folder.make(tmp_path / "data", ["x"], [[30, 40, 50, 60]], files=1))
    held_out = Shards(manifest, "validation")

    packed = score(network, held_out, manifest.open_vocabulary(), Data())

    assert packed.nats[0] == pytest.approx(document_nats(network, [held_out.document(0)])[0], rel=1e-6)


def test_a_model_that_knows_nothing_pays_the_logarithm_of_its_vocabulary(network):
    blank = build(network.config)
    blank.initialise(1)
    torch.nn.init.zeros_(blank.head.weight)

    assert document_nats(blank, [np.array([30, 31, 32])])[0] == pytest.approx(3 * math.log(640))
