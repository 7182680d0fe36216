import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pretrain.errors import DataError
from pretrain.evaluation.pairs import pairs
from pretrain.evaluation.sentences import sentence_nats
from pretrain.shards import Manifest
from pretrain.tokens import END_OF_TEXT, MASK, PAD
from tests.pretrain import token_folder
from tests.pretrain.evaluated import trained

SENTENCES = token_folder.texts(12, seed=5)


@pytest.fixture(scope="module")
def vocabulary(corpus):
    return Manifest.read(corpus).open_vocabulary()


@torch.no_grad()
def slow(run, text):
    """One token at a time, one row at a time."""
    ids = run.vocabulary.encode(text)[: run.config.model.context - 2]
    return sum(_cost(run, ids, place) for place in range(len(ids)))


def _cost(run, ids, place):
    model, sentinel = run.model, run.vocabulary.size - 1
    if model.family == "decoder":
        logits = model.logits(model(torch.tensor([[END_OF_TEXT, *ids[:place]]])))[0, -1]
    elif model.family == "encoder":
        masked = [END_OF_TEXT, *ids[:place], MASK, *ids[place + 1 :], END_OF_TEXT]
        logits = model.logits(model(torch.tensor([masked])))[0, place + 1]
    elif run.config.train.objective == "prefix":
        read = torch.tensor([[*ids[:place], END_OF_TEXT]])
        logits = model.logits(model(read, decoder_inputs_BU=torch.tensor([[PAD]])))[0, -1]
    else:
        read = torch.tensor([[*ids[:place], sentinel, *ids[place + 1 :], END_OF_TEXT]])
        logits = model.logits(model(read, decoder_inputs_BU=torch.tensor([[PAD, sentinel]])))[0, -1]
    return -logits.double().log_softmax(0)[ids[place]].item()


@pytest.mark.parametrize(
    ("family", "objective"), [("decoder", "clm"), ("encoder", "mlm"), ("seq2seq", "span"), ("seq2seq", "prefix")]
)
def test_a_sentence_costs_the_sum_of_its_tokens_asked_one_by_one(vocabulary, family, objective):
    run = trained(vocabulary, family, objective)

    found = sentence_nats(run, SENTENCES)

    np.testing.assert_allclose(found, [slow(run, text) for text in SENTENCES], rtol=1e-4)


def test_equal_sentences_are_asked_once_and_cost_the_same(vocabulary):
    done = []

    found = sentence_nats(trained(vocabulary), [SENTENCES[0], SENTENCES[1], SENTENCES[0]], done.append)

    assert sum(done) == 2
    assert found[0] == found[2] != found[1]


def written(folder, **paradigms):
    folder.mkdir()
    for name, rows in paradigms.items():
        lines = [json.dumps({"sentence_good": good, "sentence_bad": bad}) for good, bad in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    return folder


def test_paradigms_weigh_alike_and_a_tie_counts_half(vocabulary, tmp_path):
    run = trained(vocabulary)
    cheap, dear = sorted(SENTENCES[:2], key=lambda text: slow(run, text))
    folder = written(tmp_path / "blimp", first=[(cheap, dear)] * 3, second=[(dear, cheap)], third=[(cheap, cheap)])

    found = {one.metric: one for one in pairs(run, folder, seed=3)}

    assert found["accuracy"].value == pytest.approx(0.5)
    assert found["accuracy"].n == 5
    assert [found[f"accuracy, {name}"].value for name in ("first", "second", "third")] == [1, 0, 0.5]
    assert found["accuracy"].low < 0.5 < found["accuracy"].high
    assert found["accuracy, first"].detail
    assert not found["accuracy"].detail


def test_a_limit_takes_so_many_of_each_paradigm_and_the_same_for_a_seed(vocabulary, tmp_path):
    rows = list(zip(SENTENCES[:6], SENTENCES[6:], strict=True))
    folder = written(tmp_path / "pairs", a=rows, b=rows[:2])

    first, again = (pairs(trained(vocabulary), folder, limit=3, seed=4) for _ in range(2))

    assert first == again
    assert first[0].n == 5


def test_a_pair_without_a_side_is_told_with_its_place(vocabulary, tmp_path):
    (tmp_path / "x.jsonl").write_text('{"sentence_good": "a", "sentence_bad": "b"}\n{"sentence_good": "a"}\n')

    with pytest.raises(DataError, match=r"x\.jsonl:2: field sentence_bad must be text"):
        pairs(trained(vocabulary), tmp_path / "x.jsonl")


def test_blimp_is_67_paradigms_of_1000_pairs():
    from pretrain.evaluation.pairs import paradigms
    from pretrain.evaluation.records import read

    folder = Path("../shared/data/eval_blimp")
    if not folder.exists():
        pytest.skip("needs ../shared/data/eval_blimp")

    found = paradigms(read(folder))

    assert len(found) == 67
    assert {len(records) for records in found.values()} == {1000}
