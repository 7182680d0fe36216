"""Counts of characters, words and lines, against their plain definitions."""

import numpy as np
import pytest
from hypothesis import given

from curate.ops import marks, text
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed


@given(batches)
def test_characters_are_counted_by_class(rows):
    counted = text.characters(*packed(rows))

    assert counted.total.tolist() == [len(row) for row in rows]
    assert counted.spaces.tolist() == [sum(map(reference.is_space, row)) for row in rows]
    assert counted.letters.tolist() == [sum(map(reference.is_letter, row)) for row in rows]
    assert counted.upper.tolist() == [reference.count(row, "Lu", "Lt") for row in rows]
    assert counted.digits.tolist() == [reference.count(row, "Nd") for row in rows]
    assert counted.punctuation.tolist() == [reference.count(row, "P") for row in rows]
    assert counted.symbols.tolist() == [reference.count(row, "S") for row in rows]


@given(batches)
def test_words_are_those_of_the_reference(rows):
    counted = text.words(*packed(rows))
    words = [reference.words(row) for row in rows]
    plain = [[word for word in found if reference.is_plain(word)] for found in words]

    assert counted.total.tolist() == [len(found) for found in words]
    assert counted.plain.tolist() == [len(found) for found in plain]
    assert counted.plain_characters.tolist() == [sum(map(reference.length, found)) for found in plain]
    assert counted.alphabetic.tolist() == [
        sum(any(map(reference.is_letter, word)) for word in found) for found in words
    ]


@given(batches)
def test_lines_are_counted_by_how_they_begin_and_end(rows):
    counted = text.lines(*packed(rows), bullets="•-")
    lines = [[reference.strip(line) for line in reference.lines(row)] for row in rows]

    assert counted.total.tolist() == [len(found) for found in lines]
    assert counted.bullets.tolist() == [sum(line.startswith(("•", "-")) for line in found) for found in lines]
    assert counted.ellipses.tolist() == [sum(line.endswith(("...", "…")) for line in found) for found in lines]


@given(batches)
def test_hashes_and_ellipses_are_counted_as_strings(rows):
    counted = marks.marks(*packed(rows))

    assert counted.hashes.tolist() == [row.count("#") for row in rows]
    assert counted.ellipses.tolist() == [row.count("...") + row.count("…") for row in rows]


@given(batches)
def test_a_text_counts_the_same_in_whatever_batch_it_comes(rows):
    together = text.words(*packed(rows))
    alone = [text.words(*packed([row], before="")) for row in rows]

    assert together.total.tolist() == [counted.total[0] for counted in alone]


@pytest.mark.parametrize(
    ("line", "terminal"), [("End.", 1), ("End. ", 1), ("終。", 1), ("क्या?", 1), ("No end", 0), ("¿", 0), ("", 0)]
)
def test_a_line_that_ends_a_sentence_is_terminal(line, terminal):
    counted = text.lines(*packed([line]))

    assert counted.terminal.tolist() == [terminal]


def test_bytes_that_are_not_utf8_neither_crash_nor_hang():
    data = np.frombuffer(b"a\xff b\xe2\x80 \xf0\x9f c\xc3", np.uint8)
    offsets = np.array([0, len(data)], np.int32)

    counted = text.words(offsets, data)

    assert 1 <= counted.total[0] <= 4
    assert counted.plain_characters[0] <= len(data)


def test_a_word_of_a_million_letters_is_one_word():
    counted = text.words(*packed(["x" * 1_000_000]))

    assert (counted.total[0], counted.plain_characters[0]) == (1, 1_000_000)
