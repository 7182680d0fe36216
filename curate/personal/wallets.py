"""Addresses and keys of cryptocurrencies: Base58Check (Bitcoin), Bech32 (BIP 173, BIP 350), hexadecimal (EIP-55)."""

import hashlib
import re

from curate.ops.traces import TOKEN
from curate.personal.keccak import keccak_256
from curate.personal.recogniser import Match, Recogniser, Span, told, words

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
ADDRESS_VERSIONS = frozenset((0x00, 0x05, 0x1E, 0x16, 0x30, 0x32, 0x41, 0x4C, 0x10))
"""First bytes of addresses: Bitcoin, Dogecoin, Litecoin, Tron, Dash."""
KEY_VERSIONS = frozenset((0x80, 0xB0, 0x9E, 0xCC))
"""First bytes of private keys in wallet import format, of the same."""

_BASE58 = re.compile(rb"(?<![0-9A-Za-z_/\-])[1-9A-HJ-NP-Za-km-z]{26,52}(?![0-9A-Za-z_\-])")


def base58(text: str) -> bytes:
    """The bytes that a Base58 text stands for; a leading `1` is a zero byte."""
    number = 0
    for sign in text:
        number = number * 58 + BASE58.index(sign)
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")


def checked_58(text: str) -> bytes | None:
    """Version and payload of Base58Check, or None where its four bytes of double SHA-256 are wrong."""
    raw = base58(text)
    body, check = raw[:-4], raw[-4:]
    return body if hashlib.sha256(hashlib.sha256(body).digest()).digest()[:4] == check else None


def _wallet(match: Match) -> Span | None:
    body = checked_58(match.group().decode())
    return match.span() if body and len(body) == 21 and body[0] in ADDRESS_VERSIONS else None


def _wallet_key(match: Match) -> Span | None:
    body = checked_58(match.group().decode())
    return match.span() if body and len(body) in (33, 34) and body[0] in KEY_VERSIONS else None


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32 = re.compile(
    rb"(?<![0-9A-Za-z_/\-])"
    rb"(?:(?:bc|tb|ltc)1[02-9ac-hj-np-z]{8,87}|(?:BC|TB|LTC)1[02-9AC-HJ-NP-Z]{8,87})(?![0-9A-Za-z_\-])"
)
_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)


def _polymod(values: list[int]) -> int:
    found = 1
    for value in values:
        top = found >> 25
        found = (found & 0x1FFFFFF) << 5 ^ value
        for i, generator in enumerate(_GENERATORS):
            found ^= generator if top >> i & 1 else 0
    return found


def bech32(text: str) -> bool:
    """Whether the checksum is right: 1 for witness version 0 (BIP 173), 0x2bc830a3 for later ones (BIP 350)."""
    head, _, data = text.lower().rpartition("1")
    values = [BECH32.index(sign) for sign in data]
    expanded = [ord(sign) >> 5 for sign in head] + [0] + [ord(sign) & 31 for sign in head]
    return _polymod(expanded + values) == (1 if values[0] == 0 else 0x2BC830A3)


def _segwit(match: Match) -> Span | None:
    return match.span() if bech32(match.group().decode()) else None


_HEX = re.compile(rb"(?<![0-9A-Za-z_])0x[0-9A-Fa-f]{40}(?![0-9A-Za-z_])")
_CHAIN_WORDS = words(
    "eth", "ethereum", "wallet", "address", "erc20", "erc-20", "bsc", "bnb", "usdt", "token", "contract", "polygon",
    "metamask", "지갑", "钱包", "кошелек", "adresse", "dirección",
)  # fmt: skip


def eip_55(address: str) -> bool:
    """Whether capitals stand where the Keccak-256 of the lower-case address has a digit of 8 or more."""
    body = address[2:]
    digest = keccak_256(body.lower().encode()).hex()
    return all(sign.isdigit() or sign.isupper() == (digest[i] >= "8") for i, sign in enumerate(body))


def _ethereum(match: Match) -> Span | None:
    """Mixed case needs its checksum; of one case alone, a word that says what it is."""
    found = match.group().decode()
    if len(set(found[2:].lower())) < 5:
        return None
    mixed = found[2:] not in (found[2:].lower(), found[2:].upper())
    return match.span() if (eip_55(found) if mixed else told(match, _CHAIN_WORDS)) else None


RECOGNISERS = (
    Recogniser("private_key", TOKEN, _BASE58, _wallet_key),
    Recogniser("wallet", TOKEN, _BASE58, _wallet),
    Recogniser("wallet", TOKEN, _BECH32, _segwit),
    Recogniser("wallet", TOKEN, _HEX, _ethereum),
)
