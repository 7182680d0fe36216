import math

import numpy as np
import pytest
import torch

from pretrain.config import Data, Model
from pretrain.evaluation import score
from pretrain.models.decoder import Decoder
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
