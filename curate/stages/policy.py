"""What becomes of documents that a stage before has marked: a `[policy]` table as a stage."""

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from curate.rules import Rule
from curate.stage import Filter, Signals

Do = Literal["keep", "annotate", "mask", "weight", "drop"]
OWN = ("weight", "mask", "broken")
"""Signals of the stage itself, after which no mark can be called."""


class Action(BaseModel):
    """What happens to documents that bear a mark."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: str
    """The mark: a value of the judged stage's signal `band`, one of its rules, or a signal with such rules."""
    do: Do
    weight: Annotated[float, Field(gt=0, le=1)] = 1.0
    """The document's share in the loss of a training run, where `do` is `weight`."""
    rules: tuple[int, ...] = ()
    """The judged stage's rules of which one must be broken, by number; none for a band."""

    @property
    def lost(self) -> float:
        """The share of a document that training no longer sees."""
        return 1.0 if self.do == "drop" else 1.0 - self.weight


class Policy(Filter):
    """Drops, down-weights or lets mask what one stage has marked; made from the recipe's `[policy]` table.

    Longpre et al. 2023 ("A Pretrainer's Guide to Training Data", https://arxiv.org/abs/2305.13169) measured that
    dropping by toxicity costs general ability and the ability to tell what is toxic; so bands and flags of one stage
    may be treated differently here, and what that costs is shown by tokens, band and group before a whole run.

    Signals: one boolean for each mark; `weight` (float32, 1 where nothing says otherwise), the least of those that
    apply, which documents and token shards carry on; `mask`, whether the spans of the judged stage are to be masked.
    A document is dropped for the first mark in the order of `actions` that says so.
    """

    use = "policy"

    of: str
    """The judged stage."""
    actions: tuple[Action, ...]
    """The first that drops names the reason."""

    @model_validator(mode="after")
    def _nameable(self) -> "Policy":
        for action in self.actions:
            if action.on in OWN:
                raise ValueError(f"a mark cannot be called {action.on!r}")
        return self

    @property
    def asks(self) -> tuple[str, ...]:
        """The judged stage's column."""
        return (self.of,)

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """One for each mark that drops."""
        return tuple(Rule(action.on, "in", [action.on]) for action in self.actions if action.do == "drop")

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """See the class."""
        column = batch.column(self.of)
        marks = {action.on: _marked(column, action) for action in self.actions}
        weight = np.ones(batch.num_rows, np.float32)
        mask = np.zeros(batch.num_rows, np.bool_)
        for action in self.actions:
            weight[marks[action.on]] = np.minimum(weight[marks[action.on]], np.float32(action.weight))
            mask |= marks[action.on] & (action.do == "mask")
        return {**marks, "weight": weight, "mask": mask}

    def judged(self, signals: pa.StructArray) -> pa.Array:
        """One bit for each mark that drops."""
        found = np.zeros(len(signals), np.uint64)
        for bit, rule in enumerate(self.rules):
            found |= np.asarray(signals.field(rule.signal)).astype(np.uint64) << np.uint64(bit)
        return pa.array(found)


def _marked(column: pa.StructArray, action: Action) -> NDArray[np.bool_]:
    """Which rows bear a mark."""
    if not action.rules:
        return np.asarray(pc.fill_null(pc.equal(column.field("band"), action.on), fill_value=False))
    bits = sum(np.uint64(1) << np.uint64(rule) for rule in action.rules)
    return (np.asarray(column.field("broken"), np.uint64) & np.uint64(bits)).astype(np.bool_)
