"""How much of a machine a run uses, and how long it will take."""

import time

import torch

from pretrain.accelerators import named
from pretrain.config import Config
from pretrain.lengths import lengths
from pretrain.models import Network
from pretrain.models.linear import product

_PROBE = 1024
_PROBES = 3


def flops_per_token(model: Network, config: Config) -> float:
    """Floating-point operations of training on one token of the corpus, by what the objective reads and asks."""
    train = config.train
    size = lengths(train.objective, config.model.context, train.span_density, train.span_mean)
    chosen = train.mask_ratio if train.objective == "mlm" else 1.0
    return model.flops_per_token(size.inputs / size.raw, chosen * size.targets / size.raw)


def peak(device: torch.device, kind: torch.dtype) -> float | None:
    """Floating-point operations a second that a device is said to reach; None of one that is not known.

    Of a GPU its maker's figure for dense bfloat16 products, whatever the type in use, as is usual; of a CPU the best
    of three products of 1,024² matrices with the threads and the type that a run has, which takes some milliseconds.
    """
    if device.type == "cuda":
        known = named(torch.cuda.get_device_name(device))
        return None if known is None else known.flops
    a, b = torch.ones(2, _PROBE, _PROBE, dtype=kind)
    return 2 * _PROBE**3 / min(_seconds(a, b) for _ in range(_PROBES))


def _seconds(a: torch.Tensor, b: torch.Tensor) -> float:
    began = time.perf_counter()
    product(a, b)
    return time.perf_counter() - began
