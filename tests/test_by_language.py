"""One filter, as many sets of rules as there are languages: what recipes may say, and what becomes of it."""

import tomllib

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from curate import Options, run
from curate.errors import RecipeError, UsageError
from curate.explanation import explained
from curate.recipe import Recipe, key_of
from curate.stage import Range
from curate.stages.gopher import Gopher
from curate.stages.language import Language
from curate.stages.url import Url
from curate.testing import batch, verdict
from tests.conftest import build, document, write_jsonl

HEAD = 'name = "r"\n[[stage]]\nuse = "language"\n[[stage]]\nuse = "gopher"\nwords = { min = 50, max = 900 }\n'
KOREAN = "한국어 문장은 띄어쓰기를 합니다. 그리고 조사가 낱말의 뒤에 붙습니다. " * 4


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def recipe(folder, text, settings=()):
    return Recipe.load(write(folder / "r.toml", text), settings)


def in_language(label, *texts):
    return {"language": [{"label": label, "score": 0.9}] * max(1, len(texts))}


def test_a_document_is_judged_by_its_language_and_others_by_the_stage_itself():
    stage = Gopher(stop_words="off", by_language={"ko": {"words": {"min": 5}}, "ja": {"words": {"max": 60}}})

    assert verdict(stage, "one two three four five six", **in_language("ko")) is None
    assert verdict(stage, "one two three four five six", **in_language("en")) == "gopher.words.min"
    assert verdict(stage, "one two three four", **in_language("ja")) == "gopher.words.min"


def test_a_partly_written_range_keeps_the_stage_s_other_bound_and_off_lifts_both():
    stage = Gopher(words={"min": 7, "max": 99}, by_language={"ko": {"words": {"max": 50}}, "ja": {"words": "off"}})

    assert stage.variants["ko"].words == Range(min=7, max=50)
    assert stage.variants["ja"].words == Range()


def test_a_language_may_be_measured_otherwise():
    korean = {"stop_list": ["-는", "-은", "-이", "-을"], "stop_words": {"min": 1}}
    stage = Gopher(words="off", by_language={"ko": korean})

    assert verdict(stage, KOREAN, **in_language("ko")) is None
    assert verdict(stage, KOREAN, **in_language("en")) == "gopher.stop_words.min"
    assert list(stage.measuring) == ["ko"]


def test_the_language_stage_judges_its_own_labels_by_their_own_scores():
    text = "Das ist ein ganz gewöhnlicher deutscher Satz über das Wetter."
    label = Language().column(batch(text)).field("label")[0].as_py()

    assert verdict(Language(by_language={label: {"score": {"max": 0.0}}}), text) == "language.score.max"
    assert verdict(Language(by_language={"ko": {"score": {"max": 0.0}}}), text) is None


def test_all_spellings_of_a_label_are_one(tmp_path):
    keys = set()
    for label in ("ko", "kor", "kor_Hang"):
        loaded = recipe(tmp_path, f"{HEAD}[stage.by_language.{label}]\nwords = {{ min = 9 }}\n")
        assert list(loaded.stages[1].by_language) == ["ko"]
        keys.add(key_of(loaded.identities(loaded.stages)))

    assert len(keys) == 1


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("[stage.by_language.ko]\nword = 1", "unknown key 'word' in by_language.ko; did you mean 'words'?"),
        (
            "[stage.by_language.ko]\nwords = { mim = 1 }",
            "unknown key 'mim' in by_language.ko.words; did you mean 'min'?",
        ),
        ("[stage.by_language.ko]\nwords = { min = 1000 }", "by_language.ko.words: min 1000 is above max 900"),
        ("[stage.by_language.ko]\nact = 'flag'", "ko: act is the same for all languages"),
        ("[stage.by_language.ko]\nname = 'other'", "ko: name is the same for all languages"),
        ("[stage.by_language]\nko = 3", "by_language.ko: Input should be a valid dictionary"),
        ("[stage.by_language.ko]\nbullets = 'aa'", "by_language.ko.bullets: 'aa' names a character twice"),
        ("[stage.by_language.ko]\n[stage.by_language.kor]", "'ko' and 'kor' are one language"),
        ("[stage.by_language.korean]\nwords = 'off'", "'korean' is no language's label"),
        (
            "by_language = 'none.toml'",
            "stage 'gopher': by_language = 'none.toml': no such file; known are fineweb2-languages.toml",
        ),
        ("by_language = 'r.toml'", "by_language = 'r.toml': no table for stage 'gopher'"),
        ("by_language = 'bad.toml'", "not TOML"),
        ("by_language = 'gofer.toml'", "ko.gofer: no such stage; did you mean 'gopher'?"),
        ("by_language = 'flat.toml'", "ko.gopher: write a table of the stage's fields"),
        ("by_language = 3", "by_language: Input should be a valid dictionary"),
    ],
)
def test_what_cannot_hold_is_refused_in_one_line(tmp_path, table, message):
    write(tmp_path / "bad.toml", "[ko")
    write(tmp_path / "gofer.toml", "[ko.gofer]\nwords = 'off'")
    write(tmp_path / "flat.toml", "[ko]\ngopher = 3")

    with pytest.raises(RecipeError) as error:
        recipe(tmp_path, HEAD + table)

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_stage_made_in_python_is_checked_as_one_in_a_recipe():
    with pytest.raises(ValidationError, match=r"by_language\.ko\.words"):
        Gopher(by_language={"ko": {"words": {"min": "many"}}})


def test_who_judges_by_language_needs_a_stage_that_names_it():
    tables = {"ko": {"words": {"min": 5}}}

    with pytest.raises(RecipeError, match="no stage before it names languages"):
        build({"use": "gopher", "by_language": tables}, {"use": "language"})
    with pytest.raises(RecipeError, match="can change its rules alone"):
        build({"use": "language", "by_language": {"ko": {"window": 9}}})


LANGUAGES = """
source = "measured by hand"
[kor_Hang.gopher]
words = { min = 5 }
[kor_Hang.language]
score = { min = 0.25 }
[de.repetition]
top_2_gram_ratio = "off"
"""


def test_a_languages_file_gives_each_stage_its_table_by_name_or_use(tmp_path):
    write(tmp_path / "languages.toml", f"{LANGUAGES}[de.second]\nwords = {{ min = 8 }}\n")
    named = 'by_language = "languages.toml"\n'
    text = f'name = "r"\n[[stage]]\nuse = "language"\n{named}[[stage]]\nuse = "gopher"\n{named}'

    loaded = recipe(tmp_path, f'{text}[[stage]]\nuse = "gopher"\nname = "second"\n{named}')

    language, first, second = loaded.stages
    assert language.by_language == {"ko": {"score": {"min": 0.25}}}
    assert first.by_language == {"ko": {"words": {"min": 5}}}
    assert second.by_language == {"de": {"words": {"min": 8}}, "ko": {"words": {"min": 5}}}


def test_a_languages_file_that_comes_with_sluice_goes_by_its_name_and_one_beside_the_recipe_before_it(tmp_path):
    text = f'{HEAD}by_language = "fineweb2-languages.toml"\n'

    assert len(recipe(tmp_path, text).stages[1].by_language) == 100
    write(tmp_path / "fineweb2-languages.toml", LANGUAGES)
    assert list(recipe(tmp_path, text).stages[1].by_language) == ["ko"]


def test_a_setting_may_name_a_languages_file(tmp_path):
    loaded = recipe(tmp_path, HEAD, ["language.by_language=fineweb2-languages.toml"])

    assert loaded.stages[0].by_language["ko"] == {"score": {"min": 0.842}}
    with pytest.raises(RecipeError, match="--set: stage 'language': by_language = 'no': no such file"):
        recipe(tmp_path, HEAD, ["language.by_language=no"])


def test_a_recipe_that_extends_another_changes_one_language_and_a_setting_one_bound(tmp_path):
    write(tmp_path / "languages.toml", LANGUAGES)
    write(tmp_path / "base.toml", f'{HEAD}by_language = "languages.toml"\n')
    child = (
        'name = "c"\nextends = "base.toml"\n[[stage]]\nuse = "gopher"\n[stage.by_language.kor]\nstop_words = "off"\n'
    )

    loaded = recipe(tmp_path, child, ["gopher.by_language.ko.words.min=6"])

    assert loaded.stages[1].by_language == {"ko": {"words": {"min": 6}, "stop_words": "off"}}


def test_the_content_of_a_languages_file_enters_the_key_and_its_place_does_not(tmp_path):
    keys = []
    for name, words in (("a.toml", 5), ("b.toml", 5), ("c.toml", 6)):
        write(tmp_path / name, f"[ko.gopher]\nwords = {{ min = {words} }}\n")
        loaded = recipe(tmp_path, f'{HEAD}by_language = "{name}"\n')
        keys.append(key_of(loaded.identities(loaded.stages)))

    assert keys[0] == keys[1] != keys[2]


def test_a_file_of_a_language_is_an_asset_like_any_other(tmp_path):
    block = write(tmp_path / "block.txt", "one.example\n")
    text = 'name = "r"\n[[stage]]\nuse = "language"\n[[stage]]\nuse = "url"\nname = "block"\n'
    loaded = recipe(tmp_path, f'{text}[stage.by_language.ko]\ndomains = "block.txt"\n')

    assert loaded.stages[1].assets() == {"by_language.ko.domains[0]": block}
    assert loaded.table(portable=True)["stage"][1]["by_language"] == {"ko": {"domains": "block.txt"}}
    before = key_of(loaded.identities(loaded.stages))
    write(block, "two.example\n")
    assert key_of(loaded.identities(loaded.stages)) != before
    assert isinstance(loaded.stages[1], Url)


def test_a_recipe_with_languages_survives_being_written_out(tmp_path):
    loaded = recipe(tmp_path, f"{HEAD}[stage.by_language.ko]\nwords = {{ min = 9 }}\nstop_list = ['이']\n")

    again = Recipe.build(loaded.table())

    assert again.table() == loaded.table()
    assert again.identities(again.stages) == loaded.identities(loaded.stages)


def test_explain_names_the_languages_and_shows_the_recipe_of_one(tmp_path):
    loaded = recipe(
        tmp_path, f"{HEAD}[stage.by_language.ko]\nwords = {{ min = 9 }}\n[stage.by_language.ja]\nwords='off'"
    )

    told, korean = explained(loaded), tomllib.loads(explained(loaded, "kor_Hang"))

    assert "# gopher: 2 languages have words of their own: ja, ko" in told.splitlines()
    assert tomllib.loads(told)["stage"][1]["words"] == {"min": 50, "max": 900}
    assert korean["stage"][1]["words"] == {"min": 9, "max": 900}
    assert "by_language" not in korean["stage"][1]
    with pytest.raises(UsageError, match="no stage has fields for 'de'; known are ja, ko"):
        explained(loaded, "de")


def test_a_run_by_language_leaves_the_same_bytes_for_any_number_of_workers(tmp_path):
    korean = "\n".join(f"{i} 번째 문장에는 서로 다른 낱말이 {i * 7} 개 들어 있습니다." for i in range(30))
    source = write_jsonl(tmp_path / "in.jsonl", [text for i in range(20) for text in (document(i), f"{korean} {i}")])
    made = build(
        {"use": "language"},
        {"use": "exact"},
        {"use": "gopher", "stop_words": "off", "by_language": {"ko": {"words": {"min": 10_000}}}},
        ingest={"shard_bytes": 8_000},
    )

    for workers in (1, 2):
        run(made, [source], tmp_path / str(workers), options=Options(workers=workers))

    dropped = pq.read_table(tmp_path / "1" / "dropped" / "gopher")
    assert dropped["reason"].to_pylist() == ["gopher.words.min"] * 20
    assert {row["label"] for row in dropped["language"].to_pylist()} == {"ko"}
    digests = [(tmp_path / str(workers) / "manifest.json").read_bytes() for workers in (1, 2)]
    assert digests[0] == digests[1]


def test_a_setting_may_spell_a_label_in_any_scheme_and_take_all_tables_back():
    for label in ("ko", "kor_Hang", "__label__kor"):
        recipe = Recipe.load("fineweb2", [f"repetition.by_language.{label}.top_2_gram_ratio.max=0.5"])
        (stage,) = (one for one in recipe.stages if one.name == "repetition")
        assert stage.variants["ko"].top_2_gram_ratio.max == 0.5
        assert len(stage.by_language) > 90

    recipe = Recipe.load("fineweb2", ["repetition.by_language=off"])
    assert [len(one.by_language) for one in recipe.stages if one.name == "repetition"] == [0]
