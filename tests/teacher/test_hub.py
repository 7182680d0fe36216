import shutil

import pytest
from typer.testing import CliRunner

from curate.cli import app
from curate.errors import CurateError, UsageError
from curate.teacher import hub
from curate.teacher.checkpoint import read, write
from curate.teacher.model import Teacher
from tests.tiny_teachers import checkpoint


class Repository:
    """A repository of files, which gives what patterns ask for and notes what it was asked."""

    def __init__(self, folder, *, plain):
        write(checkpoint("unbiased"), folder, "model")
        if not plain:
            import torch
            from safetensors.torch import load_file

            torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
            (folder / "model.safetensors").unlink()
        self.folder, self.asked = folder, []

    def __call__(self, repository, *, revision, local_dir, allow_patterns):
        self.asked.append((repository, revision, allow_patterns))
        for name in allow_patterns:
            if (self.folder / name).is_file():
                shutil.copyfile(self.folder / name, local_dir / name)


@pytest.mark.parametrize("plain", [True, False])
def test_a_model_comes_at_its_pinned_commit_as_tensors_where_there_are_any(plain, tmp_path):
    repository = Repository(tmp_path / "hub", plain=plain)
    (tmp_path / "here").mkdir()

    folder = hub.fetch("unbiased", tmp_path / "here", download=repository)

    assert read(folder, "model").labels == read(checkpoint("unbiased"), "model").labels
    assert {asked[:2] for asked in repository.asked} == {hub.REPOSITORIES["unbiased"]}
    assert len(repository.asked) == 1 + (not plain)
    assert (folder / "pytorch_model.bin").exists() is not plain


@pytest.mark.parametrize("revision", ["main", "", "36295DD80b422dc49f40052021430dae76241adc"])
def test_only_a_commit_can_be_asked_for(revision, tmp_path):
    with pytest.raises(UsageError, match=r"name a commit of unitary/multilingual-toxic-xlm-roberta by --revision"):
        hub.fetch("multilingual", tmp_path, revision, download=pytest.fail)


def test_an_unknown_kind_names_the_nearest(tmp_path):
    with pytest.raises(UsageError, match="did you mean 'unbiased'"):
        hub.fetch("unbiassed", tmp_path, download=pytest.fail)


def test_a_hub_that_does_not_answer_is_one_line(tmp_path):
    def fails(*_, **__):
        raise OSError("no\nroute")

    with pytest.raises(CurateError, match="unitary/toxic-bert: no route"):
        hub.fetch("original", tmp_path, download=fails)


def test_the_command_fetches_and_says_how_to_use_it(tmp_path, monkeypatch):
    monkeypatch.setattr(hub, "_snapshot", Repository(tmp_path / "hub", plain=False))

    result = CliRunner().invoke(app, ["teacher", "fetch", "unbiased", "--output", str(tmp_path / "out")])

    assert result.exit_code == 0, result.output
    assert (
        f"--set toxicity.teacher=unbiased --set toxicity.model={tmp_path / 'out'} --set toxicity.digest="
        in result.output
    )
    assert not list((tmp_path / "out").glob("*.bin"))
    assert Teacher(tmp_path / "out").scores(["x"]).shape == (1, 7)


def test_the_command_converts_what_lies_here(tmp_path):
    runner = CliRunner()
    source = str(checkpoint("original") / "teacher.ckpt")

    first = runner.invoke(app, ["teacher", "convert", source, "--output", str(tmp_path / "out")])
    again = runner.invoke(app, ["teacher", "convert", source, "--output", str(tmp_path / "out")])

    assert first.exit_code == 0, first.output
    assert (Teacher(tmp_path / "out").scores(["you fool"]) == Teacher(source_path(source)).scores(["you fool"])).all()
    assert isinstance(again.exception, UsageError)


def source_path(source):
    from pathlib import Path

    return Path(source)
