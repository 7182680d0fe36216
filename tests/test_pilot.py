"""Bounds that are shares of the corpus: found on the pilot's sample, the same however the run is carried out."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
import tomli_w

from curate import Options, pilot, run
from curate.shards import read_json
from curate.validate import problems
from tests.conftest import build, document, write_jsonl
from tests.tiny_models import quality_model

LONGEST = {"use": "tests.asking:Longest", "keep_ratio": 0.25}
SHARDS = {"ingest": {"shard_bytes": 30_000}}


@pytest.fixture
def source(tmp_path):
    """200 documents, no two of one length."""
    return write_jsonl(tmp_path / "in.jsonl", [document(i, 6) + "." * i for i in range(200)])


def lengths(folder):
    return [
        len(row["text"]) for file in sorted((folder / "documents").glob("*")) for row in pq.read_table(file).to_pylist()
    ]


def digests(folder):
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".work" not in path.parts and not path.name.startswith("report")
    }


def test_a_share_of_the_corpus_is_kept_and_the_cut_is_in_the_books(source, tmp_path):
    result = run(build(LONGEST, **SHARDS), [source], tmp_path / "out", options=Options(workers=1))

    assert result.report.output.documents == 50
    manifest = read_json(tmp_path / "out" / "manifest.json")
    cut = manifest["cuts"]["longest"]
    assert cut["documents"] == 200
    assert cut["fields"]["length"]["min"] == min(lengths(tmp_path / "out"))
    assert cut["shares"]["kept"]["low"] < 0.25 < cut["shares"]["kept"]["high"]
    assert manifest["recipe"]["stage"][0]["keep_ratio"] == 0.25
    assert list(problems(tmp_path / "out")) == []


def test_the_second_cut_is_of_what_passes_the_first(source, tmp_path):
    second = {**LONGEST, "name": "again", "keep_ratio": 0.2}

    result = run(build(LONGEST, second, **SHARDS), [source], tmp_path / "out", options=Options(workers=1))

    assert [stage.out.documents for stage in result.report.stages] == [200, 50, 10]


def test_workers_a_given_tokenizer_and_shares_of_a_run_find_the_same_cut(source, tmp_path):
    recipe = build(LONGEST, **SHARDS)
    run(recipe, [source], tmp_path / "one", options=Options(workers=1))

    run(recipe, [source], tmp_path / "two", options=Options(workers=2))
    for _ in range(12):
        for share in ((0, 2), (1, 2)):
            run(recipe, [source], tmp_path / "shares", options=Options(workers=1, only=share))

    assert digests(tmp_path / "one") == digests(tmp_path / "two") == digests(tmp_path / "shares")
    given = build(
        LONGEST,
        **SHARDS,
        tokens={"tokenizer": str(tmp_path / "one" / "tokenizer" / "tokenizer.json"), "validation": 0.1},
    )
    run(given, [source], tmp_path / "given", options=Options(workers=1))
    assert lengths(tmp_path / "given") == lengths(tmp_path / "one")


def test_a_run_that_was_stopped_after_any_phase_goes_on_to_the_same_bytes(source, tmp_path):
    recipe = build(LONGEST, {"use": "exact"}, {**LONGEST, "name": "again"}, **SHARDS)
    run(recipe, [source], tmp_path / "whole", options=Options(workers=1))
    phases = sorted(path.name for path in (tmp_path / "whole" / ".work").iterdir() if path.is_dir())

    for number in range(1, len(phases)):
        shutil.copytree(tmp_path / "whole", tmp_path / "stopped", symlinks=True)
        for phase in phases[number:]:
            shutil.rmtree(tmp_path / "stopped" / ".work" / phase)
        run(recipe, [source], tmp_path / "stopped", options=Options(workers=1))
        assert digests(tmp_path / "stopped") == digests(tmp_path / "whole"), phases[number]
        shutil.rmtree(tmp_path / "stopped")


def test_a_run_that_is_killed_while_it_cuts_leaves_the_same_bytes(source, tmp_path):
    quality = {"use": "quality", "model": str(quality_model()), "keep_ratio": 0.5}
    recipe = build(quality, LONGEST, ingest={"shard_bytes": 20_000})
    run(recipe, [source], tmp_path / "whole", options=Options(workers=1))
    (tmp_path / "recipe.toml").write_text(tomli_w.dumps(recipe.table()), "utf-8")
    command = [sys.executable, "-m", "curate", "run", str(tmp_path / "recipe.toml"), str(source), "--quiet"]
    command += ["--output", str(tmp_path / "out"), "--workers", "2"]

    for phase in ("*-pilot-*/*/report.json", "*-cut-quality-*/*", "*-cut-longest-*/*", "*-segment0-*/*/report.json"):
        process = subprocess.Popen(command, start_new_session=True)
        deadline = time.monotonic() + 120
        while (
            process.poll() is None and time.monotonic() < deadline and not any((tmp_path / "out" / ".work").glob(phase))
        ):
            time.sleep(0.002)
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
    subprocess.run(command, check=True)

    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_a_sample_of_a_larger_corpus_finds_nearly_the_cut_and_says_how_nearly(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [document(i, 3) + "." * (i * 37 % 1000) for i in range(1000)])
    recipe = build(LONGEST, pilot={"max_bytes": 200_000})

    result = run(recipe, [source], tmp_path / "out", options=Options(workers=1))

    manifest = read_json(tmp_path / "out" / "manifest.json")
    shares = manifest["cuts"]["longest"]["shares"]["kept"]
    assert 150 < manifest["cuts"]["longest"]["documents"] < 400
    assert shares["low"] < result.report.output.documents / 1000 < shares["high"]


@pytest.mark.parametrize("texts", [["one document"], ["one", "three"]])
def test_small_inputs_keep_something_and_say_on_what_the_cut_rests(texts, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", texts)

    result = run(build(LONGEST), [source], tmp_path / "out", options=Options(workers=1))

    assert result.report.output.documents == 1


def test_another_share_is_another_key():
    stages = build(LONGEST).stages, build({**LONGEST, "keep_ratio": 0.3}).stages

    assert build().identities(stages[0]) != build().identities(stages[1])


def test_a_tokenizer_is_trained_on_fewer_texts_where_words_hardly_repeat():
    repeated, distinct = ["the same few words again"] * 1000, [f"{i:040}" for i in range(1000)]

    assert pilot._few_words(repeated, 100) == repeated
    assert pilot._few_words(distinct, 10_000) == distinct[::4]
    assert pilot._few_words(["x" * 1000], 10) == ["x" * 1000]
