"""The books: tallies that add up, and a report that balances or fails.

A report is a sum: every unit of work writes one, and `+` merges them in any order. At every stage

    in = out + rewritten + dropped + quarantined

in documents, bytes and tokens. Bytes are UTF-8 bytes of the text as it stands (of the payload,
where a record was never decoded), tokens are those of the run's tokenizer, and text that was never
decoded has none. `rewritten` is what an edit took away, negative where it added.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from curate.errors import RunError

Kind = Literal["ingest", "filter", "rewrite", "barrier"]


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of documents, of their UTF-8 bytes and of their tokens."""

    documents: int = 0
    bytes: int = 0
    tokens: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.documents + other.documents, self.bytes + other.bytes, self.tokens + other.tokens)

    def __sub__(self, other: "Tally") -> "Tally":
        return Tally(self.documents - other.documents, self.bytes - other.bytes, self.tokens - other.tokens)

    def as_dict(self) -> dict[str, int]:
        """The tally as it stands in `report.json`."""
        return {"documents": self.documents, "bytes": self.bytes, "tokens": self.tokens}

    def ratio(self, whole: "Tally") -> dict[str, float]:
        """This tally as shares of another; nothing of nothing is 0."""
        mine, all_ = self.as_dict(), whole.as_dict()
        return {key: round(mine[key] / all_[key], 6) if all_[key] else 0.0 for key in mine}

    @classmethod
    def of(cls, sizes: NDArray[np.int64], tokens: NDArray[np.int64], rows: NDArray[np.bool_] | None = None) -> Self:
        """The tally of some rows of a batch, given each row's bytes and tokens."""
        if rows is None:
            return cls(len(sizes), int(sizes.sum()), int(tokens.sum()))
        return cls(int(rows.sum()), int(sizes[rows].sum()), int(tokens[rows].sum()))


Tallies = dict[str, Tally]


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of some tallies."""
    return sum(tallies, Tally())


def _merge(a: Tallies, b: Tallies) -> Tallies:
    return {key: a.get(key, Tally()) + b.get(key, Tally()) for key in [*a, *(k for k in b if k not in a)]}


@dataclass
class StageReport:
    """What one stage did to what came in."""

    name: str
    kind: Kind
    incoming: Tally = Tally()
    out: Tally = Tally()
    rewritten: Tally = Tally()
    dropped: Tallies = field(default_factory=dict)
    quarantined: Tallies = field(default_factory=dict)
    flagged: Tallies = field(default_factory=dict)
    seconds: float = 0.0

    def __add__(self, other: "StageReport") -> "StageReport":
        if (self.name, self.kind) != (other.name, other.kind):
            raise ValueError(f"cannot add the books of {other.name} to those of {self.name}")
        return StageReport(
            self.name,
            self.kind,
            self.incoming + other.incoming,
            self.out + other.out,
            self.rewritten + other.rewritten,
            _merge(self.dropped, other.dropped),
            _merge(self.quarantined, other.quarantined),
            _merge(self.flagged, other.flagged),
            self.seconds + other.seconds,
        )

    def difference(self) -> Tally:
        """What is missing from the books; zero where they balance."""
        gone = total(self.dropped.values()) + total(self.quarantined.values())
        return self.incoming - self.out - self.rewritten - gone

    def add(self, book: Literal["dropped", "quarantined", "flagged"], reason: str, tally: Tally) -> None:
        """Enter a tally under a reason; nothing is entered for no documents."""
        if tally.documents:
            tallies: Tallies = getattr(self, book)
            tallies[reason] = tallies.get(reason, Tally()) + tally

    def as_dict(self) -> dict[str, Any]:
        """The stage as it stands in `report.json`."""
        return {
            "name": self.name,
            "kind": self.kind,
            "in": self.incoming.as_dict(),
            "out": self.out.as_dict(),
            "rewritten": self.rewritten.as_dict(),
            "dropped": _as_dicts(self.dropped),
            "quarantined": _as_dicts(self.quarantined),
            "flagged": _as_dicts(self.flagged),
            "seconds": round(self.seconds, 4),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        return cls(
            found["name"],
            found["kind"],
            Tally(**found["in"]),
            Tally(**found["out"]),
            Tally(**found["rewritten"]),
            _from_dicts(found["dropped"]),
            _from_dicts(found["quarantined"]),
            _from_dicts(found["flagged"]),
            found["seconds"],
        )


@dataclass
class Report:
    """The books of a run, or of one unit of it: stages in the order in which documents meet them."""

    stages: list[StageReport] = field(default_factory=list)
    language_in: Tallies = field(default_factory=dict)
    language_out: Tallies = field(default_factory=dict)
    source_in: Tallies = field(default_factory=dict)
    source_out: Tallies = field(default_factory=dict)

    def __add__(self, other: "Report") -> "Report":
        mine = {stage.name: stage for stage in self.stages}
        theirs = {stage.name: stage for stage in other.stages}
        names = [*mine, *(name for name in theirs if name not in mine)]
        stages = [
            mine[n] + theirs[n] if n in mine and n in theirs else mine.get(n) or theirs[n]  # one of the two exists
            for n in names
        ]
        return Report(
            stages,
            _merge(self.language_in, other.language_in),
            _merge(self.language_out, other.language_out),
            _merge(self.source_in, other.source_in),
            _merge(self.source_out, other.source_out),
        )

    @property
    def input(self) -> Tally:
        """All that was gathered."""
        return self.stages[0].incoming if self.stages else Tally()

    @property
    def output(self) -> Tally:
        """All that was kept."""
        return self.stages[-1].out if self.stages else Tally()

    @property
    def extracted(self) -> Tally:
        """What left the stage that turns pages into text, or ingest where there is none."""
        found = [stage.out for stage in self.stages if stage.name == "extract" or stage.kind == "ingest"]
        return found[-1] if found else Tally()

    def balance(self) -> None:
        """Raise `RunError` unless every stage accounts for all it was given and hands all of it on."""
        for stage in self.stages:
            if stage.difference() != Tally():
                raise RunError(f"the books of {stage.name} do not balance: {stage.difference().as_dict()} is missing")
        for before, after in zip(self.stages, self.stages[1:], strict=False):
            if before.out != after.incoming:
                lost = (before.out - after.incoming).as_dict()
                raise RunError(f"between {before.name} and {after.name} the books lose {lost}")

    def as_dict(self) -> dict[str, Any]:
        """Everything but what only the run knows (recipe, seconds, memory)."""
        return {
            "stages": [stage.as_dict() for stage in self.stages],
            "input": self.input.as_dict(),
            "extracted": self.extracted.as_dict(),
            "output": self.output.as_dict(),
            "yield": {"of_raw": self.output.ratio(self.input), "of_extracted": self.output.ratio(self.extracted)},
            "by_language": _flows(self.language_in, self.language_out),
            "by_source": _flows(self.source_in, self.source_out),
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        languages, sources = found["by_language"], found["by_source"]
        return cls(
            [StageReport.from_dict(stage) for stage in found["stages"]],
            {key: Tally(**flow["in"]) for key, flow in languages.items()},
            {key: Tally(**flow["out"]) for key, flow in languages.items()},
            {key: Tally(**flow["in"]) for key, flow in sources.items()},
            {key: Tally(**flow["out"]) for key, flow in sources.items()},
        )


def _as_dicts(tallies: Tallies) -> dict[str, dict[str, int]]:
    return {key: tallies[key].as_dict() for key in sorted(tallies)}


def _from_dicts(found: Mapping[str, Mapping[str, int]]) -> Tallies:
    return {key: Tally(**value) for key, value in found.items()}


def _flows(incoming: Tallies, out: Tallies) -> dict[str, dict[str, dict[str, int]]]:
    keys = sorted({*incoming, *out})
    return {key: {"in": incoming.get(key, Tally()).as_dict(), "out": out.get(key, Tally()).as_dict()} for key in keys}
