"""Check digits: pure functions over strings of digits and letters that their callers have checked to be such.

Sources: ISO/IEC 7064 (mod 11-2, mod 11-10, mod 97-10), ISO/IEC 7812 (Luhn), Verhoeff 1969, and the laws and
specifications of the issuers that `curate.personal.national` names.
"""

from collections.abc import Iterable, Sequence
from datetime import date


def luhn(digits: str) -> bool:
    """Every second digit from the right doubled, the sum of all digits a multiple of 10 (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) << (place & 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def luhn_digit(digits: str) -> str:
    """The digit that makes `digits` and it pass."""
    return next(digit for digit in "0123456789" if luhn(digits + digit))


def weighted(digits: str, weights: Sequence[int]) -> int:
    """Σ weight · digit, over as many digits as there are weights."""
    return sum(weight * int(digit) for weight, digit in zip(weights, digits, strict=False))


def mod_97(text: str) -> int:
    """The remainder by 97 of a text whose letters stand for 10 to 35 (ISO/IEC 7064)."""
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def mod_11_2(digits: str) -> str:
    """The check character of ISO/IEC 7064 mod 11-2: a digit or X."""
    total = 0
    for digit in digits:
        total = (total + int(digit)) * 2 % 11
    return "0123456789X"[(12 - total) % 11]


def mod_11_10(digits: str) -> bool:
    """Whether digits and their last, the check digit, pass ISO/IEC 7064 mod 11-10."""
    product = 10
    for digit in digits[:-1]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(digits[-1])) % 10 == 1


_TURN = ("0123456789", "1234067895", "2340178956", "3401289567", "4012395678")
"""The dihedral group of order ten: rotations; reflections follow from them."""


def _times(a: int, b: int) -> int:
    if a < 5:
        return int(_TURN[a][b])
    return (a - b) % 5 + 5 if b < 5 else (a - b) % 5


_POWERS = ["0123456789", "1576283094"]
for _ in range(6):
    _POWERS.append("".join(_POWERS[1][int(digit)] for digit in _POWERS[-1]))


def verhoeff(digits: str) -> bool:
    """Whether digits and their last, the check digit, pass Verhoeff's scheme over the dihedral group D5."""
    found = 0
    for place, digit in enumerate(reversed(digits)):
        found = _times(found, int(_POWERS[place % 8][int(digit)]))
    return found == 0


def is_date(year: int, month: str | int, day: str | int) -> bool:
    """Whether there is such a day."""
    try:
        date(year, int(month), int(day))
    except ValueError:
        return False
    return True


def some_date(years: Iterable[int], month: str | int, day: str | int) -> bool:
    """Whether there is such a day in one of the years: what a birth date of two digits a year can mean."""
    return any(is_date(year, month, day) for year in years)
