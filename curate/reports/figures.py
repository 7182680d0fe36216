"""Numbers as people read them: exact counts in groups of three, shares, sizes and times."""

from typing import Any

SPACE = " "
NARROW = "\u202f"
"""A narrow no-break space: groups digits where a page is typeset."""
MINUS = "\u2212"


def grouped(number: int, space: str = SPACE) -> str:
    """An exact integer in groups of three: `1 200 000`, `−412`."""
    return f"{number:,}".replace(",", space).replace("-", MINUS)


def signed(number: int, space: str = SPACE) -> str:
    """An exact integer with its sign: `−412` or `+3`; nothing lost is `0`."""
    return ("+" if number > 0 else "") + grouped(number, space)


def share(part: int, whole: int) -> str:
    """A share in per cent with one decimal; never `0.0%` of something, nor `100.0%` short of all."""
    if not whole:
        return "0.0%"
    percent = 100 * abs(part) / whole
    if part and percent < 0.05:
        return "<0.1%"
    if abs(part) < whole and percent >= 99.95:
        return ">99.9%"
    return f"{percent:.1f}%"


def size(count: float, space: str = SPACE) -> str:
    """A number of bytes in decimal units: `6.1 GB`."""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if abs(count) < 999.5 or unit == "TB":
            break
        count /= 1000
    number = f"{count:.0f}" if unit == "B" or abs(count) >= 99.95 else f"{count:.1f}"
    return f"{number}{space}{unit}"


def duration(seconds: float, space: str = SPACE) -> str:
    """A time: `0.4 s`, `3 min 20 s`, `2 h 5 min`."""
    if 0 < seconds < 0.05:
        return f"<0.1{space}s"
    if seconds < 99.95:
        return f"{seconds:.1f}{space}s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}{space}h {minutes}{space}min" if hours else f"{minutes}{space}min {rest}{space}s"


def limit(value: Any, space: str = SPACE) -> str:
    """A rule's limit, written out: `50`, `100 000`, `0.65`."""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.10g}".replace("-", MINUS)
    return grouped(int(value), space)
