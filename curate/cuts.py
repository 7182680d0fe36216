"""Bounds that a recipe gives as shares and that the pilot turns into values: "the best tenth" → a score.

A share of a corpus cannot be cut in one pass, since the scores of what comes later are not known yet. The
pilot's sample is a sample of the corpus: the value that cuts it at the share is the value for all of it.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

Z = 1.959964
"""The normal distribution's 97.5th percentile: two-sided intervals of 95 %."""


class Share(NamedTuple):
    """A share and its interval of 95 %, all from 0 to 1."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Cut:
    """What a filter found on the sample."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    """The filter's fields that follow from it, as a recipe writes them: `{"score": {"min": 0.31}}`."""
    documents: int = 0
    """Documents of the sample that had a value."""
    shares: Mapping[str, Share] = field(default_factory=dict)
    """What of the documents that reach the filter is expected on either side: `kept`, or a bucket's name."""

    def as_dict(self) -> dict[str, Any]:
        """The cut as it stands in `manifest.json` and `report.json`."""
        return {**asdict(self), "shares": {name: share._asdict() for name, share in self.shares.items()}}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """The inverse of `as_dict`."""
        shares = {name: Share(**share) for name, share in found["shares"].items()}
        return cls(found["fields"], found["documents"], shares)


class Buckets(BaseModel):
    """Two bounds that make three buckets, counted from the best: `head`, `middle`, and `tail`, which is the rest."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
    head: float
    middle: float

    def named(self, values: NDArray[np.float64]) -> pa.StringArray:
        """Each value's bucket, where higher is better and a bound belongs to the better one."""
        place = (values < self.head).astype(np.int8) + (values < self.middle)
        return pa.array(("head", "middle", "tail"), pa.string()).take(pa.array(place))

    def shares(self, values: NDArray[np.float64]) -> dict[str, Share]:
        """Bucket → its share of a sample."""
        names = self.named(values).to_pylist()
        return {name: share_of(names.count(name), len(names)) for name in ("head", "middle", "tail")}


def cut_at(values: NDArray[np.float64], ratio: float) -> float:
    """The value v for which the share of values that are at least v comes nearest to `ratio`.

    v is one of the values, so that something always passes; of two equally near, the higher. For the share of
    values that are at most v, give both signs turned: `-cut_at(-values, ratio)`. `values` must not be empty.
    """
    distinct, counts = np.unique(values, return_counts=True)
    passing = np.cumsum(counts[::-1])  # from the highest value down
    off = np.round(np.abs(passing - ratio * len(values)), 9)
    return float(distinct[::-1][np.argmin(off)])


def share_of(part: int, whole: int) -> Share:
    """`part` of `whole` draws as a share, with Wilson's interval (1927): right at 0, at 1 and for few draws, too."""
    if not whole:
        return Share(0.0, 0.0, 1.0)
    share, spread = part / whole, Z * Z / whole
    middle = (share + spread / 2) / (1 + spread)
    half = Z * sqrt(share * (1 - share) / whole + spread / whole / 4) / (1 + spread)
    return Share(round(share, 6), round(max(0.0, middle - half), 6), round(min(1.0, middle + half), 6))


def lifted(given: Any) -> Any:
    """A share or bounds as a recipe or setting gives them, where "none" and "off" take them back: TOML has no null."""
    return None if given in ("none", "off") else given


def read_cuts(path: Path | None) -> dict[str, Cut]:
    """Filter → what was found for it, of a file that the pilot wrote; nothing where there is none."""
    if path is None:
        return {}
    return {name: Cut.from_dict(found) for name, found in json.loads(path.read_text("utf-8")).items()}
