"""`audit.json`: the counters of a run on disk, and as arrays."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import shards
from curate.audit.counters import merged, ranked
from curate.audit.membership import ALL, BUCKETS
from curate.audit.phases import Phases
from curate.audit.watch import FILE, Sampling
from curate.errors import UsageError

FORMAT = 1
NAME = "audit.json"


@dataclass(frozen=True)
class Counts:
    """What happened to whom at one event: documents and tokens by group and bucket, documents by group and stratum."""

    documents: NDArray[np.int64]
    tokens: NDArray[np.int64]
    strata: NDArray[np.int64]

    def __sub__(self, other: "Counts") -> "Counts":
        return Counts(self.documents - other.documents, self.tokens - other.tokens, self.strata - other.strata)


@dataclass(frozen=True)
class Audit:
    """The counters of a run."""

    phases: tuple[tuple[str, tuple[str, ...]], ...]
    groups: tuple[str, ...]
    strata: tuple[str, ...]
    entered: Mapping[str, Counts]
    lost: Mapping[str, Counts]
    share: float

    @property
    def documents(self) -> int:
        """How many documents were followed."""
        return int(self._all(self.entered["raw"]).sum()) if "raw" in self.entered else 0

    @property
    def naming(self) -> str | None:
        """The stage that names languages, which ends the phase before these are known."""
        stages = dict(self.phases)
        return stages["text"][-1] if "language" in stages else None

    def _all(self, counts: Counts) -> NDArray[np.int64]:
        """What of all documents, by bucket."""
        found: NDArray[np.int64] = counts.documents[[name == ALL for name in self.groups]].sum(axis=0)
        return found

    def nothing(self) -> Counts:
        """No counts."""
        shape = (len(self.groups), BUCKETS)
        strata = np.zeros((len(self.groups), len(self.strata)), np.int64)
        return Counts(np.zeros(shape, np.int64), np.zeros(shape, np.int64), strata)

    def flows(self) -> Iterator[tuple[str, str, Counts, Counts]]:
        """Per stage its phase, its name, what came in and what went out, in the order of the run."""
        for phase, stages in self.phases:
            incoming = self.entered.get(phase, self.nothing())
            for stage in stages:
                left = incoming - self.lost.get(stage, self.nothing())
                yield phase, stage, incoming, left
                incoming = left

    def taken(self) -> dict[str, int]:
        """Stage → followed documents that it dropped or quarantined."""
        return {stage: int(self._all(counts).sum()) for stage, counts in self.lost.items()}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The audit that `audit.json` holds."""
        if found["format"] != FORMAT:
            raise ValueError(f"format {found['format']}, this version reads {FORMAT}")
        groups, strata = tuple(map(str, found["groups"])), tuple(map(str, found["strata"]))
        phases = tuple((part["name"], tuple(part["stages"])) for part in found["phases"])
        entered, lost = (
            {str(name): _counts(counts, len(groups), len(strata)) for name, counts in found[key].items()}
            for key in ("entered", "lost")
        )
        return cls(phases, groups, strata, entered, lost, float(found["sample"]["share"]))


def _counts(found: Mapping[str, Any], groups: int, strata: int) -> Counts:
    cells, layers = found["buckets"], found["strata"]
    documents, tokens = np.zeros((groups, BUCKETS), np.int64), np.zeros((groups, BUCKETS), np.int64)
    place = (np.array(cells["group"], np.int64), np.array(cells["bucket"], np.int64))
    documents[place], tokens[place] = cells["documents"], cells["tokens"]
    layered = np.zeros((groups, strata), np.int64)
    layered[np.array(layers["group"], np.int64), np.array(layers["stratum"], np.int64)] = layers["documents"]
    return Counts(documents, tokens, layered)


def as_dict(table: pa.Table, phases: Phases, sampling: Sampling) -> dict[str, Any]:
    """What `audit.json` holds, from the sum of all units' counts."""
    group, groups = ranked(table.column("group"))
    of_buckets = np.asarray(pc.equal(table.column("kind"), "bucket"))
    stratum, strata = ranked(table.column("cell").filter(pa.array(~of_buckets)))
    bucket = np.asarray(table.column("cell").filter(pa.array(of_buckets)).cast(pa.int64()))
    layered = np.asarray(table.column("documents"))[~of_buckets] > 0
    sides: dict[str, dict[str, Any]] = {"entered": {}, "lost": {}}
    cells = _events(table.filter(pa.array(of_buckets)), group[of_buckets], bucket)
    layers = _events(table.filter(pa.array(~of_buckets)), group[~of_buckets], stratum, layered)
    for event in cells:
        side, _, name = event.partition(".")
        numbers = layers.get(event, [[]] * 4)
        sides[side][name] = {
            "buckets": dict(zip(("group", "bucket", "documents", "tokens"), cells[event], strict=True)),
            "strata": dict(zip(("group", "stratum", "documents"), numbers[:3], strict=True)),
        }
    everyone = pc.and_(pc.equal(table.column("event"), "entered.raw"), pc.equal(table.column("group"), ALL))
    followed = pc.sum(table.column("documents").filter(pc.and_(everyone, pa.array(of_buckets)))).as_py()
    return {
        "format": FORMAT,
        "sample": {"share": sampling.share, "documents": followed or 0},
        "phases": [{"name": name, "stages": list(stages)} for name, stages in phases.each],
        "groups": groups.to_pylist(),
        "strata": strata.to_pylist(),
        **sides,
    }


def _events(
    table: pa.Table, group: NDArray[np.int64], cell: NDArray[np.int64], mask: NDArray[np.bool_] | None = None
) -> dict[str, list[list[int]]]:
    """Event → groups, cells, documents and tokens of its rows, or of those of the mask, by group and cell."""
    event, names = ranked(table.column("event"))
    columns = [group, cell, *(np.asarray(table.column(name)) for name in ("documents", "tokens"))]
    order = np.lexsort((cell, group, event))
    order = order if mask is None else order[mask[order]]
    bounds = np.searchsorted(event[order], np.arange(len(names) + 1))
    return {
        name: [column[order[low:high]].tolist() for column in columns]
        for name, low, high in zip(names.to_pylist(), bounds[:-1], bounds[1:], strict=True)
    }


def write(folder: Path, units: Sequence[Path], phases: Phases, sampling: Sampling) -> list[str]:
    """Write `audit.json` from all segments' units; the names of what was written: none where none were followed."""
    path = folder / NAME
    counted = [unit / FILE for unit in units if (unit / FILE).is_file()]
    if not sampling.share or not counted:
        path.unlink(missing_ok=True)
        return []
    made = as_dict(merged(map(shards.read_arrow, counted)), phases, sampling)
    with shards.atomic(path) as temporary:
        text = json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n"
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))
    return [NAME]


def read(folder: Path) -> Audit:
    """The counters of a finished run; `UsageError` where it kept none or they cannot be read."""
    try:
        return Audit.from_dict(shards.read_json(folder / NAME))
    except FileNotFoundError:
        raise UsageError(
            f"{folder}: no {NAME}: the run kept no counters (audit.documents = 0, or an older version)"
        ) from None
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise UsageError(f"{folder}/{NAME}: not an audit: {' '.join(str(error).split())[:200]}") from None
