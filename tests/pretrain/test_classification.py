import json
import random

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from pretrain.errors import DataError, UsageError
from pretrain.evaluation import classifiers, labelled
from pretrain.evaluation.classification import classification, macro_f1, spans
from pretrain.evaluation.classifiers import regression, states
from pretrain.evaluation.labelled import Example, Pair
from pretrain.evaluation.records import Record
from pretrain.evaluation.text_to_text import chrf, greedy, question, text_to_text
from pretrain.shards import Manifest
from pretrain.tokens import END_OF_TEXT, PAD
from tests.pretrain import token_folder
from tests.pretrain.evaluated import trained

WORDS = token_folder.texts(40, seed=2)


@pytest.fixture(scope="module")
def vocabulary(corpus):
    return Manifest.read(corpus).open_vocabulary()


def told(draw):
    """A text whose label is whether it holds z or q, letters that no other text has."""
    label = draw.choice("zq")
    return {"text": " ".join([*draw.sample("aeioustrnlmd", 3), label * 3]), "label": label}


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows))
    return path


def task(run, path, rows, seed=1):
    return labelled.labelled(run, *labelled.split(write(path, rows), 0, seed))


@pytest.mark.parametrize("family", ["encoder", "decoder", "seq2seq"])
def test_a_probe_finds_what_states_tell(vocabulary, tmp_path, family):
    draw = random.Random(1)
    run = trained(vocabulary, family)
    known = task(run, tmp_path / "t.jsonl", [told(draw) for _ in range(120)])

    found = {one.metric: one for one in classification(run, "letters", known, frozen=True, seed=1)}

    assert found["accuracy"].value > 0.9 > found["accuracy"].chance
    assert found["macro F1"].value > 0.9
    assert found["accuracy"].n == 24
    assert found["accuracy"].low <= found["accuracy"].value <= found["accuracy"].high


def test_fine_tuning_teaches_labels_and_leaves_the_network_as_it_was(vocabulary, tmp_path):
    draw = random.Random(2)
    run = trained(vocabulary, "encoder")
    known = task(run, tmp_path / "t.jsonl", [told(draw) for _ in range(150)])
    before = [weight.clone() for weight in run.model.parameters()]

    first, again = (classification(run, "letters", known, frozen=False, seed=1) for _ in range(2))

    assert first == again
    assert first[0].value > 0.9
    assert all(map(torch.equal, before, run.model.parameters()))


def test_spans_of_characters_are_found_as_spans_of_tokens(vocabulary, tmp_path):
    draw = random.Random(3)
    rows = []
    for _ in range(100):
        words = draw.choices(["aa", "ee", "ii", "zzz"], k=5)
        text = " ".join(words)
        places = [len(" ".join(words[:i])) + bool(i) for i, word in enumerate(words) if word == "zzz"]
        rows.append({"text": text, "spans": [{"start": p, "end": p + 3, "label": "Z"} for p in places]})
    run = trained(vocabulary, "encoder")

    found = {one.metric: one for one in classification(run, "z", task(run, tmp_path / "s.jsonl", rows), frozen=True,
                                                       seed=1)}  # fmt: skip

    assert found["F1 of spans"].value > 0.8
    assert found["F1 of spans"].chance == 0
    assert found["accuracy of tokens"].value > found["accuracy of tokens"].chance


def test_a_token_bears_the_label_of_the_first_span_that_it_touches(vocabulary):
    run = trained(vocabulary, "encoder")
    said = [{"start": 0, "end": 4, "label": "A"}, {"start": 2, "end": 9, "label": "B"}]
    text = "zzzz qqqq xxxx"

    (one,) = labelled.labelled(run, [Record("f:1", {"text": text, "spans": said})], []).train

    offsets = run.vocabulary.tokenizer.encode(text).offsets
    expected = [1 if a < 4 else 2 if a < 9 else 0 for a, _ in offsets]
    assert one.labels.tolist() == expected


def test_states_of_a_text_do_not_depend_on_its_batch(vocabulary):
    for family in ("encoder", "decoder", "seq2seq"):
        run = trained(vocabulary, family)
        examples = [Example(np.arange(30, 30 + n), np.zeros(1, np.int64)) for n in (3, 9, 1)]

        with torch.no_grad():
            together = states(run.model, examples, tokens=False)
            alone = torch.cat([states(run.model, [one], tokens=False) for one in examples])

        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)


def test_the_regression_stands_where_its_gradient_is_nothing():
    draw = torch.Generator().manual_seed(1)
    x_ND, right_N = torch.randn(60, 4, generator=draw).double(), torch.randint(0, 3, (60,), generator=draw)

    weight, bias = regression(x_ND, right_N, 3, 0.01)

    weight.requires_grad_()
    bias.requires_grad_()
    loss = functional.cross_entropy(x_ND @ weight.T + bias, right_N) + 0.005 * weight.square().sum()
    loss.backward()
    assert weight.grad.abs().max() < 1e-4
    assert bias.grad.abs().max() < 1e-4


@given(st.lists(st.integers(0, 2), max_size=12))
def test_runs_of_a_label_are_spans(labels):
    found = spans(np.array(labels, np.int64))

    rebuilt = np.zeros(len(labels), int)
    for first, end, label in found:
        rebuilt[first:end] = label
        assert first == 0 or labels[first - 1] != label
    assert rebuilt.tolist() == labels


def test_macro_f1_is_the_mean_over_labels():
    said, right = np.array([[0, 0, 1, 2, 2]]), np.array([0, 1, 1, 2, 0])

    found = macro_f1(said, right, np.ones((1, 5)), 4)

    assert found == pytest.approx((2 / 4 + 2 / 3 + 2 / 3 + 0) / 4)


def test_a_fifth_is_the_test_unless_records_say(tmp_path):
    rows = [{"text": text, "label": "a"} for text in WORDS]

    train, test = labelled.split(write(tmp_path / "a.jsonl", rows), 0, 1)
    said = [row | {"split": "test" if i < 3 else "train"} for i, row in enumerate(rows)]
    own_train, own_test = labelled.split(write(tmp_path / "b.jsonl", said), 0, 1)

    assert (len(train), len(test)) == (32, 8)
    assert sorted(r.fields["text"] for r in train + test) == sorted(WORDS)
    assert [r.fields["text"] for r in own_test] == WORDS[:3]
    assert len(own_train) == 37


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"text": "a"}], "needs a field label, spans or target"),
        ([{"text": "a", "label": None}], "label must be text"),
        ([{"text": "a", "label": "x"}], "have 1 labels; two are needed"),
        ([{"text": "a", "spans": 3}], "spans must be a list"),
        ([{"text": "a", "spans": [{"start": 3, "end": 1, "label": "x"}]}], "a span needs"),
        ([{"text": 3, "label": "x"}, {"text": "a", "label": "y"}], "field text must be text"),
    ],
)
def test_a_malformed_record_is_told(vocabulary, rows, said):
    records = [Record(f"f:{i}", row) for i, row in enumerate(rows, 1)]

    with pytest.raises(DataError, match=said):
        labelled.labelled(trained(vocabulary, "encoder"), records, [])


def test_a_label_that_nobody_taught_is_told(vocabulary):
    train = [Record(f"f:{i}", {"text": "a", "label": label}) for i, label in enumerate("xy")]

    with pytest.raises(DataError, match="f:9: no training record has the label 'z'"):
        labelled.labelled(trained(vocabulary, "encoder"), train, [Record("f:9", {"text": "a", "label": "z"})])


@pytest.mark.parametrize("family", ["seq2seq", "decoder"])
def test_text_to_text_is_learnt(monkeypatch, vocabulary, family):
    monkeypatch.setattr(classifiers, "EPOCHS", 10)
    monkeypatch.setattr(classifiers, "RATE", 0.01)
    run = trained(vocabulary, family, context=32)
    draw = random.Random(4)
    sources = ["".join(draw.choices("aeiou", k=3)) for _ in range(120)]
    pairs = [Pair(source, "zz" if "a" in source else "qq") for source in sources]

    found = {one.metric: one for one in text_to_text(run, "swap", pairs[:100], pairs[100:], seed=1)}

    assert found["bits per byte of targets"].value < 0.5 * found["bits per byte of targets, before"].value
    assert found["chrF"].value > found["chrF"].chance == 0
    assert 0 <= found["exact match"].value <= 1


def test_greedy_writes_the_likeliest_token_after_the_other(vocabulary):
    run = trained(vocabulary, "seq2seq", context=16)

    (text,) = greedy(run, run.model, ["naß"])

    read, written = torch.tensor([[*run.vocabulary.encode("naß"), END_OF_TEXT]]), []
    banned = torch.from_numpy(run.vocabulary.control.copy())
    banned[END_OF_TEXT] = False
    for _ in range(7):
        logits = run.model.logits(run.model(read, decoder_inputs_BU=torch.tensor([[PAD, *written]])))[0, -1]
        written.append(int(logits.masked_fill(banned, -torch.inf).argmax()))
        if written[-1] == END_OF_TEXT:
            break
    assert text == run.vocabulary.decode(written)


def test_a_pair_too_long_is_cut_at_both_ends(vocabulary):
    for family in ("seq2seq", "decoder"):
        run = trained(vocabulary, family, context=16)

        asked = question(run, Pair("ab " * 90, "cd " * 90))

        assert len(asked.inputs) <= 16
        assert asked.targets[-1] == END_OF_TEXT


def test_chrf_is_popovics():
    assert chrf("the cat", "the cat") == 1
    assert chrf("", "") == 1
    assert chrf("abc", "xyz") == chrf("", "a") == 0
    # n = 1: 3/4, 3/3; n = 2: 2/3, 2/2; n = 3: 1/2, 1/1
    precision, recall = (3 / 4 + 2 / 3 + 1 / 2) / 3, 1.0
    assert chrf("abcd", "a b c") == pytest.approx(5 * precision * recall / (4 * precision + recall))


def test_an_encoder_writes_no_text(vocabulary):
    with pytest.raises(UsageError, match="writes no text"):
        text_to_text(trained(vocabulary, "encoder"), "x", [Pair("a", "b")], [Pair("a", "b")], seed=1)
