from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pretrain.config import Model, Optim
from pretrain.models.decoder import Decoder
from pretrain.optim import Optimizers, groups, schedule

SHAPE = {"vocabulary": 64, "layers": 2, "width": 16, "heads": 2, "feedforward": 32, "kv_heads": 2}


@pytest.mark.parametrize("architecture", ["nanochat", "qwen3", "llama"])
@pytest.mark.parametrize("tied", [False, True])
def test_every_weight_is_in_exactly_one_group(architecture, tied):
    model = Decoder(Model(architecture=architecture, tied=tied, **SHAPE))

    counted = Counter(id(weight) for weights in groups(model).values() for weight in weights)

    assert counted == Counter(id(weight) for weight in model.parameters())


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_every_weight_is_updated_once(matrices):
    model = Decoder(Model(architecture="qwen3", **SHAPE))
    optimizers = Optimizers(model, Optim(matrices=matrices))

    counted = Counter(id(w) for o in optimizers._all for g in o.param_groups for w in g["params"])

    assert counted == Counter(id(weight) for weight in model.parameters())


def test_a_weight_that_fits_no_group_is_an_error():
    with pytest.raises(ValueError, match="convolution: a weight of shape"):
        groups(torch.nn.ParameterDict({"convolution": torch.nn.Parameter(torch.zeros(2, 2, 2))}))


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_each_group_has_its_own_rate(matrices):
    model = Decoder(Model(architecture="qwen3", **SHAPE))
    optimizers = Optimizers(model, Optim(matrices=matrices, matrix_learning_rate=0.1, head_learning_rate=0.3))

    optimizers.rate(0.5)

    rates = {id(w): g["lr"] for o in optimizers._all for g in o.param_groups for w in g["params"]}
    assert rates[id(model.head.weight)] == 0.15
    assert rates[id(model.blocks[0].attention.query.weight)] == 0.05
    assert rates[id(model.embedding.weight)] == 0.5 * Optim().embedding_learning_rate
    assert rates[id(model.norm.weight)] == 0.5 * Optim().norm_learning_rate


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_only_matrices_decay(matrices):
    model = Decoder(Model(architecture="qwen3", **SHAPE))
    model.initialise(1)
    optimizers = Optimizers(model, Optim(matrices=matrices, matrix_learning_rate=0.1, weight_decay=0.5))
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}

    for weight in model.parameters():
        weight.grad = torch.zeros_like(weight)
    optimizers.rate(1.0)
    optimizers.step()

    for name, weight in model.named_parameters():
        kept = 0.95 if name.startswith("blocks.") and weight.ndim == 2 else 1.0
        torch.testing.assert_close(weight.detach(), before[name] * kept)


def test_the_schedule_rises_stays_and_falls():
    optim = Optim(warmup=4, decay=0.5, floor=0.1)

    shares = [schedule(step, 20, optim) for step in range(20)]

    assert shares[:4] == [0.25, 0.5, 0.75, 1.0]
    assert shares[4:11] == [1.0] * 7
    assert shares[11:] == pytest.approx([1 - 0.09 * i for i in range(1, 10)])


@given(st.integers(1, 200), st.integers(0, 50), st.floats(0, 1), st.floats(0, 1))
def test_the_schedule_stays_within_its_bounds(steps, warmup, decay, floor):
    optim = Optim(warmup=warmup, decay=decay, floor=floor)

    assert all(0 < schedule(s, steps, optim) <= 1 + 1e-9 for s in range(steps) if floor or s < steps)


def test_states_continue_where_they_were_taken():
    models = [Decoder(Model(**SHAPE)) for _ in range(2)]
    both = [Optimizers(model, Optim()) for model in models]
    for model in models:
        model.initialise(1)

    _steps(models[0], both[0], range(6))
    _steps(models[1], both[1], range(3))
    saved = both[1].state_dict()
    resumed = Optimizers(models[1], Optim())
    resumed.load_state_dict(saved)
    _steps(models[1], resumed, range(3, 6))

    assert all(torch.equal(a, b) for a, b in zip(models[0].parameters(), models[1].parameters(), strict=True))


def _steps(model, optimizers, numbers):
    for number in numbers:
        draw = torch.Generator().manual_seed(number)
        for weight in model.parameters():
            weight.grad = torch.randn(weight.shape, generator=draw)
        optimizers.rate(0.9**number)
        optimizers.step()
