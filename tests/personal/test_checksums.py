"""Check digits, against definitions written out."""

import hashlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.personal.accounts import valid_iban
from curate.personal.checksums import luhn, luhn_digit, mod_11_2, mod_11_10, mod_97, verhoeff
from curate.personal.keccak import keccak_256
from curate.personal.wallets import BASE58, base58, bech32, checked_58, eip_55

digits = st.text("0123456789", min_size=2, max_size=24)


@given(digits)
def test_luhn_doubles_every_second_digit_from_the_right_and_casts_out_nines(number):
    doubled = [2 * int(d) if i % 2 else int(d) for i, d in enumerate(number[::-1])]

    assert luhn(number) == (sum(sum(map(int, str(d))) for d in doubled) % 10 == 0)
    assert luhn(number + luhn_digit(number))


@given(st.text("0123456789ABCXYZ", min_size=1, max_size=34))
def test_mod_97_is_long_division(text):
    left = 0
    for sign in "".join(str("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(sign)) for sign in text):
        left = (10 * left + int(sign)) % 97

    assert mod_97(text) == left


@given(digits)
def test_mod_11_2_makes_the_weighted_sum_congruent_to_one(number):
    values = [*map(int, number), "0123456789X".index(mod_11_2(number))]

    assert sum(value * 2**place for place, value in enumerate(reversed(values))) % 11 == 1


@given(digits, st.data())
def test_one_wrong_digit_or_two_exchanged_ones_never_pass_verhoeff(number, data):
    whole = next(number + check for check in "0123456789" if verhoeff(number + check))
    place = data.draw(st.integers(0, len(number) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != whole[place]]))
    exchanged = whole[:place] + whole[place + 1] + whole[place] + whole[place + 2 :]

    assert not verhoeff(whole[:place] + other + whole[place + 1 :])
    assert exchanged == whole or not verhoeff(exchanged)


@given(digits, st.data())
def test_one_wrong_digit_never_passes_mod_11_10(number, data):
    whole = next(number + check for check in "0123456789" if mod_11_10(number + check))
    place = data.draw(st.integers(0, len(whole) - 1))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != whole[place]]))

    assert not mod_11_10(whole[:place] + other + whole[place + 1 :])


@pytest.mark.parametrize("iban", ["GB82WEST12345698765432", "DE89370400440532013000", "FR1420041010050500013M02606"])
def test_ibans_of_the_standard_s_examples_pass(iban):
    assert valid_iban(iban)
    assert not valid_iban(iban[:-1] + ("1" if iban[-1] != "1" else "2"))


@given(st.binary(max_size=400))
def test_keccak_with_the_standard_s_padding_is_sha_3(message):
    assert keccak_256(message, 0x06) == hashlib.sha3_256(message).digest()


def test_keccak_of_nothing_is_what_ethereum_says():
    assert keccak_256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"


@given(st.binary(min_size=1, max_size=40))
def test_base_58_is_read_as_it_is_written(raw):
    number, text = int.from_bytes(raw, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = BASE58[digit] + text
    text = "1" * (len(raw) - len(raw.lstrip(b"\0"))) + text

    assert base58(text) == raw


def test_bitcoin_s_first_address_passes_and_a_changed_one_does_not():
    assert checked_58("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa") is not None
    assert checked_58("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb") is None


@pytest.mark.parametrize(
    "address",
    [
        "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
    ],
)
def test_addresses_of_the_bitcoin_proposals_pass(address):
    assert bech32(address)
    assert not bech32(address[:-1] + ("4" if address[-1] != "4" else "0"))


@pytest.mark.parametrize(
    "address",
    [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
        "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ],
)
def test_addresses_of_eip_55_pass_and_change_with_the_case_of_a_letter(address):
    place = re.search("[a-fA-F]", address[2:]).start() + 2

    assert eip_55(address)
    assert not eip_55(address[:place] + address[place].swapcase() + address[place + 1 :])
