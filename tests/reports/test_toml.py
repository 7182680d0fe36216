import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.reports.toml import toml

text = st.text(max_size=20)
scalars = st.one_of(text, st.booleans(), st.integers(-(2**62), 2**62), st.floats(allow_nan=False))
values = st.one_of(scalars, st.lists(scalars, max_size=3), st.dictionaries(text, scalars, min_size=1, max_size=3))
blocks = st.dictionaries(text, values, min_size=1, max_size=4)
tables = st.dictionaries(text, st.one_of(values, st.lists(blocks, min_size=1, max_size=3)), max_size=4)


@given(tables)
def test_a_table_reads_back_as_it_was(table):
    assert tomllib.loads(toml(table)) == table


def test_a_recipe_reads_as_a_person_would_write_it():
    recipe = {
        "name": "web",
        "tokens": {"vocabulary": 32_768, "tokenizer": None},
        "stage": [{"use": "gopher", "words": {"min": 50.0}}],
    }

    assert (
        toml(recipe)
        == 'name = "web"\n\n[tokens]\nvocabulary = 32_768\n\n[[stage]]\nuse = "gopher"\nwords = { min = 50.0 }\n'
    )


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x7f", "\u202e", "\U000e0041"])
def test_what_cannot_be_seen_is_escaped_and_reads_back(character):
    written = toml({"name": character})

    assert character not in written
    assert tomllib.loads(written) == {"name": character}


def test_a_lone_surrogate_becomes_a_replacement_character():
    assert tomllib.loads(toml({"name": "\ud800"})) == {"name": "\ufffd"}
