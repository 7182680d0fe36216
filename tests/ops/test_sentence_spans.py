"""Pieces of texts, against their definition character by character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import unicode
from curate.ops.sentence_spans import CLOSING, spans
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed, texts


def is_mark(character):
    return bool(unicode.classes()[ord(character)] & unicode.TERMINAL)


def cased(character):
    return bool(unicode.classes()[ord(character)] & (unicode.UPPER | unicode.LOWER))


def closed(text, at):
    """Behind a mark and what follows it of its kind, and whether it needs no white space."""
    wide = False
    while at < len(text) and (is_mark(text[at]) or ord(text[at]) in CLOSING or reference.is_joiner(text[at])):
        wide = wide or (is_mark(text[at]) and not text[at].isascii() and text[at] != "…")
        at += 1
    return at, wide


def sentence_end(text, at):
    start = at
    while at < len(text):
        if text[at] == "\n":
            return at
        initial = text[at] == "." and at > start and cased(text[at - 1])
        initial = initial and not (at - 1 > start and reference.is_letter(text[at - 2]))
        if is_mark(text[at]) and not initial:
            stop, wide = closed(text, at)
            if wide or stop == len(text) or reference.is_space(text[stop]):
                return stop
            at = stop
        else:
            at += 1
    return len(text)


def cuts(sentence, longest):
    """The parts of a sentence that are short enough."""
    while sentence := lstrip(sentence):
        if len(sentence.encode()) <= longest:
            yield sentence
            return
        size = next(n for n in range(len(sentence), 0, -1) if len(sentence[:n].encode()) <= longest)
        gap = sentence.rfind(" ", 0, size + 1)
        at = gap if gap > 0 else size
        yield sentence[:at]
        sentence = sentence[at:]


def lstrip(text):
    while text and reference.is_space(text[0]):
        text = text[1:]
    return text


def rstrip(text):
    return text[0] + text[1:].rstrip(" \t\r")


def pieces(text, longest):
    while text := lstrip(text):
        end = sentence_end(text, 0)
        yield from map(rstrip, cuts(text[:end], longest))
        text = text[end:]


def found(rows, **options):
    made = [[] for _ in rows]
    for row, start, stop in zip(*spans(*packed(rows), **options), strict=True):
        made[row].append(rows[row].encode()[start:stop].decode())
    return made


marked = st.lists(
    st.one_of(
        texts, st.sampled_from(["a", "AB", "é", "3", ".", "..", "?", "!", '"', ")", " ", "\n", "。", "漢", "。」", "।"])
    ),
    max_size=25,
).map("".join)


@given(st.one_of(batches, st.lists(marked, max_size=4)), st.sampled_from([4, 9, 40, 400]))
def test_pieces_are_what_stands_between_ends_of_sentences(rows, longest):
    assert found(rows, longest=longest) == [list(pieces(row, longest)) for row in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n\t", []),
        ("one", ["one"]),
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ('He said "Go." Then he went.', ['He said "Go."', "Then he went."]),
        ("J. Smith of the U.S. army", ["J. Smith of the U.S. army"]),
        ("It costs 3.50 at example.com today.", ["It costs 3.50 at example.com today."]),
        ("今日は雨。「明日」は晴れ。", ["今日は雨。", "「明日」は晴れ。"]),
        ("क्या? हाँ। ठीक है।", ["क्या?", "हाँ।", "ठीक है।"]),
        ("ماذا؟ نعم.", ["ماذا؟", "نعم."]),
        ("비가 온다. 눈이 온다.", ["비가 온다.", "눈이 온다."]),
        ("line \r\nline", ["line", "line"]),
    ],
)
def test_a_text_has_these_pieces(text, expected):
    assert found([text]) == [expected]


def test_a_long_sentence_is_cut_at_white_space_and_a_long_word_between_code_points():
    assert found(["ab cd ef", "漢漢漢漢"], longest=7) == [["ab cd", "ef"], ["漢漢", "漢漢"]]


def test_a_bound_below_a_code_point_is_refused():
    with pytest.raises(ValueError, match="longest"):
        spans(*packed(["x"]), longest=3)


def test_a_million_marks_take_no_time_to_speak_of():
    assert len(spans(*packed(["?." * 500_000 + " x"])).rows) == 2501
