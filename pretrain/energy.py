"""Energy of a run, estimated from the rated power of its device: an upper figure for the device, none for the rest."""

from typing import NamedTuple

from pretrain.accelerators import named

_WATTS_PER_THREAD = 5.0
"""Assumed for a CPU thread in use: server parts are rated 2 to 3 W a thread, desktop parts 6 to 8."""


class Power(NamedTuple):
    """Watts drawn while training, and where the number is from."""

    watts: float
    basis: str


def power(hardware: str, devices: int = 1) -> Power:
    """Rated power of `hardware`, as `pretrain.hardware.describe` names it: a GPU's board, else its threads."""
    found = named(hardware)
    if found:
        return Power(found.watts * devices, f"rated power of {devices} × {found.title}, {found.watts:g} W")
    threads = _threads(hardware)
    threads *= devices
    return Power(_WATTS_PER_THREAD * threads, f"assumed {_WATTS_PER_THREAD:g} W for each of {threads} threads in use")


def kilowatt_hours(seconds: float, watts: float) -> float:
    """Energy of so many seconds at so many watts."""
    return seconds * watts / 3_600_000


def _threads(hardware: str) -> int:
    """The n of `…, n of m threads`; 1 where the name does not say."""
    number = hardware.rpartition(",")[2].split()
    return int(number[0]) if number and number[0].isdigit() else 1
