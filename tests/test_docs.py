"""Documentation is tested: what the README shows exists, and what exists is in the README."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from curate.cli import app as curate_app
from curate.recipe import Recipe
from curate.recipe_file import find

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
CONSOLE = [
    line[2:]
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ ")
]


def commands(app):
    """Command name → names of its options."""
    group = typer.main.get_command(app)
    found = {}
    for name, command in group.commands.items():
        for inner, below in getattr(command, "commands", {"": command}).items():
            options = {option for parameter in below.params for option in parameter.opts}
            found[f"{name} {inner}".strip()] = options
    return found


def programs():
    from pretrain.cli import app as pretrain_app

    return {"curate": commands(curate_app), "pretrain": commands(pretrain_app)}


@pytest.mark.parametrize("line", [line for line in CONSOLE if line.startswith(("curate", "pretrain"))])
def test_every_command_in_the_readme_exists_with_its_options(line):
    program, *arguments = shlex.split(line, comments=True)
    known = programs()[program]

    command = next((name for name in (" ".join(arguments[:2]), arguments[0]) if name in known), "")
    assert command
    assert {argument for argument in arguments if argument.startswith("-")} <= known[command]


def test_every_make_target_in_the_readme_exists():
    makefile = (ROOT / "Makefile").read_text("utf-8")

    for line in CONSOLE:
        if line.startswith("make "):
            assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE)


def test_every_recipe_has_a_row_in_the_readme():
    for path in (ROOT / "pipelines").glob("*.toml"):
        if "[[stage]]" in path.read_text("utf-8"):
            assert f"| `{path.stem}` |" in README


def test_the_recipe_in_the_readme_is_one(tmp_path):
    text = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)[0]
    text = text.replace("pipelines/web-en.toml", str(find("web-en"))).replace(
        "my_pkg.filters:Shouting", "tests.faulty:Fragile"
    )
    (tmp_path / "lid.176.bin").write_bytes(b"")
    (tmp_path / "mine.toml").write_text(text)

    recipe = Recipe.load(tmp_path / "mine.toml")

    names = [stage.name for stage in recipe.stages]
    assert names[names.index("gopher") + 1] == "fragile"
    assert recipe.guard["language"].max_drop == 0.97


def test_the_filter_in_contributing_works_as_it_stands(tmp_path, monkeypatch):
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    (tmp_path / "shouting_filter.py").write_text(re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0])
    monkeypatch.syspath_prepend(tmp_path)
    from shouting_filter import Shouting

    from curate.testing import verdict

    assert verdict(Shouting(), "LOUD AND CLEAR") == "shouting.upper_ratio.max"
    assert verdict(Shouting(), "quiet and clear") is None


@pytest.mark.parametrize("path", sorted(ROOT.glob("pipelines/*.toml")), ids=lambda path: path.stem)
def test_every_recipe_begins_with_what_it_is_for(path):
    assert path.read_text("utf-8").startswith("# ")


def test_the_changelog_names_every_command():
    changelog = (ROOT / "CHANGELOG.md").read_text("utf-8")

    for program, known in programs().items():
        for command in known:
            assert command.split()[0] in changelog, f"{program} {command}"
