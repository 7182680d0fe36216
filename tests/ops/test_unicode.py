"""The shipped character table."""

import sys
import unicodedata

import numpy as np
import pytest

from curate.ops import build_unicode, unicode

same_unicode = pytest.mark.skipif(
    unicodedata.unidata_version != "14.0.0", reason="this Python's Unicode is another than the table's"
)


@same_unicode
def test_the_shipped_table_is_what_its_script_builds(tmp_path):
    build_unicode.build(tmp_path / "built.npz")

    with np.load(tmp_path / "built.npz") as built, np.load(unicode.TABLE) as shipped:
        assert set(built) == set(shipped)
        assert all(np.array_equal(built[name], shipped[name]) for name in built)


@pytest.mark.parametrize(
    ("character", "bits"),
    [
        (" ", unicode.SPACE),
        ("\u3000", unicode.SPACE),
        ("\x1f", unicode.PLAIN),
        ("a", unicode.LETTER | unicode.LOWER | unicode.PLAIN),
        ("Ж", unicode.LETTER | unicode.UPPER | unicode.PLAIN),
        ("٣", unicode.NUMBER | unicode.DIGIT | unicode.PLAIN),
        ("。", unicode.PUNCTUATION | unicode.TERMINAL | unicode.BREAK),
        ("¿", unicode.PUNCTUATION),
        ("$", unicode.SYMBOL),
        ("\u0301", unicode.JOINER),
        ("漢", unicode.LETTER | unicode.UNSPACED | unicode.PLAIN | unicode.HAN),
        ("的", unicode.LETTER | unicode.UNSPACED | unicode.PLAIN | unicode.ALONE),
        ("を", unicode.LETTER | unicode.UNSPACED | unicode.PLAIN | unicode.PARTICLE),
        ("ไ", unicode.LETTER | unicode.UNSPACED | unicode.PLAIN | unicode.LEADING),
        ("า", unicode.LETTER | unicode.JOINER | unicode.PLAIN),
        ("\u0e31", unicode.JOINER),
        ("\u103a", unicode.JOINER | unicode.KILLER),
        ("\u11ab", unicode.LETTER | unicode.PLAIN | unicode.TAIL),
        ("\u0f0b", unicode.PUNCTUATION | unicode.BREAK),
        ("\u0640", unicode.JOINER),
        ("\u200b", unicode.SPACE),
        ("\u200d", unicode.JOINER),
        ("가", unicode.LETTER | unicode.PLAIN),
        ("\U0010ffff", unicode.PLAIN),
    ],
)
def test_a_character_has_the_classes_of_its_category(character, bits):
    assert unicode.classes()[ord(character)] == bits


def test_every_code_point_has_an_entry():
    assert len(unicode.classes()) == len(unicode.folds().table) == sys.maxunicode + 1
