"""Real processes, really killed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from pretrain import load, train

TIMES = ("tokens_per_second", "mfu", "seconds", "loader_seconds")
LONG = ["--set", "train.steps=120", "--set", "train.checkpoint_every=20", "--set", "train.evaluate_every=50"]


def command(settings, corpus, run, *more):
    return [sys.executable, "-m", "pretrain", "train", settings, "--data", corpus, "--output", run, *LONG, *more]


def started(*arguments):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        list(map(str, arguments)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )


def finished(*arguments):
    process = started(*arguments)
    out, error = process.communicate(timeout=120)
    assert process.returncode == 0, error
    return out


def lines(run):
    """metrics.jsonl without what is time's."""
    read = [json.loads(text) for text in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key not in TIMES} for line in read]


def wait_for_line(run, count, process):
    deadline = time.monotonic() + 100
    metrics = run / "metrics.jsonl"
    while not metrics.exists() or metrics.read_bytes().count(b"\n") < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


@pytest.fixture(scope="module")
def uninterrupted(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    settings = folder / "tiny.toml"
    settings.write_text("[model]\ncontext = 32\nlayers = 2\nwidth = 32\nheads = 2\n[train]\nbatch = 4\n")
    out = finished(*command(settings, corpus, folder / "run"))
    return settings, folder / "run", out


def test_a_run_killed_and_resumed_is_the_run_that_was_not(corpus, uninterrupted, tmp_path):
    settings, whole, _ = uninterrupted
    run = tmp_path / "run"

    process = started(*command(settings, corpus, run, "--resume"))
    wait_for_line(run, 31, process)
    process.kill()
    process.communicate()
    killed_at = lines(run)[-1]["step"]
    finished(*command(settings, corpus, run, "--resume"))

    assert process.returncode == -signal.SIGKILL
    assert 30 <= killed_at < 120
    assert lines(run) == lines(whole)
    weights = "checkpoints/step-00000120/model.safetensors"
    assert (run / weights).read_bytes() == (whole / weights).read_bytes()


@pytest.mark.parametrize(("architecture", "objective"), [("modernbert", "mlm"), ("t5", "span")])
def test_the_other_objectives_resume_as_exactly(corpus, tmp_path, architecture, objective):
    settings, run = tmp_path / "tiny.toml", tmp_path / "run"
    shape = f"architecture = '{architecture}'\ncontext = 32\nlayers = 1\nwidth = 32\nheads = 2"
    settings.write_text(f"[model]\n{shape}\n[train]\nobjective = '{objective}'\nbatch = 4\n")

    process = started(*command(settings, corpus, run, "--resume"))
    wait_for_line(run, 31, process)
    process.kill()
    process.communicate()
    killed_at = lines(run)[-1]["step"]
    config = load(settings, LONG[1::2])
    train(config, corpus, run, resume=True)
    train(config, corpus, tmp_path / "whole")

    assert process.returncode == -signal.SIGKILL
    assert 30 <= killed_at < 120
    assert lines(run) == lines(tmp_path / "whole")


def test_sigterm_saves_and_ends_the_run(corpus, uninterrupted, tmp_path):
    settings, whole, _ = uninterrupted
    run = tmp_path / "run"

    process = started(*command(settings, corpus, run))
    wait_for_line(run, 31, process)
    process.terminate()
    out, _ = process.communicate(timeout=60)
    stopped_at = lines(run)[-1]["step"]

    assert process.returncode == 0
    assert out == f"stopped by SIGTERM at step {stopped_at} of 120, saved; --resume continues\n"
    assert (run / f"checkpoints/step-{stopped_at:08d}/model.safetensors").exists()
    assert lines(run) == lines(whole)[: stopped_at + 1]


def test_the_whole_run_says_what_came_of_it(uninterrupted):
    _, whole, out = uninterrupted

    scored = [line["validation_bits_per_byte"] for line in lines(whole) if "validation_bits_per_byte" in line]

    assert (
        out
        == f"trained 120 steps; validation {scored[0]:.3f} -> {scored[-1]:.3f} bits per byte; see {whole / 'run.html'}\n"
    )
    assert [line["step"] for line in lines(whole) if "validation_bits_per_byte" in line] == [0, 50, 100, 120]
    assert sorted(path.name for path in (whole / "checkpoints").iterdir()) == ["step-00000100", "step-00000120"]
