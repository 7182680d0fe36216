"""`curate run --ablate`: the text after each stage, the models that it makes, and where the reports say so."""

import json
import subprocess
import sys
from itertools import pairwise

import pyarrow.parquet as pq
import pytest

from curate import Options, run
from curate.ablation import Ablation, ablate, chosen, replay, share_of
from curate.errors import UsageError
from curate.report import Report, StageReport, Tally
from curate.reports.html import report_html
from curate.reports.table import yield_text
from tests.conftest import build, document, write_jsonl

pytest.importorskip("torch")

TINY = "[model]\ncontext = 32\nlayers = 1\nwidth = 32\nheads = 2\n[train]\nsteps = 4\nbatch = 8\n"
STAGES = (
    {"use": "gopher"},
    {"use": "tests.faulty:Snip"},
    {"use": "exact"},
    {"use": "length", "characters": {"min": 700}},
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A run over filters, a barrier that cuts, one that drops, and a filter behind them."""
    folder = tmp_path_factory.mktemp("ablation")
    texts = [f"[cut me {i}] {document(i, 8 + i % 9)}" for i in range(120)] + ["too short", document(3), document(3)]
    source = write_jsonl(folder / "in.jsonl", texts)
    recipe = build(*STAGES, ingest={"shard_bytes": 20_000}, output={"file_bytes": 2**16})
    return run(recipe, [source], folder / "out", options=Options(workers=1))


def replayed(outcome, share=1.0):
    found = {}

    def tap(stage, flow):
        found.setdefault(stage, []).extend(flow.batch.select(["id", "text"]).to_pylist())

    replay(outcome, share, tap)
    return found


def test_the_text_after_each_stage_is_what_the_books_say(finished):
    found = replayed(finished.outcome)

    assert list(found) == [stage.name for stage in finished.report.stages]
    for stage in finished.report.stages:
        rows = found[stage.name]
        assert len(rows) == stage.out.documents
        assert sum(len(row["text"].encode()) for row in rows) == stage.out.bytes


def test_the_text_after_the_last_stage_is_the_corpus(finished):
    files = sorted((finished.folder / "documents").glob("*.parquet"))
    corpus = [row for file in files for row in pq.read_table(file, columns=["id", "text"]).to_pylist()]

    *_, last = replayed(finished.outcome).values()

    assert last == corpus


def test_a_sample_is_a_part_of_the_whole_with_the_same_texts(finished):
    whole, part = replayed(finished.outcome), replayed(finished.outcome, 0.5)

    assert 20 < len(part["ingest"]) < 100
    assert len({row["id"] for row in part["ingest"]} - {row["id"] for row in whole["ingest"]}) == 0
    for stage, rows in part.items():
        ids = {row["id"] for row in part["ingest"]}
        assert rows == [row for row in whole[stage] if row["id"] in ids]


def stage(name, came, left, kind="filter"):
    gone = {f"{name}.x": Tally(1, came - left, came - left)} if came > left else {}
    return StageReport(name, kind, Tally(9, came, came), Tally(8, left, left), dropped=gone)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ((), ["extract", "gopher", "minhash"]),
        (("url",), ["extract", "url"]),
        (("c4", "gopher"), ["gopher", "c4"]),
        (("ingest", "minhash"), ["ingest", "minhash"]),
    ],
)
def test_models_are_trained_after_stages_that_took_enough_or_were_named(after, expected):
    names = ("ingest", "extract", "url", "gopher", "c4", "minhash")
    sizes = (10_000, 5000, 5000, 4990, 2000, 1995, 1000)
    report = Report([stage(name, *pair) for name, pair in zip(names, pairwise(sizes), strict=True)])

    assert chosen(report, after) == expected


def test_a_large_corpus_is_sampled_and_a_small_one_is_not():
    def sized(raw, left):
        return Report([stage("ingest", raw, raw), stage("gopher", raw, left)])

    assert share_of(sized(10**6, 10**5), ["ingest", "gopher"]) == 1.0
    assert share_of(sized(2**32, 2**30), ["ingest", "gopher"]) == pytest.approx(2**25 / 2**30)
    assert share_of(sized(2**40, 2**20), ["ingest", "gopher"]) == pytest.approx(2**29 / 2**40)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"after": ["gophr"]}, "no such stage; there are ingest, gopher"),
        ({"held_out": ["news=nowhere.jsonl"]}, "nowhere.jsonl: no such file"),
        ({"recipe": build({"use": "gopher"}, output={"tokens": False})}, "output.tokens = false"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_the_run(tmp_path, change, said):
    (tmp_path / "tiny.toml").write_text(TINY)
    given = {"held_out": [], "after": [], "seeds": 2, "workers": 1, "recipe": build({"use": "gopher"}), **change}

    with pytest.raises(UsageError, match=said):
        Ablation.of(tmp_path / "tiny.toml", **given)


def test_nothing_to_compare_is_said(finished, tmp_path):
    said = []

    assert not ablate(Ablation(tmp_path / "x.toml", after=("ingest",)), finished.outcome, finished.folder, said.append)
    assert "nothing to compare" in said[0]


def test_a_run_with_ablate_says_beside_each_stage_what_it_does_to_models(tmp_path):
    (tmp_path / "tiny.toml").write_text(TINY)
    (tmp_path / "small.toml").write_text('name = "small"\n[[stage]]\nuse = "gopher"\n[tokens]\nvocabulary = 1024\n')
    source = write_jsonl(tmp_path / "in.jsonl", [document(i) for i in range(150)] + ["short text"] * 150)
    held = write_jsonl(tmp_path / "held.jsonl", [document(i) for i in range(300, 330)])
    command = [sys.executable, "-m", "curate", "run", tmp_path / "small.toml", source, "--output", tmp_path / "out"]
    command += ["--workers", "1", "--ablate", tmp_path / "tiny.toml", "--ablate-held-out", f"held={held}"]
    command += ["--ablate-seeds", "2", "--ablate-after", "gopher"]

    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)

    report, manifest = (json.loads((tmp_path / "out" / name).read_text()) for name in ("report.json", "manifest.json"))
    [line] = report["ablation"]["stages"]
    assert (line["stage"], line["against"], line["on"]) == ("gopher", "ingest", "held")
    assert line["verdict"] in ("better", "worse", "not distinguishable at this budget")
    assert (tmp_path / "out" / report["ablation"]["folder"] / "study" / "ablate.html").is_file()
    for shown in (done.stdout, yield_text(report, manifest), report_html(report, manifest)):
        assert f"left; Δ {line['delta']:+.4f} bits a byte" in shown
    assert "models after gopher, against ingest, on held:" in yield_text(report, manifest)
    assert "models after gopher, against ingest, on held:" in (tmp_path / "out/report.html").read_text()
