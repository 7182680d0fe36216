"""RUN/evaluate.json: every figure with its interval, for the model card and for other programs.

    {"format": 1, "step": 240, "tables": [{"task", "metric", "value", "low", "high", "n", "seed", "chance", "note",
     "detail"}]}

Names of tasks come from files and paths: they are text, never markup.
"""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pretrain.errors import DataError
from pretrain.evaluation.intervals import Estimate
from pretrain.report import write_whole

NAME = "evaluate.json"


class Figure(BaseModel):
    """One figure."""

    model_config = ConfigDict(frozen=True)

    task: str
    metric: str
    value: float | None
    """None where it is no finite number."""
    low: float | None
    """The 95 % interval's ends, by bootstrap."""
    high: float | None
    n: int
    """Items that were resampled."""
    seed: int
    chance: float | None = None
    """What guessing gives, or the most frequent answer: the note says which."""
    note: str = ""
    detail: bool = False
    """A part of another figure, such as one paradigm of many."""


class Results(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True)

    format: int = Field(1, ge=1, le=1)
    step: int
    """Of the checkpoint."""
    tables: list[Figure] = []


def figure(
    task: str, metric: str, estimate: Estimate, n: int, seed: int, *,
    chance: float | None = None, note: str = "", detail: bool = False,
) -> Figure:  # fmt: skip
    """A figure of an estimate; what is not finite becomes None."""
    value, low, high = (float(x) if math.isfinite(x) else None for x in estimate)
    return Figure(
        task=task, metric=metric, value=value, low=low, high=high, n=n, seed=seed, chance=chance, note=note,
        detail=detail,
    )  # fmt: skip


def read(path: Path) -> Results | None:
    """What a file holds, None where there is none; raises `DataError` for a malformed one."""
    try:
        return Results.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())[:200]}; delete it to begin a new one") from None


def merge(path: Path, step: int, figures: Sequence[Figure]) -> Results:
    """Write the figures over those of the same tasks; figures of another step's weights go."""
    known = read(path)
    new = {one.task for one in figures}
    kept = [one for one in known.tables if one.task not in new] if known and known.step == step else []
    found = Results(step=step, tables=[*kept, *figures])
    write_whole(path, found.model_dump_json(indent=1) + "\n")
    return found


def lines(figures: Iterable[Figure]) -> list[str]:
    """A table for the terminal, details left out."""
    shown = [one for one in figures if not one.detail]
    cells = [("task", "metric", "value", "95 % interval", "n", "chance", "")]
    cells += [(one.task, one.metric, _number(one.value), _interval(one), f"{one.n:,}", _number(one.chance), one.note)
              for one in shown]  # fmt: skip
    widths = [max(len(row[column]) for row in cells) for column in range(6)]
    return ["  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[6]]).rstrip()
            for row in cells]  # fmt: skip


def _interval(one: Figure) -> str:
    return "–" if one.low is None or one.high is None else f"{one.low:.4f} to {one.high:.4f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
