import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretrain.data import Packing
from pretrain.objectives import IGNORE, mlm
from pretrain.tokens import END_OF_TEXT, MASK, PAD
from tests.pretrain.test_packing import numbered

TEXT_IDS = np.array([30, 31, 35, 900])

lengths_of_documents = st.lists(st.integers(0, 40), min_size=1, max_size=12)


def rows(lengths, length, seed=1, count=None):
    packing = Packing(numbered(lengths), length, seed, lead=0)
    return packing.rows(0, count or packing.rows_per_epoch)


@given(lengths_of_documents, st.integers(1, 30), st.floats(0.01, 0.99))
def test_only_chosen_tokens_change_and_they_are_the_targets(lengths, length, ratio):
    given_rows = rows(lengths, length)

    batch = mlm(given_rows, ratio, TEXT_IDS)

    chosen = batch.targets != IGNORE
    assert np.array_equal(batch.inputs[~chosen], given_rows.tokens[~chosen])
    assert np.array_equal(batch.targets[chosen], given_rows.tokens[chosen])


@given(lengths_of_documents, st.integers(1, 30), st.floats(0.01, 0.99))
def test_each_row_is_asked_its_ratio_of_text_and_at_least_one_token(lengths, length, ratio):
    given_rows = rows(lengths, length)

    asked = (mlm(given_rows, ratio, TEXT_IDS).targets != IGNORE).sum(1)

    for tokens, count in zip(given_rows.tokens.tolist(), asked.tolist(), strict=True):
        text = sum(t not in (PAD, END_OF_TEXT) for t in tokens)
        assert count == min(text, max(1, round(ratio * text)))


@given(lengths_of_documents, st.integers(1, 30))
def test_ends_of_documents_and_padding_are_never_chosen(lengths, length):
    given_rows = rows(lengths, length)

    targets = mlm(given_rows, 0.9, TEXT_IDS).targets

    assert set(targets[np.isin(given_rows.tokens, (PAD, END_OF_TEXT))].tolist()) <= {IGNORE}


def test_of_the_chosen_8_in_10_are_masked_and_1_in_10_random_text():
    given_rows = rows([5_000], 500)

    batch = mlm(given_rows, 0.5, TEXT_IDS)

    chosen = batch.targets != IGNORE
    read, said = batch.inputs[chosen], batch.targets[chosen]
    masked, kept = read == MASK, read == said
    assert masked.mean() == pytest.approx(0.8, abs=0.03)
    assert kept.mean() == pytest.approx(0.1, abs=0.02)
    assert set(read[~masked & ~kept].tolist()) == set(TEXT_IDS.tolist())


def test_every_position_is_chosen_alike():
    asked = mlm(rows([60_000], 30), 0.3, TEXT_IDS).targets != IGNORE

    assert asked.mean(0) == pytest.approx(0.3, abs=0.05)


def test_masks_are_a_function_of_seed_epoch_and_row_however_they_are_asked_for():
    packing = Packing(numbered([7, 30, 12]), 8, 5, lead=0)
    whole = mlm(packing.rows(0, 14), 0.3, TEXT_IDS)

    singly = [mlm(packing.rows(i, 1), 0.3, TEXT_IDS) for i in reversed(range(14))]

    assert np.array_equal(whole.inputs, np.concatenate([b.inputs for b in reversed(singly)]))
    assert np.array_equal(whole.targets, np.concatenate([b.targets for b in reversed(singly)]))


def test_each_epoch_and_seed_masks_otherwise():
    lengths = [39]
    first, second = (Packing(numbered(lengths), 40, seed, lead=0) for seed in (1, 2))

    masks = [mlm(p.rows(epoch, 1), 0.3, TEXT_IDS).targets for p in (first, second) for epoch in (0, 1)]

    assert len({mask.tobytes() for mask in masks}) == 4


def test_the_masks_are_fixed_for_all_time():
    batch = mlm(rows([11], 12, seed=None), 0.3, np.arange(200, 300))

    assert batch.inputs.tolist() == [[100, 101, 249, 103, 104, 105, 106, 107, 255, 109, 110, END_OF_TEXT]]
    assert np.flatnonzero(batch.targets[0] != IGNORE).tolist() == [2, 4, 8]


def test_weights_follow_the_documents_of_the_chosen():
    given_rows = rows([3, 4], 9, seed=None)

    batch = mlm(given_rows, 0.99, TEXT_IDS, np.array([0.5, 2.0], np.float32))

    assert batch.weights.tolist() == [[0.5, 0.5, 0.5, 0, 2, 2, 2, 2, 0]]
