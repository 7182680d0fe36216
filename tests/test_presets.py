"""Presets keep what they kept: golden counts on 200 documents, each kind of which one source's rules were made for."""

import re

import pytest

from curate import Options, run
from curate.recipe import Recipe
from tests import multilingual
from tests.conftest import document, write_jsonl
from tests.tiny_models import settings

MENU = "HOME NEWS ABOUT US\nSIGN IN OR REGISTER\nALL OF OUR PARTNERS\n3 likes\nRead more..."


def pages():
    """150 pages of prose, and ten each of copies, code, placeholders, menus in prose, and lines without an end."""
    prose = [document(i) for i in range(150)]
    code = [f"{document(200 + i)}\nThe function is: void f() {{ return {i}; }} and so on." for i in range(10)]
    filler = [f"{document(300 + i)}\nLorem ipsum dolor sit amet, number {i}." for i in range(10)]
    menus = [f"{MENU}\n{document(400 + i)}" for i in range(10)]
    unended = [document(500 + i).replace(".", "") for i in range(10)]
    return [*prose, *prose[:10], *code, *filler, *menus, *unended]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("presets") / "pages.jsonl", pages())


CODE_AND_FILLER = {"c4.curly_brackets.max": 10, "c4.lorem_ipsum.max": 10}
GOLDEN = {
    "gopher": {"exact.duplicate": 10},
    "c4": {"c4_lines.empty": 10, **CODE_AND_FILLER, "exact.duplicate": 10},
    "fineweb": {
        **CODE_AND_FILLER,
        "repetition.duplicate_5_gram_ratio.max": 1,
        "c4.sentences.min": 2,
        "fineweb.line_punct_ratio.min": 8,
        "minhash.duplicate": 10,
    },
    "dclm-baseline": {"word_removal.removed_word_ratio.max": 10, "minhash.duplicate": 10, "quality.score.min": 162},
    "ccnet": {"exact.duplicate": 10},
    "dolma": {"c4_lines.empty": 10, "exact.duplicate": 10},
    "refinedweb": {"word_removal.removed_word_ratio.max": 10, "minhash.duplicate": 10},
}
"""Reason → documents. FineWeb has two ways to lose what has no full stops; C4's own is to leave no line of it."""


@pytest.mark.parametrize("name", GOLDEN)
def test_a_preset_drops_what_its_source_would(name, source, tmp_path):
    recipe = Recipe.load(name, ["tokens.vocabulary=1024", *settings(name)])

    report = run(recipe, [source], tmp_path / "out", options=Options(workers=1)).report

    dropped = {reason: books.documents for stage in report.stages for reason, books in stage.dropped.items()}
    assert dropped == GOLDEN[name]
    assert report.output.documents == 200 - sum(GOLDEN[name].values())


def pages_in_many_languages():
    """24 of prose in each of seven languages, and for each of some rules pages that one language has them for."""
    prose = [multilingual.document(language, i) for language in multilingual.WORDS for i in range(24)]
    unended = [multilingual.document(language, 100 + i).replace(".", "") for language in ("de", "fr") for i in range(6)]
    glued = [without_spaces(multilingual.document("ko", 200 + i)) for i in range(5)]
    bare = [without_function_words(multilingual.document("es", 300 + i)) for i in range(5)]
    counted = [numbered(multilingual.document("ru", 400 + i)) for i in range(5)]
    return [*prose, *prose[::40], *unended, *glued, *bare, *counted]


def without_function_words(text):
    words = multilingual.WORDS["es"].split()
    small = re.compile(rf"\b({'|'.join(words[:13])})\b", re.IGNORECASE)
    return small.sub(lambda found: words[13 + found.start() % 20], text)


def numbered(text):
    """A number behind every other word, as in tables."""
    words = text.split(" ")
    return " ".join(f"{word} {1900 + place}" if place % 2 else word for place, word in enumerate(words))


def without_spaces(text):
    """Three words in one, which Korean has not and German might."""
    words = text.split(" ")
    return " ".join("".join(words[place : place + 3]) for place in range(0, len(words), 3))


def test_fineweb2_judges_each_language_by_its_own_rules(tmp_path):
    source = write_jsonl(tmp_path / "pages.jsonl", pages_in_many_languages())

    found = run(
        Recipe.load("fineweb2", ["tokens.vocabulary=1024"]), [source], tmp_path / "out", options=Options(workers=1)
    ).report

    dropped = {reason: books.documents for stage in found.stages for reason, books in stage.dropped.items()}
    assert dropped == {
        "minhash.duplicate": 5,
        "fineweb.line_punct_ratio.min": 6,
        "gopher.mean_word_length.max": 5,
        "gopher.alpha_word_ratio.min": 5,
        "gopher.stop_words.min": 5,
    }
    kept = {label: books.documents for label, books in found.language_out.items()}
    assert kept == {"de": 30, "fr": 24, "es": 24, "ru": 24, "ko": 24, "zh": 24, "ja": 24}
