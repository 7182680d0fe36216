"""Accelerators by name: peak of dense bfloat16 products and rated power, from their makers' data sheets."""

from typing import NamedTuple


class Accelerator(NamedTuple):
    """One device."""

    key: str
    """What `pretrain plan --gpu` takes."""
    mark: str
    """The part of a driver's device name, in capitals, by which it is known."""
    title: str
    flops: float
    """Peak floating-point operations a second, dense, bfloat16 (float16 where there is none)."""
    watts: float
    bytes: float
    """Memory."""


ACCELERATORS = (
    Accelerator("b200", "B200", "B200", 2250e12, 1000, 180e9),
    Accelerator("h200", "H200", "H200", 989e12, 700, 141e9),
    Accelerator("h100-pcie", "H100 PCIE", "H100 PCIe", 756e12, 350, 80e9),
    Accelerator("h100", "H100", "H100", 989e12, 700, 80e9),
    Accelerator("a100-pcie", "A100-PCIE", "A100 PCIe", 312e12, 300, 80e9),
    Accelerator("a100", "A100", "A100", 312e12, 400, 80e9),
    Accelerator("l40s", "L40S", "L40S", 362e12, 350, 48e9),
    Accelerator("l4", "L4", "L4", 121e12, 72, 24e9),
    Accelerator("a10g", "A10G", "A10G", 70e12, 150, 24e9),
    Accelerator("v100", "V100", "V100", 125e12, 300, 32e9),
    Accelerator("t4", "T4", "T4", 65e12, 70, 16e9),
    Accelerator("rtx4090", "RTX 4090", "RTX 4090", 165e12, 450, 24e9),
    Accelerator("rtx3090", "RTX 3090", "RTX 3090", 71e12, 350, 24e9),
    Accelerator("mi300x", "MI300X", "MI300X", 1307e12, 750, 192e9),
)
"""The first whose mark stands in a name is the one."""


def named(hardware: str) -> Accelerator | None:
    """The accelerator of a driver's device name, or None."""
    name = hardware.upper()
    return next((one for one in ACCELERATORS if one.mark in name), None)
