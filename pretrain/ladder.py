"""Settings of AdamW for a model of any size, by the formulas of OLMo's model ladder (after Porian et al. 2024).

    rate     0.0047 · (N / 108e6)^(−1/3)                     N weights in the layers
    batch    2048 · 160 · (N / 108e6)^(2/3) tokens
    warm-up  N tokens
    β₂       0.95 from 524,288 tokens a batch on, 0.99 below

Fitted there for models from a few million weights on; for smaller ones they are extrapolated.
"""

import math

from pretrain.config import Config

_SIZE = 108e6
_LARGE_BATCH = 524_288


def learning_rate(weights: int) -> float:
    """Peak rate for a model of so many weights."""
    return float(f"{0.0047 * (weights / _SIZE) ** (-1 / 3):.3g}")


def batch_tokens(weights: int) -> int:
    """Tokens a step."""
    return round(2048 * 160 * float((weights / _SIZE) ** (2 / 3)))


def rows(weights: int, context: int) -> int:
    """Rows a step: the power of 2 nearest to the formula, so that micro batches and processes divide it."""
    wanted = max(1.0, batch_tokens(weights) / context)
    return 1 << round(math.log2(wanted))


def resolved(config: Config, weights: int) -> Config:
    """The same configuration with every zero of `optim` and of `train.batch` replaced by the ladder's value.

    `weights` are those in the layers (`Network.matrix_parameters`); a resolved configuration is left as it is.
    """
    optim, train, context = config.optim, config.train, config.model.context
    micro = train.micro_batch or 1
    batch = train.batch or max(1, round(rows(weights, context) / micro)) * micro
    tokens = batch * context
    rates = [f"{group}_learning_rate" for group in ("matrix", "embedding", "head", "norm")]
    found: dict[str, float] = {name: getattr(optim, name) or learning_rate(weights) for name in rates}
    found["beta2"] = optim.beta2 or (0.95 if tokens >= _LARGE_BATCH else 0.99)
    if optim.warmup < 0:
        found["warmup"] = min(-(-weights // tokens), train.steps // 10)
    return config.model_copy(
        update={"optim": optim.model_copy(update=found), "train": train.model_copy(update={"batch": batch})}
    )
