import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretrain.scaling_laws import (
    BESIROGLU,
    HOFFMANN,
    MUENNIGHOFF,
    marginal_worth,
    repeated_loss,
    unique_tokens,
    worth,
)

LAWS = pytest.mark.parametrize("law", [HOFFMANN, BESIROGLU, MUENNIGHOFF], ids=lambda law: law.name)


@pytest.mark.parametrize(("parameters", "tokens", "loss"), [(6.34e9, 242e9, 2.22564), (8.67e9, 178e9, 2.22696)])
def test_repetition_costs_what_datablations_prints(parameters, tokens, loss):
    assert repeated_loss(parameters, tokens, 25e9) == pytest.approx(loss, abs=5e-6)


@pytest.mark.parametrize(
    ("law", "ratios"),
    [(HOFFMANN, [8, 12, 20, 29, 42, 65]), (BESIROGLU, [32, 28, 25, 23, 21, 18]), (MUENNIGHOFF, [20] * 6)],
)
def test_the_laws_call_for_their_known_tokens_a_parameter(law, ratios):
    sizes = [1e6, 1e7, 124e6, 1e9, 7e9, 70e9]

    assert [round(law.best_tokens(size) / size) for size in sizes] == ratios


@LAWS
@given(flops=st.floats(1e15, 1e25))
def test_the_optimum_is_one(law, flops):
    best = law.best_parameters(flops)
    least = law.loss(best, flops / 6 / best)

    assert all(law.loss(best * f, flops / 6 / (best * f)) >= least - 1e-9 for f in (0.5, 0.9, 0.99, 1.01, 1.1, 2))
    assert law.best_tokens(best) == pytest.approx(flops / 6 / best, rel=1e-6)
    assert law.excess(best, flops / 6 / best) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("epochs", "fresh"), [(1, 1.00), (2, 1.97), (3, 2.88), (4, 3.73), (5, 4.52), (8, 6.62), (16, 10.58), (1e9, 16.39)]
)
def test_epochs_are_worth_what_the_law_says(epochs, fresh):
    assert worth(epochs) == pytest.approx(fresh, abs=0.005)


@given(epochs=st.floats(1, 40), tokens=st.floats(1e6, 1e12))
def test_fewer_unique_tokens_are_worth_as_much_when_repeated(epochs, tokens):
    unique = unique_tokens(tokens, epochs)

    assert unique <= tokens
    assert unique * worth(epochs) == pytest.approx(tokens)


def test_the_fourth_epoch_is_worth_four_fifths():
    assert marginal_worth(4) == pytest.approx(0.823, abs=0.001)
    assert (worth(4.001) - worth(4)) / 0.001 == pytest.approx(marginal_worth(4), abs=0.001)


def test_without_repetition_both_formulas_agree():
    assert math.isclose(repeated_loss(1e8, 2e10, 2e10), MUENNIGHOFF.loss(1e8, 2e10))
