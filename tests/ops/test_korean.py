"""Counts of Hangul against their plain definition."""

import itertools
import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from curate.ops.korean import ARAEA, Hangul, hangul, syllable_table
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed

ENDINGS = "는을다"
KOREAN = st.text("가나는을다뷁햏ㅋㅠㆍﾡ韓漢的aBé9.,() \n\u1112\u1161\u11ab\u11a8\u1175\u200d\u0301\u3164", max_size=40)


def composed(text):
    """Jamo put together, and nothing else."""
    return re.sub("[\u1100-\u1112\uac00-\ud7a3][\u1161-\u1175]?[\u11a8-\u11c2]?", compose, text)


def compose(found):
    return unicodedata.normalize("NFC", found[0])


def script(character):
    if "가" <= character <= "힣":
        return "hangul"
    if not reference.is_letter(character) or ord(character) == ARAEA or is_jamo(character):
        return ""
    return "ideograph" if reference.kind(character) in (1 << 12, 2 << 12) else "other"


def is_jamo(character):
    name = unicodedata.name(character, "")
    jamo = re.match("(HALFWIDTH )?HANGUL (LETTER|CHOSEONG|JUNGSEONG|JONGSEONG) ", name)
    return bool(jamo) and ord(character) != ARAEA and not name.endswith("FILLER")


def counted(text):
    """One text's counts."""
    spaced = "".join(" " if reference.is_space(character) else character for character in composed(text))
    total = dict.fromkeys(Hangul._fields, 0)
    for word in spaced.split(" "):
        seen = [character for character in word if not reference.is_joiner(character)]
        letters = [character for character in seen if reference.is_letter(character) and ord(character) != ARAEA]
        syllables = [character for character in letters if script(character) == "hangul"]
        scripts = [script(character) for character in seen]
        changes = sum(a != b and "" not in (a, b) for a, b in itertools.pairwise(scripts))
        total["letters"] += len(letters)
        total["syllables"] += len(syllables)
        total["jamo"] += sum(map(is_jamo, seen))
        total["rare"] += sum(len(character.encode("euc_kr")) > 2 for character in syllables)
        total["eojeols"] += bool(syllables)
        total["single"] += len(syllables) == 1
        total["ended"] += len(syllables) > 1 and letters[-1] in ENDINGS
        total["glued"] += bool(syllables) and changes > 1
    return total


@given(st.lists(st.one_of(KOREAN, batches.map("".join)), max_size=5))
def test_hangul_is_counted_as_defined(rows):
    found = hangul(*packed(rows), syllable_table(ENDINGS))

    for name in Hangul._fields:
        assert getattr(found, name).tolist() == [counted(row)[name] for row in rows], name


@given(st.text("가각는뷁힣ab .漢", max_size=30))
def test_decomposed_text_counts_as_composed_text(text):
    one, other = (hangul(*packed([unicodedata.normalize(form, text)]), syllable_table("는")) for form in ("NFC", "NFD"))

    assert [value.tolist() for value in one] == [value.tolist() for value in other]


def test_the_standard_has_2350_syllables():
    assert (syllable_table("") & 1).sum() == 2350
