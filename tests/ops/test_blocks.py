"""Blocks and main content, against html.parser and plain Python."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ops import content
from curate.ops.blocks import ELEMENT, END, HOME, LINKED, PARENT, START, STOPS, WIDTH, blocks
from tests.ops.blocks_reference import Reader, main_content, width

NAMES = [
    "div",
    "p",
    "h2",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "a",
    "b",
    "span",
    "section",
    "article",
    "nav",
    "footer",
    "pre",
    "form",
    "button",
]
CLASSES = [
    "sidebar",
    "entry-content",
    "comments",
    "postBody",
    "relatedLinks",
    "adHeader",
    "x",
    "has-nav",
    "RSS",
    "readMore",
    "links",
    "socialLinks",
    "storyText",
    "tools",
    "comment-list",
    "navigation",
]
SENTENCES = (
    "The committee met on Tuesday, and adopted the report. ",
    "Die Sitzung begann am Dienstag; niemand war dagegen! ",
    "Комитет собрался во вторник, и принял доклад. ",
    "委员会星期二开会，并通过了报告。",
    "위원회는 화요일에 모여 보고서를 채택했다. ",
)
WORDS = ("Home", "Über uns", "更多", "a &lt; b", "x&nbsp;y", "&amp;", "3.5", "end.", "\n  ", "𝔘𝔫𝔦", "é", "1,2", "\t")
TEXT = st.lists(st.sampled_from((*WORDS, *SENTENCES, *SENTENCES)), max_size=4).map("".join)
ATTRIBUTES = st.sampled_from(
    ("", "", "", ' style="color: red; display:  none"', ' role="navigation"', " hidden")
) | st.lists(st.sampled_from(CLASSES), max_size=2).map(lambda names: f' class="{" ".join(names)}" data-x="a &gt; b"')


def element(inner):
    return st.builds(
        lambda name, attributes, parts: f"<{name}{attributes}>{''.join(parts)}</{name}>",
        st.sampled_from(NAMES),
        ATTRIBUTES,
        st.lists(inner, max_size=5),
    )


LEAF = TEXT | st.sampled_from(
    ("<br>", "<br><br>", '<img alt="a > b">', "<!-- <p> -->", "<script>if (a<b) '<p>'</script>")
)
PAGES = st.lists(st.recursive(LEAF, element, max_leaves=40), max_size=4).map(
    lambda parts: f"<body>{''.join(parts)}</body>"
)


def shown(page):
    text = page.text.tobytes()
    return [
        (text[b[START] : b[END]].decode(), int(b[ELEMENT]), int(b[WIDTH]), int(b[LINKED]), int(b[STOPS]))
        for b in page.blocks
    ]


@settings(max_examples=150, deadline=None)
@given(PAGES)
def test_blocks_are_those_of_a_slow_reader(markup):
    reader = Reader(markup)

    found = shown(blocks(markup.encode()))

    rows = {id(e): row for row, e in enumerate(reader.elements)}
    assert found == [(b.text, rows[id(b.home)], b.width, width(b.linked), b.stops) for b in reader.blocks]


@settings(max_examples=150, deadline=None)
@given(PAGES, st.booleans())
def test_the_main_content_is_that_of_the_rules_in_plain_python(markup, comments):
    keep = content.main_content(blocks(markup.encode()), comments=comments)

    assert (None if keep is None else [bool(k) for k in keep]) == main_content(Reader(markup), comments)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"<",
                b">",
                b"</",
                b"p",
                b"a ",
                b"script",
                b"<!--",
                b"-->",
                b"=",
                b'"',
                b"&",
                b"&lt;",
                b" ",
                b"\xff",
                b"\xc2",
                b"\0",
                b"<br>",
                b"class",
            ]
        )
    ).map(b"".join)
    | st.binary()
)
def test_no_bytes_are_read_beyond_their_end_or_do_harm(data):
    page = blocks(data)

    assert all(0 <= b[START] < b[END] <= len(page.text) for b in page.blocks)
    assert all(0 <= e[PARENT] <= row and e[HOME] <= row for row, e in enumerate(page.elements))
    keep = content.main_content(page)
    if keep is not None:
        content.written(page, keep)


@pytest.mark.parametrize(
    "markup",
    [
        b"<div>" * 100_000,
        b"<div>" * 50_000 + b"</p>" * 50_000,
        b"<script>" * 50_000,
        b"<!--" * 100_000,
        b"<p " + b"class=nav " * 50_000,
        b'<p class="' + b"nav-" * 100_000,
        b"<br>" * 100_000,
        b"&" * 100_000,
        b"<a>x" * 50_000,
    ],
)
def test_hostile_markup_takes_linear_time_and_memory(markup):
    page = blocks(markup)

    assert len(page.elements) <= markup.count(b"<") + 2
    content.main_content(page)


def test_what_names_say_is_told_at_the_beginning_of_words():
    names = ["has-nav", "mySidebar", "canavan", "postBody", "RSS", "rssFeed", "press", "adHeader", "address", "readme"]

    page = blocks("".join(f'<p class="{name}">x</p>' for name in names).encode())

    assert page.elements[1:, 2].tolist() == [1, 1, 0, 4, 1, 1, 0, 1, 0, 0]


def test_text_is_written_as_it_was_laid_out():
    markup = (
        "<h1>Head</h1><p>One<br>two<br><br>three.</p><ul><li>a</li><li>b<p>c</p></li></ul><ol><li>x</li><li>y</li></ol>"
        "<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table><pre>if a:\n  b</pre>end"
    )
    page = blocks(markup.encode())

    found = content.written(page, np.ones(len(page.blocks), np.uint8))

    assert found == ("Head\n\nOne\ntwo\n\nthree.\n\n• a\n• b\n\nc\n\n1. x\n2. y\n1\t2\n3\nif a:\n  b\nend")


def test_numbers_of_items_may_be_long():
    page = blocks(b"<ol>" + b"<li>x</li>" * 1_234 + b"</ol>")

    assert content.written(page, np.ones(1_234, np.uint8)).splitlines()[-1] == "1234. x"
