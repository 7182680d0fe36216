"""Models of text: what they are made of, against formulas written out; what they say, as probabilities."""

from collections import Counter, defaultdict
from itertools import product
from math import log10

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.language_models import Arpa
from curate.ngram_training import arpa, discounts
from curate.ops.arpa import read
from tests.conftest import document

SENTENCES = st.lists(
    st.lists(st.sampled_from(["a", "b", "c", "d", "<s>", "<unk>"]), min_size=1, max_size=6), min_size=1, max_size=12
)


def tables(sentences, order, min_count=1):
    """The file, read by splitting: order → words → (log10 probability, weight)."""
    made = {n: {} for n in range(1, order + 1)}
    for line in "".join(arpa(sentences, order, min_count)).splitlines():
        parts = line.split("\t")
        if len(parts) > 1:
            words = tuple(parts[1].split(" "))
            made[len(words)][words] = (float(parts[0]), float(parts[2]) if len(parts) > 2 else 0.0)
    return made


def probability(table, context, word):
    for skipped in range(len(context) + 1):
        words = (*context[skipped:], word)
        if words in table.get(len(words), {}):
            weights = (table[len(context) - i].get(context[i:], (0, 0.0))[1] for i in range(skipped))
            return 10 ** (table[len(words)][words][0] + sum(weights))
    raise KeyError(word)


def slow(sentences, order):
    """Modified Kneser-Ney from dictionaries: n-gram → probability."""
    lines = [["<s>", *(w if w not in ("<s>", "<unk>") else "<unk>" for w in s), "</s>"] for s in sentences]
    raw = {
        n: Counter(tuple(line[i : i + n]) for line in lines for i in range(len(line) - n + 1))
        for n in range(1, order + 1)
    }
    words = {w for line in lines for w in line} | {"<unk>"}
    counts = {}
    for n in range(1, order + 1):
        before = defaultdict(set)
        for gram in raw.get(n + 1, ()):
            before[gram[1:]].add(gram[0])
        own = {g: c if n == order or g[0] == "<s>" else len(before[g]) for g, c in raw[n].items()}
        counts[n] = {g: c for g, c in own.items() if g != ("<s>",)}
    made = {(): 1 / (len(words) - 1)}
    for n in range(1, order + 1):
        taken = discounts(np.array(list(counts[n].values()), np.int64))
        totals, left = Counter(), Counter()
        for gram, count in counts[n].items():
            totals[gram[:-1]] += count
            left[gram[:-1]] += taken[min(count, 3)]
        grams = counts[n] if n > 1 else {(w,): counts[1].get((w,), 0) for w in words - {"<s>"}}
        for gram, count in grams.items():
            share = left[gram[:-1]] / totals[gram[:-1]]
            made[gram] = (count - taken[min(count, 3)]) / totals[gram[:-1]] + share * made[gram[1:]]
    return made


@settings(max_examples=150, deadline=None)
@given(SENTENCES, st.integers(1, 4))
def test_probabilities_are_those_of_the_formulas(sentences, order):
    expected = slow(sentences, order)

    for table in tables(sentences, order).values():
        for words, (logarithm, _) in table.items():
            if words != ("<s>",):
                assert logarithm == pytest.approx(log10(expected[words]), abs=2e-6)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.integers(1, 3))
def test_what_may_follow_any_context_has_probability_one(sentences, order):
    table = tables(sentences, order)
    words = [word for (word,) in table[1] if word != "<s>"]

    for context in product(["<s>", *words], repeat=order - 1):
        if "</s>" not in context and "<s>" not in context[1:]:
            assert sum(probability(table, context, word) for word in words) == pytest.approx(1, abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(SENTENCES, st.integers(1, 5))
def test_every_model_can_be_read(sentences, order):
    data = "".join(arpa(sentences, order)).encode()

    model = Arpa(read(np.frombuffer(data, np.uint8)))

    scores = model.score(pa.array([" ".join(sentences[0]), "never seen"]), lines=True, single_letters=True)
    assert (scores.sums < 0).all()
    assert scores.unknown[1] == 2


def test_rare_words_are_unknown_on_request():
    table = tables([["a", "a", "b"], ["a", "c"]], 2, min_count=2)

    assert sorted(word for (word,) in table[1]) == ["</s>", "<s>", "<unk>", "a"]
    assert table[1]["<unk>",][0] > -1


def test_a_model_foresees_its_own_text_better_than_a_shorter_one_does():
    lines = [line.split() for i in range(60) for line in document(i).split("\n")]
    unseen = pa.array([document(500)])

    sums = []
    for order in (1, 2, 3):
        data = "".join(arpa(lines, order)).encode()
        sums.append(Arpa(read(np.frombuffer(data, np.uint8))).score(unseen, lines=True, single_letters=True).sums[0])

    assert sums == sorted(sums)


def test_nothing_teaches_nothing():
    with pytest.raises(ValueError, match="no word to learn from"):
        list(arpa([[]], 2))
