import io

import pytest
from rich.console import Console

from curate.reports.inspect import Broken, broken, documents, dropped_document

RECIPE = {
    "stage": [
        {"use": "language", "name": "language", "label": ["en"], "score": {"min": 0.65, "max": "none"}},
        {"use": "gopher", "name": "gopher", "words": {"min": 50.0, "max": 100_000.0}, "stop_words": {"min": 2.0}},
    ]
}
ROW = {
    "id": "web.tar/12.html#3",
    "url": "https://example.org/a",
    "source": "web.tar",
    "date": None,
    "place": "raw-00001#7",
    "reason": "gopher.words.min",
    "text": "Home | About\n\n\n\tContact",
    "language": {"label": "en", "score": 0.91, "broken": 0},
    "gopher": {"words": 38, "stop_words": 1, "letters_ratio": 0.83219999, "broken": 5},
    "tokens": 1_200,
}


def drawn(renderable, width=100, **options):
    sink = io.StringIO()
    Console(file=sink, width=width, **options).print(renderable)
    return sink.getvalue()


def test_a_document_is_shown_with_all_that_condemned_it():
    shown = [line.rstrip() for line in drawn(dropped_document(ROW, RECIPE)).splitlines()]

    assert shown == [
        "web.tar/12.html#3  gopher: words < 50",
        "  https://example.org/a · place raw-00001#7 · source web.tar · 1 200 tokens",
        "  words 38 < 50  stop_words 1 < 2  letters_ratio 0.8322",
        "    Home | About",
        "        Contact",
        "",
    ]


def test_a_quarantined_record_is_shown_with_its_error():
    row = {
        "id": None,
        "place": "a.warc.gz@1234",
        "stage": "ingest",
        "reason": "ingest.truncated",
        "error": "ended in mid-stream",
        "bytes": 80_000,
        "text": None,
    }

    shown = [line.rstrip() for line in drawn(dropped_document(row)).splitlines()]

    assert shown == [
        "a.warc.gz@1234  ingest: truncated",
        "  place a.warc.gz@1234 · 80 000 bytes",
        "  ended in mid-stream",
        "",
    ]


@pytest.mark.parametrize(
    ("signals", "found"),
    [
        ({"words": 50, "stop_words": 2}, []),
        ({"words": 100_001, "stop_words": 2}, [Broken("words", 100_001, "> 100 000")]),
        ({"words": None, "stop_words": 1.5}, [Broken("stop_words", 1.5, "< 2")]),
        (None, []),
        ("no struct", []),
    ],
)
def test_limits_are_inclusive_and_a_null_breaks_none(signals, found):
    assert list(broken({"gopher": signals}, RECIPE, "gopher")) == found


def test_a_label_outside_its_set_is_broken():
    assert [str(one) for one in broken({"language": {"label": "de", "score": 0.9}}, RECIPE, "language")] == [
        "label de not in en"
    ]


@pytest.mark.parametrize(
    "attack",
    [
        "\x1b[2J\x1b[H",
        "\x1b]8;;http://evil\x07click",
        "\x9b31m",
        "\r\rgone",
        "\u202egnp",
        "\x00",
        "[bold red]x[/]",
        ":boom:",
        "\x08\x08",
    ],
)
def test_no_text_drives_the_terminal(attack):
    row = {key: value + attack if isinstance(value, str) else value for key, value in ROW.items()}
    row |= {"error": attack, f"mine{attack}": {f"skew{attack}": attack}, "reason": f"mine{attack}.{attack}"}

    shown = drawn(dropped_document(row, RECIPE), 120)

    assert not set(shown) & set("\x1b\x9b\x07\x08\r\x00\u202e")
    assert all(piece in shown for piece in ("[bold red]x[/]", ":boom:") if piece == attack)


@pytest.mark.parametrize(
    ("text", "lines"), [("\n".join("abcdefghijklmnopqrstuvwxyz"), 12), ("word " * 9_000, 7), ("\n" * 500, 1), ("", 1)]
)
def test_an_excerpt_is_bounded_in_characters_and_lines(text, lines):
    before = len(drawn(dropped_document({**ROW, "text": None}, RECIPE)).splitlines())

    shown = drawn(dropped_document({**ROW, "text": text}, RECIPE)).splitlines()

    assert len(shown) - before in {lines, lines + 1}


def test_documents_stand_one_below_the_other():
    shown = drawn(documents([ROW, {**ROW, "id": "second"}], RECIPE))

    assert [line.split()[0] for line in shown.splitlines() if "gopher:" in line] == ["web.tar/12.html#3", "second"]
