"""Five bands of harm: what the parts of the cascade found, as one word that a policy can act on.

`clean`: nothing was found. `low`: something was, and hardly any of the text. `uncertain`: enough that a person should
look, or parts that disagree. `toxic`: a good part of the text. `severe`: the same, of the worst kind; never by the
screen's word alone. Everything but `low` goes by shares and densities, since any match saturates with length.
"""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

BANDS = ("clean", "low", "uncertain", "toxic", "severe")
CLEAN, LOW, UNCERTAIN, TOXIC, SEVERE = range(5)

SHORT = 10
"""Pieces that a text counts as having at least where the screen judges, so that one piece alone is no share."""

Share = Annotated[float, Field(ge=0, le=1)]
Density = Annotated[float, Field(ge=0)]
Values = NDArray[np.float64]
Counts = NDArray[np.integer]
Grades = NDArray[np.int8]


class Thresholds(BaseModel):
    """From where on a text is in which band."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    severe_words: Density = 10
    """`severe` where more words than this of 1,000 are severe: two of a text of up to 200 words."""
    toxic_words: Density = 10
    """`toxic` where more than this are strong or severe, or slurs."""
    uncertain_words: Density = 5
    """`uncertain` from so many slurs or severe words on: one in a text of up to 200 words."""
    screen_uncertain: Share = 0.1
    """`uncertain` where this share of pieces alarms: one of up to ten."""
    screen_toxic: Share = 0.2
    """`toxic` where this share of pieces alarms: two of up to ten."""
    half: Share = 0.5
    """A piece is toxic from this score of the teacher on: Jigsaw's labels call toxic what half the raters did."""
    teacher_low: Share = 0.1
    """`low` from this highest score of the teacher on."""
    teacher_toxic: Share = 0.1
    """`toxic` and `severe` ask that this share of pieces is toxic."""
    toxic_top3: Share = 0.5
    """`toxic` from this mean of the teacher's three highest scores on."""
    severe_top3: Share = 0.95
    """`severe` from here on. Longpre et al. 2023 ("A Pretrainer's Guide to Training Data", arXiv 2305.13169) lost
    nothing by dropping what scored above 0.95, and accuracy by every lower threshold."""


def by_words(counts: Mapping[str, Counts], per_1k: Mapping[str, Values], at: Thresholds) -> Grades:
    """The band by the lists alone, from the matches of each grade and the same per 1,000 words."""
    found = counts["mild"] + counts["strong"] + counts["severe"] > 0
    doubt = np.maximum(per_1k["severe"], per_1k["slurs"]) >= at.uncertain_words
    toxic = np.maximum(per_1k["strong"] + per_1k["severe"], per_1k["slurs"]) > at.toxic_words
    return _last(found, doubt, toxic, per_1k["severe"] > at.severe_words)


def by_screen(alarms: Counts, pieces: Counts, at: Thresholds) -> Grades:
    """The band by the screen alone, from the pieces that alarm and all pieces."""
    ratio = alarms / np.maximum(pieces, SHORT)
    return _last(alarms > 0, (alarms > 0) & (ratio >= at.screen_uncertain), (alarms > 1) & (ratio >= at.screen_toxic))


def by_teacher(maximum: Values, top3: Values, over_half: Values, at: Thresholds) -> Grades:
    """The band by the teacher alone, from the stage's signals of the same names."""
    much = (over_half > 0) & (over_half >= at.teacher_toxic)
    toxic, severe = much & (top3 >= at.toxic_top3), much & (top3 >= at.severe_top3)
    return _last(maximum >= at.teacher_low, maximum >= at.half, toxic, severe)


def settled(words: Grades, screen: Grades, teacher: Grades, taught: NDArray[np.bool_]) -> Grades:
    """The band of each text: the teacher's where it has read any of it, else the worse of lists and screen.

    Where the lists alone speak of a toxic text that the teacher has read, the two disagree: it is `uncertain`.
    """
    doubted = np.maximum(teacher, np.minimum(words, UNCERTAIN))
    return np.where(taught, doubted, np.maximum(words, screen)).astype(np.int8)


def named(grades: Grades, known: NDArray[np.bool_]) -> pa.StringArray:
    """The bands' names, null where nothing is known."""
    return pa.array(BANDS, pa.string()).take(pa.array(grades, pa.int8(), mask=~known))


def _last(*reached: NDArray[np.bool_]) -> Grades:
    """The highest band whose condition holds; `clean` where none does."""
    found = np.zeros(len(reached[0]), np.int8)
    for grade, mask in enumerate(reached, 1):
        found[mask] = grade
    return found
