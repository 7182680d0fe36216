"""What all stages that look for copies of documents share: which of them stays, and which are compared at all.

Precedence is intrinsic: it follows from a document's own rank, then from a hash of its text, so that the input's
order decides about nothing but which of two documents of the same text stays. Only `keep = "first"` goes by place.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import AfterValidator, BeforeValidator

from curate.by_language import labels
from curate.errors import RecipeError, nearest
from curate.ops.hashing import hash_strings
from curate.stage import Asset, Barrier, buffers

POLICIES = ("longest", "first", "newest")
SIGNAL = re.compile(r"[^\W\d]\w*\.[^\W\d]\w*")
SCOPES = ("", "source", "language")
META = "meta."
SIGN = np.uint64(1 << 63)
TIE, SCOPE = 3, 4
"""Seeds of the hashes of texts and of scopes; those of the keys are smaller."""


def _policy(keep: str) -> str:
    if keep not in POLICIES and not SIGNAL.fullmatch(keep):
        raise ValueError(f"{keep[:80]!r} is none of {', '.join(POLICIES)} and no signal such as quality.score")
    return keep


def _scope(scope: str) -> str:
    if scope not in SCOPES and not (scope.startswith(META) and len(scope) > len(META)):
        raise ValueError(f"{scope[:80]!r} is none of source, language and meta.<key>; empty is the whole corpus")
    return scope


Assets = Annotated[tuple[Asset, ...], BeforeValidator(lambda v: (v,) if isinstance(v, (str, Path)) else v)]
"""Folders, or a single one."""
Scope = Annotated[str, AfterValidator(_scope)]
"""Documents of different scopes are never compared: `""`, `source`, `language` or `meta.<key>`."""


class Deduplication(Barrier):
    """Base of the stages that keep one of each set of copies.

    Its sketch has two columns for the order of precedence: `rank` (uint64, the highest stays; 0 where nothing is
    known) and `tie` (uint64, a hash of the text; the lowest stays). Where both are equal, the earlier in order of
    (shard, row) stays. The scope has no column: it is mixed into the keys by which copies find each other.
    """

    keep: Annotated[str, AfterValidator(_policy)] = "longest"
    """Which of the copies stays: the `longest` (in bytes), the `first` in the input's order, the `newest` (by
    `date`; one that is missing or no ISO 8601 is the oldest), or the one with the highest value of a signal, such as
    `quality.score`, where null is the lowest."""
    scope: Scope = ""
    """Within what documents can be copies of each other: the whole corpus, or one `source`, one `language`, or one
    value of a key of their metadata, such as `meta.crawl`. Documents without a value share one scope."""

    @property
    def asks(self) -> tuple[str, ...]:
        """Its columns, with the one that holds the signal to keep by."""
        column = self.keep.partition(".")[0]
        return self.reads if self.keep in POLICIES or column in self.reads else (*self.reads, column)

    @property
    def speaks(self) -> bool:
        """Whether documents of each language are apart."""
        return self.scope == "language"

    def precedence(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        """The columns `rank` and `tie` of every document."""
        if self.keep == "first":
            zeros = pa.array(np.zeros(batch.num_rows, np.uint64))
            return {"rank": zeros, "tie": zeros}
        return {"rank": pa.array(self._ranks(batch)), "tie": pa.array(hash_strings(*buffers(batch["text"]), TIE))}

    def _ranks(self, batch: pa.RecordBatch) -> NDArray[np.uint64]:
        if self.keep == "longest":
            return _ordered(pc.binary_length(batch["text"]))
        if self.keep == "newest":
            return _ordered(_instants(batch["date"]))
        name, _, signal = self.keep.partition(".")
        column = batch[name]
        names = [field.name for field in column.type] if pa.types.is_struct(column.type) else []
        if signal not in names or not _counts(column.type.field(signal).type):
            numbers = [known for known in names if _counts(column.type.field(known).type)]
            raise RecipeError(f"{self.name}.keep: {name} measures no number {signal!r}{nearest(signal, numbers)}")
        return _ordered(column.field(signal))

    def scoped(self, batch: pa.RecordBatch, *keys: NDArray[np.uint64]) -> list[NDArray[np.uint64]]:
        """The keys with every document's scope mixed in; 0 still says that there is no key."""
        if not self.scope:
            return list(keys)
        own = scopes(batch, self.scope)
        return [np.where(key == 0, np.uint64(0), np.maximum(key ^ own, np.uint64(1))) for key in keys]


class DocumentDeduplication(Deduplication):
    """Base of the stages whose copies are whole documents, so that they can go by what earlier runs have."""

    against: Assets = ()
    """Folders of earlier runs, one or several: copies of documents that they have kept go, whatever `keep` says."""

    @property
    def earlier(self) -> tuple[Path, ...]:
        """See `against`."""
        return self.against

    def assets(self) -> dict[str, Path]:
        """An earlier run is told by its manifest, which has the digests of all its files."""
        return {key: folder / "manifest.json" for key, folder in super().assets().items()}


def scopes(batch: pa.RecordBatch, scope: str) -> NDArray[np.uint64]:
    """A hash of every document's scope; the same 64 bits for all where `scope` is empty."""
    if not scope:
        return np.zeros(batch.num_rows, np.uint64)
    if scope.startswith(META):
        names = pa.array(_values(batch["meta"], scope.removeprefix(META)), pa.binary())
    else:
        names = (labels(batch) if scope == "language" else batch[scope]).cast(pa.string())
    return hash_strings(*buffers(names), SCOPE)


def _values(meta: pa.Array, key: str) -> Iterable[bytes | None]:
    """What each JSON object says under a key: strings as they are, other values as JSON."""
    for text in meta.to_pylist():
        value: Any = json.loads(text).get(key) if text else None
        written = value if value is None or isinstance(value, str) else json.dumps(value, sort_keys=True)
        yield None if written is None else written.encode("utf-8", "surrogatepass")


def _counts(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind))


def _ordered(values: pa.Array) -> NDArray[np.uint64]:
    """Numbers as uint64 in the same order; null as 0, below all."""
    known = np.asarray(pc.is_valid(values))
    if pa.types.is_floating(values.type):
        numbers = np.asarray(pc.fill_null(values.cast(pa.float64()), 0.0)) + 0.0  # −0.0 becomes 0.0
        bits = numbers.view(np.uint64)
        found = np.where(bits & SIGN, ~bits, bits | SIGN)
    else:
        found = np.asarray(pc.fill_null(values.cast(pa.int64()), 0)).view(np.uint64) ^ SIGN
    return np.where(known, found, np.uint64(0))


def _instants(dates: pa.Array) -> pa.Array:
    """Microseconds since 1970 of ISO 8601 dates; null where there is none."""
    encoded = pc.dictionary_encode(dates)
    instants = pa.array([_instant(date) for date in encoded.dictionary.to_pylist()], pa.int64())
    return instants.take(encoded.indices)


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PARTIAL = {4: "-01-01", 7: "-01"}
"""What completes a year, and a year with its month."""


def _instant(date: str) -> int | None:
    text = date.strip()
    try:
        found = datetime.fromisoformat(text + PARTIAL.get(len(text), ""))
    except ValueError:
        return None
    since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
