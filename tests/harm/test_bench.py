"""`curate bench harm`: sections, those left out, and the page."""

import re
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from curate import harm
from curate.bench_cli import bench_app
from curate.cli import app
from curate.errors import CurateError
from curate.harm import page
from curate.harm.sets import MissingSetError, rows


def bench(*arguments):
    return CliRunner().invoke(app, ["bench", "harm", *map(str, arguments)])


@pytest.fixture
def sections(monkeypatch):
    def absent(data):
        return str(list(rows(data, "nowhere/norm.jsonl.zst")))

    monkeypatch.setattr(harm, "SECTIONS", {"one": lambda data: f"## One\n\n{data.name}", "two": absent})


def test_every_section_is_printed_and_one_without_its_set_is_said_to_be_left_out(sections, tmp_path):
    result = bench("--data", tmp_path)

    assert result.exit_code == 0
    assert f"<!-- begin one -->\n## One\n\n{tmp_path.name}" in result.stdout
    assert "two: left out: nowhere/norm.jsonl.zst is not in the folder of data" in result.stderr


def test_a_page_gets_a_section_once_and_keeps_the_rest(sections, tmp_path):
    target = tmp_path / "audit.md"
    target.write_text("# Page\n\n<!-- begin other -->\nkept\n<!-- end other -->\n", "utf-8")

    for _ in range(2):
        assert bench("--data", tmp_path, "--only", "one", "--write", "--page", target).exit_code == 0

    text = target.read_text("utf-8")
    assert text.startswith("# Page\n\n<!-- begin other -->\nkept\n<!-- end other -->\n\n<!-- begin one -->\n## One")
    assert text.count("## One") == 1
    assert re.search(r"cores, .*commit \w+\.\*\n<!-- end one -->\n$", text)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "nowhere"], "no such folder"),
        (["--data", ".", "--only", "ome"], "did you mean 'one'"),
        (["--data", ".", "--only", "two"], "no section could be measured"),
        (["--data", ".", "--only", "one", "--write", "--page", "nowhere.md"], "nowhere.md: No such file"),
    ],
)
def test_mistakes_are_told(sections, arguments, message):
    assert message in str(bench(*arguments).exception)


def test_a_work_trees_commit_is_found_through_its_repository(tmp_path):
    git = tmp_path / "main/.git"
    (git / "worktrees/mine").mkdir(parents=True)
    (tmp_path / ".git").write_text(f"gitdir: {git}/worktrees/mine\n", "utf-8")
    (git / "worktrees/mine/HEAD").write_text("ref: refs/heads/mine\n", "utf-8")
    (git / "worktrees/mine/commondir").write_text("../..\n", "utf-8")
    (git / "packed-refs").write_text(f"# pack-refs\n{'ab' * 20} refs/heads/mine\n", "utf-8")

    assert page.commit(tmp_path) == "ab" * 6
    assert page.commit(tmp_path / "main") == "unknown"


def test_a_missing_set_is_named(tmp_path):
    with pytest.raises(MissingSetError, match="tox_hatecheck"):
        next(rows(tmp_path, "tox_hatecheck/norm.jsonl.zst"))


def test_a_row_without_a_field_is_told_by_its_place(tmp_path):
    (tmp_path / "set").mkdir()
    with pa.CompressedOutputStream(str(tmp_path / "set" / "norm.jsonl.zst"), "zstd") as out:
        out.write(b'{"text": "a"}\n{"other": 1}\n')
    first, second = rows(tmp_path, "set/norm.jsonl.zst")

    assert first["text"] == "a"
    with pytest.raises(CurateError, match=r"set/norm\.jsonl\.zst, line 2: no field .text."):
        second["text"]


def test_the_page_of_the_project_names_the_command():
    text = (Path(__file__).parents[2] / "docs/audit.md").read_text("utf-8")

    assert "curate bench harm --data" in text
    assert bench_app.registered_commands[0].name == "harm"
