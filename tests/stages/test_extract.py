"""Markup → text: what is extracted, what is left alone, and what is too much."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import AssetError
from curate.ops.markup import depth, is_markup, without_options
from curate.stages.extract import Extract, prose, tidy, trimmed
from curate.testing import batch, edit

SENTENCE = "The committee met on Tuesday to consider the report, and after some debate it was adopted without a vote. "
PARAGRAPHS = "".join(f"<p>{SENTENCE * 3}Number {i}.</p>" for i in range(6))
MENU = "<nav><ul>" + "".join(f"<li><a href=/{i}>Item {i}</a></li>" for i in range(12)) + "</ul></nav>"
ARTICLE = (
    f"<html><head><title> A  report\n adopted </title></head><body>{MENU}"
    f"<article><h1>Report adopted</h1>{PARAGRAPHS}</article>"
    "<footer>All rights reserved</footer></body></html>"
)
STAGES = {
    "blocks": Extract(),
    "resiliparse": Extract(extractor="resiliparse"),
    "trafilatura": Extract(extractor="trafilatura"),
}


def extracted(stage, text, media="text/html"):
    edited = stage.rewrite(batch(text, media=media))
    signals = {name: pa.array(values)[0].as_py() for name, values in edited.signals.items()}
    return edited.text[0].as_py(), signals, dict(edited.errors)


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_the_article_stays_and_the_furniture_goes(stage):
    stage.prepare()

    text, signals, errors = extracted(stage, ARTICLE)

    assert (text.count(SENTENCE.strip()), "Item 3" in text, "All rights" in text, "<" in text) == (
        18,
        False,
        False,
        False,
    )
    assert signals == {"changed": True, "title": "A report adopted", "fallback": False}
    assert errors == {}


@pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
def test_all_visible_text_is_there_when_asked_for(stage):
    text = edit(stage.model_copy(update={"main_content": False}), ARTICLE, media="text/html")

    assert "Item 3" in text
    assert "All rights reserved" in text
    assert text.count(SENTENCE.strip()) == 18


@pytest.mark.parametrize("text", ["a < b and <b>bold</b>", "<html><p>x", " spaces  \n\n\n\nkept ", "", "nul\0"])
@pytest.mark.parametrize("media", ["text/plain", "text/markdown"])
def test_plain_text_passes_untouched_whatever_it_looks_like(text, media):
    found = extracted(Extract(), text, media)

    assert found == (text, {"changed": False, "title": None, "fallback": False}, {})


def test_markup_of_no_declared_type_is_told_by_its_looks():
    found = [edit(Extract(), text, media=None) for text in ("<p>Hello <b>you</b></p>", "Hello <b>you</b>")]

    assert found == ["Hello you", "Hello <b>you</b>"]


def test_an_article_that_the_extractor_takes_for_furniture_is_found_in_the_body():
    page = f"<html><body><div class='sidebar'>{PARAGRAPHS}</div><p>Short.</p></body></html>"

    strict, strict_signals, _ = extracted(Extract(fallback=0, trim=False), page)
    text, signals, _ = extracted(Extract(), page)

    assert SENTENCE.strip() in text
    assert signals["fallback"] is True or strict_signals["fallback"] is False
    assert prose(text) >= prose(strict)


def test_short_lines_around_the_prose_are_cut_but_a_few():
    menu = [f"Item {i}" for i in range(20)]
    text = "\n".join([*menu, SENTENCE * 5, "A list:", SENTENCE, *menu])

    found = trimmed(text)

    assert found == "\n".join([*menu[-5:], SENTENCE * 5, "A list:", SENTENCE, menu[0]])


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(["short", "lines", "only"] * 20),
        "\n".join([SENTENCE, *(f"code line {i} = {i}" for i in range(40))]),
        SENTENCE,
        "",
    ],
)
def test_what_is_not_mostly_prose_is_never_cut(text):
    assert trimmed(text) == text


def test_text_is_tidied():
    found = tidy("\n\n a \t\nb\0\r\n\n\n\nc\xa0\n\n")

    assert found == " a\nb\n\nc"


def test_choices_are_followed():
    body = PARAGRAPHS.replace("Number 2", '<a href="http://x/y">Number</a> 2 <img alt="a picture">')
    page = f"<html><body><article>{body}</article></body></html>"

    plain = edit(Extract(), page, media="text/html")
    rich = edit(Extract(links=True, alt_texts=True), page, media="text/html")

    assert ("http://x/y" in plain, "a picture" in plain) == (False, False)
    assert ("http://x/y" in rich, "a picture" in rich) == (True, True)


@pytest.mark.parametrize(
    ("name", "markup"),
    [
        ("max_depth", "<div>" * 100_000 + "x"),
        ("max_depth", "<div>" * 100_000 + "x" + "</div>" * 100_000),
        ("max_depth", "<b>x" * 3_000),
        ("max_depth", "<div><!</div>" * 3_000),
        ("max_depth", "<div><select></div></select>" * 3_000),
        ("max_depth", "<div><table></div></table>" * 3_000),
        ("max_depth", "<svg>" + "<g><![CDATA[</g>]]>" * 3_000),
        ("max_depth", "<svg><script>" + "<g>" * 3_000),
        ("max_depth", "<div><script><!--<script></div></script></div></div>--></script>" * 3_000),
        ("max_depth", "<div><textarea></div></textarea>" * 3_000),
        ("max_elements", "".join(f"<div><b a={i}>x</div>" for i in range(4_000))),
        ("max_elements", "<b><b><b><i><i><i><u><u><u>" + "<p>x" * 700_000),
        ("max_depth", "".join(f"<b a={i}><table><td></b></table>" for i in range(4_000))),
        ("max_depth", "<div></x>" * 3_000),
        ("max_depth", '<div a="</div>">' * 3_000),
        ("max_depth", '<div ">' * 3_000),
        ("max_depth", "<DIV\n>" * 3_000),
        ("max_depth", "<div><!-- </div> -->" * 3_000),
        ("max_depth", "<div><script></div></script>" * 3_000),
        ("max_attributes", "<div " + " ".join(f"a{i}=1" for i in range(100_000)) + ">x</div>"),
        ("max_attributes", "<div " + " ".join(f"a{i}='<'" for i in range(100_000)) + ">x</div>"),
        ("max_attributes", "".join(f"<html a{i}=1>" for i in range(50_000))),
    ],
)
def test_markup_that_costs_too_much_is_an_error_with_its_reason(name, markup):
    text, _, errors = extracted(Extract(), markup)

    assert errors[0][0] == name
    assert text == markup


@pytest.mark.parametrize(
    "markup",
    [
        "<p>hello" * 20_000,
        "<ul>" + "<li>hello" * 20_000,
        "<table>" + "<tr><td>x" * 20_000,
        "<div><span>x</div>" * 20_000,
        "<br>x" * 20_000,
        "<script>" * 20_000,
        "<!--" * 20_000,
        "<" * 50_000,
        "</div>" * 20_000,
        '<a b="' * 4_000,
        "<select>" + "<option>x" * 100_000,
        "&amp;" * 50_000,
        " " * 100_000 + "<p>x",
        "<pre>" + "\n" * 100_000 + "x</pre>",
    ],
)
def test_long_and_flat_or_broken_markup_is_no_error(markup):
    _, signals, errors = extracted(Extract(), "<html>" + markup)

    assert errors == {}
    assert signals["changed"] is True


def test_depth_is_counted_to_the_element():
    markup = "<body>" + "<div><p>x<br></p><script>'</div>'</script><!-- </div> -->" * 50 + "</div>" * 50 + "</body>"

    found = [extracted(Extract(max_depth=limit), "<html>" + markup)[2] != {} for limit in (51, 52)]

    assert depth(markup) == 52
    assert found == [True, False]


@pytest.mark.parametrize(
    "markup",
    [
        "<p>" + "".join(f'<i class="icon-{i}"></i> ' for i in range(3_000)),
        "<table>" + "".join(f"<tr><td><font color={i}>x</td></tr>" for i in range(3_000)),
        "<svg>" + '<path d="M0 0"/>' * 5_000 + "</svg>",
        "<p><font size=1>x" * 3_000,
    ],
)
def test_large_pages_as_people_write_them_are_no_error(markup):
    _, _, errors = extracted(Extract(), "<html>" + markup)

    assert errors == {}


def test_menus_are_taken_out_of_the_parsers_way_only_where_they_are_endless():
    few, many = "<option value=1>a</option>", "<OPTION value=1>a</option>" * 6_000

    assert without_options(few) == few
    assert without_options(many) == "<wbr value=1>a</wbr>" * 6_000


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<",
                ">",
                "</",
                "div",
                "p",
                "!--",
                "-->",
                "script",
                "'",
                '"',
                "=",
                " ",
                "x",
                "&#0;",
                "\ufffd",
                "é",
                "<![CDATA[",
                "\0",
            ]
        )
    ).map("".join)
)
def test_no_markup_raises(markup):
    edited = Extract().rewrite(batch(markup, "<html>" + markup, media="text/html"))

    assert len(edited.text) == 2
    assert all(
        "\0" not in text
        for row, text in enumerate(edited.text.to_pylist())
        if row not in edited.errors and text != markup
    )


def test_rows_do_not_depend_on_their_batch():
    texts = [ARTICLE, "plain <b>", "<html>" + PARAGRAPHS, "<div>" * 5_000]
    media = ["text/html", "text/plain", None, "text/html"]
    stage = Extract()

    whole = stage.rewrite(batch(*texts, media=media))
    alone = [stage.rewrite(batch(text, media=[kind])) for text, kind in zip(texts, media, strict=True)]

    assert whole.text.to_pylist() == [one.text[0].as_py() for one in alone]
    assert sorted(whole.errors) == [3]


def test_a_nulls_text_stays_empty():
    edited = Extract().rewrite(batch(None, media="text/html"))

    assert edited.text.to_pylist() == [""]


def test_precision_is_trafilaturas_to_favour():
    prose = [f"<p>{'A paragraph of prose as people write it, number ' + n + ' of its kind. ' * 6}</p>" for n in "123"]
    page = f"<html><body><article>{prose[0]}<header><p>By one who was there.</p></header>{''.join(prose[1:])}</article>"
    plain, precise = (
        Extract(extractor="trafilatura", favour_precision=favour, trim=False).page(page).text
        for favour in (False, True)
    )

    assert "By one who was there." in plain
    assert "By one who was there." not in precise
    assert "number 3" in precise
    with pytest.raises(AssetError, match="favour_precision needs"):
        Extract(favour_precision=True).prepare()


def test_the_choice_of_extractor_and_its_version_are_identity():
    found = {name: sorted(stage.identity()["packages"]) for name, stage in STAGES.items()}

    assert found == {
        "blocks": ["resiliparse"],
        "resiliparse": ["resiliparse"],
        "trafilatura": ["resiliparse", "trafilatura"],
    }


@pytest.mark.parametrize(
    "text", ["<html><p>x", "<!DOCTYPE html>", "<?xml version='1.0'?><html>", "<div>x</div>", "\n<!-- c --><p>x</p>"]
)
def test_markup_is_told(text):
    assert is_markup(text)


@pytest.mark.parametrize(
    "text", ["", "x", "a <html> tag", "<- arrow", "<p> is a tag", "<user@example.org>", "if a < b: <html>"]
)
def test_text_about_markup_is_text(text):
    assert not is_markup(text)


def test_an_extractor_that_is_not_there_is_an_asset_error(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "trafilatura", None)

    with pytest.raises(AssetError, match="extract: trafilatura cannot be used"):
        Extract(extractor="trafilatura").prepare()
