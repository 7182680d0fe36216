import os
import signal
import subprocess
import sys

import pytest

from pretrain import cli, training
from tests.pretrain import token_folder


def run(monkeypatch, capsys, *arguments):
    """(exit code, output, error) of the command."""
    monkeypatch.setattr(sys, "argv", ["pretrain", *map(str, arguments)])
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    out, error = capsys.readouterr()
    return code, out, error


@pytest.mark.parametrize("command", [[], ["train"], ["generate"], ["plan"], ["scale"], ["ablate"], ["card"]])
def test_help_ends_with_an_example(monkeypatch, capsys, command):
    code, out, _ = run(monkeypatch, capsys, *command, "--help")

    assert code == 0
    assert out.strip().splitlines()[-1].strip().startswith("Example: pretrain ")


def test_help_loads_no_heavy_library():
    code = (
        "import sys, pretrain.cli\n"
        "sys.argv = ['pretrain', '--help']\n"
        "try: pretrain.cli.main()\n"
        "except SystemExit: pass\n"
        "print(*sorted({'torch', 'numpy', 'pyarrow', 'tokenizers', 'jinja2', 'pydantic'} & set(sys.modules)))"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert out.splitlines()[-1] == ""


def test_train_and_generate(monkeypatch, capsys, settings, corpus, tmp_path):
    code, out, error = run(
        monkeypatch,
        capsys,
        "train",
        settings,
        "--data",
        corpus,
        "--output",
        tmp_path / "run",
        "--set",
        "train.steps=20",
    )
    assert code in (0, None)
    assert out.startswith("trained 20 steps; validation ")
    assert "step 20/20  loss " in error

    code, out, _ = run(monkeypatch, capsys, "generate", tmp_path / "run", "--prompt", "ab", "-n", "5", "--seed", "3")
    assert code in (0, None)
    assert out.startswith("ab")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "{settings}", "--data", "{tmp}/none", "--output", "{tmp}/run"], "none: no such folder"),
        (["train", "{tmp}/none.toml", "--data", "{corpus}", "--output", "{tmp}/run"], "none.toml: no such file"),
        (
            ["train", "{settings}", "--data", "{corpus}", "--output", "{tmp}/run", "--set", "train.stepz=1"],
            "did you mean train.steps?",
        ),
        (["train", "{settings}", "--data", "{corpus}", "--output", "{tmp}/tiny.toml"], "not a folder"),
        (["train", "{settings}", "--data", "{corpus}", "--output", "{tmp}"], "not empty; --resume continues"),
        (["generate", "{tmp}", "--prompt", "x"], "not a run"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(monkeypatch, capsys, settings, corpus, tmp_path, arguments, said):
    filled = [part.format(settings=settings, corpus=corpus, tmp=tmp_path) for part in arguments]

    code, out, error = run(monkeypatch, capsys, *filled)

    assert (code, out) == (2, "")
    assert said in error
    assert len(error.splitlines()) == 1


def test_a_corrupt_shard_is_one_line_and_exit_code_2(monkeypatch, capsys, settings, tmp_path):
    data = token_folder.make(tmp_path / "data", token_folder.texts(20), [])
    next((data / "tokens/train").glob("*.arrow")).write_bytes(b"ARROW1 but no more")

    code, _, error = run(monkeypatch, capsys, "train", settings, "--data", data, "--output", tmp_path / "run")

    assert code == 2
    assert len(error.splitlines()) == 1


def test_a_missing_option_is_exit_code_2(monkeypatch, capsys, settings):
    code, _, error = run(monkeypatch, capsys, "train", settings)

    assert code == 2
    assert "--data" in error


def test_control_characters_do_not_reach_the_terminal():
    assert cli.printable("a\x1b[31m\n\tb\x9bé") == "a\ufffd[31m\n\tb\ufffdé"


def test_a_signal_before_the_first_step_does_not_claim_a_save(monkeypatch, capsys, settings, corpus, tmp_path):
    evaluate = training.Run.evaluate

    def signalled(self):
        os.kill(os.getpid(), signal.SIGTERM)
        return evaluate(self)

    arguments = ("train", settings, "--data", corpus, "--output", tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(training.Run, "evaluate", signalled)
        code, out, _ = run(monkeypatch, capsys, *arguments)

    assert code in (0, None)
    assert out == "stopped by SIGTERM before the first step, nothing to save yet; --resume begins anew\n"
    assert run(monkeypatch, capsys, *arguments, "--resume")[1].startswith("trained 12 steps; ")


def test_what_nobody_foresaw_is_one_line(monkeypatch, capsys, settings, corpus, tmp_path):
    def broken(_):
        raise KeyError("two\nlines")

    monkeypatch.delenv("SLUICE_TRACEBACK", raising=False)
    monkeypatch.setattr(training.Run, "evaluate", broken)
    arguments = ("train", settings, "--data", corpus, "--output", tmp_path / "run", "--resume")

    code, out, error = run(monkeypatch, capsys, *arguments)

    said = "pretrain: failed unexpectedly: KeyError: 'two\\nlines' (SLUICE_TRACEBACK=1 shows where)\n"
    assert (1, "", said) == (code, out, error)
    monkeypatch.setenv("SLUICE_TRACEBACK", "1")
    with pytest.raises(KeyError):
        run(monkeypatch, capsys, *arguments)
