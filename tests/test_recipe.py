import pytest

from curate.errors import AssetError, RecipeError
from curate.recipe import Recipe
from curate.recipe_file import find
from curate.stage import Range
from curate.stages import STAGES, stage_class
from tests.conftest import build

SHIPPED = sorted(path.stem for path in find("web-en").parent.glob("*.toml") if "[[stage]]" in path.read_text())


def write(path, text):
    path.write_text(text, "utf-8")
    return path


BASE = """
name = "base"
[[stage]]
use = "gopher"
words = { min = 10 }
[[stage]]
use = "exact"
"""


def test_a_misspelt_key_names_recipe_stage_key_and_the_nearest_right_name(tmp_path):
    recipe = write(tmp_path / "r.toml", 'name = "r"\n[[stage]]\nuse = "gopher"\nword = { min = 10 }\n')

    with pytest.raises(RecipeError) as error:
        Recipe.load(recipe)

    assert str(error.value) == f"{recipe}: stage 1 (gopher): unknown key 'word'; did you mean 'words'?"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "not TOML"),
        ('name = "r"\n[[stage]]\nuse = "gofer"', "unknown stage 'gofer'; did you mean 'gopher'?"),
        (
            'name = "r"\n[[stage]]\nuse = "gopher"\nwords = { mim = 1 }',
            "unknown key 'mim' in words; did you mean 'min'?",
        ),
        ('name = "r"\n[[stage]]\nuse = "gopher"\nwords = { min = 5, max = 1 }', "words: min 5 is above max 1"),
        ('name = "r"\n[[stage]]\nuse = "gopher"\nact = "erase"', "act:"),
        ('name = "r"\nsead = 1', "unknown key 'sead'; did you mean 'seed'?"),
        ('name = "r"\n[guard]\ngopher = { max_drop = 0.5 }', "guard names no stage: 'gopher'"),
        ('name = "r"\n[[stage]]\nuse = "gopher"\n[[stage]]\nuse = "gopher"', "stands there twice"),
        ('name = "r"\n[[stage]]\nwords = 1', "every stage says what to `use`"),
        ('name = "r"\n[tokens]\nvocabulary = 1000', "tokens.vocabulary"),
        ('name = "r"\nextends = "nothing.toml"', "no such recipe"),
        ('name = "r"\n[[stage]]\nuse = "no.such.module:Thing"', "cannot be loaded"),
        ('name = "r"\n[[stage]]\nuse = "bias"\nact = "drop"', "flag"),
    ],
)
def test_a_recipe_that_cannot_be_run_says_why_in_one_line(tmp_path, text, message):
    with pytest.raises(RecipeError) as error:
        Recipe.load(write(tmp_path / "r.toml", text))

    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_stage_of_a_known_name_merges_its_fields_in_place(tmp_path):
    write(tmp_path / "base.toml", BASE)
    child = write(
        tmp_path / "child.toml",
        'name = "child"\nextends = "base.toml"\n[[stage]]\nuse = "gopher"\nwords = { max = 99 }\n'
        '[[stage]]\nuse = "repetition"\nafter = "gopher"\n',
    )

    recipe = Recipe.load(child)

    assert [stage.name for stage in recipe.stages] == ["gopher", "repetition", "exact"]
    assert recipe.stages[0].words == Range(min=10, max=99)


def test_remove_takes_stages_out_and_knows_what_there_was(tmp_path):
    write(tmp_path / "base.toml", BASE)
    child = write(tmp_path / "child.toml", 'name = "child"\nextends = "base.toml"\nremove = ["exact"]')
    wrong = write(tmp_path / "wrong.toml", 'name = "wrong"\nextends = "base.toml"\nremove = ["exakt"]')

    assert [stage.name for stage in Recipe.load(child).stages] == ["gopher"]
    with pytest.raises(RecipeError, match="did you mean 'exact'"):
        Recipe.load(wrong)


def test_recipes_that_extend_each_other_are_refused(tmp_path):
    write(tmp_path / "a.toml", 'name = "a"\nextends = "b.toml"')
    write(tmp_path / "b.toml", 'name = "b"\nextends = "a.toml"')

    with pytest.raises(RecipeError, match="in turn"):
        Recipe.load(tmp_path / "a.toml")


def test_paths_in_a_recipe_are_relative_to_the_recipe(tmp_path):
    (tmp_path / "lists").mkdir()
    recipe = write(tmp_path / "r.toml", 'name = "r"\n[[stage]]\nuse = "language"\nmodel = "lists/lid.bin"\n')

    loaded = Recipe.load(recipe)

    assert loaded.stages[0].assets() == {"model": tmp_path / "lists" / "lid.bin"}
    with pytest.raises(AssetError, match="no such file"):
        loaded.prepare()


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("gopher.words.min=30", Range(min=30, max=100_000)),
        ("gopher.words.max=none", Range(min=10)),
        ("gopher.words=off", Range()),
    ],
)
def test_a_setting_changes_one_bound(tmp_path, setting, expected):
    recipe = Recipe.load(write(tmp_path / "r.toml", BASE), [setting])

    assert recipe.stages[0].words == expected


def test_a_setting_calls_a_stage_of_ones_own_by_its_name(tmp_path):
    own = 'name = "r"\n[[stage]]\nuse = "tests.audit.crooked:Crooked"\n'

    recipe = Recipe.load(write(tmp_path / "r.toml", own), ["crooked.muslims.max=3"])

    assert recipe.stages[0].muslims == Range(max=3)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("gopher.words.min=true", "words.min: a bound is a number, not true"),
        ("audit.documents=true", "audit.documents: Input should be a valid integer"),
        ("audit.documents=99999999999999999999", "audit.documents: Input should be less than or equal to"),
        ("audit.documents=-1", "audit.documents: Input should be greater than or equal to 0"),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_in_one_line(tmp_path, setting, told):
    with pytest.raises(RecipeError, match=told) as error:
        Recipe.load(write(tmp_path / "r.toml", BASE), [setting])

    assert len(str(error.value).splitlines()) == 1


def test_a_setting_of_nothing_known_is_refused_with_the_nearest_name(tmp_path):
    with pytest.raises(RecipeError, match="did you mean 'gopher'"):
        Recipe.load(write(tmp_path / "r.toml", BASE), ["gofer.words.min=30"])


def test_barriers_cut_a_recipe_into_segments_and_neighbours_share_one():
    recipe = build({"use": "gopher"}, {"use": "exact"}, {"use": "minhash"}, {"use": "repetition"})

    cut = [([s.name for s in part.stages], [b.name for b in part.barriers]) for part in recipe.segments]

    assert cut == [(["gopher"], ["exact", "minhash"]), (["repetition"], [])]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_recipe_survives_being_written_out(name):
    recipe = Recipe.load(name)

    again = Recipe.build(recipe.table())

    assert again.table() == recipe.table()
    assert again.identities(again.stages) == recipe.identities(recipe.stages)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_recipe_says_source_purpose_and_yield(name):
    header = find(name).read_text("utf-8").split("\n\n")[0] + find(name).read_text("utf-8").split("name =")[0]

    for word in ("Purpose", "Source", "Yield"):
        assert f"# {word}" in header


@pytest.mark.parametrize("use", STAGES)
def test_every_stage_goes_by_the_name_it_is_listed_under(use):
    assert stage_class(use).use == use
