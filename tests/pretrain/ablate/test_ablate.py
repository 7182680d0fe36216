import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from pretrain.ablate import job, jobs
from pretrain.ablate.job import StoppedError
from pretrain.errors import PretrainError, UsageError
from tests.pretrain.ablate.conftest import study

SHORT = {"seeds": 2, "overrides": ["train.steps=6"]}
ARMS = {"plain": "plain", "with tags": "tagged"}


def test_text_with_tags_is_worse_than_the_same_without(plain_and_tagged):
    _, found = plain_and_tagged

    [comparison] = found["comparisons"]

    assert (comparison["arm"], comparison["against"]) == ("with tags", "plain")
    assert comparison["overall"]["verdict"] == "worse"
    assert comparison["overall"]["delta"] > comparison["overall"]["detectable"] / 2 > 0


def test_every_domain_says_what_it_is_and_how_sure(plain_and_tagged):
    _, found = plain_and_tagged
    [comparison] = found["comparisons"]

    assert [(d["name"], d["own"]) for d in found["domains"]] == [("held.jsonl", False), ("plain: kept back", True)]
    for domain in comparison["domains"]:
        low, high = domain["interval"]
        assert low < domain["delta"] < high
        assert domain["bootstrap"][0] < domain["delta"] < domain["bootstrap"][1]
        assert len(domain["seeds"]) == 3
        assert domain["p"] >= domain["p_alone"]


def test_delta_is_the_difference_of_the_arms_bits_per_byte(plain_and_tagged):
    _, found = plain_and_tagged
    plain, tagged = (np.array(found["bits_per_byte"][name]) for name in ARMS)

    for number, domain in enumerate(found["comparisons"][0]["domains"]):
        assert domain["seeds"] == pytest.approx(tagged[number] - plain[number], abs=2e-6)


def test_arms_say_how_often_they_repeated_their_tokens(plain_and_tagged):
    _, found = plain_and_tagged

    for arm in found["arms"]:
        assert arm["unique_tokens"] * arm["epochs"] == pytest.approx(found["tokens"], rel=0.01)


def test_a_study_leaves_pages_and_no_checkpoints(plain_and_tagged):
    output, found = plain_and_tagged

    assert json.loads((output / "ablate.json").read_text()) == found
    assert "<svg" in (output / "ablate.html").read_text()
    assert "| held.jsonl |" in (output / "README.md").read_text()
    assert not list(output.rglob("*.safetensors"))
    assert not list(output.glob("runs/*/*/data"))


def test_done_again_it_trains_nothing(material, plain_and_tagged, monkeypatch):
    output, found = plain_and_tagged
    monkeypatch.setattr(job, "do", lambda *_: pytest.fail("trained again"))

    assert study(material, output, ARMS) == found


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seeds": 4}, "other seeds"),
        ({"overrides": ["train.batch=4"]}, "other config"),
        ({"domains": ()}, "other held-out"),
        ({"against": "previous"}, "other against"),
    ],
)
def test_another_study_in_the_same_folder_is_refused(material, plain_and_tagged, change, said):
    output, _ = plain_and_tagged

    with pytest.raises(UsageError, match=said):
        study(material, output, ARMS, **change)


def test_a_folder_with_other_files_is_refused(material, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UsageError, match="holds other files"):
        study(material, tmp_path, ARMS)


@pytest.mark.parametrize("name", ["", "a\nb", "\x1b[31m", "x" * 61, "a\u202eb"])
def test_a_name_that_tables_cannot_show_is_refused(material, tmp_path, name):
    with pytest.raises(UsageError, match="characters") as error:
        study(material, tmp_path / "out", {"plain": "plain", name: "tagged"})

    assert str(error.value).isprintable()


def test_one_corpus_is_none_to_compare(material, tmp_path):
    with pytest.raises(UsageError, match="give 2 at least"):
        study(material, tmp_path / "out", {"plain": "plain"})


def test_hostile_names_are_text_on_the_page(material, tmp_path):
    name = "<script>alert(1)</script>|*x*"
    study(material, tmp_path / "out", {"plain": "plain", name: "tagged"}, seeds=2, overrides=["train.steps=2"])

    assert "<script>" not in (tmp_path / "out/ablate.html").read_text()
    assert "<script>" not in (tmp_path / "out/README.md").read_text()
    assert r"\|\*x\*" in (tmp_path / "out/README.md").read_text()
    assert sorted(p.name for p in (tmp_path / "out/runs").iterdir()) == ["0-plain", "1-script-alert-1-script-x"]


def test_a_corpus_that_is_best_on_its_own_text_is_not_called_better_for_that(material, tmp_path):
    found = study(material, tmp_path / "out", ARMS, domains=(), **SHORT)

    assert found["comparisons"][0]["overall"] is None
    assert all(domain["own"] for domain in found["comparisons"][0]["domains"])
    assert "without --held-out text" in (tmp_path / "out/ablate.html").read_text()


def test_an_arm_that_repeats_is_also_compared_with_as_many_different_tokens(material, tmp_path):
    found = study(material, tmp_path / "out", {"large": "plain", "small": "small"}, seeds=2)
    large, small = found["arms"]

    assert not found["own_documents"]
    assert small["epochs"] > 1 >= large["epochs"] - 0.01
    assert large["matched_unique_tokens"] == pytest.approx(small["unique_tokens"], rel=0.1)
    assert small["matched_unique_tokens"] is None
    assert found["matched"][0]["overall"]["seeds"] != found["comparisons"][0]["overall"]["seeds"]


def test_text_is_encoded_by_the_tokenizer_of_the_other_arm(material, tmp_path):
    found = study(material, tmp_path / "out", {"shards": "plain", "text": "other.jsonl"}, seeds=2)

    assert found["arms"][0]["tokenizer"] == found["arms"][1]["tokenizer"]
    assert found["arms"][1]["documents"] < 200
    assert "text: kept back" in [domain["name"] for domain in found["domains"]]


def test_text_alone_needs_a_tokenizer(material, tmp_path):
    with pytest.raises(UsageError, match="--tokenizer names one"):
        study(material, tmp_path / "out", {"a": "other.jsonl", "b": "held.jsonl"})


def test_documents_that_an_arm_holds_are_not_scored(material, tmp_path):
    said = []
    overrides = ["train.steps=2"]

    found = study(
        material, tmp_path / "out", {"plain": "plain", "text": "other.jsonl"}, seeds=2, overrides=overrides,
        domains=("held.jsonl", "other.jsonl"), said=said,
    )  # fmt: skip

    [domain] = [domain for domain in found["domains"] if domain["name"] == "other.jsonl"]
    assert domain["removed"] == 200 - domain["documents"] > 180
    assert any(f"held-out other.jsonl: {domain['removed']} of 200 documents removed" in line for line in said)


def test_arms_in_a_chain_are_each_compared_with_the_one_before(material, tmp_path):
    arms = {"one": "plain", "two": "other.jsonl", "three": "tagged"}

    found = study(material, tmp_path / "out", arms, seeds=2, overrides=["train.steps=2"], against="previous")

    pairs = [(one["arm"], one["against"]) for one in found["comparisons"]]
    assert pairs == [("two", "one"), ("three", "two"), ("three", "one")]


def test_killed_and_continued_by_processes_it_finds_what_it_would_have_found(material, tmp_path):
    expected = study(material, tmp_path / "alone", ARMS, **SHORT)
    arguments = [
        material / "tiny.toml",
        f"--data=plain={material / 'plain'}",
        f"--data=with tags={material / 'tagged'}",
    ]
    arguments += [f"--held-out=held.jsonl={material / 'held.jsonl'}", "--output", tmp_path / "out", "--seeds", "2"]
    whole = [sys.executable, "-m", "pretrain", "ablate", *map(str, arguments), "--set=train.steps=6", "--workers=2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    first = subprocess.Popen(whole, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    deadline = time.monotonic() + 300
    while not list((tmp_path / "out").glob("runs/*/*/scores.npz")):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    while running := [path for path in (tmp_path / "out").glob("runs/*/*/model/.lock") if held(path)]:
        assert time.monotonic() < deadline, running
        time.sleep(0.05)

    again = subprocess.run([*whole, "--json"], capture_output=True, text=True, check=True, env=environment)

    assert json.loads(again.stdout) == expected


def held(path):
    from filelock import FileLock, Timeout

    try:
        with FileLock(path).acquire(timeout=0):
            return False
    except Timeout:
        return True


def test_a_job_that_fails_is_one_line_and_ends_the_others(material, tmp_path, monkeypatch):
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, "-c", "import sys; sys.exit('no luck\\ntoday')"))

    with pytest.raises(PretrainError, match=r"seed-1: today$"):
        study(material, tmp_path / "out", ARMS, workers=2)


def test_a_signal_ends_a_study_that_can_be_continued(material, tmp_path, monkeypatch):
    signals = "import os, sys; '0-plain' in sys.argv[1] and os.kill(os.getppid(), 15); sys.stdin.read()"
    monkeypatch.setattr(jobs, "PROGRAM", (sys.executable, "-c", signals))

    with pytest.raises(StoppedError, match="stopped by SIGTERM; the same command continues"):
        study(material, tmp_path / "out", ARMS, workers=2, **SHORT)
