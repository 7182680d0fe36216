"""Sentences by spaCy's rules, against the rules over words taken apart by the reference."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.treebank_rules import facts
from curate.ops.treebank_sentences import treebank_sentences
from tests.ops import treebank_reference as reference
from tests.ops.kernel_texts import packed, texts

ENDS = facts()["sentences"]["ends"].split()


def words(line):
    """The words of a line, more white space than a space behind a word among them."""
    found = []
    for run in re.findall(r"\s+|\S+", line.strip()):
        found += reference.apart(run) if not run.isspace() else [run.removeprefix(" ")]
    return [word for word in found if word]


def counted(line):
    sentences, ended = 0, True
    for word in words(line):
        punctuation = all(unicodedata.category(character)[0] == "P" for character in word)
        if ended and (not punctuation or not sentences):
            sentences, ended = sentences + 1, False
        ended = ended or word in ENDS
    return sentences


prose = st.lists(
    st.one_of(
        texts,
        st.sampled_from(
            ["a", "B", "St.", "U.S.", "é", "3", ".", "..", "?", "!", '"', ")", " ", "  ", "\t", "\n", "。"]
        ),
    ),
    max_size=20,
).map("".join)


@given(st.lists(prose, max_size=4))
def test_sentences_are_counted_by_words(rows):
    assert treebank_sentences(*packed(rows)).tolist() == [sum(map(counted, row.split("\n"))) for row in rows]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("", 0),
        (" \n\t", 0),
        ("No end", 1),
        ("One. Two! Three?", 3),
        ('He said "Go." Then he went.', 2),
        ("Dr. J. Smith of St. Paul vs. the U.S. army at 5 p.m. of it", 1),
        ("Wait... what?! Yes…", 2),
        ("One.Two", 2),
        ("Line\nline", 2),
        ('He goes.  "', 2),
        ('He goes. "', 1),
        ("क्या? हाँ। ठीक है।", 3),
    ],
)
def test_a_text_has_so_many_sentences(row, expected):
    assert treebank_sentences(*packed([row])).tolist() == [expected]
