"""The interface of the two packages: what `curate` writes, `pretrain` reads, token for token and in order."""

import json
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest
from tokenizers import Tokenizer

from curate import Options, run
from tests.conftest import build, document, write_jsonl

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def corpus_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("contract")
    source = write_jsonl(folder / "in.jsonl", [document(i) for i in range(200)])
    recipe = build({"use": "gopher"}, ingest={"shard_bytes": 50_000}, output={"file_bytes": 2**16})
    run(recipe, [source], folder / "out", options=Options(workers=1))
    return folder / "out"


def test_pretrain_reads_the_tokens_that_curate_wrote_in_their_order(corpus_dir):
    from pretrain.shards import Manifest, Shards

    tokenizer = Tokenizer.from_file(str(corpus_dir / "tokenizer" / "tokenizer.json"))
    files = sorted((corpus_dir / "documents").glob("*.parquet"))
    expected = [row["text"] for file in files for row in pq.read_table(file).to_pylist()]

    manifest = Manifest.read(corpus_dir)
    found = {}
    for split in ("train", "validation"):
        shards = Shards(manifest, split)
        found[split] = [tokenizer.decode(shards.document(i).tolist()) for i in range(len(shards))]

    assert sorted(found["train"] + found["validation"]) == sorted(expected)
    assert found["train"] == [text for text in expected if text in set(found["train"])]
    assert len(files) > 1


def test_pretrain_counts_what_the_manifest_counts(corpus_dir):
    from pretrain.shards import Manifest, Shards

    manifest = json.loads((corpus_dir / "manifest.json").read_text("utf-8"))

    for split, counts in manifest["tokens"].items():
        shards = Shards(Manifest.read(corpus_dir), split)
        assert (len(shards), shards.tokens) == (counts["documents"], counts["tokens"])


def test_pretrain_reads_the_weights_that_a_policy_gave(tmp_path):
    from pretrain.shards import Manifest, Shards

    source = write_jsonl(tmp_path / "in.jsonl", [document(i, 12 if i % 2 else 24) for i in range(40)])
    recipe = build({"use": "gopher", "words": {"min": 160}}, policy={"gopher.words": {"weight": 0.25}})
    run(recipe, [source], tmp_path / "out", options=Options(workers=1))

    manifest = Manifest.read(tmp_path / "out")
    shards = [Shards(manifest, split) for split in ("train", "validation")]
    found = np.concatenate([np.ones(len(one)) if one.weights is None else one.weights for one in shards])

    assert sorted(found.tolist()) == [0.25] * 20 + [1.0] * 20


def test_a_model_trains_on_the_shards_and_its_bits_per_byte_fall(corpus_dir, tmp_path):
    settings = ["train.steps=30", "model.layers=2", "model.width=64", "model.heads=2", "model.context=64"]
    sets = [argument for setting in settings for argument in ("--set", setting)]
    command = [sys.executable, "-m", "pretrain", "train", "pipelines/gpt-tiny.toml", "--data", str(corpus_dir)]

    subprocess.run([*command, "--output", str(tmp_path / "run"), *sets], check=True, capture_output=True)

    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8").splitlines()]
    bits = [line["validation_bits_per_byte"] for line in lines if "validation_bits_per_byte" in line]
    assert bits[-1] < 0.8 * bits[0]
    assert np.isfinite(bits).all()
