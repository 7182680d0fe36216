"""Two real processes, and what one would have done."""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file
from torch.linalg import vector_norm as norm

from pretrain import load, train
from pretrain.parallel import World
from tests.pretrain.test_resume import LONG, lines, wait_for_line

PLAIN = ["train.precision=float32", "optim.matrices=adamw"]
PLAIN += [f"optim.{group}_learning_rate=0.003" for group in ("matrix", "embedding", "head", "norm")]
MASKED = [*PLAIN, "model.architecture=modernbert", "train.objective=mlm"]
SPANS = [*PLAIN, "model.architecture=t5", "train.objective=span"]
FSDP = "train.parallel=fsdp"
PLANS = {
    "ddp": {"set": [*PLAIN, "train.parallel=ddp"]},
    "fsdp": {"set": [*PLAIN, FSDP]},
    "muon": {"set": ["train.precision=float32"]},
    "muon_fsdp": {"set": ["train.precision=float32", FSDP]},
    "scaled_fsdp": {"set": ["train.precision=float32", "optim.matrices=adamw_scaled", FSDP]},
    "micro": {"set": [*PLAIN, "train.micro_batch=1", "data.isolate_documents=true"]},
    "mlm": {"set": MASKED},
    "span": {"set": [*SPANS, FSDP]},
    "one_ddp": {"set": PLAIN, "resume": True},
    "one_fsdp": {"set": [*PLAIN, FSDP], "resume": True},
    "faulty": {"set": PLAIN, "faulty": 1},
    "uneven": {"set": [*PLAIN, "train.batch=3"]},
    "taken": {"set": PLAIN},
}


@given(st.integers(0, 40), st.integers(1, 5))
def test_shares_are_as_many_for_each_and_count_once_together(count, size):
    shares = [list(World(rank, size).shares(range(count))) for rank in range(size)]

    assert len({len(share) for share in shares}) == 1
    assert sorted(item for share in shares for item, counts in share if counts) == list(range(count))


@given(st.integers(0, 50), st.integers(1, 9), st.integers(1, 5))
def test_rows_of_all_processes_are_those_of_the_step(step, each, size):
    rows = [World(rank, size).rows(step * each * size, each * size) for rank in range(size)]

    assert [row for first, count in rows for row in range(first, first + count)] == list(
        range(step * each * size, (step + 1) * each * size)
    )


def losses(run):
    return [line["loss"] for line in lines(run) if "loss" in line]


def environment(**more):
    return os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])} | more


@pytest.fixture(scope="module")
def alone(corpus, tmp_path_factory):
    """Runs of one process: name → folder."""
    folder = tmp_path_factory.mktemp("alone")
    settings = folder / "tiny.toml"
    settings.write_text(
        "[model]\ncontext = 32\nlayers = 2\nwidth = 32\nheads = 2\n[train]\nsteps = 12\nbatch = 4\ncheckpoint_every = 5\n"
    )
    wanted = ("ddp", "muon", "scaled_fsdp", "micro", "mlm", "span")
    for name in wanted:
        train(load(settings, PLANS[name]["set"]), corpus, folder / name)
    return {name: folder / name for name in wanted} | {"fsdp": folder / "ddp", "muon_fsdp": folder / "muon"}


@pytest.fixture(scope="module")
def together(corpus, alone, tmp_path_factory):
    """The folder of runs of two processes, and what each process told of them."""
    folder = tmp_path_factory.mktemp("together")
    shutil.copy(alone["ddp"].parent / "tiny.toml", folder)
    for name in ("one_ddp", "one_fsdp"):
        shutil.copytree(alone["ddp"], folder / name)
        shutil.rmtree(folder / name / "checkpoints/step-00000012")
    (folder / "taken").mkdir()
    (folder / "taken/thesis.txt").write_text("dear")
    (folder / "plans.json").write_text(json.dumps(PLANS))
    script = Path(__file__).with_name("two_processes.py")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run(
        [*command, script, folder, corpus], check=False, env=environment(), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return folder, [json.loads((folder / f"told-{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("name", ["ddp", "fsdp", "scaled_fsdp", "micro", "mlm", "span"])
def test_two_processes_give_the_losses_of_one(alone, together, name):
    folder, told = together

    np.testing.assert_allclose(losses(folder / name), losses(alone[name]), rtol=1e-5)
    assert told[0][name] == told[1][name] == losses(folder / name)[-1]


@pytest.mark.parametrize("name", ["muon", "muon_fsdp"])
def test_muon_is_that_of_one_process_up_to_its_bfloat16(alone, together, name):
    folder, _ = together

    np.testing.assert_allclose(losses(folder / name), losses(alone[name]), rtol=2e-3)


@pytest.mark.parametrize("name", ["ddp", "fsdp", "mlm"])
def test_all_but_rounding_is_that_of_one_process(alone, together, name):
    folder, _ = together

    one, two = lines(alone[name]), lines(folder / name)

    assert [line["tokens"] for line in one] == [line["tokens"] for line in two]
    norms = [[line["gradient_norm"] for line in run[1:]] for run in (one, two)]
    np.testing.assert_allclose(*norms, rtol=1e-4)
    scores = [[line["validation_bits_per_byte"] for line in (run[0], run[-1])] for run in (one, two)]
    np.testing.assert_allclose(*scores, rtol=1e-5)


def test_a_checkpoint_does_not_tell_how_many_wrote_it(alone, together):
    folder, _ = together
    files = [
        run / "checkpoints/step-00000012/model.safetensors" for run in (alone["ddp"], folder / "ddp", folder / "fsdp")
    ]

    one, *others = (load_file(file) for file in files)

    for other in others:
        assert one.keys() == other.keys()
        # AdamW makes whole steps of gradients that are nothing but rounding, so single weights may differ
        assert all(norm(one[name] - other[name]) < 1e-3 * norm(one[name]) for name in one)
    assert len({file.stat().st_size for file in files}) == 1


@pytest.mark.parametrize("name", ["one_ddp", "one_fsdp"])
def test_two_processes_continue_what_one_began(alone, together, name):
    folder, _ = together

    np.testing.assert_allclose(losses(folder / name), losses(alone["ddp"]), rtol=1e-5)


@pytest.mark.parametrize("name", ["ddp", "fsdp", "muon_fsdp"])
def test_one_process_continues_what_two_began(corpus, alone, together, tmp_path, name):
    folder, _ = together
    shutil.copytree(folder / name, tmp_path / "run")
    shutil.rmtree(tmp_path / "run/checkpoints/step-00000012")

    train(load(folder / "tiny.toml", PLANS[name]["set"]), corpus, tmp_path / "run", resume=True)

    tolerance = 2e-3 if "muon" in name else 1e-5
    np.testing.assert_allclose(losses(tmp_path / "run"), losses(alone[name]), rtol=tolerance)


def test_a_step_that_fails_in_one_process_is_skipped_by_both(together):
    folder, told = together

    assert [line["step"] for line in lines(folder / "faulty") if line.get("skipped")] == [4]
    assert told[0]["faulty"] == told[1]["faulty"]


def test_an_error_of_the_first_process_is_that_of_both(together):
    _, told = together

    assert told[0]["taken"].startswith("UsageError 2: ")
    assert told[1]["taken"] == told[0]["taken"].replace("UsageError", "FollowedError")
    assert [one["uneven"] for one in told] == [
        "ConfigError 2: train.batch 3 must be a multiple of the number of processes, 2"
    ] * 2


def test_a_signal_to_one_process_saves_and_ends_both(corpus, alone, tmp_path):
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "pretrain"]
    settings = alone["ddp"].parent / "tiny.toml"
    command = [*launch, "train", settings, "--data", corpus, "--output", tmp_path / "run", *LONG]
    process = subprocess.Popen(
        list(map(str, command)), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_for_line(tmp_path / "run", 5, process)
    ranks = {child.environ().get("RANK"): child for child in psutil.Process(process.pid).children(recursive=True)}
    ranks["1"].send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=100)

    stopped_at = lines(tmp_path / "run")[-1]["step"]
    assert process.returncode == 0, error
    assert out == f"stopped by SIGTERM at step {stopped_at} of 120, saved; --resume continues\n"
    assert (tmp_path / f"run/checkpoints/step-{stopped_at:08d}/model.safetensors").exists()
    assert error.count("step 0/120") == 1
