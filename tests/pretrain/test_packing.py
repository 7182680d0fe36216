from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pretrain.data import Packing, permutation
from pretrain.errors import DataError
from pretrain.layouts import BestFit
from pretrain.objectives import IGNORE, clm
from pretrain.shards import Manifest, Shards
from pretrain.tokens import END_OF_TEXT
from tests.pretrain import token_folder


class Documents:
    """Shards in memory, as far as a packing asks."""

    split = "train"

    def __init__(self, documents):
        self.documents = [np.array(d, np.uint16) for d in documents]
        self.lengths = np.array([len(d) for d in documents], np.int64)

    def document(self, number, start=0, stop=None):
        return self.documents[number][start:stop]


def numbered(lengths):
    """Documents whose tokens are all different, so that each can be followed."""
    starts = np.cumsum([0, *lengths])
    return Documents([np.arange(a, b) + 100 for a, b in pairwise(starts)])


def epoch_stream(packing, epoch):
    """The stream of an epoch, token by token: the slow reference."""
    order = permutation(len(packing.shards.lengths), packing.seed, epoch, 0)
    return [t for d in order for t in [*packing.shards.documents[d].tolist(), END_OF_TEXT]]


lengths_of_documents = st.lists(st.integers(0, 40), min_size=1, max_size=25)


@given(lengths_of_documents, st.integers(1, 17), st.integers(0, 5))
def test_every_token_is_a_target_once_an_epoch(lengths, length, seed):
    shards = numbered(lengths)
    packing = Packing(shards, length, seed)

    for epoch in (0, 1):
        rows = packing.rows(epoch * packing.rows_per_epoch, packing.rows_per_epoch)
        targets = clm(rows).targets
        seen = Counter(targets[targets != IGNORE].tolist())

        expected = Counter(t for d in shards.documents for t in d.tolist()) + Counter({END_OF_TEXT: len(lengths)})
        assert expected == seen


@given(lengths_of_documents, st.integers(1, 17))
def test_rows_are_the_stream_cut_and_permuted(lengths, length):
    packing = Packing(numbered(lengths), length, 3)
    stream = [END_OF_TEXT, *epoch_stream(packing, 1)]

    rows = packing.rows(packing.rows_per_epoch, packing.rows_per_epoch)

    expected = [stream[i : i + length + 1] for i in range(0, packing.tokens_per_epoch, length)]
    found = [t[: 1 + (d[1:] >= 0).sum()].tolist() for t, d in zip(rows.tokens, rows.documents, strict=True)]
    assert sorted(expected) == sorted(found)


@given(lengths_of_documents, st.integers(1, 17), st.integers(1, 9))
def test_rows_do_not_depend_on_how_they_are_asked_for(lengths, length, count):
    packing, another = Packing(numbered(lengths), length, 2), Packing(numbered(lengths), length, 2)
    total = 2 * packing.rows_per_epoch + 3

    whole = packing.rows(0, total)
    backwards = [another.rows(i, min(count, total - i)) for i in reversed(range(0, total, count))]

    assert np.array_equal(whole.tokens, np.concatenate([part.tokens for part in reversed(backwards)]))
    assert np.array_equal(whole.documents, np.concatenate([part.documents for part in reversed(backwards)]))


def test_each_epoch_and_seed_has_its_own_order():
    shards = numbered([5] * 30)

    first, second = Packing(shards, 10, 1), Packing(shards, 10, 2)
    per_epoch = first.rows_per_epoch

    assert not np.array_equal(first.rows(0, per_epoch).tokens, first.rows(per_epoch, per_epoch).tokens)
    assert not np.array_equal(first.rows(0, per_epoch).tokens, second.rows(0, per_epoch).tokens)


def test_evaluation_keeps_the_stored_order():
    packing = Packing(numbered([3, 2]), 4, None)

    tokens = packing.rows(0, 2).tokens

    assert tokens.tolist() == [[1, 100, 101, 102, 1], [1, 103, 104, 1, 0]]


def test_a_corpus_smaller_than_a_row_is_padded():
    batch = clm(Packing(numbered([2]), 8, 1).rows(0, 3))

    assert batch.inputs.tolist() == [[1, 100, 101, 1, 0, 0, 0, 0]] * 3
    assert [[100, 101, 1, *[IGNORE] * 5]] * 3 == batch.targets.tolist()


def test_an_empty_split_is_one_sentence():
    with pytest.raises(DataError, match="the train split holds no documents"):
        Packing(Documents([]), 8, 1)


def test_an_input_belongs_to_the_document_of_its_target():
    batch = clm(Packing(numbered([2, 3]), 7, None).rows(0, 1))

    assert batch.inputs.tolist() == [[1, 100, 101, 1, 102, 103, 104]]
    assert batch.documents.tolist() == [[0, 0, 0, 1, 1, 1, 1]]


def test_weights_follow_their_documents():
    rows = Packing(numbered([1, 2]), 6, None).rows(0, 1)

    batch = clm(rows, np.array([0.5, 2.0], np.float32))

    assert batch.weights.tolist() == [[0.5, 0.5, 2.0, 2.0, 2.0, 0.0]]


def test_the_order_of_documents_is_fixed_for_all_time():
    assert permutation(10, 1, 0, 0).tolist() == [6, 1, 7, 3, 4, 8, 2, 0, 5, 9]


@given(st.integers(0, 200), st.integers(0, 2**62), st.integers(0, 100))
def test_a_permutation_holds_each_number_once(size, seed, epoch):
    assert list(range(size)) == sorted(permutation(size, seed, epoch).tolist())


def test_rows_of_real_shards_decode_to_the_documents(corpus):
    manifest = Manifest.read(corpus)
    vocabulary = manifest.open_vocabulary()
    packing = Packing(Shards(manifest, "validation"), 50, None)

    rows = packing.rows(0, packing.rows_per_epoch)
    ids = rows.tokens[:, 1:][rows.documents[:, 1:] >= 0]
    documents = [
        vocabulary.decode(part[part != END_OF_TEXT]) for part in np.split(ids, np.flatnonzero(ids == END_OF_TEXT) + 1)
    ]

    assert token_folder.texts(102, seed=3)[90:] == documents[:-1]


def fitted(lengths, length, seed=1, lead=1):
    return Packing(numbered(lengths), length, seed, lead=lead, layout=BestFit)


@given(lengths_of_documents, st.integers(1, 17), st.integers(0, 5))
def test_best_fit_drops_no_token(lengths, length, seed):
    packing = fitted(lengths, length, seed)

    for epoch in (0, 1):
        targets = clm(packing.rows(epoch * packing.rows_per_epoch, packing.rows_per_epoch)).targets
        seen = Counter(targets[targets != IGNORE].tolist())

        documents = packing.shards.documents
        assert Counter(t for d in documents for t in d.tolist()) + Counter({END_OF_TEXT: len(lengths)}) == seen


@given(lengths_of_documents, st.integers(1, 17))
def test_best_fit_cuts_no_document_that_fits(lengths, length):
    packing = fitted(lengths, length)

    rows = packing.rows(0, packing.rows_per_epoch)

    for number, size in enumerate(lengths):
        held = (rows.documents[:, 1:] == number).sum(1)
        assert (held > 0).sum() == -(-(size + 1) // length)


def slow_best_fit(sizes, length):
    """Room left in each row, by looking at all of them."""
    rooms = []
    for size in sorted(sizes, reverse=True):
        fitting = [room for room in rooms if room >= size]
        if fitting:
            rooms.remove(min(fitting))
        rooms.append((min(fitting) if fitting else length) - size)
    return sorted(rooms)


@given(lengths_of_documents, st.integers(1, 17))
def test_best_fit_takes_the_fullest_row_with_room(lengths, length):
    packing = fitted(lengths, length)

    rooms = (packing.rows(0, packing.rows_per_epoch).documents[:, 1:] < 0).sum(1)

    rests = [(size + 1) % length for size in lengths if (size + 1) % length]
    whole = sum((size + 1) // length for size in lengths)
    assert sorted(rooms.tolist()) == sorted([0] * whole + slow_best_fit(rests, length))


@given(lengths_of_documents, st.integers(1, 17))
def test_a_fitted_row_begins_behind_an_end_of_text_or_its_own_document(lengths, length):
    packing = fitted(lengths, length)

    rows = packing.rows(0, packing.rows_per_epoch)

    for tokens, owners in zip(rows.tokens.tolist(), rows.documents.tolist(), strict=True):
        document = packing.shards.documents[owners[1]].tolist()
        place = document.index(tokens[1]) if tokens[1] in document else len(document)
        assert tokens[0] == (document[place - 1] if place else END_OF_TEXT)


def test_best_fit_mates_change_by_epoch_and_their_number_does_not():
    packing = fitted([5] * 30 + [3] * 30, 12)

    first, second = (packing.rows(epoch * packing.rows_per_epoch, packing.rows_per_epoch) for epoch in (0, 1))

    mates = [{frozenset(row) - {-1} for row in rows.documents.tolist()} for rows in (first, second)]
    assert mates[0] != mates[1]
