"""Sentences, against their definition by what stands around each mark."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import unicode
from curate.ops.sentences import sentences
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import packed, texts


def attached(character):
    """Punctuation, and what is written onto other characters."""
    return reference.count(character, "P") > 0 or reference.is_joiner(character)


def is_letter(text, at):
    return 0 <= at < len(text) and reference.is_letter(text[at])


def category(line, at):
    return unicodedata.category(line[at]) if 0 <= at < len(line) else "Zs"


def ends_a_sentence(line, at):
    mark = line[at]
    if not unicode.classes()[ord(mark)] & unicode.TERMINAL or mark == "…":
        return False
    if not mark.isascii():
        return True
    if mark == ".":
        if "." in line[at - 1 : at] + line[at + 1 : at + 2]:
            return False
        if category(line, at - 1) in ("Lu", "Lt", "Ll") and not is_letter(line, at - 2):
            return False
        if category(line, at - 1) == "Ll" and category(line, at + 1) in ("Lu", "Lt"):
            return True
    rest = line[at + 1 :]
    while rest and attached(rest[0]):
        rest = rest[1:]
    return not rest or reference.is_space(rest[0])


def counted(text):
    total = 0
    for line in text.split("\n"):
        starts = 0
        ended = False
        for at, character in enumerate(line):
            ended = ended or ends_a_sentence(line, at)
            if not reference.is_space(character) and (not starts or (ended and not attached(character))):
                starts += 1
                ended = ends_a_sentence(line, at)
        total += starts
    return total


prose = st.lists(
    st.one_of(texts, st.sampled_from(["a", "B", "AB", "é", "3", ".", "..", "?", "!", '"', ")", " ", "\n", "。", "漢"])),
    max_size=25,
).map("".join)


@given(st.lists(prose, max_size=4))
def test_sentences_are_counted_by_what_stands_around_each_mark(rows):
    assert sentences(*packed(rows)).tolist() == [counted(row) for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        (" \n\t", 0),
        ("No end", 1),
        ("One. Two! Three?", 3),
        ('He said "Go." Then he went.', 2),
        ("J. Smith of the U.S. army, i.e. at 5 p.m. of it", 1),
        ("그런 것. 저런 것.", 2),
        ("It costs 3.50 at example.com today.", 1),
        ("Wait... what?! Yes…", 2),
        ("One.Two", 2),
        ("Line\nline", 2),
        ("今日は雨。明日は晴れ。", 2),
        ("비가 온다. 눈이 온다.", 2),
        ("क्या? हाँ। ठीक है।", 3),
        ("- . - ", 1),
    ],
)
def test_a_text_has_so_many_sentences(text, expected):
    assert sentences(*packed([text])).tolist() == [expected]


def test_a_million_marks_take_no_time_to_speak_of():
    assert sentences(*packed(["?." * 500_000 + " x"])).tolist() == [2]
