"""The kernel answers as fastText does, and as a slow reading of its sources says."""

import fasttext
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.arrays import buffers
from curate.models import quantised
from curate.models.train_language import train
from curate.ops import subwords

WORDS = ["harbour", "ausschuss", "комиссия", "위원회", "委員会", "ประเทศ", "año", "ın", "a", "xyz"]


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """A model as the project trains its own, on a few lines of noise: enough rows for 256 centroids."""
    draw = np.random.default_rng(1)
    lines = [f"__label__{'abc'[i % 3]} {' '.join(draw.choice(WORDS, 1 + i % 7))}" for i in range(300)]
    target = tmp_path_factory.mktemp("subwords") / "model.ftz"
    train(lines, target, buckets=4096, dimensions=8, epochs=2)
    return target


@pytest.fixture(scope="module")
def model(path):
    return quantised.read(path)


def probabilities(model, text):
    (scores,) = subwords.scores(*buffers(pa.array([text], pa.string())), model.table).astype(float)
    shares = np.exp(scores - scores.max())
    return dict(zip(model.labels, shares / shares.sum(), strict=True))


def slow_scores(table, text):
    """fastText's `Dictionary::computeSubwords`, hash by hash, and the mean of the decoded rows."""
    vectors = np.concatenate(
        [
            table.centroids.reshape(table.codes.shape[1], subwords.CENTROIDS, -1)[part][table.codes[:, part]]
            for part in range(table.codes.shape[1])
        ],
        axis=1,
    ).astype(float) * table.norm[table.norms].reshape(-1, 1)
    rows = [0]
    for word in text.split(" "):
        if word and not any(c in "0123456789" for c in word):
            marked = f"<{word}>"
            for start in range(len(marked)):
                for size in range(table.shortest, table.longest + 1):
                    gram = marked[start : start + size]
                    if (len(gram) == size and gram not in ("<", ">")) or (
                        len(gram) == size == 1 and 0 < start < len(marked) - 1
                    ):
                        rows.append(1 + fnv(gram) % (len(table.codes) - 1))
    return vectors[rows].mean(0) @ table.outputs.T.astype(float)


def fnv(gram):
    state = 2166136261
    for byte in gram.encode():
        state = ((state ^ (byte - 256 if byte >= 128 else byte)) & 0xFFFFFFFF) * 16777619 & 0xFFFFFFFF
    return state


@settings(max_examples=150, deadline=None)
@given(text=st.text(max_size=40))
def test_scores_are_as_the_slow_reference_says(model, text):
    fast = subwords.scores(*buffers(pa.array([text], pa.string())), model.table)[0]

    assert np.allclose(fast, slow_scores(model.table, text), atol=1e-4)


@pytest.mark.parametrize("words", [WORDS, WORDS[:1], WORDS[3:5] * 9, ["unseen", "neverbefore"]])
def test_probabilities_are_fasttexts_own(path, model, words):
    labels, shares = fasttext.load_model(str(path)).predict(" ".join(words), k=3)

    ours = probabilities(model, " ".join(words))

    assert {label.removeprefix("__label__") for label in labels} == set(ours)
    for label, share in zip(labels, shares, strict=True):
        assert ours[label.removeprefix("__label__")] == pytest.approx(share, abs=1e-3)


def test_a_word_with_a_digit_counts_for_nothing(model):
    assert probabilities(model, "harbour año") == probabilities(model, "harbour 42 b2b año")


def test_texts_do_not_know_their_neighbours(model):
    texts = ["harbour", "", "комиссия año", "x" * 5000]

    together = subwords.scores(*buffers(pa.array(texts)), model.table)

    for text, scores in zip(texts, together, strict=True):
        assert np.array_equal(subwords.scores(*buffers(pa.array([text])), model.table)[0], scores)
