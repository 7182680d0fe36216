"""What reads as Korean, and what does not."""

import unicodedata

import pytest

from curate.stages.korean import Korean
from curate.testing import verdict
from tests.stages.test_gopher import signals

PROSE = (
    "한국어의 조사는 체언 뒤에 붙어서 그 말과 다른 말의 관계를 나타낸다. 예를 들면 주격 조사는 앞의 말이 문장의 주어임을 "
    "보이고, 목적격 조사는 목적어임을 보인다. 어미는 용언의 어간에 붙어 문장을 끝맺거나 다른 문장과 이어 준다."
)
MIXED = "韓國의 言語는 漢字와 한글을 섞어 쓰기도 한다. KBS에서 방송한 내용을 2024년에 「국어(國語)의 역사」로 엮었다."
NAMES = "김철수 박영희 최민수 정은경 한지민 장동건 송강호 김윤석 배두나 황정민 유해진 조승우 하정우 류승룡 공효진"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (PROSE, None),
        (unicodedata.normalize("NFD", PROSE), None),
        (MIXED, None),
        (PROSE.replace(" ", "\u3000"), None),
        (PROSE.encode().decode("cp949", errors="replace"), "korean.rare_syllable_ratio.max"),
        (PROSE.replace(" ", ""), "korean.eojeol_length.max"),
        (" ".join(PROSE.replace(" ", "")), "korean.eojeol_length.min"),
        (PROSE + " ㅋㅋㅋ ㅠㅠ ㅇㅇ", "korean.jamo_ratio.max"),
        (PROSE + " ﾻﾻﾻﾻ", "korean.jamo_ratio.max"),
        (PROSE.replace("의", "ㆍ"), None),
        (NAMES, "korean.ending_ratio.min"),
        ("This page is about the Korean language 한국어를 and says little in it.", "korean.hangul_ratio.min"),
        ("가a나b를 다x라y는 마漢바漢를 " + PROSE[:40], "korean.glued_ratio.max"),
        ("", "korean.hangul_ratio.min"),
    ],
)
def test_korean_prose_stays_and_what_is_none_goes(text, reason):
    assert verdict(Korean(), text) == reason


def test_endings_are_told_with_punctuation_behind_them():
    measured = signals(Korean(), "“나는” (학교에서), 책을! 읽는다. 그 사람 Kim")

    assert measured["ending_ratio"] == 4 / 5
    assert measured["single_syllable_ratio"] == 1 / 6


def test_a_recipe_brings_its_own_endings():
    assert signals(Korean(endings="람"), "그 사람 저 사람 내 책상")["ending_ratio"] == 2 / 3


@pytest.mark.parametrize("endings", ["", "는a", "ㄴ"])
def test_what_is_no_syllable_cannot_be_an_ending(endings):
    with pytest.raises(ValueError, match="composed Hangul"):
        Korean(endings=endings)
