"""Names of groups of people are no evidence of a language: texts are told without them."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import lexicons
from curate.models.nameless import LEAST, nameless
from curate.stages.language import Language
from curate.testing import signals

WORDS = (
    "Latinos",
    "Roma people",
    "gay",
    "Muslim women",
    "man",
    "the",
    "white house",
    "bread",
    "(",
    "흑인",
    "é",
    "日本",
)


def without(text):
    return nameless(pa.array([text], pa.string()), short=False)[0].as_py()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("A user added Asian noodles to favorites.", "A user added noodles to favorites."),
        ("Muslims bake their bread at home.", "bake their bread at home."),
        ("Some bread was baked by gay people", "Some bread was baked by "),
        ("The word (Latinos) stands in brackets.", "The word () stands in brackets."),
        ("The white house, a man and her own son.", "The white house, a man and her own son."),
        ("Many people met the Roma people there.", "Many people met the there."),
        ("Los Latinos comen pan todos los días.", "Los comen pan todos los días."),
        ("She and he baked their own bread.", "She and he baked their own bread."),
    ],
)
def test_names_of_groups_go_and_other_words_stay(text, left):
    assert without(text) == left


@pytest.mark.parametrize("text", ["Latino", "Muslims and Jews", "", "Die Juden.", "Koreans: 123,456,789,000,000"])
def test_a_text_that_is_hardly_more_than_names_keeps_them(text):
    assert without(text) == text


def test_whatever_group_is_put_in_the_text_is_the_same():
    names = lexicons.read("swaps.toml")["en"]
    told = {
        (axis, group): {without(f"We met the {name} who bake bread.") for name in forms}
        for axis, groups in names.items()
        for group, forms in groups.items()
    }

    assert {key for key, texts in told.items() if texts != {"We met the who bake bread."}} == {
        ("gender", "men"),
        ("social_class", "poor"),
        ("social_class", "rich"),
        ("disability", "disabled"),
    }


def test_the_language_of_a_sentence_does_not_hang_on_whom_it_names():
    stage = Language()
    names = ("Asian", "Latino", "Arab", "Romani", "Nigerian", "Sikh")

    told = [signals(stage, f'A user liked: "{name} Pasta Salad Recipe".') for name in names]

    assert told == [told[0]] * len(names)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), min_size=1, max_size=5))
def test_a_text_is_the_same_in_any_batch_and_never_emptied(texts):
    whole = nameless(pa.array(texts, pa.string()), short=False).to_pylist()

    assert whole == [without(text) for text in texts]
    assert all(sum(map(str.isalpha, left)) >= LEAST for text, left in zip(texts, whole, strict=True) if left != text)


def test_lists_of_names_are_part_of_the_stages_key():
    assert {"lexicons/identity/en/*.toml", "lexicons/peoples/en.toml"} <= Language().identity()["data"].keys()
