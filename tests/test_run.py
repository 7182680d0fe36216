"""The runner on real files, with real processes and real kills."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from curate import Options, run, unit
from curate.errors import GuardError, RunError, UsageError
from curate.export import export
from curate.shards import read_json
from curate.validate import problems
from tests.conftest import build, document, write_jsonl

STAGES = ({"use": "language", "label": ["en"]}, {"use": "gopher"}, {"use": "exact"}, {"use": "minhash"})
SMALL = {"ingest": {"shard_bytes": 20_000}, "output": {"file_bytes": 2**16}}
IDENTICAL = ("documents", "dropped", "quarantine", "tokens", "tokenizer", "sketches", "manifest.json", "audit.json")


def identical(folder):
    """Relative path → bytes of everything that must be the same for the same input and recipe."""
    files = [path for name in IDENTICAL for path in [folder / name, *(folder / name).rglob("*")] if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def small(*stages, **tables):
    return build(*(stages or STAGES), **{**SMALL, **tables})


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """One run on one worker, with its input and recipe."""
    folder = tmp_path_factory.mktemp("finished")
    texts = [document(i) for i in range(150)]
    texts[5], texts[7], texts[9] = "too short to be a document", texts[6], document(3).replace("The", "A", 1)
    source = write_jsonl(folder / "input" / "a.jsonl", texts)
    write_jsonl(folder / "input" / "b.jsonl", texts[:20] + [document(i) for i in range(1000, 1050)])
    result = run(small(), [source.parent], folder / "out", options=Options(workers=1))
    return source.parent, folder / "out", result


def test_the_books_balance_and_every_file_is_as_the_manifest_says(finished):
    out, result = finished[1:]

    result.report.balance()

    assert list(problems(out)) == []
    assert result.report.input.documents == 220
    assert result.report.stages[2].dropped["gopher.words.min"].documents == 2
    assert result.report.stages[3].dropped["exact.duplicate"].documents >= 20


def test_datasets_reads_the_shards_and_counts_the_tokens_of_the_manifest(finished):
    datasets = pytest.importorskip("datasets")
    _, out, _ = finished
    manifest = read_json(out / "manifest.json")

    splits = {split: datasets.load_from_disk(str(out / "tokens" / split)) for split in ("train", "validation")}

    for split, rows in splits.items():
        assert sum(map(len, rows["input_ids"])) == manifest["tokens"][split]["tokens"]
        assert len(rows) == manifest["tokens"][split]["documents"] > 0


def test_tokens_decode_to_the_documents_they_come_from(finished):
    from tokenizers import Tokenizer

    datasets = pytest.importorskip("datasets")
    _, out, _ = finished
    tokenizer = Tokenizer.from_file(str(out / "tokenizer" / "tokenizer.json"))
    texts = {row["id"]: row["text"] for f in (out / "documents").glob("*") for row in pq.read_table(f).to_pylist()}

    rows = [row for s in ("train", "validation") for row in datasets.load_from_disk(str(out / "tokens" / s))]

    assert {row["id"]: tokenizer.decode(row["input_ids"], skip_special_tokens=False) for row in rows} == texts


def test_two_workers_leave_the_same_bytes_as_one(finished, tmp_path):
    source, out, _ = finished

    run(small(), [source], tmp_path / "out", options=Options(workers=2))

    assert identical(tmp_path / "out") == identical(out)


@pytest.mark.parametrize("rows", [1, 17])
def test_any_split_into_batches_leaves_the_same_bytes(finished, tmp_path, monkeypatch, rows):
    source, _out, _ = finished
    monkeypatch.setattr(unit, "BATCH_ROWS", rows)

    run(small(ingest={"shard_bytes": 10**9}), [source], tmp_path / "split", options=Options(workers=1))
    monkeypatch.undo()
    run(small(ingest={"shard_bytes": 10**9}), [source], tmp_path / "whole", options=Options(workers=1))

    assert identical(tmp_path / "split") == identical(tmp_path / "whole")


def test_a_run_killed_five_times_leaves_the_same_bytes(finished, tmp_path):
    source, out, _ = finished
    recipe = tmp_path / "recipe.toml"
    import tomli_w

    recipe.write_text(tomli_w.dumps(small().table()), "utf-8")
    command = [sys.executable, "-m", "curate", "run", str(recipe), str(source), "--output", str(tmp_path / "out")]
    command += ["--workers", "2", "--quiet"]

    for kills in range(5):
        process = subprocess.Popen(command, start_new_session=True)
        done = count_done(tmp_path / "out")
        deadline = time.monotonic() + 60
        while (
            process.poll() is None and count_done(tmp_path / "out") < done + 1 + kills and time.monotonic() < deadline
        ):
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL) if process.poll() is None else None
        process.wait()
    subprocess.run(command, check=True)

    assert identical(tmp_path / "out") == identical(out)


def count_done(folder):
    return len(list(folder.glob(".work/*/*/report.json")))


def test_workers_end_when_their_parent_is_killed(finished, tmp_path):
    source, _, _ = finished
    recipe = tmp_path / "recipe.toml"
    import psutil
    import tomli_w

    recipe.write_text(tomli_w.dumps(small().table()), "utf-8")
    command = [sys.executable, "-m", "curate", "run", str(recipe), str(source), "--output", str(tmp_path / "out")]
    process = subprocess.Popen([*command, "--workers", "2", "--quiet"])
    children = []
    while process.poll() is None and len(children) < 3:  # two workers and the resource tracker
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.01)
    process.kill()
    process.wait()

    _, alive = psutil.wait_procs(children, timeout=20)

    assert alive == []


def test_running_a_finished_run_again_does_nothing_and_changes_nothing(finished, tmp_path):
    source, out, _ = finished
    before = {path: path.stat().st_mtime_ns for path in (out / ".work").rglob("report.json")}

    run(small(), [source], out, options=Options(workers=1))

    assert {path: path.stat().st_mtime_ns for path in (out / ".work").rglob("report.json")} == before


def test_a_folder_of_another_recipe_is_refused_unless_reuse(finished, tmp_path):
    source, _, _ = finished
    changed = small(*STAGES[:1], {"use": "gopher", "words": {"min": 100}}, *STAGES[2:])
    run(small(), [source], tmp_path / "out", options=Options(workers=1))

    with pytest.raises(UsageError, match="another recipe or input"):
        run(changed, [source], tmp_path / "out", options=Options(workers=1))
    run(changed, [source], tmp_path / "out", options=Options(workers=1, reuse=True))
    run(changed, [source], tmp_path / "fresh", options=Options(workers=1))

    assert identical(tmp_path / "out") == identical(tmp_path / "fresh")
    assert list(problems(tmp_path / "out")) == []


def test_a_changed_input_is_another_run(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(1)])
    run(small({"use": "gopher"}), [source], tmp_path / "out", options=Options(workers=1))
    write_jsonl(source, [document(2)])

    with pytest.raises(UsageError, match="another recipe or input"):
        run(small({"use": "gopher"}), [source], tmp_path / "out", options=Options(workers=1))


def test_a_folder_that_is_no_run_is_refused(corpus, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("precious")

    with pytest.raises(UsageError, match="not a run's folder"):
        run(small(), [corpus], tmp_path / "out")

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.tex"]


def test_a_folder_in_use_is_refused(corpus, tmp_path):
    (tmp_path / "out" / ".work").mkdir(parents=True)

    with FileLock(tmp_path / "out" / ".work" / "lock"), pytest.raises(UsageError, match="another run is at work"):
        run(small(), [corpus], tmp_path / "out")


def test_a_missing_input_is_the_users_mistake(tmp_path):
    with pytest.raises(UsageError, match=r"nothing\.jsonl"):
        run(small(), [tmp_path / "nothing.jsonl"], tmp_path / "out")


def test_documents_that_make_a_stage_fail_are_quarantined_alone(tmp_path):
    texts = [document(i) for i in range(40)]
    texts[3] = texts[17] = "poison " * 60
    source = write_jsonl(tmp_path / "a.jsonl", texts)

    result = run(build({"use": "tests.faulty:Fragile"}), [source], tmp_path / "out", options=Options(workers=1))

    stage = result.report.stages[-1]
    assert (stage.quarantined["fragile.error"].documents, stage.out.documents) == (2, 38)
    rows = [row for path in (tmp_path / "out" / "quarantine").glob("*") for row in pq.read_table(path).to_pylist()]
    assert [row["id"] for row in rows] == ["a.jsonl#3", "a.jsonl#17"]
    assert rows[0]["error"] == "ZeroDivisionError: division by"
    assert list(problems(tmp_path / "out")) == []


def test_a_stage_that_fails_on_everything_ends_the_run_in_one_line(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(30)])

    with pytest.raises(RunError, match=r"stage broken_stage fails on 30 of 30 documents: LookupError: no model"):
        run(build({"use": "tests.faulty:Broken"}), [source], tmp_path / "out", options=Options(workers=1))


def test_a_worker_that_dies_twice_over_a_unit_ends_the_run_and_names_it(tmp_path):
    recipe = build({"use": "tests.faulty:Suicidal"}, tokens={"vocabulary": 1024}, ingest={"shard_bytes": 2000})
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(1100)])

    with pytest.raises(RunError, match=r"a worker died twice over 01-pilot-\w+/0000\d"):
        run(recipe, [source], tmp_path / "out", options=Options(workers=2))


def test_what_a_rewrite_takes_empties_or_refuses_is_in_the_books(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ["kept\ncut away", "empty me", "poison", "whole"])

    result = run(build({"use": "tests.faulty:Shears"}), [source], tmp_path / "out", options=Options(workers=1))

    stage = result.report.stages[-1]
    assert stage.out.bytes == len("kept" + "whole")
    assert stage.rewritten.bytes == len("\ncut away" + "empty me")
    assert stage.dropped["shears.empty"].documents == 1
    assert stage.quarantined["shears.refused"].documents == 1
    assert [row["text"] for row in pq.read_table(tmp_path / "out" / "dropped" / "shears").to_pylist()] == ["empty me"]


def test_a_flag_marks_and_keeps(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(1), "short"])

    result = run(build({"use": "gopher", "act": "flag"}), [source], tmp_path / "out", options=Options(workers=1))

    assert result.report.output.documents == 2
    assert result.report.stages[-1].flagged["gopher.words.min"].documents == 1


def test_a_stage_that_takes_more_than_its_band_stops_the_run_with_the_books_so_far(corpus, tmp_path):
    recipe = small({"use": "gopher", "words": {"min": 10_000}}, guard={"gopher": {"max_drop": 0.5}})

    with pytest.raises(GuardError, match=r"gopher took 100.0% of 240 documents, its band allows 50.0%") as error:
        run(recipe, [corpus], tmp_path / "out", options=Options(workers=1))

    assert error.value.books.stages[-1].out.documents == 0


def test_a_limit_reads_the_first_records_only(corpus, tmp_path):
    result = run(build({"use": "gopher"}), [corpus], tmp_path / "out", options=Options(workers=1), limit=25)

    assert result.report.input.documents == 25


def test_shares_of_a_job_array_together_leave_the_bytes_of_one_run(finished, tmp_path):
    source, out, _ = finished

    for _ in range(6):
        results = [run(small(), [source], tmp_path / "out", options=Options(1, only=(n, 2))) for n in range(2)]
        if all(result.finished for result in results):
            break

    assert results[0].finished
    assert identical(tmp_path / "out") == identical(out)


def test_an_empty_corpus_leaves_a_readable_folder(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ["all too short", "every one"])

    result = run(build({"use": "gopher"}, {"use": "exact"}), [source], tmp_path / "out", options=Options(workers=1))

    assert result.report.output.documents == 0
    assert list(problems(tmp_path / "out")) == []
    datasets = pytest.importorskip("datasets")
    assert len(datasets.load_from_disk(str(tmp_path / "out" / "tokens" / "train"))) == 0


def test_a_run_that_counts_no_tokens_keeps_and_drops_the_same_documents(finished, tmp_path):
    source, out, counted = finished
    folder = tmp_path / "out"

    result = run(small(output={**SMALL["output"], "tokens": False}), [source], folder, options=Options(workers=1))

    assert list(problems(folder)) == []
    kept = {
        name: pq.read_table(folder / name).column("id") for name in identical(folder) if name.startswith("documents")
    }
    assert kept == {name: pq.read_table(out / name).column("id") for name in kept}
    assert not (folder / "tokens").exists()
    assert not (folder / "tokenizer").exists()
    assert result.report.output.bytes == counted.report.output.bytes
    assert result.report.input.tokens == 0
    page, card = ((folder / name).read_text("utf-8") for name in ("report.html", "README.md"))
    assert "Bytes by stage" in page
    assert "okens kept" not in page
    assert "load_from_disk" not in card
    with pytest.raises(UsageError, match="there are no tokens to export"):
        list(export(folder, "nanogpt", tmp_path / "bin"))


def test_literal_control_tokens_in_text_are_encoded_as_text(tmp_path):
    hostile = "<|endoftext|> <|pad|> <|mask|> <|sentinel_0|> [MASK] </s> <|unused_1|> "
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) + hostile for i in range(30)])

    run(build(), [source], tmp_path / "out", options=Options(workers=1))

    datasets = pytest.importorskip("datasets")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(tmp_path / "out" / "tokenizer" / "tokenizer.json"))
    rows = datasets.load_from_disk(str(tmp_path / "out" / "tokens" / "train"))
    added = {i for i, token in tokenizer.get_added_tokens_decoder().items() if token.special}
    assert not added & {i for row in rows for i in row["input_ids"]}
    assert all(tokenizer.decode(row["input_ids"]).endswith(hostile) for row in rows)


def test_columns_of_the_input_survive_in_meta(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(1)], url=["http://a.example/x"], score=[0.5])

    run(build(), [source], tmp_path / "out", options=Options(workers=1))

    row = pq.read_table(tmp_path / "out" / "documents").to_pylist()[0]
    assert (row["url"], json.loads(row["meta"])) == ("http://a.example/x", {"score": 0.5})


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_one_line_and_the_run_goes_on_once_there_is_space(corpus, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("cannot mount a small disk here")
    try:
        with pytest.raises(UsageError, match="no space left"):
            run(small(), [corpus], disk / "out", options=Options(workers=1))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        run(small(), [corpus], disk / "out", options=Options(workers=1))
        assert list(problems(disk / "out")) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_validate_finds_a_changed_byte_a_missing_file_and_a_stray_one(finished, tmp_path):
    source, _, _ = finished
    run(small(), [source], tmp_path / "out", options=Options(workers=1))
    shard = next(iter(sorted((tmp_path / "out" / "tokens" / "train").glob("*.arrow"))))
    data = bytearray(shard.read_bytes())
    data[-100] ^= 1
    shard.unlink()
    Path(shard).write_bytes(data)
    (tmp_path / "out" / "tokenizer" / "tokenizer.json").unlink()
    (tmp_path / "out" / "documents" / "extra.parquet").write_bytes(b"x")

    found = "\n".join(problems(tmp_path / "out"))

    assert f"{shard.relative_to(tmp_path / 'out').as_posix()}: its bytes are not those" in found
    assert "tokenizer/tokenizer.json: missing" in found
    assert "documents/extra.parquet: not in the manifest" in found


def test_a_limit_counts_over_all_sources_in_their_order(corpus, tmp_path):
    result = run(build({"use": "gopher"}), [corpus], tmp_path / "out", options=Options(workers=1), limit=100)

    assert result.report.input.documents == 100
    assert {key: flow.documents for key, flow in result.report.source_in.items()} == {
        "part-0.jsonl": 80,
        "part-1.jsonl": 20,
    }


def test_a_band_for_ingest_counts_what_could_not_be_read(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(1)])
    source.write_text(source.read_text("utf-8") + "not json\n" * 9, "utf-8")

    with pytest.raises(GuardError, match=r"ingest took 90\.0% of 10 documents"):
        run(build(guard={"ingest": {"max_drop": 0.5}}), [source], tmp_path / "out", options=Options(workers=1))


def test_what_killed_writers_left_is_swept_away(finished):
    source, out, _ = finished
    left = [out / ".tmp-host-1-manifest.json", next((out / ".work").glob("*/*")) / ".tmp-host-1-documents.arrow"]
    for path in left:
        path.write_bytes(b"half")

    run(small(), [source], out, options=Options(workers=1))

    assert not [path for path in left if path.exists()]


def test_a_batch_systems_stop_is_one_line_and_leaves_no_process(finished, tmp_path):
    source, _, _ = finished
    command = [sys.executable, "-m", "curate", "run", "web-any", str(source), "--output", str(tmp_path / "out")]
    process = subprocess.Popen([*command, "--workers", "2"], stderr=subprocess.PIPE, text=True)
    while process.poll() is None and not count_done(tmp_path / "out"):
        time.sleep(0.01)

    process.terminate()
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130, err
    assert err.splitlines()[-1] == "curate: stopped; run again to continue"


def test_a_link_to_nothing_is_quarantined_and_the_rest_is_read(corpus, tmp_path):
    (corpus / "gone.html").symlink_to(tmp_path / "nothing")

    result = run(build({"use": "gopher"}), [corpus], tmp_path / "out", options=Options(workers=1))

    assert result.report.stages[0].quarantined["ingest.unreadable"].documents == 1
    assert result.report.output.documents > 200
    assert list(problems(tmp_path / "out")) == []


def test_file_names_that_are_not_utf_8_are_read(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    name = os.fsdecode(b"\xff\xfe.jsonl")
    write_jsonl(tmp_path / "plain.jsonl", [document(1)]).rename(folder / name)

    result = run(build({"use": "gopher"}), [folder], tmp_path / "out", options=Options(workers=1))

    assert result.report.output.documents == 1
    assert list(problems(tmp_path / "out")) == []


def test_a_run_never_reads_what_it_has_written(corpus, tmp_path):
    first = run(build({"use": "gopher"}), [corpus], corpus / "out", options=Options(workers=1))
    again = run(build({"use": "gopher"}), [corpus], corpus / "out", options=Options(workers=1))

    assert again.report.as_dict() == first.report.as_dict()


def test_shares_that_come_to_the_end_together_do_not_trip_over_each_other(finished, tmp_path):
    import tomli_w

    source, out, _ = finished
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(tomli_w.dumps(small().table()), "utf-8")
    run(small(), [source], tmp_path / "out", options=Options(workers=1))
    command = [sys.executable, "-m", "curate", "run", str(recipe), str(source), "--output", str(tmp_path / "out")]
    (tmp_path / "out" / "manifest.json").unlink()

    shares = [subprocess.Popen([*command, "--only", f"{n}/3", "--quiet", "--workers", "1"]) for n in range(3)]

    assert [share.wait() for share in shares] == [0, 0, 0]
    assert identical(tmp_path / "out") == identical(out)


def test_a_whole_run_and_a_share_do_not_work_in_one_folder(corpus, tmp_path):
    (tmp_path / "out" / ".work").mkdir(parents=True)

    with (
        FileLock(tmp_path / "out" / ".work" / "lock-0-of-2"),
        pytest.raises(UsageError, match="another run is at work"),
    ):
        run(small(), [corpus], tmp_path / "out", options=Options(workers=1))
    with FileLock(tmp_path / "out" / ".work" / "lock"), pytest.raises(UsageError, match="another run is at work"):
        run(small(), [corpus], tmp_path / "out", options=Options(workers=1, only=(0, 2)))


def test_sources_that_could_not_be_read_are_in_the_books_by_source(tmp_path):
    write_jsonl(tmp_path / "in" / "a.jsonl", [document(1)])
    (tmp_path / "in" / "broken.warc").write_bytes(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 500\r\n\r\ncut")

    result = run(build(), [tmp_path / "in"], tmp_path / "out", options=Options(workers=1))

    assert result.report.source_in["broken.warc"].documents >= 1
    assert sum(tally.documents for tally in result.report.source_in.values()) == result.report.input.documents


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r["input"].update(tokens=5), "input is not what the stages add up to"),
        (lambda r: r.update(by_source={}), "by_source does not add up to the input"),
        (lambda r: r.update({"yield": 5}), "yield is not what"),
        (
            lambda r: r["stages"][2]["dropped"].update(x=r["stages"][2]["dropped"].pop("gopher.words.min")),
            "rows for gopher.words.min",
        ),
        (lambda r: r.clear(), "report.json: cannot be read"),
    ],
)
def test_validate_finds_a_report_that_was_tampered_with(finished, tmp_path, change, message):
    import shutil

    _, out, _ = finished
    shutil.copytree(out, tmp_path / "out", ignore=shutil.ignore_patterns(".work"))
    report = read_json(tmp_path / "out" / "report.json")
    change(report)
    (tmp_path / "out" / "report.json").write_text(json.dumps(report), "utf-8")

    assert message in "\n".join(problems(tmp_path / "out"))


def test_a_run_leaves_the_caller_its_threads(finished, monkeypatch):
    source, out, _ = finished
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)

    run(small(), [source], out, options=Options(workers=1))

    assert os.environ["OMP_NUM_THREADS"] == "7"
    assert "MKL_NUM_THREADS" not in os.environ


def given_tokenizer(path, change):
    """A tokenizer trained on the tests' English, its definition changed."""
    from curate import tokens

    found = json.loads(tokens.train([document(i) for i in range(30)], 704))
    change(found)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found), "utf-8")
    return path


def test_a_tokenizer_that_cuts_and_fills_texts_does_neither_here(tmp_path):
    def cutting(found):
        found["truncation"] = {"direction": "Right", "max_length": 8, "strategy": "LongestFirst", "stride": 0}
        found["padding"] = {
            "strategy": {"Fixed": 128},
            "direction": "Right",
            "pad_to_multiple_of": None,
            "pad_id": 0,
            "pad_type_id": 0,
            "pad_token": "<|pad|>",
        }

    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(20)])
    counts = []
    for name, change in (("plain", lambda found: None), ("cutting", cutting)):
        path = given_tokenizer(tmp_path / f"{name}.json", change)
        recipe = build(tokens={"tokenizer": str(path)})
        counts.append(run(recipe, [source], tmp_path / name, options=Options(workers=1)).report.output.tokens)

    assert counts[0] == counts[1] > 20 * 100


def test_ids_of_a_vocabulary_with_holes_keep_their_value(tmp_path):
    def holed(found):
        word = max(found["model"]["vocab"], key=found["model"]["vocab"].get)
        found["model"]["vocab"][word] = 70_000

    path = given_tokenizer(tmp_path / "holed.json", holed)
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(40)])

    run(build(tokens={"tokenizer": str(path), "validation": 0}), [source], tmp_path / "out", options=Options(workers=1))

    datasets = pytest.importorskip("datasets")
    rows = datasets.load_from_disk(str(tmp_path / "out" / "tokens" / "train"))
    assert max(max(row["input_ids"]) for row in rows) == 70_000
    assert list(problems(tmp_path / "out")) == []


def test_a_given_tokenizer_is_copied_and_its_place_is_nothing_to_the_corpus(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(20)])
    blob = given_tokenizer(tmp_path / "blobs" / "abc", lambda found: None)
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "abc").symlink_to("../blobs/abc")
    folders = []
    for number, path in enumerate([blob, tmp_path / "hub" / "abc"]):
        folders.append(tmp_path / str(number))
        run(build(tokens={"tokenizer": str(path)}), [source], folders[-1], options=Options(workers=1))
    blob.write_text("overwritten")

    assert identical(folders[0]) == identical(folders[1])
    assert list(problems(folders[0])) == []


def test_a_stage_may_bear_the_name_of_a_phase(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(20)])

    run(build({"use": "exact", "name": "pack"}), [source], tmp_path / "out", options=Options(workers=1))

    assert list(problems(tmp_path / "out")) == []


def test_copies_stay_on_one_side_of_the_validation_split(tmp_path):
    texts = [
        f"{a} and {b}"
        for a, b in zip(["one", "two", "three", "four", "five", "six", "seven"] * 8, range(56), strict=True)
    ] * 2
    recipe = build(
        {"use": "exact", "act": "flag"},
        {"use": "minhash", "act": "flag"},
        tokens={"vocabulary": 704, "validation": 0.3},
    )

    run(recipe, [write_jsonl(tmp_path / "a.jsonl", texts)], tmp_path / "out", options=Options(workers=1))

    datasets = pytest.importorskip("datasets")
    sides = [datasets.load_from_disk(str(tmp_path / "out" / "tokens" / split)) for split in ("train", "validation")]
    train, validation = ({tuple(row["input_ids"]) for row in side} for side in sides)
    assert len(train) + len(validation) == 56
    assert not train & validation


def test_linking_never_empties_what_it_links(tmp_path):
    import platform

    from curate.shards import TEMPORARY, link

    (tmp_path / "source").write_text("precious")
    stale = tmp_path / f"{TEMPORARY}{platform.node()}-{os.getpid()}-target"
    os.link(tmp_path / "source", stale)

    link(tmp_path / "source", tmp_path / "target")

    assert (tmp_path / "source").read_text() == (tmp_path / "target").read_text() == "precious"


def test_a_text_that_a_rewrite_gives_nothing_back_for_is_empty(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ["vanish", "stay"])

    result = run(build({"use": "tests.faulty:Vanishing"}), [source], tmp_path / "out", options=Options(workers=1))

    assert result.report.stages[-1].dropped["vanishing.empty"].documents == 1
    assert list(problems(tmp_path / "out")) == []


def test_a_stage_that_workers_could_not_rebuild_is_refused(tmp_path):
    from curate.recipe import Recipe
    from tests.faulty import Optional

    recipe = Recipe(name="x", stage=(Optional(most=None),))

    with pytest.raises(UsageError, match="stage optional"):
        run(recipe, [write_jsonl(tmp_path / "a.jsonl", ["x"])], tmp_path / "out")


def test_an_input_that_changed_under_its_name_and_time_is_another_input(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ["aaaa"])
    time_ = source.stat().st_mtime_ns
    run(build(), [source], tmp_path / "out", options=Options(workers=1))
    write_jsonl(source, ["bbbb"])
    os.utime(source, ns=(time_, time_))

    with pytest.raises(UsageError, match="another recipe or input"):
        run(build(), [source], tmp_path / "out", options=Options(workers=1))


def test_a_stop_ends_the_workers_at_once(tmp_path):
    import psutil
    import tomli_w

    recipe = build({"use": "tests.faulty:Slow"}, tokens={"vocabulary": 704}, ingest={"shard_bytes": 2000})
    (tmp_path / "r.toml").write_text(tomli_w.dumps(recipe.table()), "utf-8")
    source = write_jsonl(tmp_path / "a.jsonl", [document(i) for i in range(2100)])
    command = [
        sys.executable,
        "-m",
        "curate",
        "run",
        str(tmp_path / "r.toml"),
        str(source),
        "--output",
        str(tmp_path / "out"),
    ]
    process = subprocess.Popen([*command, "--workers", "2", "--quiet"], env={**os.environ, "PYTHONPATH": "."})
    children = []
    while process.poll() is None and not list((tmp_path / "out").glob(".work/00-ingest-*/*/report.json")):
        time.sleep(0.05)
    while process.poll() is None and len(children) < 3:
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.05)
    time.sleep(2)

    process.send_signal(signal.SIGINT)

    assert process.wait(timeout=20) == 130
    assert psutil.wait_procs(children, timeout=5)[1] == []


def test_cleaning_waits_for_no_run_and_disturbs_none(finished, tmp_path):
    from curate.finish import clean

    _, out, _ = finished

    with FileLock(out / ".work" / "lock"), pytest.raises(UsageError, match="another run is at work"):
        clean(out)

    assert (out / ".work" / "run.json").exists()
