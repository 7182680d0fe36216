"""Accounts of money: IBAN (ISO 13616, SWIFT's registry) and payment cards (ISO/IEC 7812)."""

import re

from curate.ops.traces import ACCOUNT, ACCOUNT_BYTES, NUMBER
from curate.personal.checksums import luhn, mod_97
from curate.personal.plans import PLANS
from curate.personal.recogniser import CLOSED, Match, Recogniser, Span, digits_of, signs_of, told, words

IBAN_LENGTHS: dict[str, int] = PLANS["iban_lengths"]
"""Country → characters of its IBANs."""

_IBAN = re.compile(rb"(?<![0-9A-Za-z_])[A-Za-z]{2}[0-9]{2}(?:[ \-]?[0-9A-Za-z]){11,30}(?![0-9A-Za-z_])")


def _iban(match: Match) -> Span | None:
    """As many signs as the country has, in groups or in a row; a sentence may go on behind."""
    size = IBAN_LENGTHS.get(match.group()[:2].decode().upper())
    if size is None:
        return None
    count = 0
    for place, byte in enumerate(match.group()):
        count += byte not in b" -"
        if count == size:
            stop = match.start() + place + 1
            found = signs_of(match.string[match.start() : stop])
            ends = not bytes(match.string[stop : stop + 1]).isalnum()
            return (match.start(), stop) if ends and valid_iban(found) and not _nobodys(found) else None
    return None


def valid_iban(iban: str) -> bool:
    """Whether check digits are right: the country and they moved to the end, modulo 97 is 1."""
    return mod_97(iban[4:] + iban[:4]) == 1


def _nobodys(iban: str) -> bool:
    """Whether the bank is one that pseudonyms have."""
    return set(iban[4:8]) <= set("0X")


CARDS = re.compile(
    "(?:4[0-9]{15}(?:[0-9]{3})?"  # Visa
    "|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"  # Mastercard
    "|3[47][0-9]{13}"  # American Express
    "|(?:6011|65[0-9]{2}|64[4-9][0-9])[0-9]{12}(?:[0-9]{3})?"  # Discover
    "|35(?:2[89]|[3-8][0-9])[0-9]{12}(?:[0-9]{3})?"  # JCB
    "|3(?:0[0-5]|[68][0-9])[0-9]{11}"  # Diners Club
    "|62[0-9]{14,17}|220[0-4][0-9]{12})"  # UnionPay, Mir
)
"""Lengths and prefixes by which issuers give cards out."""
RARE_CARDS = re.compile("[2-6][0-9]{11,18}|1800[0-9]{11}")
"""All else with a bank's first digit, Maestro and Visa's old length among it: cards only where a word says so."""
TEST_CARDS = ("424242", "400000")
"""What begins so is for trying programs out, and what pseudonyms are."""

_CARD = re.compile(
    rb"(?<![0-9A-Za-z_/#])(?<![0-9][.,\-])(?:[0-9]{12,19}|[0-9]{4}([ \-])[0-9]{4}\1[0-9]{4}\1[0-9]{4}(?:\1[0-9]{3})?"
    rb"|[0-9]{4}([ \-])[0-9]{6}\2[0-9]{4,5})" + CLOSED
)
_CARD_WORDS = words(
    "card", "cards", "visa", "mastercard", "amex", "american express", "maestro", "discover", "credit", "debit", "cc",
    "jcb", "diners", "pan", "tarjeta", "carte", "karte", "kreditkarte", "cartão", "carta", "카드", "カード", "卡",
)  # fmt: skip


def _card(match: Match) -> Span | None:
    digits = digits_of(match.group())
    if not luhn(digits) or len(set(digits)) < 4 or digits.startswith(TEST_CARDS):
        return None
    common = CARDS.fullmatch(digits) or (RARE_CARDS.fullmatch(digits) and told(match, _CARD_WORDS))
    return match.span() if common else None


RECOGNISERS = (
    Recogniser("iban", ACCOUNT, _IBAN, _iban, beyond=ACCOUNT_BYTES),
    Recogniser("credit_card", NUMBER, _CARD, _card, least=12),
)
