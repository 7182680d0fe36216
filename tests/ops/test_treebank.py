"""Words with their punctuation taken off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.treebank import CONTRACTIONS, HYPHENS, OTHERS, spaced
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import packed, texts, unpacked
from tests.ops.test_phrases import lower


def is_mark(character):
    return reference.count(character, "P", "S") > 0 and character not in "/\\-+@^|~"


def letter(word, at, *categories):
    return 0 <= at < len(word) and reference.count(word[at], *(categories or "L")) > 0


def stays(word, at):
    """Whether the mark is the full stop behind a single letter."""
    return word[at] == "." and letter(word, at - 1, "Lu", "Lt", "Ll") and not letter(word, at - 2)


def contracted(part):
    for at in range(1, len(part)):
        if lower(part[at:]) in CONTRACTIONS:
            return [part[:at], part[at:]]
    return [part]


def marks(characters):
    runs = []
    for character in characters:
        if runs and runs[-1][-1] == character == ".":
            runs[-1] += character
        else:
            runs.append(character)
    return runs


def parts(word):
    inside = [at for at, character in enumerate(word) if not is_mark(character)]
    if not inside:
        return marks(word)
    first, last = inside[0], inside[-1] + 1
    if last < len(word) and stays(word, last):
        last += 1
    found, part = [], ""
    for at in range(first, last):
        split = word[at] in HYPHENS + OTHERS and letter(word, at - 1, "L", "Nd") and letter(word, at + 1)
        split |= word[at] in HYPHENS and letter(word, at - 1, "Nd") and letter(word, at + 1, "Nd")
        split |= word[at] == "," and letter(word, at - 1) and letter(word, at + 1)
        split |= word[at] == "." and letter(word, at - 1, "Ll") and letter(word, at + 1, "Lu", "Lt")
        if split and first < at < last - 1:
            found += [*contracted(part), word[at]]
            part = ""
        else:
            part += word[at]
    return [*marks(word[:first]), *found, *contracted(part), *marks(word[last:])]


def taken_apart(text):
    out = ""
    for word in reference.words(text):
        place = text.index(word)
        out += text[:place] + " ".join(parts(word))
        text = text[place + len(word) :]
    return out + text


prose = st.lists(
    st.one_of(texts, st.sampled_from([*HYPHENS, *OTHERS, *CONTRACTIONS, *",aBé3.()|+.'’$", "U.S.", " ", "N'T"])),
    max_size=16,
).map("".join)


@given(st.lists(prose, max_size=4))
def test_words_are_taken_apart_as_defined(rows):
    assert unpacked(*spaced(*packed(rows))) == [taken_apart(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ('He said: "Don\'t (ask)!"', 'He said : " Do n\'t ( ask ) ! "'),
        ("it’s U.S. law, J. Smith...", "it ’s U.S. law , J. Smith ..."),
        (
            "well-known 10-12 64-bit B-52 3.5% and/or end.Next",
            "well - known 10 - 12 64 - bit B-52 3.5 % and / or end . Next",
        ),
        ("== -x- /usr/lib/ e.g. !!", "= = -x- /usr / lib/ e.g. ! !"),
        ("\n漢字。 $5 -- 'n't", "\n漢字。 $ 5 -- ' n't"),
    ],
)
def test_a_text_is_spaced_out(text, expected):
    assert unpacked(*spaced(*packed([text]))) == [expected]


def test_a_million_marks_fit():
    assert len(spaced(*packed([".," * 500_000])).data) == 1_999_999
