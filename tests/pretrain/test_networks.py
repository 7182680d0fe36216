"""What holds for every network."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pretrain import hub
from pretrain.models import build
from pretrain.models.head import cross_entropy
from pretrain.optim import groups
from tests.pretrain.networks import ARCHITECTURES, DECODERS, asked, network, shape, tokens


def theirs(made, folder):
    """The class in transformers that an exported folder opens as."""
    transformers = pytest.importorskip("transformers")
    (folder / "config.json").write_text(json.dumps(hub.settings(made.config)))
    save_file(hub.weights(made), folder / "model.safetensors", metadata={"format": "pt"})
    kind = {"decoder": "CausalLM", "encoder": "MaskedLM", "seq2seq": "Seq2SeqLM"}[made.family]
    loaded, said = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(folder, output_loading_info=True)
    assert not any(said.values()), said
    return loaded.eval()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tied", [False, True])
@torch.no_grad()
def test_logits_are_those_of_transformers(architecture, tied, tmp_path):
    made = network(architecture, tied=tied)

    loaded = theirs(made, tmp_path)

    written = {"decoder_input_ids": tokens()[:, :6]} if architecture == "t5" else {}
    np.testing.assert_allclose(asked(made), loaded(input_ids=tokens(), **written).logits, atol=1e-4)


@pytest.mark.parametrize("architecture", DECODERS)
@torch.no_grad()
def test_logits_are_those_of_transformers_with_as_many_keys_as_queries(architecture, tmp_path):
    made = network(architecture, kv_heads=4)

    np.testing.assert_allclose(asked(made), theirs(made, tmp_path)(input_ids=tokens()).logits, atol=1e-4)


@pytest.mark.parametrize("architecture", ["modernbert", "t5"])
@torch.no_grad()
def test_long_rows_read_as_in_transformers(architecture, tmp_path):
    changes = {"relative_buckets": 32, "relative_distance": 128} if architecture == "t5" else {}
    made = network(architecture, context=300, **changes)
    row = tokens(1, 300)

    written = {"decoder_input_ids": row[:, :150]} if architecture == "t5" else {}
    np.testing.assert_allclose(asked(made, row), theirs(made, tmp_path)(input_ids=row, **written).logits, atol=1e-4)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_an_isolated_document_reads_as_if_alone(architecture):
    made, row = network(architecture), tokens(1)
    documents = torch.tensor([[3] * 4 + [8] * 8])

    if architecture == "t5":
        written = torch.tensor([[3] * 2 + [8] * 4])
        joined = made(row, documents, row[:, :6], written)[:, 2:]
        alone = made(row[:, 4:], None, row[:, 2:6])
    else:
        joined, alone = made(row, documents)[:, 4:], made(row[:, 4:])

    torch.testing.assert_close(joined, alone, atol=1e-5, rtol=1e-4)


@torch.no_grad()
def test_a_written_token_of_a_document_that_is_not_in_the_input_is_a_number():
    made, row = network("t5"), tokens(1)

    hidden = made(row, torch.zeros_like(row), row[:, :3], torch.tensor([[0, -1, -1]]))

    assert hidden.isfinite().all()


@torch.no_grad()
def test_a_masked_token_sees_both_sides():
    made, row = network("modernbert"), tokens(1)
    for changed in (0, 11):
        other = row.clone()
        other[0, changed] = (other[0, changed] + 1) % 97
        assert not torch.allclose(made(row)[:, 5], made(other)[:, 5])


@torch.no_grad()
def test_a_written_token_does_not_see_those_after_it_but_all_that_was_read():
    made, row = network("t5"), tokens(1)
    later, input_end = row.clone(), row.clone()
    later[0, 4:], input_end[0, -1] = (later[0, 4:] + 1) % 97, (input_end[0, -1] + 1) % 97

    assert torch.equal(made(row, None, row)[:, :4], made(row, None, later)[:, :4])
    assert not torch.allclose(made(row, None, row)[:, 0], made(input_end, None, row)[:, 0])


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tied", [False, True])
def test_initialisation_sets_every_weight_from_the_seed(architecture, tied):
    with torch.device("meta"):
        one, two = (build(shape(architecture, tied=tied)) for _ in range(2))
    for made in (one, two):
        made.to_empty(device="cpu")
        if tied:
            made.head.weight = made.embedding.weight
    with torch.no_grad():
        for weight in one.parameters():
            weight.fill_(torch.nan)

    one.initialise(5)
    two.initialise(5)

    pairs = list(zip(one.parameters(), two.parameters(), strict=True))
    assert all(torch.equal(a, b) and a.isfinite().all() for a, b in pairs)
    assert not list(one.buffers())


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@torch.no_grad()
def test_an_untrained_network_knows_nothing(architecture):
    made = build(shape(architecture))
    made.initialise(1)

    logits = asked(made)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens()[:, : logits.shape[1]].flatten())

    assert loss.item() == pytest.approx(np.log(97), abs=0.01)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("tied", [False, True])
def test_every_weight_learns_and_is_in_one_group(architecture, tied):
    made = network(architecture, tied=tied)

    hidden = made(tokens(), tokens() % 2, tokens()[:, :6], tokens()[:, :6] % 2).flatten(0, 1)
    cross_entropy(made.predict(hidden), made.head.weight, tokens(1, len(hidden))[0]).backward()

    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in made.parameters())
    grouped = [id(weight) for weights in groups(made).values() for weight in weights]
    assert sorted(grouped) == sorted(map(id, made.parameters()))


def test_work_of_a_masked_token_counts_the_head_where_it_is_asked():
    made = build(shape("modernbert"))
    blocks = 2 * (24 * 24 * 4 + 24 * 40 * 3) + 3 * 24
    predicting = 24 * 24 + 97 * 24

    assert made.matrix_parameters() == blocks + 24 * 24
    assert made.flops_per_token(1, 0.3) == pytest.approx(6 * blocks + 12 * 2 * 24 * 16 + 0.3 * 6 * predicting)


def test_work_of_a_corrupted_token_counts_each_side_for_its_own():
    made = build(shape("t5"))
    attention, feedforward, norms = 4 * 24 * 24, 3 * 24 * 40, 24
    encoder = 2 * (attention + feedforward + 2 * norms)
    decoder = 3 * (2 * attention + feedforward + 3 * norms)
    memory = 3 * 2 * 24 * 24

    reading = 6 * (encoder + memory) + 12 * 2 * 24 * 16
    writing = 6 * (decoder - memory + 97 * 24) + 12 * 3 * 24 * (16 + 4)
    assert made.matrix_parameters() == encoder + decoder
    assert made.flops_per_token(0.8, 0.2) == pytest.approx(0.8 * reading + 0.2 * writing)
