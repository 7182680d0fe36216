"""Normalised text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.normal import normalise
from tests.ops.kernel_texts import batches, packed, unpacked


def normal(text, punctuation=True):
    return unpacked(*normalise(*packed([text]), punctuation=punctuation))[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  The\n\nMILL \t", "the mill"),
        ("\u201cQuoted\u201d \u2013 it\u2019s", '"quoted" - it\'s'),
        ("ﬃ Ａ ½ ß", "ffi a 1\u20442 ss"),
        ("soft\u00adhyphen zero\u200bwidth \ufeff", "softhyphen zerowidth"),
        ("caf\u00e9 cafe\u0301", "cafe\u0301 cafe\u0301"),
        ("\uac00 \u1100\u1161", "\u1100\u1161 \u1100\u1161"),
        ("nul\x00byte", "nul byte"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_copies_that_look_alike_have_one_normal_form(text, expected):
    assert normal(text) == expected


def test_punctuation_and_symbols_become_gaps_on_request():
    assert normal("Don't — stop; (a+b) = 3.5€", punctuation=False) == "don t stop a b 3 5"


@given(st.text())
def test_the_normal_form_is_case_folded_nfkd_but_for_quotes_and_invisible_characters(text):
    plain = "".join(c for c in text if unicodedata.category(c) != "Cf")
    plain = "".join(" " if unicodedata.category(c) == "Cc" else c for c in plain)
    plain = "".join(c for c in plain if not 0xFE00 <= ord(c) < 0xFE10 and not 0xE0100 <= ord(c) < 0xE01F0)
    folded = "".join(unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", c).casefold()) for c in plain)

    if not any(c in "‘’‚‛′‹›＇`´“”„‟″«»＂‐‑‒–—―−" for c in folded + plain):
        assert sorted(normal(text).split()) == sorted(folded.split())


@given(batches)
def test_normalising_twice_changes_nothing(rows):
    once = normalise(*packed(rows), punctuation=True)

    twice = normalise(*once, punctuation=True)

    assert unpacked(*twice) == unpacked(*once)


@given(batches, st.booleans())
def test_a_text_is_normalised_the_same_in_whatever_batch_it_comes(rows, punctuation):
    together = unpacked(*normalise(*packed(rows), punctuation=punctuation))

    assert together == [normal(row, punctuation) for row in rows]


def test_text_that_grows_elevenfold_fits():
    assert normal("\ufdfa" * 10_000) == "صلى الله عليه وسلم" * 10_000
