"""Scaling laws: loss as a function of parameters N and training tokens D, and what repeated tokens are worth.

    L(N, D) = E + A / N^α + B / D^β,   C = 6·N·D        (Hoffmann et al. 2022, approach 3)

For a compute C the loss is least at N = G·(C/6)^(β/(α+β)), D = (C/6) / N with G = (αA / βB)^(1/(α+β)). N counts the
weights of matrix products; which ones a study counts differs, and below some fifty million parameters every law here
is an extrapolation: take ratios from it, not losses.
"""

import math
from typing import NamedTuple


class Law(NamedTuple):
    """A fit of L(N, D), in nats a token of the study's own tokenizer and text."""

    name: str
    source: str
    a: float
    b: float
    e: float
    alpha: float
    beta: float

    def loss(self, parameters: float, tokens: float) -> float:
        """L(N, D)."""
        return self.e + self.a / math.pow(parameters, self.alpha) + self.b / math.pow(tokens, self.beta)

    @property
    def balance(self) -> float:
        """G, which divides compute between parameters and tokens."""
        return math.pow(self.alpha * self.a / (self.beta * self.b), 1 / (self.alpha + self.beta))

    def best_parameters(self, flops: float) -> float:
        """N at which a compute C reaches the least loss."""
        return self.balance * math.pow(flops / 6, self.beta / (self.alpha + self.beta))

    def best_tokens(self, parameters: float) -> float:
        """D for which `parameters` is the best N of the compute 6·N·D."""
        return math.pow(parameters / self.balance, (self.alpha + self.beta) / self.beta) / parameters

    def excess(self, parameters: float, tokens: float) -> float:
        """What L(N, D) lies above the least loss that the same compute could reach, in nats a token."""
        flops = 6 * parameters * tokens
        best = self.best_parameters(flops)
        return self.loss(parameters, tokens) - self.loss(best, flops / 6 / best)


HOFFMANN = Law("Hoffmann", "Hoffmann et al. 2022, table A.3, unrounded", 406.4, 410.7, 1.6934, 0.33917, 0.28491)
BESIROGLU = Law("Besiroglu", "Besiroglu et al. 2024, which corrects it", 482.01, 2085.43, 1.8172, 0.3478, 0.3658)
MUENNIGHOFF = Law(
    "Muennighoff",
    "Muennighoff et al. 2023, C4",
    math.exp(6.255414),
    math.exp(7.3049974),
    math.exp(0.6254804),
    0.3526596,
    0.3526596,
)

REPEATS = 15.387756
"""R*_D: repetitions after which a token is used up to 1 − 1/e (Muennighoff et al. 2023)."""
EXCESS_PARAMETERS = 5.309743
"""R*_N: the same for parameters beyond those that the unique tokens can feed."""
WARN_EPOCHS, MOST_EPOCHS = 8, 16
"""Above the first, repeated text is known to be worth little and newer work (Lovelace et al. 2026) sees harm; the
second is as far as the law was fitted with any density."""


def worth(epochs: float) -> float:
    """How many fresh epochs so many epochs over the same tokens are worth: 1 + R*·(1 − e^(−(epochs − 1)/R*)).

    1 → 1, 4 → 3.73, 16 → 10.6, ∞ → 16.4.
    """
    return 1 + REPEATS * -math.expm1(-(epochs - 1) / REPEATS)


def marginal_worth(epochs: float) -> float:
    """What the last of so many epochs is worth against a fresh one, the slope of `worth`."""
    return math.exp(-(epochs - 1) / REPEATS)


def unique_tokens(effective: float, epochs: float) -> float:
    """Unique tokens U that, seen `epochs` times, are worth `effective` fresh ones."""
    return effective / worth(epochs)


def repeated_loss(parameters: float, tokens: float, unique: float, law: Law = MUENNIGHOFF) -> float:
    """L(N, D, U) where `tokens` are drawn from `unique` ones (Muennighoff et al. 2023, equation 6).

    Parameters beyond those that U tokens call for count less, as repeated tokens do. `unique` ≤ `tokens`.
    """
    called_for = min(parameters, math.pow(unique * law.balance, law.beta / law.alpha) * law.balance)
    beyond = parameters / called_for - 1
    counted = called_for * (1 + EXCESS_PARAMETERS * -math.expm1(-beyond / EXCESS_PARAMETERS))
    return law.loss(counted, unique * worth(tokens / unique))
