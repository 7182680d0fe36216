"""How likely a sentence that names a group makes a stereotype of it, by a linear model that cannot see which group.

The features are those of `curate.ops.stereotypes`; the weights are trained by `train_stereotype` on GeniL (Davani et
al., "GeniL: A Multilingual Dataset on Generalizing Language", arXiv:2404.05866) in nine languages.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.lexicons import statements as words
from curate.ops.stereotypes import Features, features
from curate.statements import Statements

FILE = Path(__file__).with_name("stereotype.npz")
LANGUAGES = ("ar", "bn", "en", "es", "fr", "hi", "id", "ms", "pt")
"""What it is trained in."""


class Model(NamedTuple):
    """Weights in steps of `step`; the score is the logistic function of their sum and `intercept`."""

    weights: NDArray[np.int8]
    step: float
    intercept: float
    identities: NDArray[np.uint32]
    """Hashes of the groups' names in what it was trained on, ascending (`train_stereotype.hashed`)."""


@cache
def shipped() -> Model:
    """The model that comes with the project."""
    with np.load(FILE) as stored:
        step, intercept = stored["scale"].tolist()
        return Model(stored["weights"], step, intercept, stored["identities"])


def seen(statements: Statements) -> Features:
    """What the model sees of these sentences."""
    split = statements.lexemes
    return features(split.first, split.hashes, split.marks, statements.forms, statements.roles, statements.languages)


def values(found: Features) -> NDArray[np.float64]:
    """The value of each feature of each row: the logarithm of 1 + its count, rows of length 1."""
    rows = np.repeat(np.arange(len(found.first) - 1), np.diff(found.first))
    value = np.log1p(found.counts)
    length = np.sqrt(np.bincount(rows, value * value, len(found.first) - 1))
    scaled: NDArray[np.float64] = value / np.maximum(length, 1e-9)[rows]
    return scaled


def applies(statements: Statements) -> NDArray[np.bool_]:
    """Which sentences are in a language of the model and name a group in it."""
    rows = np.repeat(np.arange(len(statements.rows)), np.diff(statements.lexemes.first))
    named = np.bincount(rows, statements.forms > 0, len(statements.rows)) > 0
    known = np.array([language in LANGUAGES for language in words.LANGUAGES])
    found: NDArray[np.bool_] = named & known[statements.languages]
    return found


def scores(statements: Statements, model: Model | None = None) -> NDArray[np.float64]:
    """A number from 0 to 1 for every sentence, in steps of 0.0001; 0 where the model does not apply."""
    model = model or shipped()
    found = seen(statements)
    rows = np.repeat(np.arange(len(found.first) - 1), np.diff(found.first))
    total = np.bincount(rows, values(found) * model.weights[found.buckets], len(statements.rows))
    score = 1 / (1 + np.exp(-(model.step * total + model.intercept)))
    rounded: NDArray[np.float64] = np.where(applies(statements), np.round(score, 4), 0.0)
    return rounded
