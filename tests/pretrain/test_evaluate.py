import json
import math
import sys

import numpy as np
import pytest

from pretrain import cli, load, train
from pretrain.errors import DataError
from pretrain.evaluation import document_nats, domains, results
from pretrain.evaluation.intervals import Estimate
from pretrain.shards import Manifest, Shards
from pretrain.trained import open_run
from tests.pretrain import token_folder
from tests.pretrain.evaluated import trained


@pytest.fixture(scope="module")
def run(corpus, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluate")
    (folder / "tiny.toml").write_text(
        "[model]\ncontext = 24\nlayers = 1\nwidth = 32\nheads = 2\n[train]\nsteps = 30\nbatch = 4\n"
    )
    train(load(folder / "tiny.toml"), corpus, folder / "run")
    return folder / "run"


def command(monkeypatch, capsys, *arguments):
    """(exit code, output, error) of the command."""
    monkeypatch.setattr(sys, "argv", ["pretrain", *map(str, arguments)])
    code = 0
    try:
        cli.main()
    except SystemExit as end:
        code = end.code
    out, error = capsys.readouterr()
    return code or 0, out, error


def lines(path, *rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def test_a_domain_costs_what_its_documents_cost_over_the_bytes_of_its_texts(run):
    opened = open_run(run)
    texts = token_folder.texts(9, seed=4)

    found = domains.bits_per_byte(opened, domains.Domain("news", texts), seed=1)

    nats = document_nats(opened.model, [np.array(opened.vocabulary.encode(text)) for text in texts])
    assert found.value == pytest.approx(nats.sum() / math.log(2) / sum(len(text.encode()) for text in texts))
    assert found.low < found.value < found.high
    assert found.n == 9


def test_the_validation_split_falls_into_its_sources_and_is_encoded_anew(run, tmp_path):
    texts = token_folder.texts(8, seed=6)
    opened = open_run(run)
    folder = token_folder.make(tmp_path / "data", ["x"], texts, source="books")

    (found,) = domains.of_tokens(folder, "source", 0, 1)

    assert found == domains.Domain("books", texts)
    held_out = Shards(Manifest.read(folder), "validation")
    for ids, number in zip(domains.encoded(opened.vocabulary, found.texts), range(8), strict=True):
        assert ids.tolist() == held_out.document(number).tolist()


@pytest.mark.parametrize("family", ["encoder", "seq2seq"])
def test_other_objectives_are_asked_on_the_same_masks_each_time(corpus, family):
    opened = trained(Manifest.read(corpus).open_vocabulary(), family)
    domain = domains.Domain("news", token_folder.texts(12, seed=7))

    first, again = (domains.bits_per_byte(opened, domain, seed=1) for _ in range(2))

    assert first == again
    assert first.value > 0
    assert first.note.endswith("no code length")


def test_plain_text_is_cut_at_blank_lines_and_nothing_is_lost():
    paragraphs = [f"{i} " + "words " * 300 for i in range(9)]

    found = domains.passages("\n\n".join(paragraphs))

    assert "\n\n".join(found) == "\n\n".join(paragraphs)
    assert len(found) > 2
    assert all(len(passage) >= domains.PASSAGE for passage in found[:-1])


def test_the_command_prints_a_table_and_keeps_every_figure(monkeypatch, capsys, run, corpus, tmp_path):
    text = lines(tmp_path / "a.jsonl", *({"text": text} for text in token_folder.texts(6)))
    pairs = lines(tmp_path / "pairs.jsonl", *[{"sentence_good": "a b", "sentence_bad": "b a"}] * 2)
    choice = lines(tmp_path / "quiz.jsonl", *[{"context": "a", "choices": ["b", "c"], "answer": 1}] * 3)

    code, out, error = command(
        monkeypatch, capsys, "evaluate", run, "--data", corpus, "--text", f"news={text}", "--pairs", pairs,
        "--choice", choice,
    )  # fmt: skip

    assert (code, error) == (0, "")
    kept = json.loads((run / "evaluate.json").read_text())
    assert (kept["format"], kept["step"]) == (1, 30)
    tasks = {one["task"] for one in kept["tables"]}
    assert tasks == {"bits per byte, docs", "bits per byte, news", "pairs", "quiz"}
    for one in kept["tables"]:
        assert one["low"] <= one["value"] <= one["high"]
        assert one["detail"] or f"{one['value']:.4f}" in out


def test_a_later_call_replaces_its_own_tasks_and_keeps_the_others(monkeypatch, capsys, run, tmp_path):
    place = tmp_path / "e.json"
    first = lines(tmp_path / "first.jsonl", *[{"context": "a", "choices": ["b", "c"], "answer": 1}] * 3)
    other = lines(tmp_path / "other.jsonl", {"context": "a", "choices": ["b", "c"], "answer": 1})
    for file in (first, other):
        command(monkeypatch, capsys, "evaluate", run, "--choice", file, "--json", place)

    command(monkeypatch, capsys, "evaluate", run, "--choice", first, "--limit", "2", "--json", place)

    sizes = {(one.task, one.n) for one in results.read(place).tables}
    assert sizes == {("first", 2), ("other", 1)}


def test_figures_of_other_weights_go(tmp_path):
    one = results.figure("a", "accuracy", Estimate(0.5, 0.4, 0.6), 10, 1)
    results.merge(tmp_path / "e.json", 10, [one])

    found = results.merge(tmp_path / "e.json", 20, [one.model_copy(update={"task": "b"})])

    assert [figure.task for figure in found.tables] == ["b"]


def test_what_is_no_number_is_none_in_the_file():
    one = results.figure("a", "x", Estimate(math.nan, math.nan, math.inf), 0, 1)

    assert (one.value, one.low, one.high) == (None, None, None)


def test_a_broken_file_of_figures_is_refused(tmp_path):
    (tmp_path / "e.json").write_text('{"format": 2}')

    with pytest.raises(DataError, match="delete it"):
        results.read(tmp_path / "e.json")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "nothing to measure"),
        (["--text", "news"], "write NAME=PATH"),
        (["--text", "news={tmp}/none.jsonl"], "no such file"),
        (["--pairs", "{tmp}"], "holds no records"),
        (["--choice", "{tmp}/none.csv"], "no such file"),
        (["--data", "{tmp}/none"], "no such folder"),
        (["--data", "{tmp}", "--by", "length"], "--by length: source or language"),
        (["--pairs", "{tmp}", "--step", "3"], "no checkpoint of step 3"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(monkeypatch, capsys, run, tmp_path, arguments, said):
    filled = [part.format(tmp=tmp_path) for part in arguments]

    code, out, error = command(monkeypatch, capsys, "evaluate", run, *filled)

    assert (code, out) == (2, "")
    assert said in error
    assert len(error.splitlines()) == 1


def test_hostile_names_do_not_reach_the_terminal(monkeypatch, capsys, run, tmp_path):
    text = lines(tmp_path / "a.jsonl", {"text": "a b c"})

    _, out, _ = command(monkeypatch, capsys, "evaluate", run, "--text", f"\x1b[31mred={text}", "--json", tmp_path / "e")

    assert "\x1b" not in out


def test_help_ends_with_an_example(monkeypatch, capsys):
    code, out, _ = command(monkeypatch, capsys, "evaluate", "--help")

    assert code == 0
    assert out.strip().splitlines()[-1].strip().startswith("Example: pretrain evaluate ")
