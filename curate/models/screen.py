"""The screen that the project ships: how likely each sentence attacks somebody, in a dozen languages and at 20 MB/s.

A linear model over hashed features (`ops.linear`) that is trained by `train_screen`. The name of a group is one and
the same word to it, whichever group it is, so that the score cannot depend on who is named.
"""

from functools import cache
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.errors import AssetError
from curate.models import screen_terms
from curate.ops import linear, sentence_spans

SHIPPED = Path(__file__).with_name("screen.npz")
DATA = (
    "models/screen.npz",
    "models/screen/*.toml",
    "lexicons/identity/en/*.toml",
    "lexicons/identity/ko/*.toml",
    "lexicons/slurs/*.toml",
    "lexicons/toxicity/*.toml",
    "lexicons/particles_ko.toml",
)
"""Files that decide the shipped screen's scores: for the `data` of a stage that asks it."""


class Scored(NamedTuple):
    """One entry a sentence, in text order: its row, its bytes within the row's text, its score from 0 to 1."""

    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    stops: NDArray[np.int32]
    scores: NDArray[np.float32]

    def highest(self, rows: int) -> NDArray[np.float32]:
        """The highest score of every text, 0 for one without a sentence."""
        made = np.zeros(rows, np.float32)
        np.maximum.at(made, self.rows, self.scores)
        return made


class Screen:
    """A screen from a file; raises `AssetError` for one that is none.

    `pass_score`: from there on a sentence is worth a second look; `alarm_score`: it is taken for toxic without one.
    """

    def __init__(self, path: Path = SHIPPED) -> None:
        try:
            with np.load(path, allow_pickle=False) as stored:
                self._weights: NDArray[np.int8] = np.ascontiguousarray(stored["weights"])
                self._scale, self._bias = float(stored["scale"]), float(stored["bias"])
                self.pass_score, self.alarm_score = float(stored["pass_score"]), float(stored["alarm_score"])
        except (OSError, ValueError, KeyError, TypeError, EOFError, AttributeError, BadZipFile) as error:
            raise AssetError(f"{path} is no screen that can be read: {error}") from error
        size = len(self._weights) if self._weights.ndim == 1 else 0
        if self._weights.dtype != np.int8 or size < 2 or size & (size - 1):
            raise AssetError(f"{path} is no screen that can be read: its weights are not 2^n bytes")

    def scores(self, texts: pa.StringArray) -> Scored:
        """Every sentence of every text, as `ops.sentence_spans` cuts them, and its score."""
        offsets, data = buffers(texts)
        pieces = sentence_spans.spans(offsets, data)
        marks = screen_terms.terms().marks(offsets, data)
        found = linear.scores(offsets, data, pieces, marks, self._weights, self._scale, self._bias)
        return Scored(*pieces, found)


@cache
def shipped() -> Screen:
    """The project's own, loaded once a process."""
    return Screen()
