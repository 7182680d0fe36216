"""What a batch's texts are found to hold, piece by piece: the screen's scores, what goes to a teacher, what it says."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from curate.cascade import pieces as of_pieces
from curate.cascade import spans
from curate.cascade.bands import Thresholds
from curate.cascade.lists import COUNTED, Hits
from curate.cascade.pieces import Mask, Numbers, Pieces, Values
from curate.teacher.checkpoint import LABELS

SCREEN = "screen"
"""What a span is called that the screen alone has found."""
NAMES = pa.array([*LABELS, SCREEN, *COUNTED], pa.string())


class Asked(Protocol):
    """What a teacher is to the cascade: `curate.teacher.model.Teacher`."""

    labels: tuple[str, ...]

    def scores(self, texts: list[str]) -> Values:
        """(texts, labels) probabilities."""


@dataclass(frozen=True)
class Reading:
    """A batch's pieces, and what was made of them."""

    count: int
    """Rows of the batch."""
    pieces: Pieces
    hits: Hits
    passed: Mask
    """Pieces that are to be read by the teacher, because of the screen, the lists or their neighbours."""
    sampled: Mask
    """Pieces that it reads only to find out what the screen misses."""
    scores: Values
    """(pieces, labels): what the teacher says, 0 of pieces that it has not read."""

    @property
    def rows_passed(self) -> Numbers:
        """The row of every piece that passed."""
        return self.pieces.rows[self.passed]

    def screen(self, alarm: float) -> dict[str, Any]:
        """Per row the screen's highest score, its mean, and how many pieces alarm; 0 for a row without pieces."""
        rows, scores = self.pieces.rows, self.pieces.scores
        return {
            "screen": np.round(of_pieces.highest(rows, scores, self.count), 4),
            "screen_mean": np.round(of_pieces.mean(rows, scores, self.count), 4),
            "alarms": self.pieces.per_row(self.count, scores >= alarm),
        }

    def teacher(self, at: Thresholds) -> dict[str, Values]:
        """Per row, over its pieces that passed: highest score and mean of three; of all its pieces, the toxic share."""
        scores, sizes = self.scores[self.passed, 0], self.pieces.per_row(self.count)
        toxic = self.pieces.per_row(self.count, self.passed & (self.scores[:, 0] >= at.half))
        return {
            "maximum": of_pieces.highest(self.rows_passed, scores, self.count),
            "top3": np.round(of_pieces.top(self.rows_passed, scores, sizes), 4),
            "over_half": np.round(toxic / np.maximum(sizes, 1), 4),
        }

    def labels(self, known: tuple[str, ...], taught: Mask) -> pa.StructArray:
        """Per row the highest score of every label; null where the teacher has read nothing, or does not know it."""
        found = [
            pa.array(
                of_pieces.highest(self.rows_passed, self.scores[self.passed, i], self.count),
                pa.float64(),
                mask=~taught | np.full(self.count, label not in known),
            )
            for i, label in enumerate(LABELS)
        ]
        return pa.StructArray.from_arrays(found, names=list(LABELS))

    def counts(self, at: Thresholds) -> dict[str, pa.Array]:
        """Per row: pieces in all, passed, toxic ones among these, sampled, toxic ones among those (int32)."""
        toxic = self.scores[:, 0] >= at.half
        masks = {
            "pieces": np.ones(len(toxic), np.bool_),
            "passed": self.passed,
            "caught": self.passed & toxic,
            "sampled": self.sampled,
            "missed": self.sampled & toxic,
        }
        return {name: pa.array(self.pieces.per_row(self.count, mask), pa.int32()) for name, mask in masks.items()}

    def spans(self, taught: Mask, alarm: float, at: Thresholds) -> pa.ListArray:
        """Toxic pieces by the teacher, pieces that alarm where it has read none of the text, and matches outside these.

        A piece bears the label other than `toxicity` that scores highest, if one reaches `half`.
        """
        toxic = self.passed & (self.scores[:, 0] >= at.half)
        alarming = ~taught[self.pieces.rows] & (self.pieces.scores >= alarm)
        found = np.flatnonzero(toxic | alarming)
        special = self.scores[found, 1:]
        label = np.where(special.max(axis=1, initial=0) >= at.half, special.argmax(axis=1) + 1, 0)
        label = np.where(toxic[found], label, len(LABELS))
        score = np.where(toxic[found], self.scores[found, 0], self.pieces.scores[found])
        hits, alone = self.hits, self._outside(toxic | alarming)
        return spans.column(
            np.concatenate([self.pieces.rows[found], hits.rows[alone]]),
            np.concatenate([self.pieces.starts[found], hits.starts[alone]]),
            np.concatenate([self.pieces.stops[found], hits.stops[alone]]),
            NAMES.take(pa.array(np.concatenate([label, len(LABELS) + 1 + hits.kinds[alone]]))),
            np.concatenate([score, np.ones(alone.sum())]),
            self.count,
        )

    def _outside(self, found: Mask) -> Mask:
        """Which matches lie in none of these pieces."""
        if not len(found):
            return np.ones(len(self.hits.rows), np.bool_)
        return np.asarray(~found[self.pieces.holding(self.hits)].any(axis=0))


def read(
    texts: pa.StringArray, pieces: Pieces, hits: Hits, passed: Mask, sampled: Mask, teacher: Asked | None
) -> Reading:
    """A reading of a batch; `teacher` is asked for every piece of both masks."""
    scores = np.zeros((len(pieces.rows), len(LABELS)))
    asked = passed | sampled
    if teacher is not None and asked.any():
        said = teacher.scores(pieces.texts(texts, asked))
        columns = np.array([LABELS.index(label) for label in teacher.labels])
        scores[np.flatnonzero(asked)[:, np.newaxis], columns] = said
    return Reading(len(texts), pieces, hits, passed, sampled, scores)


def chosen(pieces: Pieces, hits: Hits, supported: Mask, passing: float | None) -> Mask:
    """The pieces that a teacher is to read of the rows that it supports.

    Those with `passing` as their score at least, those with a strong word, a severe one or a slur, and those beside
    one of either; all where no screen has scored them.
    """
    if passing is None:
        return supported[pieces.rows]
    found = pieces.scores >= passing
    found[pieces.holding(hits).ravel()] = True
    return np.asarray(pieces.beside(found) & supported[pieces.rows])


def nothing(rows: int, hits: Hits) -> Reading:
    """The reading of a batch that nobody looked at piece by piece."""
    empty: Any = np.zeros(0, np.int64)
    none = np.zeros(0, np.bool_)
    return Reading(rows, Pieces(empty, empty, empty, np.zeros(0)), hits, none, none, np.zeros((0, len(LABELS))))
