import io

import pytest
from rich.console import Console

from curate.reports.side_by_side import MOST_CHANGES, MOST_WORDS, side_by_side


def row(gone, stayed, **fields):
    kept = {"id": "a#1", "url": None, "text": stayed, "where": "documents"}
    return {"id": "b#2", "reason": "minhash.duplicate", "text": gone, "stayed": kept, "similarity": 0.9, **fields}


def drawn(row, coloured=False, **options):
    sink = io.StringIO()
    Console(file=sink, width=100, **options).print(side_by_side(row, coloured=coloured))
    return sink.getvalue()


def lines(row):
    return [line.rstrip() for line in drawn(row).splitlines()]


def test_differences_are_marked_where_there_is_no_colour():
    assert lines(row("the old mill", "the new mill, still")) == [
        "b#2  minhash: duplicate",
        "  stayed: a#1 · documents",
        "    the [-old-] {+new+} mill{+, still+}",
        "",
    ]


def test_and_are_red_and_green_where_there_is():
    shown = drawn(row("the old mill", "the new mill"), coloured=True, force_terminal=True, color_system="standard")

    assert "\x1b[9;31mold\x1b[0m \x1b[32mnew\x1b[0m" in shown
    assert "[-" not in shown


def test_long_stretches_are_folded_to_their_ends():
    alike, gone = " ".join(f"w{i}" for i in range(300)), " ".join(f"g{i}" for i in range(500))

    shown = " ".join(" ".join(lines(row(f"{alike} {gone} {alike}", f"{alike} stayed {alike}"))).split())

    assert "w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 … 280 words alike … w290" in shown
    assert "g29 … 440 words … g470" in shown
    assert shown.endswith("w9 … 290 words alike …")


def test_lines_stay_lines():
    assert lines(row("one\n\ntwo three", "one\n\ntwo four"))[2:4] == ["    one", "    two [-three-] {+four+}"]


@pytest.mark.parametrize("text", ["\x1b[31mred", "\u202ereversed", "\x9b31m", "a\r\x00b", "[bold]x[/bold]"])
def test_hostile_text_is_shown_and_not_obeyed(text):
    shown = drawn(row(f"one {text} two", f"one two {text * 3}", stage=text))

    assert not set(shown) & set("\x1b\u202e\x9b\r\x00")
    assert "one" in shown
    assert ("bold" in shown) == ("bold" in text)


def test_piles_of_marks_and_endless_words_are_cut():
    shown = drawn(row("a" + "\u0301" * 500 + " " + "x" * 100_000, "a"))

    assert shown.count("\u0301") <= 4
    assert shown.count("x") < 70


def test_a_great_many_differences_are_counted():
    one = " ".join(f"same{i} gone{i}" for i in range(1000))
    other = " ".join(f"same{i} stayed{i}" for i in range(1000))

    assert f"… {2000 - MOST_CHANGES:,} more differences".replace(",", " ") in drawn(row(one, other)).replace(
        "\u202f", " "
    ).replace("\u00a0", " ")


def test_of_endless_texts_the_beginning_is_compared():
    text = " ".join(f"w{i}" for i in range(MOST_WORDS + 5))

    shown = " ".join(drawn(row(text, text)).split())

    assert f"w9 … {MOST_WORDS - 20:,} words alike …".replace(",", " ") in shown
    assert "words were compared" in shown


def test_a_document_that_stayed_elsewhere_is_named():
    missing = {"id": "a#1", "url": None, "text": None, "where": None}

    shown = drawn(row("the text", None) | {"stayed": missing})

    assert "stayed: a#1, which is not in this folder" in shown
    assert "the text" in shown


def test_texts_that_were_not_kept_are_told():
    kept = {"id": "a#1", "url": "https://example.org/", "text": None, "where": "dropped/length"}

    assert "stayed: a#1 · dropped/length · https://example.org/ · its text was not kept" in drawn(
        row("the text", None) | {"stayed": kept}
    )


def test_what_is_no_copy_is_shown_by_how_it_begins():
    assert "the text" in drawn({"id": "b#2", "reason": "gopher.words.min", "text": "the text"})
