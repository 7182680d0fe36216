"""Pseudonyms: what takes the place of personal data and can be told from others of its kind.

A pseudonym is a function of a secret, the label and the value in normal form: who is named twice keeps one name, and
nobody without the secret can try values out. It is valid in form and nobody's: an address of a documentation domain
or network (RFC 2606, 5737, 3849), a 555-01 number, a card of the range for tests, an account at a bank that there is
not, an identity number whose digits are all of one group. None is found again, so that doing it twice changes nothing.
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator

from curate.personal.accounts import TEST_CARDS
from curate.personal.checksums import luhn_digit, mod_97
from curate.personal.recogniser import signs_of

DOMAINS = ("example.org", "example.com", "example.net")
NETWORKS = ("192.0.2.", "198.51.100.", "203.0.113.")


class Draw:
    """Numbers that follow from a secret and a value."""

    def __init__(self, secret: bytes, label: str, value: str) -> None:
        self._key, self._message, self._count = secret, f"{label}\0{value}".encode(), 0
        self.hex = self._next().hex()
        self._left = int(self.hex, 16)

    def _next(self) -> bytes:
        self._count += 1
        return hmac.new(self._key, b"%d\0" % self._count + self._message, hashlib.sha256).digest()

    def below(self, size: int) -> int:
        """A number from 0 to size − 1, size at most a million."""
        if self._left < 10**12:
            self._left = int.from_bytes(self._next(), "big")
        self._left, found = divmod(self._left, size)
        return found

    def digits(self, count: int) -> Iterator[str]:
        """So many digits."""
        return (str(self.below(10)) for _ in range(count))


def _email(_: str, draw: Draw) -> str:
    return f"user-{draw.hex[:10]}@{DOMAINS[draw.below(3)]}"


def _ip(value: str, draw: Draw) -> str:
    if ":" in value:
        groups = [f"{draw.below(65536):x}" for _ in range(6)]
        return "2001:db8:" + ":".join(groups)
    return f"{NETWORKS[draw.below(3)]}{1 + draw.below(254)}"


def _phone(value: str, draw: Draw) -> str:
    """An area of North America, 555, and 0100 to 0199."""
    area = f"{2 + draw.below(8)}{draw.below(9)}{2 + draw.below(8)}"
    return ("+1-" if value.startswith(("+", "00")) else "") + f"{area}-555-01{draw.below(100):02d}"


def _iban(value: str, draw: Draw) -> str:
    """Of the same country and length; letters and digits where they stood, the bank's code X and 0."""
    signs = signs_of(value.encode())
    bank = "".join("0" if sign.isdigit() else "X" for sign in signs[4:8])
    account = "".join(str(draw.below(10)) if sign.isdigit() else chr(65 + draw.below(26)) for sign in signs[8:])
    check = 98 - mod_97(f"{bank}{account}{signs[:2]}00")
    return f"{signs[:2]}{check:02d}{bank}{account}"


def _card(value: str, draw: Draw) -> str:
    """A number for tests, as long as the card's, checked by Luhn."""
    size = sum(sign.isdigit() for sign in value)
    body = TEST_CARDS[0] + "".join(draw.digits(size - len(TEST_CARDS[0]) - 1))
    return body + luhn_digit(body)


def _national(value: str, draw: Draw) -> str:
    """Its marks where they stood; zeros, which no state has given out, and a tag that tells it apart."""
    tag = iter(draw.digits(4))
    shown = "".join("0" if sign.isdigit() else "X" if sign.isalpha() else sign for sign in value)
    return f"{shown}-{''.join(tag)}"


def _secret(label: str) -> Callable[[str, Draw], str]:
    return lambda _, draw: f"<{label.upper()}_{draw.hex[:8]}>"


_MADE: dict[str, Callable[[str, Draw], str]] = {
    "email": _email,
    "ip": _ip,
    "phone": _phone,
    "iban": _iban,
    "credit_card": _card,
    "national_id": _national,
}


def normal(label: str, value: str) -> str:
    """What two spellings of one value have in common."""
    if label in ("email", "ip"):
        return value.lower()
    if label in ("iban", "credit_card", "national_id", "phone"):
        return signs_of(value.encode())
    return value


def pseudonym(label: str, value: str, secret: bytes) -> str:
    """The one that belongs to a value; keys and wallets have placeholders with a tag."""
    return _MADE.get(label, _secret(label))(value, Draw(secret, label, normal(label, value)))
