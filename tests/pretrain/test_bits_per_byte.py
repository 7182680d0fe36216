import math

import numpy as np
import pytest
import torch

from pretrain.config import Data, Model, Train
from pretrain.evaluation import score
from pretrain.models import build
from pretrain.models.decoder import Decoder
from pretrain.objectives import IGNORE, objective
from pretrain.shards import Manifest, Shards
from pretrain.tokens import END_OF_TEXT
from tests.pretrain import token_folder


def opened(folder, context=16):
    manifest = Manifest.read(folder)
    model = Decoder(Model(vocabulary=token_folder.VOCABULARY, context=context, layers=1, width=16, heads=2).resolved(0))
    model.initialise(1)
    with torch.no_grad():
        model.head.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(2))
        model.blocks[0].attention.output.weight.normal_(0, 0.5, generator=torch.Generator().manual_seed(3))
    return model, Shards(manifest, "validation"), manifest.open_vocabulary()


def slow(model, shards, vocabulary, isolate):
    """One prediction at a time: nats and bytes of every document."""
    context = model.config.context
    stream, owners = [END_OF_TEXT], [0]
    for number in range(len(shards)):
        stream += [*shards.document(number).tolist(), END_OF_TEXT]
        owners += [number] * (int(shards.lengths[number]) + 1)
    nats = np.zeros(len(shards))
    for place in range(1, len(stream)):
        begin = (place - 1) // context * context
        if isolate:
            begin = max(begin, next(i for i in range(len(owners)) if i and owners[i] == owners[place]) - 1)
        if stream[place] != END_OF_TEXT:
            logits = model.logits(model(torch.tensor([stream[begin:place]])))[0, -1].double()
            nats[owners[place]] -= logits.log_softmax(0)[stream[place]].item()
    sizes = [len(vocabulary.decode(shards.document(n)).encode()) for n in range(len(shards))]
    return nats, sizes


@pytest.mark.parametrize("isolate", [False, True])
def test_bits_per_byte_are_those_of_the_slow_count(corpus, isolate):
    model, shards, vocabulary = opened(corpus)

    found = score(model, shards, vocabulary, Data(isolate_documents=isolate))
    with torch.no_grad():
        nats, sizes = slow(model, shards, vocabulary, isolate)

    np.testing.assert_allclose(found.nats, nats, rtol=1e-5)
    assert found.bytes.tolist() == sizes
    assert found.bits_per_byte == pytest.approx(sum(nats) / math.log(2) / sum(sizes))
    assert found.nats_per_token == pytest.approx(sum(nats) / shards.tokens)


def test_a_model_that_knows_nothing_pays_the_logarithm_of_its_vocabulary(corpus):
    model, shards, vocabulary = opened(corpus)
    torch.nn.init.zeros_(model.head.weight)

    found = score(model, shards, vocabulary, Data())

    expected = shards.tokens * math.log2(token_folder.VOCABULARY) / found.bytes.sum()
    assert found.bits_per_byte == pytest.approx(expected)


def test_a_limit_takes_whole_documents_from_the_start(corpus):
    model, shards, vocabulary = opened(corpus)
    limit = int(shards.lengths[:3].sum())

    found = score(model, shards, vocabulary, Data(validation_tokens=limit))

    whole = score(model, shards, vocabulary, Data())
    assert len(found.nats) == 3
    np.testing.assert_allclose(found.nats, whole.nats[:3], rtol=1e-5)


def test_an_empty_split_has_no_score(tmp_path):
    model, shards, vocabulary = opened(token_folder.make(tmp_path / "data", ["x"], []))

    assert score(model, shards, vocabulary, Data()) is None


@pytest.mark.parametrize(("architecture", "name"), [("modernbert", "mlm"), ("t5", "span")])
def test_other_objectives_are_scored_by_the_text_they_are_asked(corpus, architecture, name):
    _, shards, vocabulary = opened(corpus)
    shape = Model(architecture=architecture, context=32, layers=1, width=16, heads=2)
    model = build(shape.resolved(token_folder.VOCABULARY))
    model.initialise(1)
    torch.nn.init.normal_(model.head.weight, 0, 0.5, generator=torch.Generator().manual_seed(2))
    train = Train(objective=name, mask_ratio=0.9, span_density=0.6)

    found = score(model, shards, vocabulary, Data(), train)

    asked = objective(Train(objective=name, mask_ratio=0.15), 32, vocabulary)
    batch = asked.ask(asked.packing(shards, None).rows(0, asked.packing(shards, None).rows_per_epoch), None)
    nats, sizes = np.zeros(len(shards)), np.zeros(len(shards), np.int64)
    for row in range(len(batch.inputs)):
        inputs = [
            None if a is None else torch.from_numpy(a[row : row + 1]) for a in (batch.inputs, batch.decoder_inputs)
        ]
        real = int((batch.documents[row] >= 0).sum())
        with torch.no_grad():
            logits = model.logits(model(inputs[0][:, :real], None, inputs[1]))[0].double().log_softmax(1)
        for place, target in enumerate(batch.targets[row].tolist()):
            if target != IGNORE and not vocabulary.control[target]:
                owner = batch.target_documents[row, place]
                nats[owner] -= logits[place, target].item()
                sizes[owner] += len(vocabulary.tokenizer.id_to_token(target))
    np.testing.assert_allclose(found.nats, nats, rtol=1e-4)
    assert found.bytes.tolist() == sizes.tolist()
    assert found.tokens.sum() == pytest.approx(0.15 * shards.tokens, rel=0.15)
