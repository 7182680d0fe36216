"""What bounds a signal: ranges, sets of values, and the rules that a filter makes of its fields."""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, RootModel, ValidationInfo, field_validator, model_validator


class Range(BaseModel):
    """An inclusive range; a missing bound does not bind."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min: float | None = None
    max: float | None = None

    @field_validator("min", "max", mode="before")
    @classmethod
    def _lifted(cls, bound: Any, info: ValidationInfo) -> Any:
        """Both "none" and an infinity lift a bound: TOML has no null, JSON no infinity."""
        if isinstance(bound, bool):
            raise ValueError(f"a bound is a number, not {str(bound).lower()}")  # noqa: TRY004 - what pydantic tells
        if isinstance(bound, float) and math.isnan(bound):
            raise ValueError("nan bounds nothing")
        if isinstance(bound, float) and math.isinf(bound):
            if (bound > 0) == (info.field_name == "min"):
                raise ValueError(f"{bound:g} would let nothing pass")
            return None
        return None if bound == "none" else bound

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self

    def __str__(self) -> str:
        low = "" if self.min is None else f"{self.min:g} ≤ "
        return f"{low}x" + ("" if self.max is None else f" ≤ {self.max:g}")


class OneOf(RootModel[frozenset[str]]):
    """A set of allowed values; written as a list. The empty set allows everything."""

    model_config = ConfigDict(frozen=True)

    def sorted(self) -> list[str]:
        """The values in a fixed order, for identities and reports."""
        return sorted(self.root)


class Rule(NamedTuple):
    """One way to break a stage's expectations."""

    signal: str
    bound: Literal["min", "max", "in", "is"]
    limit: Any

    @property
    def reason(self) -> str:
        """`words.min`, `label` for a set of values, an unwanted value by itself; the stage's name goes before it."""
        if self.bound == "is":
            return str(self.limit)
        return self.signal if self.bound == "in" else f"{self.signal}.{self.bound}"

    @property
    def shown(self) -> str:
        """What breaking it looks like: `words < 50`."""
        if self.bound == "in":
            return f"{self.signal} not in {', '.join(self.limit)}"
        if self.bound == "is":
            return f"{self.signal} is {self.limit}"
        return f"{self.signal} {'<' if self.bound == 'min' else '>'} {self.limit:g}"


def breaks(rule: Rule, signal: pa.Array) -> NDArray[np.bool_]:
    """Which values break the rule; a null breaks none."""
    if rule.bound == "in":
        bad = pc.invert(pc.is_in(signal, value_set=pa.array(rule.limit, pa.string())))
        bad = pc.and_(bad, pc.is_valid(signal))
    elif rule.bound == "is":
        bad = pc.equal(signal, rule.limit)
    elif rule.bound == "min":
        bad = pc.less(signal, pa.scalar(rule.limit, pa.float64()))
    else:
        bad = pc.greater(signal, pa.scalar(rule.limit, pa.float64()))
    return cast("NDArray[np.bool_]", np.asarray(pc.fill_null(bad, fill_value=False)))


def broken(rules: Sequence[Rule], signals: pa.StructArray, use: str) -> pa.Array:
    """Which of the rules each row breaks: uint64, one bit a rule. Raises `KeyError` for a rule without its signal."""
    found = np.zeros(len(signals), np.uint64)
    for bit, rule in enumerate(rules):
        if rule.limit is not None and rule.limit != []:
            if signals.type.get_field_index(rule.signal) < 0:
                raise KeyError(f"{use}: rule {rule.signal!r} has no signal of that name")
            found |= breaks(rule, signals.field(rule.signal)).astype(np.uint64) << np.uint64(bit)
    return pa.array(found)


def first_broken(bits: NDArray[np.uint64], rules: int) -> NDArray[np.int8]:
    """Per row the lowest bit that is set, of so many; −1 where none is."""
    first = np.full(len(bits), -1, np.int8)
    for bit in range(rules - 1, -1, -1):
        first[(bits >> np.uint64(bit)) & np.uint64(1) == 1] = bit
    return first
