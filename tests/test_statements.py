import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.lexicons import statements as words
from curate.statements import GROUP, PLACED, PLURAL, find

FORMS = {GROUP: "group", PLURAL: "plural", PLACED: "place"}


def read(text, *languages):
    """Per sentence its language and (words, form, groups) of every mention."""
    found = find(pa.array([text]), languages or words.LANGUAGES)
    made = []
    for i, sentence in enumerate(found.texts.to_pylist()):
        data = sentence.encode()
        mentions = [
            (
                data[found.lexemes.starts[k] : found.lexemes.stops[k]].decode(),
                FORMS[found.forms[k]],
                [found.groups[group] for lexeme, group in found.owners.T if lexeme == k],
            )
            for k in range(found.lexemes.first[i], found.lexemes.first[i + 1])
            if found.forms[k]
        ]
        made.append((words.LANGUAGES[found.languages[i]], mentions))
    return made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Americans sing.", [("en", [("Americans", "plural", ["nationality.american"])])]),
        ("An American sings.", [("en", [("American", "group", ["nationality.american"])])]),
        ("The Chinese are here.", [("en", [("Chinese", "plural", ["nationality.chinese"])])]),
        ("Chinese people sing.", [("en", [("Chinese people", "plural", ["nationality.chinese"])])]),
        (
            "African\u00a0American women sing.",
            [("en", [("African\u00a0American women", "plural", ["gender.women", "race.black"])])],
        ),
        ("In New Zealand they sing.", [("en", [("New Zealand", "place", [])])]),
        ("They sing. He is here.\nNobody", []),
        ("French fries", []),
        ("", []),
        ("Los campechanos son así.", [("es", [("campechanos", "plural", [])])]),
        ("هذا الأمريكي هنا", [("ar", [("الأمريكي", "group", [])])]),
        ("한국인들은 여기 있다.", [("ko", [("한국인들은", "group", ["nationality.korean"])])]),
    ],
)
def test_sentences_that_name_a_group_are_found_with_their_mentions(text, expected):
    assert read(text) == expected


def test_a_text_is_read_in_its_own_language_where_it_is_known():
    assert read("mon son", "fr") == []
    assert read("my son", "en") == [("en", [("son", "group", ["gender.men"])])]


def test_where_nobody_told_the_language_it_is_that_of_most_words():
    assert [language for language, _ in read("The son is here. Los españoles son así.")] == ["en", "es"]
    assert [mentions for _, mentions in read("Los españoles son así")] == [[("españoles", "plural", [])]]


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_every_language_has_words_for_every_role_that_rules_and_model_need(language):
    found = words.roles((language,))

    for role in ("people", "copula", "negation", "quantifier", "particular", "positive", "negative", "neutral"):
        assert (found.bits & words.bit(role)).any(), role
    assert words.groups((language,)).kinds.any()


TEXTS = st.text() | st.lists(
    st.sampled_from(
        ["Americans", "are", "lazy", ".", "black", "women", "한국인은", "\n", "New Zealand", "🙂", '"', "son", "à"]
    )
).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(0, 5))
def test_any_text_is_read_alike_in_any_batch(texts, cut):
    whole = find(pa.array(texts), words.LANGUAGES)
    parts = [find(pa.array(part, pa.string()), words.LANGUAGES) for part in (texts[:cut], texts[cut:])]

    for name in ("forms", "roles", "widths", "traits", "languages", "starts"):
        assert np.concatenate([getattr(part, name) for part in parts]).tolist() == getattr(whole, name).tolist()
    for row, start, sentence in zip(whole.rows, whole.starts, whole.texts.to_pylist(), strict=True):
        assert texts[row].encode()[start:].startswith(sentence.encode())
    split = whole.lexemes
    assert (split.starts < split.stops).all()
    assert split.first[-1] == len(split.starts) == len(whole.forms) == split.hashes.shape[1]
    assert ((whole.forms == 0) | (whole.roles == 0)).all()
