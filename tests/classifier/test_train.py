"""Training is a function of texts, options and seed: the same bytes, a split without leaks, a card that says how."""

import json
import random
import subprocess
import sys

import numpy as np
import pytest

from curate.classifier.card import write_card
from curate.classifier.model import Classifier
from curate.classifier.train import Training, gather, train, training_rows
from curate.errors import CurateError, UsageError
from curate.ingest import Ingest, discover
from tests.conftest import document, write_jsonl

SMALL = {"dim": 8, "buckets": 2000, "epochs": 10, "learning_rate": 0.5}


def spam(number):
    return f"buy cheap item {number} now sale cart price {number * 7} click here free shipping"


@pytest.fixture
def sides(tmp_path):
    good = write_jsonl(tmp_path / "good.jsonl", [document(i) for i in range(80)])
    bad = write_jsonl(tmp_path / "bad.jsonl", [spam(i) for i in range(200)])
    return good, bad


def trained(sides, output, **options):
    return train([sides[0]], [sides[1]], output, Training(**{**SMALL, **options}), Ingest())


def test_a_model_tells_what_it_was_trained_on_apart(sides, tmp_path):
    facts = trained(sides, tmp_path / "m.bin")

    scores = Classifier(tmp_path / "m.bin").scores([" ".join(document(999).split()), spam(999)])
    assert scores[0] > 0.9 > 0.1 > scores[1]
    assert facts["held_out"]["roc_auc"]["value"] > 0.99
    assert facts["texts"]["read"] == {"hq": 80, "cc": 200}


def test_two_runs_and_any_order_of_texts_and_files_give_the_same_bytes(sides, tmp_path):
    texts = sides[1].read_text().splitlines()
    random.Random(1).shuffle(texts)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.jsonl").write_text("\n".join(texts[:50]))
    (tmp_path / "other" / "a.jsonl").write_text("\n".join(texts[50:]))

    digests = {
        trained(given, tmp_path / f"{number}.bin")["model"]["sha256"]
        for number, given in enumerate([sides, sides, (sides[0], tmp_path / "other")])
    }

    assert len(digests) == 1


@pytest.mark.parametrize(
    "other", [{"seed": 2}, {"dim": 9}, {"epochs": 11}, {"ngrams": 1}, {"characters": 3}, {"buckets": 1999}]
)
def test_seed_and_options_give_another_model(sides, other, tmp_path):
    assert trained(sides, tmp_path / "a.bin")["model"] != trained(sides, tmp_path / "b.bin", **other)["model"]


def gathered(good, bad, folder, **options):
    files = write_jsonl(folder / "g.jsonl", good), write_jsonl(folder / "b.jsonl", bad)
    found = {side: discover([file], Ingest()).sources for side, file in zip(("hq", "cc"), files, strict=True)}
    return gather(found, folder / "texts", Training(**options), Ingest())


def test_a_text_that_occurs_twice_counts_once_and_one_of_both_sides_not_at_all(tmp_path):
    examples, counts = gathered(["a b", " a b\n", "c", "both"], ["d", "both", "d", "e\nf"], tmp_path)

    texts = [text.decode() for text in examples.texts(np.arange(len(examples.good)))]
    assert sorted(zip(texts, examples.good.tolist(), strict=True)) == [
        ("a b", True),
        ("c", True),
        ("d", False),
        ("e f", False),
    ]
    assert counts == {"read": {"hq": 4, "cc": 4}, "distinct": {"hq": 2, "cc": 2}}


def test_the_split_is_by_text_alone_and_as_large_as_was_asked(tmp_path):
    good, bad = [f"good {i}" for i in range(1000)], [f"bad {i}" for i in range(3000)]
    first, _ = gathered(good, bad, tmp_path / "1", validation=0.2)
    second, _ = gathered(good[::-1] * 2, bad[500:], tmp_path / "2", validation=0.2)

    def held_out(examples):
        return set(examples.texts(np.flatnonzero(examples.held_out)))

    assert 0.17 < len(held_out(first)) / 4000 < 0.23
    assert held_out(second) <= held_out(first)
    assert not held_out(first) & set(first.texts(training_rows(first, balance=False)))


def test_balanced_both_sides_train_alike_and_unbalanced_all_is_used(tmp_path):
    examples, _ = gathered([f"good {i}" for i in range(50)], [f"bad {i}" for i in range(400)], tmp_path, validation=0)

    assert examples.good[training_rows(examples, balance=True)].tolist().count(True) == 50
    assert len(training_rows(examples, balance=True)) == 100
    assert len(training_rows(examples, balance=False)) == 450


def test_a_label_or_an_end_of_line_in_a_text_trains_nothing_else(tmp_path):
    hostile = [f"{document(i)} __label__cc </s> __label__evil\n__label__cc {i}" for i in range(60)]
    good, bad = (
        write_jsonl(tmp_path / "g.jsonl", hostile),
        write_jsonl(tmp_path / "b.jsonl", [spam(i) for i in range(60)]),
    )

    train([good], [bad], tmp_path / "m.bin", Training(**SMALL), Ingest())

    model = Classifier(tmp_path / "m.bin")
    assert model.labels == ("__label__cc", "__label__hq")
    assert model.scores([" ".join(document(7).split())])[0] > 0.9


def test_a_quantised_model_is_smaller_and_still_tells_them_apart(sides, tmp_path):
    full = trained(sides, tmp_path / "m.bin", buckets=50_000)

    small = trained(sides, tmp_path / "m.ftz", buckets=50_000, quantize=True)

    assert small["model"]["bytes"] < full["model"]["bytes"] / 2
    assert small["held_out"]["roc_auc"]["value"] > 0.95
    assert (
        trained(sides, tmp_path / "again.ftz", buckets=50_000, quantize=True)["model"]["sha256"]
        == small["model"]["sha256"]
    )


def test_nothing_held_out_gives_no_scores_and_the_card_says_so(sides, tmp_path):
    facts = trained(sides, tmp_path / "m.bin", validation=0.0)

    readable, data = write_card(facts, tmp_path / "m.bin", None)

    assert facts["held_out"] is None
    assert "how good it is, is not known" in readable.read_text()
    assert json.loads(data.read_text())["texts"]["trained"] == {"hq": 80, "cc": 80}


def test_the_card_says_what_from_and_under_which_licence_and_names_no_folder(sides, tmp_path):
    facts = trained(sides, tmp_path / "m.bin")

    readable, data = write_card(facts, tmp_path / "m.bin", "CC BY 4.0, <b>by</b> nobody")

    text = readable.read_text() + data.read_text()
    assert str(tmp_path) not in text
    assert facts["inputs"][0]["sha256"] in text
    assert "<b>" not in readable.read_text()
    assert json.loads(data.read_text())["licence"] == "CC BY 4.0, <b>by</b> nobody"


def test_one_input_on_both_sides_is_the_user_s_mistake(sides, tmp_path):
    with pytest.raises(UsageError, match=r"good\.jsonl: among both"):
        train([sides[0]], [sides[1].parent], tmp_path / "m.bin", Training(**SMALL), Ingest())


@pytest.mark.parametrize(("good", "bad", "side"), [(["", " \n"], ["x"], "positive"), (["x"], [" "], "negative")])
def test_a_side_without_text_is_named(good, bad, side, tmp_path):
    files = write_jsonl(tmp_path / "g.jsonl", good), write_jsonl(tmp_path / "b.jsonl", bad)

    with pytest.raises(CurateError, match=f"no text could be read from the {side} inputs"):
        trained(files, tmp_path / "m.bin")


def test_two_sides_of_the_same_texts_leave_nothing_to_learn(tmp_path):
    files = write_jsonl(tmp_path / "g.jsonl", ["a", "b"]), write_jsonl(tmp_path / "b.jsonl", ["b", "a"])

    with pytest.raises(CurateError, match="the positive inputs leave no text to train on"):
        trained(files, tmp_path / "m.bin")


def test_what_fasttext_refuses_is_one_line_and_leaves_no_model(tmp_path):
    files = write_jsonl(tmp_path / "g.jsonl", ["a"]), write_jsonl(tmp_path / "b.jsonl", ["b"])

    with pytest.raises(CurateError, match=r"fastText cannot train: .*quantization") as caught:
        trained(files, tmp_path / "m.bin", buckets=1, quantize=True, validation=0.0)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.jsonl", "g.jsonl"]


def test_the_command_trains_scores_and_writes_a_card(sides, tmp_path):
    arguments = ["--positive", str(sides[0]), "--negative", str(sides[1]), "--output", str(tmp_path / "m.bin")]
    options = ["--dim", "8", "--buckets", "2000", "--epochs", "10", "--learning-rate", "0.5", "--licence", "CC0"]

    done = subprocess.run(
        [sys.executable, "-m", "curate", "classifier", "train", *arguments, *options],
        check=True,
        capture_output=True,
        text=True,
    )

    assert "roc_auc           1.0000" in done.stdout
    assert done.stderr == ""
    assert {path.name for path in tmp_path.iterdir()} == {"good.jsonl", "bad.jsonl", "m.bin", "m.bin.md", "m.bin.json"}


def test_a_side_takes_all_files_that_follow_as_a_shell_writes_a_glob(sides, tmp_path):
    more = write_jsonl(tmp_path / "more.jsonl", [document(i) for i in range(80, 90)])
    arguments = ["--positive", str(sides[0]), str(more), "--dim", "8", "--negative", str(sides[1]), "--buckets", "2000"]

    done = subprocess.run(
        [sys.executable, "-m", "curate", "classifier", "train", *arguments, "--output", str(tmp_path / "m.bin")],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.stderr == ""
    assert json.loads((tmp_path / "m.bin.json").read_text())["texts"]["read"] == {"hq": 90, "cc": 200}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--output", "x", "stray"], "stray"),
        (["--output", "x", "--kind", "jason"], "did you mean 'jsonl'"),
        (["--output", "x", "--validation", "2"], "--validation"),
        ([], "--output"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_line(arguments, message, sides):
    given = ["--positive", str(sides[0]), "--negative", str(sides[1]), *arguments]

    done = subprocess.run(
        [sys.executable, "-m", "curate", "classifier", "train", *given], check=False, capture_output=True, text=True
    )

    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_folder_cannot_be_written_to(sides, tmp_path):
    arguments = ["--positive", str(sides[0]), "--negative", str(sides[1]), "--output", str(tmp_path)]

    done = subprocess.run(
        [sys.executable, "-m", "curate", "classifier", "train", *arguments], check=False, capture_output=True, text=True
    )

    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
