import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from curate.reports import hostile

anything = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred", "␛[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\x00b\x7f", "a␀b␡"),
        ("two\nlines\tand\r", "two␊lines␉and␍"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066isolate", "\\u2066isolate"),
        ("\ud800", "\\ud800"),
        ("\U000e0041tag", "\\U000e0041tag"),
        ("\ufeffbom", "\\ufeffbom"),
        ("نامه\u200cها", "نامه\u200cها"),
        ("👩\u200d💻", "👩\u200d💻"),
        ("한국어 中文", "한국어 中文"),
        ("e" + "\u0301" * 50, "e" + "\u0301" * 4),
    ],
)
def test_what_steers_or_hides_is_shown_and_letters_stay(text, shown):
    assert hostile.visible(text) == shown


@given(anything)
def test_no_text_brings_a_control_a_format_or_a_surrogate_through(text):
    bad = {c for c in hostile.visible(text) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}

    assert bad <= set(hostile.JOINERS)


@given(anything)
def test_what_is_visible_stays_as_it_is(text):
    once = hostile.visible(text)

    assert hostile.visible(once) == once


@given(anything, st.integers(4, 40))
def test_a_short_line_fits_its_cells(text, cells):
    assert cell_len(hostile.short(text * 3, cells)) <= cells


@pytest.mark.parametrize(
    ("cells", "shown"), [(30, "source-with-a-long-name.tar"), (16, "source-wit…e.tar"), (4, "so…r")]
)
def test_a_long_name_loses_its_middle(cells, shown):
    assert hostile.short("source-with-a-long-name.tar", cells) == shown


def test_a_name_of_a_megabyte_is_shortened_like_any_other():
    assert hostile.short("a" * 10**6 + "z", 10) == "aaaaaa…aaz"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("stop_words < 2", "stop_words &lt; 2"),
        ("*bold* _soft_ `code`", "\\*bold\\* \\_soft\\_ \\`code\\`"),
        ("a|b", "a\\|b"),
        ("[x](javascript:alert(1))", "\\[x\\](javascript:alert(1))"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("http://evil.example www.evil.example", "http\\://evil.example www\\.evil.example"),
        ("# not a heading\n- nor a list", "\\# not a heading␊- nor a list"),
        ("- item", "\\- item"),
        ("\\|", "\\\\\\|"),
        ("$x$ ~~y~~", "\\$x\\$ \\~\\~y\\~\\~"),
    ],
)
def test_markdown_means_itself(text, shown):
    assert hostile.markdown(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"), [("plain", "`plain`"), ("a`b``c", "``` a`b``c ```"), ("a|b\nc", "`a\\|b␊c`"), ("", "` `")]
)
def test_code_holds_backticks_and_pipes(text, shown):
    assert hostile.code(text) == shown


@given(anything)
def test_a_quoted_scalar_is_one_line_that_reads_back(text):
    quoted = hostile.quoted(text)

    assert (json.loads(quoted), "\n" in quoted) == (hostile.visible(text), False)
