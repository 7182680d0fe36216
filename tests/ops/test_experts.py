"""Two models' opinions as the formula of the module's head says, written out slowly."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.arrays import buffers
from curate.ops import experts

WIDE, DEEP = ["de", "en", "ka", "xx"], ["de", "en", "en", "ru"]
NAMES = sorted({*WIDE, *DEEP})
WEIGHTS = {"weight": 3.0, "absent": 2.0, "slope": 0.8, "shift": 1.0, "doubt": 2.0, "length": 0.5}
WRITTEN = {"de": "a", "en": "a", "ka": "ა", "ru": "я", "xx": "aя"}


def scheme():
    blocks = np.zeros((experts.BLOCKS, len(NAMES)), np.uint8)
    for name, letters in WRITTEN.items():
        for letter in letters:
            blocks[experts.block(ord(letter)), NAMES.index(name)] = 1
    places = [np.array([NAMES.index(name) for name in some], np.int32) for some in (WIDE, DEEP)]
    return experts.Scheme(*places, blocks, np.array(list(WEIGHTS.values())))


def slow(text, wide, deep):
    """Label → probability."""
    letters = [c for c in text if c.isalpha()]
    fits = [
        n for n in NAMES if letters and sum(experts.block(ord(c)) in owned(n) for c in letters) >= 0.3 * len(letters)
    ]
    w = shares({n: math.exp(s) for n, s in zip(WIDE, wide, strict=True) if n in fits})
    d = {}
    for n, s in zip(DEEP, deep, strict=True):
        if n in fits:
            d[n] = d.get(n, 0.0) + math.exp(s)
    d = shares(d)
    if not d:
        return shares(w)
    both = [n for n in w if n in DEEP]
    top = max([max(math.log(w[n]), -1e30) for n in both], default=-12.0)
    base = {n: w[n] if n in WIDE else math.exp(max(top, -12.0) - WEIGHTS["absent"]) for n in d}
    q = shares({n: base[n] * d[n] ** WEIGHTS["weight"] for n in d})
    m, rest = sum(w[n] for n in both), sum(w[n] for n in w if n not in DEEP)
    odds = -50.0 if not m else 50.0 if not rest else WEIGHTS["slope"] * math.log(m / rest)
    sure = max(*map(math.log, d.values()), -12.0)
    odds += WEIGHTS["shift"] + WEIGHTS["doubt"] * sure - WEIGHTS["length"] * math.log(len(letters) / 100)
    inside = 1 / (1 + math.exp(-odds)) if m and rest else float(bool(m) or not rest)
    made = {n: inside * q[n] for n in q}
    return made | {n: (1 - inside) * w[n] / rest for n in w if n not in DEEP}


def owned(name):
    return {experts.block(ord(letter)) for letter in WRITTEN[name]}


def shares(values):
    total = sum(values.values())
    return {n: v / total for n, v in values.items()}


scores = st.lists(st.floats(-6, 6, width=32), min_size=4, max_size=4)


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("abя ა"), max_size=12), scores, scores)
def test_the_answer_and_its_probability_are_as_the_formula_says(text, wide, deep):
    best, features = experts.combine(
        *buffers(pa.array([text], pa.string())), np.array([wide], np.float32), np.array([deep], np.float32), scheme()
    )

    expected = slow(text, wide, deep)

    if not expected:
        assert best[0] == -1
    else:
        name = NAMES[best[0]]
        assert expected[name] == pytest.approx(max(expected.values()), rel=1e-3)
        assert 1 / (1 + math.exp(-features[0, 0])) == pytest.approx(expected[name], abs=1e-3)


def test_a_text_in_nobodys_script_has_no_answer():
    best, features = experts.combine(
        *buffers(pa.array(["ᱥᱟᱱᱛᱟᱲᱤ", "123", ""])), np.ones((3, 4), np.float32), np.ones((3, 4), np.float32), scheme()
    )

    assert best.tolist() == [-1, -1, -1]
    assert not features.any()


def test_ideographs_of_all_planes_are_one_block():
    assert experts.block(ord("中")) == experts.block(ord("㐀")) == experts.block(0x20000) != experts.block(ord("あ"))


def test_trust_is_a_logistic_regression():
    features = np.array([[2.0, 3.0, -1.0, 0, 0, 0, 0, 0.5, -0.1]])
    weights = np.arange(13) / 10

    z = weights[0] + features[0] @ weights[1:10] + 2 * 3 * weights[10] + 2 * 0.5 * weights[11] - 0.1 * 3 * weights[12]

    assert experts.trust(features, weights)[0] == pytest.approx(1 / (1 + math.exp(-z)))
