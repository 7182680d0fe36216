import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize

from pretrain.errors import UsageError
from pretrain.law_fit import Point, _Centred, fit
from pretrain.scaling_laws import Law

TRUE = Law("true", "made up", 3.2, 60.0, 0.9, 0.22, 0.31)
SIZES = (5e4, 1e5, 2e5, 4e5)
RATIOS = (5, 10, 20)


def points(noise=0.0, seed=0):
    draw = np.random.default_rng(seed)
    pairs = [(size, size * ratio) for size in SIZES for ratio in RATIOS]
    return [Point(n, d, TRUE.loss(n, d) * math.exp(noise * draw.standard_normal())) for n, d in pairs]


def test_a_law_is_found_again_from_points_of_it():
    found = fit(points(), draws=0).law

    for name in ("a", "b", "e", "alpha", "beta"):
        assert getattr(found, name) == pytest.approx(getattr(TRUE, name), rel=0.02), name


def test_a_forecast_holds_in_spite_of_noise():
    found = fit(points(noise=0.003), draws=20)

    size, tokens = 1.6e6, 3.2e7
    forecast = found.forecast(size, tokens)

    assert forecast.value == pytest.approx(TRUE.loss(size, tokens), rel=0.02)
    assert forecast.low < forecast.value < forecast.high
    assert found.residual < 0.006


def test_intervals_of_forecasts_cover_most_runs_that_come():
    truth = TRUE.loss(8e5, 1.6e7)
    inside = 0
    for seed in range(4):
        forecast = fit(points(noise=0.01, seed=seed), draws=5).forecast(8e5, 1.6e7)
        came = truth * math.exp(0.01 * np.random.default_rng(100 + seed).standard_normal())
        inside += forecast.low <= came <= forecast.high

    assert inside >= 3


def test_more_noise_widens_the_interval():
    widths = []
    for noise in (0.001, 0.02):
        forecast = fit(points(noise), draws=20).forecast(1.6e6, 3.2e7)
        widths.append(forecast.high - forecast.low)

    assert widths[1] > 2 * widths[0]


def test_an_outlier_moves_the_law_little():
    made = points()
    made[3] = made[3]._replace(loss=made[3].loss * 1.3)

    assert fit(made, draws=0).forecast(1.6e6, 3.2e7).value == pytest.approx(TRUE.loss(1.6e6, 3.2e7), rel=0.01)


def test_the_gradient_is_that_of_the_cost():
    centred = _Centred(points(noise=0.02))
    theta = np.array([0.1, 0.2, -0.3, 0.4, 0.3])

    slow = approx_fprime(theta, lambda t: centred.cost(t)[0], 1e-7)

    assert centred.cost(theta)[1] == pytest.approx(slow, rel=1e-4)


def test_no_search_without_gradients_finds_better():
    centred = _Centred(points(noise=0.01))
    best = centred.solve(centred.starts())

    slow = minimize(lambda t: centred.cost(t)[0], best * 1.05, method="Nelder-Mead", options={"maxiter": 4000})

    assert centred.cost(best)[0] <= slow.fun + 1e-6


def test_the_same_points_give_the_same_fit():
    assert fit(points(noise=0.01), draws=5) == fit(points(noise=0.01), draws=5)


def test_too_few_points_are_refused():
    with pytest.raises(UsageError, match="5 different pairs"):
        fit([Point(1e5, 1e6, 2.0)] * 9)
