"""A ladder of models: shapes for wanted sizes, and one finished run for each size, length and seed.

    OUTPUT/runs/0.25M-10-s1/      a run folder of `pretrain train`: size, tokens a parameter, seed

N counts the weights of matrix products, layers and head; the embedding multiplies nothing. Every run has its own whole
schedule, so each of them is a point of L(N, D). Batch and rates are the configuration's at every size, but that
rates of embedding and head go with width^(−1/2), as nanochat scales them.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from pretrain import checkpoint, report
from pretrain.config import Config, Model, load
from pretrain.errors import PretrainError, UsageError
from pretrain.models import build
from pretrain.objectives import objective
from pretrain.shards import Manifest
from pretrain.speed import flops_per_token
from pretrain.training import Listener, train

_LAYERS, _WIDTHS = 48, 96
"""Most layers, and most heads of the configuration's width, that a shape may have."""


@dataclass(frozen=True)
class Rung:
    """One run to be."""

    name: str
    config: Config
    parameters: int
    """N: layers and head."""
    tokens: int
    """D: tokens of the corpus that all steps together see."""
    flops: float
    """Of training, attention included."""


@dataclass(frozen=True)
class Trained:
    """One run that is done."""

    rung: Rung
    bits_per_byte: float


def shape(model: Model, size: float) -> Model:
    """The model with as many weights in its layers as `size`, as nearly as whole layers and heads allow.

    Heads keep their width, and width over layers stays about what it is. Raises `UsageError` beyond what whole heads
    and layers can make.
    """
    head, aspect = model.width // model.heads, model.width / model.layers
    each = matrix_weights(model) / (model.layers * model.width**2)

    def distance(layers: int, heads: int) -> float:
        width = heads * head
        off = abs(math.log(each * layers * width**2 / size))
        return off + 0.2 * abs(math.log(width / layers / aspect))

    pairs = [(layers, heads) for layers in range(1, _LAYERS + 1) for heads in range(1, _WIDTHS + 1)]
    layers, heads = min(pairs, key=lambda pair: distance(*pair))
    width = heads * head
    made = model.model_copy(
        update={
            "layers": layers,
            "heads": heads,
            "width": width,
            "kv_heads": 0,
            "feedforward": round(model.feedforward * width / model.width / 8) * 8,
            "decoder_layers": 0,
        }
    ).resolved(model.vocabulary)
    if not 0.5 <= matrix_weights(made) / size <= 2:
        raise UsageError(f"--sizes {size:g}: heads of {head} make no model of that size; change width or heads")
    return made


def matrix_weights(model: Model) -> int:
    """Weights in the layers of a resolved model."""
    with torch.device("meta"):
        return build(model).matrix_parameters()


def rung(config: Config, manifest: Manifest, size: float, ratio: float, seed: int) -> Rung:
    """The run of a size, trained on `ratio` tokens for each of its N weights."""
    model = shape(config.model.resolved(manifest.vocabulary), size)
    with torch.device("meta"):
        network = build(model)
    parameters = network.matrix_parameters() + network.head.weight.numel()
    asked = objective(config.train, model.context, manifest.open_vocabulary())
    step = asked.lengths.raw * config.train.batch
    steps = max(1, round(parameters * ratio / step))
    scale = (config.model.width / model.width) ** 0.5
    optim = config.optim.model_copy(
        update={name: getattr(config.optim, name) * scale for name in ("embedding_learning_rate", "head_learning_rate")}
    )
    run = config.train.model_copy(update={"steps": steps, "seed": seed, "evaluate_every": 0, "keep": 1})
    settled = config.model_copy(update={"model": model, "optim": optim, "train": run})
    name = f"{size / 1e6:.4g}M-{ratio:g}-s{seed}"
    flops = flops_per_token(network, settled) * steps * step
    return Rung(name, settled, parameters, steps * step, flops)


def ladder(
    config: Config, manifest: Manifest, sizes: Sequence[float], ratios: Sequence[float], seeds: int
) -> tuple[list[Rung], list[Rung]]:
    """All runs of all sizes but the largest, the cheapest first; and those of the largest, at the largest ratio."""
    if config.train.batch == 0:
        raise UsageError("train.batch = 0 takes another batch at every size; a ladder wants one for all: set it")
    ordered = sorted(set(sizes))
    numbers = range(config.train.seed, config.train.seed + seeds)
    low = [
        rung(config, manifest, size, ratio, s)
        for size in ordered[:-1]
        for ratio in sorted(set(ratios))
        for s in numbers
    ]
    top = [rung(config, manifest, ordered[-1], max(ratios), seed) for seed in numbers]
    return sorted(low, key=lambda one: (one.flops, one.name)), top


def climb(rungs: Sequence[Rung], data: Path, output: Path, tell: Callable[[str], None]) -> Iterator[Trained]:
    """Train each, or take it as it stands where it is done; a run that was stopped goes on.

    Raises `PretrainError` where a signal ends one, or the data have no validation split.
    """
    digest = Manifest.read(data).digest
    for number, one in enumerate(rungs, 1):
        run = output / "runs" / one.name
        bits = finished(run, one.config, digest) or _train(one, data, run)
        tell(
            f"{number}/{len(rungs)}  {one.name}: {one.parameters:,} weights, {one.tokens:,} tokens, "
            f"{bits:.4f} bits per byte"
        )
        yield Trained(one, bits)


def finished(run: Path, config: Config, digest: str) -> float | None:
    """Bits per byte of a run that has reached its last step with this configuration and these data, else None."""
    if checkpoint.steps(run)[-1:] != [config.train.steps] or load(run / "config.toml").difference(config):
        return None
    if checkpoint.read_state(run, config.train.steps).data != digest:
        return None
    last = report.read(run / "metrics.jsonl")[-1:]
    bits = last[0].get("validation_bits_per_byte") if last else None
    return bits if last and last[0]["step"] == config.train.steps and isinstance(bits, float) else None


def _train(one: Rung, data: Path, run: Path) -> float:
    result = train(one.config, data, run, resume=True, report_to=_quiet)
    if result.stopped:
        raise PretrainError(f"stopped by {result.stopped} at run {one.name}; the same command continues")
    if result.bits_per_byte is None:
        raise UsageError(f"{data}: the validation split is empty, so there is no loss to fit")
    return result.bits_per_byte


_quiet: Listener = lambda _: None  # noqa: E731
