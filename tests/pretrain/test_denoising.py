from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretrain.data import Packing, Rows
from pretrain.draws import key, keyed
from pretrain.lengths import PREFIX, UL2, Denoiser, Lengths, lengths, noise
from pretrain.objectives import IGNORE, denoise, restore
from pretrain.objectives.denoising import MODES, corruption, split
from pretrain.tokens import END_OF_TEXT, PAD, SENTINELS
from tests.pretrain.test_packing import numbered

VOCABULARY = 8_192
T5 = Denoiser("", 0.15, 3.0)
DENOISERS = {"span": (T5,), "prefix": (PREFIX,), "ul2": UL2}

objectives = st.sampled_from(["span", "prefix", "ul2"])
lengths_of_documents = st.lists(st.integers(0, 90), min_size=1, max_size=12)


def asked(objective, packing, first=0, count=None, weights=None):
    rows = packing.rows(first, count or packing.rows_per_epoch)
    return rows, denoise(rows, DENOISERS[objective], lengths(objective, 32), VOCABULARY, weights)


def packed(objective, documents, seed=1):
    return Packing(numbered(documents), lengths(objective, 32).raw, seed, lead=0)


@given(objectives, lengths_of_documents, st.integers(0, 9))
def test_inputs_and_targets_give_back_the_row(objective, documents, seed):
    rows, batch = asked(objective, packed(objective, documents, seed))

    for i, (tokens, owners) in enumerate(zip(rows.tokens, rows.documents, strict=True)):
        assert restore(batch.inputs[i], batch.targets[i], VOCABULARY).tolist() == tokens[owners >= 0].tolist()


@given(objectives, lengths_of_documents)
def test_every_token_of_the_corpus_stands_in_inputs_or_targets_once_an_epoch(objective, documents):
    packing = packed(objective, documents)
    _, batch = asked(objective, packing)

    seen = Counter(batch.inputs[batch.inputs >= 100].tolist()) + Counter(batch.targets[batch.targets >= 100].tolist())

    text = {t: n for t, n in seen.items() if t < VOCABULARY - SENTINELS}
    assert text == Counter(t for d in packing.shards.documents for t in d.tolist())


@given(st.integers(8, 700), st.floats(0.05, 0.7), st.floats(1, 20))
def test_a_full_row_leaves_no_padding(context, density, mean):
    size = lengths("span", context, density, mean)
    rows = Packing(numbered([size.raw - 1]), size.raw, 1, lead=0).rows(0, 2)

    batch = denoise(rows, (Denoiser("", density, mean),), size, VOCABULARY)

    assert context - size.inputs in ((0,) if density <= 0.5 else (0, 1))
    assert not (batch.documents < 0).any()
    assert not (batch.targets == IGNORE).any()


@pytest.mark.parametrize(
    ("context", "raw", "targets"), [(128, 141, 29), (256, 284, 58), (512, 568, 114), (1024, 1137, 229)]
)
def test_the_lengths_are_those_of_t5(context, raw, targets):
    size = lengths("span", context)

    assert (size.raw, size.inputs, size.targets) == (raw, context, targets)


@given(st.integers(2, 200), st.floats(0.01, 0.99), st.floats(1, 70), st.integers(0, 10**6))
def test_a_mask_has_its_noise_in_its_number_of_spans(length, density, mean, seed):
    mask = corruption(key(seed), length, Denoiser("", density, mean))[0]

    tokens, spans = noise(length, density, mean)
    assert mask.sum() == tokens
    assert (np.diff(np.concatenate([[0], mask])) == 1).sum() == spans


def test_all_masks_of_so_many_tokens_in_so_many_spans_are_equally_likely():
    keys = keyed(key(7), np.arange(40_000))

    masks = corruption(keys, 7, Denoiser("", 0.43, 1.5))

    assert noise(7, 0.43, 1.5) == (3, 2)
    found = Counter(tuple(mask) for mask in masks.tolist())
    assert len(found) == 2 * 10
    assert all(count == pytest.approx(2_000, rel=0.1) for count in found.values())


def test_first_and_last_tokens_are_targets_now_and_then():
    masks = corruption(keyed(key(3), np.arange(2_000)), 141, T5)

    share = masks.mean(0)
    assert 0.03 < share[0] < 0.1
    assert 0.03 < share[-1] < 0.1
    assert share[5:-5] == pytest.approx(0.15, abs=0.04)


def test_a_row_reads_as_in_the_paper():
    tokens = np.arange(100, 113)[None]
    mask = np.isin(tokens, [103, 104, 105, 111, 112])
    rows = Rows(tokens, np.zeros_like(tokens), key(1))
    s0, s1 = VOCABULARY - 1, VOCABULARY - 2

    batch = split(rows, mask, np.array([True]), np.array([PAD]), Lengths(13, 11, 8), VOCABULARY, None)

    assert batch.inputs.tolist() == [[100, 101, 102, s0, 106, 107, 108, 109, 110, s1, END_OF_TEXT]]
    assert batch.targets.tolist() == [[s0, 103, 104, 105, s1, 111, 112, END_OF_TEXT]]


@given(objectives, lengths_of_documents)
def test_the_decoder_reads_the_targets_behind_a_pad(objective, documents):
    _, batch = asked(objective, packed(objective, documents))

    expected = np.where(batch.targets == IGNORE, PAD, batch.targets)[:, :-1]
    assert (batch.decoder_inputs[:, 0] == PAD).all()
    assert np.array_equal(batch.decoder_inputs[:, 1:], expected)


@given(objectives, lengths_of_documents)
def test_text_in_inputs_and_targets_keeps_its_document(objective, documents):
    packing = packed(objective, documents)
    _, batch = asked(objective, packing)

    owner = {t: n for n, d in enumerate(packing.shards.documents) for t in d.tolist()}
    for tokens, owners in ((batch.inputs, batch.documents), (batch.targets, batch.decoder_documents)):
        text = (tokens >= 100) & (tokens < VOCABULARY - SENTINELS)
        assert [owner[t] for t in tokens[text].tolist()] == owners[text].tolist()
    assert ((batch.decoder_documents < 0) == (batch.targets == IGNORE)).all()


@given(objectives, lengths_of_documents)
def test_rows_are_corrupted_alike_however_they_are_asked_for(objective, documents):
    packing = packed(objective, documents)
    _, whole = asked(objective, packing, count=5)

    singly = [asked(objective, packing, i, 1)[1] for i in reversed(range(5))]

    assert np.array_equal(whole.inputs, np.concatenate([b.inputs for b in reversed(singly)]))
    assert np.array_equal(whole.targets, np.concatenate([b.targets for b in reversed(singly)]))


def test_each_epoch_corrupts_otherwise():
    packing = packed("span", [34])

    first, second = (asked("span", packing, epoch, 1)[1].inputs for epoch in (0, 1))

    assert not np.array_equal(first, second)


def test_the_mixture_draws_all_its_denoisers_alike_and_names_them():
    size = lengths("ul2", 64)
    packing = Packing(numbered([70_000]), size.raw, 1, lead=0)

    batch = denoise(packing.rows(0, 700), UL2, size, VOCABULARY)

    modes = Counter(batch.inputs[:, 0].tolist())
    assert modes[MODES["R"]] == pytest.approx(200, abs=50)
    assert modes[MODES["S"]] == pytest.approx(100, abs=35)
    assert modes[MODES["X"]] == pytest.approx(400, abs=60)


def test_a_prefix_is_cut_between_a_quarter_and_three_quarters():
    size = lengths("prefix", 64)
    packing = Packing(numbered([70_000]), size.raw, 1, lead=0)

    batch = denoise(packing.rows(0, 300), (PREFIX,), size, VOCABULARY)

    suffixes = (batch.targets != IGNORE).sum(1) - 1
    assert (size.raw, suffixes.min(), suffixes.max()) == (84, 21, 63)
    assert (np.diff(batch.targets[:, :21]) == 1).all()


@pytest.mark.parametrize("objective", ["span", "prefix", "ul2"])
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_corpus_of_hardly_a_token_is_still_a_row(objective, count):
    rows, batch = asked(objective, packed(objective, [count]))

    assert restore(batch.inputs[0], batch.targets[0], VOCABULARY).tolist() == rows.tokens[0, : count + 1].tolist()
    assert (batch.targets != IGNORE).any()


def test_weights_follow_the_documents_of_the_targets():
    packing = packed("span", [16, 17], seed=None)

    _, batch = asked("span", packing, weights=np.array([0.5, 2.0], np.float32))

    expected = np.where(batch.targets == IGNORE, 0, np.where(batch.decoder_documents == 0, 0.5, 2.0))
    assert np.array_equal(batch.weights, expected)
    assert set(batch.weights[0].tolist()) == {0.5, 2.0}
