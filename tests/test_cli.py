"""The command line as a user meets it."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from curate.cli import app, main
from tests.conftest import document, write_jsonl

RECIPE = """
name = "small"
[[stage]]
use = "gopher"
[[stage]]
use = "exact"
[tokens]
vocabulary = 1024
validation = 0.2
"""


@pytest.fixture
def curate(capsys, monkeypatch):
    """Call `curate` in this process: exit code, what it printed, what it complained."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["curate", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as exit_:
            main()
        out, err = capsys.readouterr()
        return exit_.value.code, out, err

    return call


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    path = tmp_path_factory.mktemp("recipe") / "small.toml"
    path.write_text(RECIPE, "utf-8")
    return path


@pytest.fixture(scope="module")
def corpus_dir(tmp_path_factory, recipe):
    folder = tmp_path_factory.mktemp("cli")
    source = write_jsonl(folder / "in.jsonl", [document(i) for i in range(60)] + ["too short", document(3)])
    command = [sys.executable, "-m", "curate", "run", str(recipe), str(source), "--output", str(folder / "out")]
    subprocess.run([*command, "--workers", "1"], check=True, capture_output=True)
    return folder / "out"


def test_help_names_every_command_and_imports_nothing_heavy():
    code = (
        "import sys\nsys.argv = ['curate', '--help']\nfrom curate.cli import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'numba', 'pyarrow', 'datasets', 'fasttext', 'trafilatura', 'tokenizers', 'pydantic', 'numpy'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )

    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert "HEAVY []" in out
    for command in (
        "run",
        "demo",
        "explain",
        "schema",
        "validate",
        "report",
        "inspect",
        "export",
        "clean",
        "tokenizer",
    ):
        assert re.search(rf"^\s+{command}\s", out, re.MULTILINE)


def test_a_barrier_that_takes_too_much_shows_its_clusters_harmlessly_and_ends_with_one_line(curate, tmp_path):
    recipe = tmp_path / "r.toml"
    recipe.write_text(RECIPE + "[guard]\nexact = { max_drop = 0.1 }\n", "utf-8")
    source = write_jsonl(tmp_path / "in.jsonl", [document(1) + "\x1b[31m"] * 20 + [document(2), document(3)])

    code, _, err = curate("run", recipe, source, "--output", tmp_path / "out", "--workers", "1")

    assert code == 1
    assert "20 documents  in.jsonl#0" in err
    assert "\x1b" not in err
    assert re.search(r"^so far +22 ", err, re.MULTILINE)
    assert not re.search(r"^output|yield|published", err, re.MULTILINE)
    assert err.splitlines()[-1] == "curate: exact took 86.4% of 22 documents, its band allows 10.0%"


def test_a_dry_run_tells_what_memory_and_disk_are_needed_and_reads_nothing(curate, recipe, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [document(i) for i in range(2000)])

    code, out, _ = curate("run", recipe, source, "--output", tmp_path / "out", "--memory", "4GB", "--dry-run")

    assert code == 0
    assert "memory 4.0 GB: " in out
    assert re.search(r"about [\d,]+ documents, \d MB, by the size of the inputs: at least exact \d+ MB of memory", out)
    assert not (tmp_path / "out").exists()


def test_every_commands_help_ends_with_an_example():
    for command in app.registered_commands:
        assert command.epilog.startswith("Example: curate ")


def test_a_run_prints_its_yield_table_and_where_the_report_lies(curate, recipe, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [document(i) for i in range(20)] + ["too short"])

    code, out, err = curate("run", recipe, source, "--output", tmp_path / "out", "--workers", "1")

    assert code == 0
    assert "words < 50" in out
    assert str(tmp_path / "out" / "report.html") in out.replace("\n", "")
    assert "ingest: 1 of 1 units, 21 documents" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no-such-recipe", "x", "--output", "o"], "no such recipe"),
        (["run", "web-em", "x", "--output", "o"], "did you mean 'web-en'"),
        (["run", "RECIPE", "no-such-file.jsonl", "--output", "o"], "no-such-file.jsonl"),
        (["run", "RECIPE", "x", "--output", "o", "--set", "gopher.word.min=3"], "did you mean 'words'"),
        (["run", "RECIPE", "x", "--output", "o", "--memory", "lots"], "--memory lots"),
        (["run", "RECIPE", "x", "--output", "o", "--only", "4/4"], "--only 4/4"),
        (["run", "RECIPE", "x", "--output", "o", "--kind", "pdf"], "kind"),
        (["run", "RECIPE", "x"], "--output"),
        (["validate", "no-such-folder"], "no such folder"),
        (["export", "CORPUS", "--to", "word", "--output", "o"], "known are nanogpt, jsonl, datasketch"),
        (["inspect", "CORPUS", "--stage", "gofer"], "did you mean 'gopher'"),
        (["inspect", "CORPUS", "--reason", "gopher.word.min"], "did you mean 'gopher.words.min'"),
        (["tokenizer", "show", "RECIPE"], "not a tokenizer"),
        (["runn"], "runn"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(curate, recipe, corpus_dir, arguments, message):
    named = {"RECIPE": recipe, "CORPUS": corpus_dir}

    code, _, err = curate(*(named.get(argument, argument) for argument in arguments))

    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_a_run_that_could_read_nothing_fails(curate, recipe, tmp_path):
    (tmp_path / "in.jsonl").write_text("not json\nnor this\n")

    code, _, err = curate("run", recipe, tmp_path / "in.jsonl", "--output", tmp_path / "out", "--workers", "1")

    assert (code, err.splitlines()[-1]) == (1, "curate: no document could be read: see quarantine/")


def test_a_dry_run_says_what_would_be_read_and_writes_nothing(curate, recipe, corpus, tmp_path):
    code, out, _ = curate("run", recipe, corpus, "--output", tmp_path / "out", "--dry-run")

    assert code == 0
    assert "3 sources" in out
    assert "segment 0: gopher → exact" in out
    assert not (tmp_path / "out").exists()


def test_explain_prints_a_recipe_that_means_the_same(curate, tmp_path):
    from curate.recipe import Recipe

    _, out, _ = curate("explain", "web-en", "--set", "gopher.words.min=30")
    (tmp_path / "explained.toml").write_text(out)

    assert Recipe.load(tmp_path / "explained.toml").table() == Recipe.load("web-en", ["gopher.words.min=30"]).table()


def test_schema_describes_every_stage(curate):
    from curate.stages import STAGES

    _, out, _ = curate("schema")

    assert {f"stage_{use}" for use in STAGES} <= set(json.loads(out)["$defs"])


def test_validate_says_that_all_is_well(curate, corpus_dir):
    code, out, _ = curate("validate", corpus_dir)

    assert code == 0
    assert "the books balance" in out


def test_report_shows_the_table_again_and_its_json(curate, corpus_dir, tmp_path):
    assert "words < 50" in curate("report", corpus_dir)[1]
    assert json.loads(curate("report", corpus_dir, "--json")[1])["output"]["documents"] == 60
    assert curate("report", corpus_dir, "--html", tmp_path / "r.html")[0] == 0
    assert "<html" in (tmp_path / "r.html").read_text("utf-8")


def test_inspect_shows_what_was_dropped_and_why(curate, corpus_dir):
    _, out, _ = curate("inspect", corpus_dir, "--stage", "gopher")

    assert "too short" in out
    assert "words" in out


def test_export_writes_what_nanogpt_reads(curate, corpus_dir, tmp_path):
    manifest = json.loads((corpus_dir / "manifest.json").read_text("utf-8"))

    code, out, _ = curate("export", corpus_dir, "--to", "nanogpt", "--output", tmp_path / "bin")

    ids = np.memmap(tmp_path / "bin" / "train.bin", dtype=np.uint16, mode="r")
    train = manifest["tokens"]["train"]
    assert code == 0
    assert [Path(line).name for line in out.split()] == ["train.bin", "val.bin"]
    assert len(ids) == train["tokens"] + train["documents"]
    assert int((ids == 1).sum()) == train["documents"]
    assert ids[-1] == 1


def test_export_writes_documents_as_json_lines(curate, corpus_dir, tmp_path):
    curate("export", corpus_dir, "--to", "jsonl", "--output", tmp_path / "jsonl")

    with gzip.open(tmp_path / "jsonl" / "documents.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    assert len(rows) == 60
    assert rows[0]["gopher"]["words"] > 50


def test_clean_frees_the_working_files_and_leaves_the_output_whole(curate, recipe, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [document(i) for i in range(20)])
    curate("run", recipe, source, "--output", tmp_path / "out", "--workers", "1", "--quiet")

    assert curate("clean", tmp_path / "out")[0] == 0
    assert not (tmp_path / "out" / ".work").exists()
    assert curate("validate", tmp_path / "out")[0] == 0


def test_a_tokenizer_can_be_trained_described_and_given_to_a_run(curate, recipe, corpus, tmp_path):
    made = tmp_path / "t.json"

    assert curate("tokenizer", "train", corpus, "--vocabulary", "704", "--output", made)[0] == 0
    assert "vocabulary: 704" in curate("tokenizer", "show", made)[1]
    setting = f"tokens.tokenizer={made}"
    assert curate("run", recipe, corpus, "--output", tmp_path / "out", "--workers", "1", "--set", setting)[0] == 0
    assert json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["vocabulary"] == 704


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "RECIPE", "--set", "gopher.words.min=inf"], "would let nothing pass"),
        (["explain", "RECIPE", "--set", "gopher.words.max=nan"], "nan bounds nothing"),
        (["explain", "RECIPE", "--set", "seed=-1"], "seed"),
        (["explain", "RECIPE", "--set", "tokens.vocabulary=1000000000"], "tokens.vocabulary"),
        (["run", "RECIPE", "x", "--output", "o", "--memory", "-5GB"], "--memory -5GB"),
        (["run", "RECIPE", "x", "--output", "o", "--memory", "inf"], "--memory inf"),
        (["run", "RECIPE", "x", "--output", "o", "--only", "²/5"], "--only"),
        (["run", "RECIPE", "RECIPE", "--kind", "text", "--output", "/dev/null/o"], "/dev/null"),
        (["explain", "gpt-tiny"], "name"),
    ],
)
def test_numbers_and_names_out_of_range_are_refused_in_one_line(curate, recipe, arguments, message):
    code, _, err = curate(*(recipe if argument == "RECIPE" else argument for argument in arguments))

    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_what_nobody_foresaw_is_one_line_too(curate, corpus_dir, tmp_path):
    (tmp_path / "file").write_text("in the way")

    code, _, err = curate("export", corpus_dir, "--to", "jsonl", "--output", tmp_path / "file")

    assert (code, err.count("\n")) == (1, 1)
    assert "File exists" in err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "files": "x"}'])
def test_a_manifest_that_is_none_is_one_line(curate, tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)

    for command in (["validate"], ["report"], ["inspect"]):
        code, _, err = curate(*command, tmp_path)
        assert (code, err.count("\n")) == (2, 1)


def test_a_cleaned_folder_is_told_from_a_foreign_one(curate, recipe, tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", [document(i) for i in range(5)])
    curate("run", recipe, source, "--output", tmp_path / "out", "--workers", "1", "--quiet")
    curate("clean", tmp_path / "out")

    code, _, err = curate("run", recipe, source, "--output", tmp_path / "out")

    assert code == 2
    assert "cleaned away" in err


LOST = """
import time
from curate import cli

class Library:
    def __del__(self):
        raise KeyboardInterrupt  # as a signal that comes while an object is finalised

def app(**_):
    Library()
    time.sleep(60)

cli.app = app
cli.main()
"""


def test_a_stop_that_comes_while_an_object_is_finalised_stops_all_the_same():
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, timeout=50, check=False)

    assert (done.returncode, done.stderr) == (130, "curate: stopped; run again to continue\n")
