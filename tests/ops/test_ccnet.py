"""CCNet's normal form, against its steps one after the other."""

import re
import unicodedata

from hypothesis import given, settings

from curate.ops import ccnet
from tests.ops.kernel_texts import batches, packed, unpacked


def slow(text, *, keep_lines):
    """cc_net's steps over a whole text, but for the lower-case sigma of word ends, which needs a context."""
    text = "".join(character.lower() for character in text)
    text = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    text = re.sub(r"\d", "0", text)
    text = "".join(ccnet.PUNCTUATION.get(character, character) for character in text)
    controls = "".join(map(chr, [*range(32), *range(127, 160)])).replace("\n" if keep_lines else "", "")
    return re.sub(f"[{re.escape(controls)}]", "", text)


def normalised(*rows, keep_lines):
    return unpacked(*ccnet.normalise(*packed(list(rows)), keep_lines=keep_lines))


@settings(max_examples=200, deadline=None)
@given(batches)
def test_the_normal_form_is_that_of_the_steps(rows):
    for keep_lines in (True, False):
        found = normalised(*rows, keep_lines=keep_lines)

        # marks of several classes after one letter are put in canonical order there and stay in theirs here
        assert [sorted(text) for text in found] == [sorted(slow(text, keep_lines=keep_lines)) for text in rows]


def test_every_code_point_is_mapped_as_the_steps_map_it():
    rows = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]

    assert normalised(*rows, keep_lines=False) == [slow(text, keep_lines=False) for text in rows]


def test_letters_digits_marks_and_punctuation_by_example():
    text = "Élan «ÜBER»\t№ 1234,５６… – ’t — 「한국」\n"

    assert normalised(text, keep_lines=True) == [
        'elan "uber"№ 0000,00... - \'t  -  "' + unicodedata.normalize("NFD", "한국") + '"\n'
    ]


def test_line_ends_glue_words_where_they_are_not_kept():
    assert normalised("one\ntwo", keep_lines=False) == ["onetwo"]
