"""Paragraphs that stand in several documents."""

import pytest

from curate.stages.lines import Paragraphs
from tests.conftest import document
from tests.stages.test_lines import cut

LICENCE = "Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software."


def test_the_second_document_that_holds_a_paragraph_loses_it():
    texts = [f"{document(1)}\n\n{LICENCE}", f"{LICENCE}\n\n{document(2)}", f"{document(3)}\n\n{LICENCE}\n\nMore."]

    assert cut(Paragraphs(keep="first"), texts) == [[texts[0], document(2), f"{document(3)}\n\nMore."]]


@pytest.mark.parametrize("copy", [LICENCE.replace("\n", " "), LICENCE.replace("\n", "\r\n"), LICENCE.upper()])
def test_where_its_lines_break_does_not_matter(copy):
    assert cut(Paragraphs(keep="first"), [f"{LICENCE}\n\none"], [f"two\n \n{copy}"]) == [[f"{LICENCE}\n\none"], ["two"]]


def test_a_line_of_a_paragraph_is_no_paragraph():
    texts = [LICENCE, LICENCE.split("\n", maxsplit=1)[0], f"{LICENCE}\nAnd more."]

    assert cut(Paragraphs(min_words=1), texts) == [texts]


def test_short_paragraphs_are_left_alone():
    texts = ["A paragraph of nine words is not ever cut.\n\none", "A paragraph of nine words is not ever cut.\n\ntwo"]

    assert cut(Paragraphs(), texts) == [texts]
    assert cut(Paragraphs(min_words=9, keep="first"), texts) == [[texts[0], "two"]]


def test_the_longest_document_keeps_a_paragraph_by_default():
    texts = [LICENCE, f"{LICENCE}\n\n{document(1)}"]

    assert cut(Paragraphs(), texts) == [["", texts[1]]]
