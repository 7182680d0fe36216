from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from pretrain.config import Config, Model, Optim
from pretrain.ladder import resolved
from pretrain.models import build
from pretrain.optim import Optimizers, groups, schedule

SHAPE = {"vocabulary": 64, "layers": 2, "width": 16, "heads": 2, "feedforward": 32}
OPTIMISERS = ["muon", "adamw", "adamw_scaled"]


def network(architecture="qwen3", **fields):
    model = build(Model(architecture=architecture, **SHAPE, **fields).resolved(64))
    model.initialise(1)
    return model


def settings(**fields):
    return resolved(Config(optim=Optim(**fields)), 10_000).optim


def updated(optimizers):
    return [(w, g) for o in optimizers._all for g in o.param_groups for w in g["params"]]


@pytest.mark.parametrize("architecture", ["nanochat", "qwen3", "llama", "modernbert", "t5"])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("matrices", OPTIMISERS)
def test_every_weight_is_in_exactly_one_group_and_updated_once(architecture, tied, matrices):
    model = network(architecture, tied=tied)

    grouped = Counter(id(weight) for weights in groups(model).values() for weight in weights)
    counted = Counter(id(weight) for weight, _ in updated(Optimizers(model, settings(matrices=matrices))))

    assert grouped == counted == Counter(id(weight) for weight in model.parameters())


@pytest.mark.parametrize("architecture", ["qwen3", "modernbert", "t5"])
def test_each_weight_is_where_its_kind_belongs(architecture):
    model = network(architecture)
    found = {id(weight): name for name, weights in groups(model).items() for weight in weights}

    for name, weight in model.named_parameters():
        if "norm" in name or "positions" in name:
            assert found[id(weight)] == "norm", name
        elif name in ("embedding.weight", "head.weight"):
            assert found[id(weight)] == name.removesuffix(".weight")
        else:
            assert found[id(weight)] == "matrix", name


@pytest.mark.parametrize("shape", [(2, 2, 2), (2, 2)])
def test_a_weight_that_fits_no_group_is_an_error(shape):
    with pytest.raises(ValueError, match="convolution: a weight of shape"):
        groups(torch.nn.ParameterDict({"convolution": torch.nn.Parameter(torch.zeros(shape))}))


def test_settings_that_are_not_resolved_are_an_error():
    with pytest.raises(ValueError, match="resolve them first"):
        Optimizers(network(), Optim(matrices="adamw"))


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_each_group_has_its_own_rate(matrices):
    model = network()
    optimizers = Optimizers(model, settings(matrices=matrices, matrix_learning_rate=0.1, head_learning_rate=0.3))

    optimizers.rate(0.5)

    rates = {id(w): g["lr"] for w, g in updated(optimizers)}
    assert rates[id(model.head.weight)] == 0.15
    assert rates[id(model.blocks[0].attention.query.weight)] == 0.05
    assert rates[id(model.embedding.weight)] == 0.5 * settings(matrices=matrices).embedding_learning_rate
    assert rates[id(model.norm.weight)] == 0.5 * settings(matrices=matrices).norm_learning_rate


def test_scaled_rates_are_times_the_rms_of_each_weight():
    model = network()
    optimizers = Optimizers(model, settings(matrices="adamw_scaled", matrix_learning_rate=0.5))
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    for weight in model.parameters():
        weight.grad = torch.ones_like(weight)

    optimizers.rate(0.2)
    optimizers.step()

    for name, weight in model.named_parameters():
        peak = 0.5 if weight.ndim == 2 and name.startswith("blocks") else 0.02
        rms = max(1e-3, before[name].square().mean().sqrt().item())
        torch.testing.assert_close(weight.detach(), before[name] - 0.2 * peak * rms, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("matrices", ["muon", "adamw"])
def test_only_matrices_decay(matrices):
    model = network()
    optimizers = Optimizers(model, settings(matrices=matrices, matrix_learning_rate=0.1, weight_decay=0.5))
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


@pytest.mark.parametrize("matrices", OPTIMISERS)
def test_states_continue_where_they_were_taken(matrices):
    models = [network(), network()]
    both = [Optimizers(model, settings(matrices=matrices)) for model in models]

    _steps(models[0], both[0], range(6))
    _steps(models[1], both[1], range(3))
    saved = both[1].state_dict()
    resumed = Optimizers(models[1], settings(matrices=matrices))
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
