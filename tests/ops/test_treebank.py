"""Words with their punctuation taken off, against a second implementation with regular expressions."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import text, treebank, unicode
from curate.ops.treebank import spaced
from curate.ops.treebank_rules import exceptions, units
from tests.ops import treebank_reference as reference
from tests.ops.kernel_texts import packed, texts, unpacked


def taken_apart(row):
    runs = re.split(r"(\s+)", row)
    return "".join(run if run.isspace() else " ".join(reference.apart(run)) for run in runs)


PIECES = [
    *exceptions(english=True),
    *units(),
    *"'’\"“”.,;:!?()[]{}<>-–—~+*^=/\\@#$%&_|°§…1290aBsSéßИж漢한",
    *(
        "..",
        "...",
        "--",
        "---",
        "——",
        "……",
        "US$",
        "'s",
        "’S",
        "http://",
        "www.",
        ".com",
        ".Uk",
        ":80",
        "8.8.8.8",
        "10.0.0.1",
    ),
    *("x@y.zz", "/path", "?q=1", "😀", "©", "ab", "Ab", "AB", "5", "10", "12am", " ", "\n", "\x1c", "\u00a0"),
]
runs = st.lists(st.one_of(st.sampled_from(PIECES), texts), max_size=9).map("".join)


@given(st.lists(runs, max_size=4))
def test_words_are_taken_apart_as_defined(rows):
    assert unpacked(*spaced(*packed(rows))) == [taken_apart(row) for row in rows]


@given(
    st.lists(st.sampled_from([*"''\"():;-_.,/<>=[]|8DPo0^*", "n't", "Mr", "°C", "3", "Co"]), max_size=14).map("".join)
)
def test_exceptions_that_were_taken_apart_are_found_again(run):
    assert unpacked(*spaced(*packed([run]))) == [" ".join(reference.apart(run))]


addresses = st.lists(
    st.sampled_from(
        [*".:/?#@-_+1a", "a.b", "com", "www", "http://", "ftp:", "8.8.8.8", "192.168.0.1", "172.20.1.1", ":8080", "é"]
    ),
    max_size=10,
).map("".join)


@given(addresses)
def test_addresses_stay_whole_as_defined(run):
    assert unpacked(*spaced(*packed([run]))) == [" ".join(reference.apart(run))]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("", ""),
        ('He said: "Don\'t (ask)!"', 'He said : " Do n\'t ( ask ) ! "'),
        ("it’s U.S. law, J. Smith...", "it ’s U.S. law , J. Smith ..."),
        ("well-known 10-12 64-bit B-52 3.5%", "well - known 10 - 12 64 - bit B-52 3.5 %"),
        ("and/or end.Next either/or", "and/or end . Next either / or"),
        ("Dr. Who vs. St. John at 10am for 500g.", "Dr. Who vs. St. John at 10 am for 500 g."),
        ("It weighs 5kg, costs US$5 or 5€", "It weighs 5 kg , costs US$ 5 or 5 €"),
        ("cannot gonna well its dont :-) :)x", "can not gon na well its do nt :-) :) x"),
        ("Mr.Smith a:)", "Mr. Smith a :)"),
        (
            "see http://a.com/b-c,d (www.x.org) me@y.de 8.8.8.8/a-b",
            "see http://a.com/b-c,d ( www.x.org ) me@y.de 8.8.8.8/a-b",
        ),
        ("10.0.0.1/a-b 1.2.3/a-b", "10.0.0.1 / a - b 1.2.3 / a - b"),
        ("C++ and c++ -the- /usr/lib/ e.g. !!", "C++ and c++ -the- /usr / lib/ e.g. ! !"),
        ("漢字。 'n't", "漢字 。 ' n't"),
    ],
)
def test_a_text_is_spaced_out(row, expected):
    assert unpacked(*spaced(*packed([row]))) == [expected]


@pytest.mark.parametrize("mark", [".,", ":)", "'", "a.", "@a", "1-", "(", "$"])
def test_a_million_marks_take_no_time_to_speak_of(mark):
    assert len(spaced(*packed([mark * 300_000])).data) >= 300_000 * len(mark)


def test_words_are_read_as_datatrove_reads_them():
    counted = text.words(*spaced(*packed(["漢字 • ‘ １ $ \x1c\x01"])), treebank.classes())

    assert (counted.total[0], counted.plain[0], counted.plain_characters[0]) == (6, 3, 4)


def test_other_languages_have_no_exceptions_of_english():
    text = "im don't 10am :-) 5kg, Mr.Smith 漢字。"

    assert unpacked(*spaced(*packed([text]))) == ["i m do n't 10 am :-) 5 kg , Mr. Smith 漢字 。"]
    assert unpacked(*spaced(*packed([text]), english=False)) == ["im don't 10am :-) 5 kg , Mr . Smith 漢字 。"]


@pytest.mark.parametrize(("reading", "words"), [(False, 3), (True, 5), ("en", 5)])
def test_a_text_is_read_in_one_of_three_ways(reading, words):
    assert text.words(*treebank.read(*packed(["It's it, 漢字"]), reading)).total.tolist() == [words]


def test_lines_may_end_in_what_ends_them_for_fineweb():
    known = treebank.classes()

    assert all(known[ord(mark)] & unicode.TERMINAL for mark in ".!?។。؞")
    assert not any(known[ord(mark)] & unicode.TERMINAL for mark in "…:;,\"'")
