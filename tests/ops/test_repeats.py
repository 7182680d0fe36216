"""Repeated lines and paragraphs."""

import re

from hypothesis import given

from curate.ops.repeats import repeats
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed


def repeated(pieces):
    again = [piece for i, piece in enumerate(pieces) if piece in pieces[:i]]
    return len(pieces), len(again), sum(map(len, again))


def paragraphs(text):
    return [piece for piece in re.split("\n{2,}", reference.strip(text)) if reference.strip(piece)]


@given(batches)
def test_repeated_lines_are_those_that_occurred_before(rows):
    measured = repeats(*packed(rows), paragraphs=False)

    assert list(zip(*(column.tolist() for column in measured), strict=True)) == [
        repeated(reference.lines(row)) for row in rows
    ]


@given(batches)
def test_repeated_paragraphs_are_those_that_occurred_before(rows):
    measured = repeats(*packed(rows), paragraphs=True)

    assert list(zip(*(column.tolist() for column in measured), strict=True)) == [
        repeated(paragraphs(row)) for row in rows
    ]


@given(batches)
def test_blank_lines_and_paragraphs_count_on_request(rows):
    lines = repeats(*packed(rows), paragraphs=False, blank=True)
    blocks = repeats(*packed(rows), paragraphs=True, blank=True)

    for row, counted in zip(rows, zip(*lines, strict=True), strict=True):
        assert tuple(counted) == repeated(re.split("\n+", row))
    for row, counted in zip(rows, zip(*blocks, strict=True), strict=True):
        assert tuple(counted) == repeated(re.split("\n{2,}", reference.strip(row)))


def test_blank_lines_are_neither_lines_nor_repetitions():
    measured = repeats(*packed(["one\n\n\n \n\ntwo\n\n"]), paragraphs=False)

    assert (measured.total[0], measured.repeated[0]) == (2, 0)


def test_a_line_written_a_hundred_thousand_times_is_one_line_repeated():
    measured = repeats(*packed(["again\n" * 100_000]), paragraphs=False)

    assert (measured.total[0], measured.repeated[0], measured.characters[0]) == (100_000, 99_999, 499_995)
