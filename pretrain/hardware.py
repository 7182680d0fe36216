"""What the machine has: device, type of matrix products, names for the card."""

import os
import platform
from functools import cache
from pathlib import Path

import torch

from pretrain.config import Train
from pretrain.errors import ConfigError

_BFLOAT16_CPU = ("amx_bf16", "avx512_bf16")


def device(train: Train) -> torch.device:
    """The device a run asks for, under `torchrun` one for each process of a machine.

    Raises `ConfigError` for a GPU that is not there.
    """
    name = ("cuda" if torch.cuda.is_available() else "cpu") if train.device == "auto" else train.device
    if name.startswith("cuda") and not torch.cuda.is_available():
        raise ConfigError(f"train.device = {name}: this machine has no CUDA device; auto or cpu would do")
    if name == "cuda" and "LOCAL_RANK" in os.environ:
        name = f"cuda:{os.environ['LOCAL_RANK']}"
    return torch.device(name)


def compute_type(train: Train, where: torch.device) -> torch.dtype:
    """Type of matrix products; `auto` is bfloat16 only where instructions for it exist, since emulation is slower."""
    if train.precision != "auto":
        return torch.bfloat16 if train.precision == "bfloat16" else torch.float32
    return torch.bfloat16 if has_bfloat16(where) else torch.float32


@cache
def has_bfloat16(where: torch.device) -> bool:
    """Whether the device multiplies bfloat16 by instructions of its own."""
    if where.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return any(found.get(name) for name in _BFLOAT16_CPU)


def describe(where: torch.device) -> str:
    """The device in words: `NVIDIA H100 80GB HBM3`, or `AMD EPYC, 2 threads`."""
    if where.type == "cuda":
        return torch.cuda.get_device_name(where)
    return f"{_processor()}, {torch.get_num_threads()} of {os.cpu_count()} threads"


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
