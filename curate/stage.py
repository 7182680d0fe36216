"""The whole abstraction: what a stage is, and nothing about files, processes or recipes.

A *batch* is a `pyarrow.RecordBatch` with the columns of `DOCUMENT`, then one struct column per
stage that has measured it. There are three kinds of stages:

- a `Filter` measures a batch into one struct column named after itself and judges it with *rules*,
  which are its own fields: a field `words: Range` bounds the signal `words`, and what it drops
  bears the reason `gopher.words.min`;
- a `Rewrite` edits text and keeps every row;
- a `Barrier` (deduplication) sees the whole corpus: it sketches batches, resolves all sketches
  once, and gives a verdict for every row.

A stage's fields are semantics only. Workers, batch sizes and output paths are not its business,
and the same rows give the same signals whatever batch they come in.
"""

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Protocol, Self, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, RootModel, ValidationInfo, field_validator, model_validator

from curate.cuts import Cut

DOCUMENT = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("url", pa.string()),
        pa.field("date", pa.string()),
        pa.field("media", pa.string()),
        pa.field("text", pa.string()),
        pa.field("meta", pa.string()),
    ]
)
"""Every batch starts with these. `date` is ISO 8601 as the source gave it, `media` a MIME type,
`meta` a JSON object of whatever else the source knew (keys sorted)."""


Signals = Mapping[str, Any]
"""Signal name → Arrow or NumPy array with one value a row. A null breaks no rule; NaN is forbidden."""

Asset = Annotated[Path, AfterValidator(lambda path: path.expanduser())]
"""A field that names a file (model, lexicon, block list); its digest enters the stage's identity."""


class Range(BaseModel):
    """An inclusive range; a missing bound does not bind."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    min: float | None = None
    max: float | None = None

    @field_validator("min", "max", mode="before")
    @classmethod
    def _lifted(cls, bound: Any, info: ValidationInfo) -> Any:
        """Both "none" and an infinity lift a bound: TOML has no null, JSON no infinity."""
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
    bound: Literal["min", "max", "in"]
    limit: Any

    @property
    def reason(self) -> str:
        """`words.min`, or `label` for a set of values; the stage's name goes before it."""
        return self.signal if self.bound == "in" else f"{self.signal}.{self.bound}"

    @property
    def shown(self) -> str:
        """What breaking it looks like: `words < 50`."""
        if self.bound == "in":
            return f"{self.signal} not in {', '.join(self.limit)}"
        return f"{self.signal} {'<' if self.bound == 'min' else '>'} {self.limit:g}"


class Stage(BaseModel, ABC):
    """One step of a recipe. Frozen, keyword-only, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    kind: ClassVar[Literal["filter", "rewrite", "barrier"]]
    use: ClassVar[str]
    """The name by which recipes call it."""
    version: ClassVar[int] = 1
    """Raised when the same fields come to mean something else."""
    reads: ClassVar[tuple[str, ...]] = ("text",)
    """Columns a batch must hold; `language` means the column of the stage of that name."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions whose version decides the result; they enter the identity."""
    data: ClassVar[tuple[str, ...]] = ()
    """Data files of the project that decide the result, as patterns below `curate/`; their contents enter it too."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Asset fields that it cannot do without → where such a file comes from; a recipe may leave them to the user."""

    name: str = ""

    @model_validator(mode="before")
    @classmethod
    def _named_and_merged(cls, fields: Any) -> Any:
        """Fill in the name, and let a partly written range keep its other default bound."""
        if not isinstance(fields, dict):
            return fields
        merged = {"name": cls.use, **fields}
        for key, info in cls.model_fields.items():
            value = merged.get(key)
            if isinstance(info.default, Range) and isinstance(value, dict):
                merged[key] = {**info.default.model_dump(), **value}
            elif value == "off" and isinstance(info.default, (Range, OneOf)):
                merged[key] = Range() if isinstance(info.default, Range) else OneOf(frozenset())
        return merged

    def prepare(self) -> None:
        """Load models and lexicons, or raise `AssetError`; called once before a run spends anything."""

    def missing(self) -> list[str]:
        """A sentence for each file that it needs and that nobody has named: `quality.model: needs model: …`."""
        return [f"{self.name}.{key}: needs {key}: {how}" for key, how in self.needs.items() if not getattr(self, key)]

    def assets(self) -> dict[str, Path]:
        """Field → file, for every `Asset` field that is set."""
        found = {}
        for key in type(self).model_fields:
            value = getattr(self, key)
            if isinstance(value, Path):
                found[key] = value
            elif isinstance(value, (list, tuple)):
                found |= {f"{key}[{i}]": v for i, v in enumerate(value) if isinstance(v, Path)}
        return found

    def identity(self) -> dict[str, Any]:
        """All that determines what the stage does, but for its asset's contents (the recipe digests those)."""
        fields = {
            key: sorted(value) if isinstance(value, (frozenset, set)) else value
            for key, value in self.model_dump(mode="json").items()
            if not (key in self.assets() or any(a.startswith(f"{key}[") for a in self.assets()))
        }
        for key in type(self).model_fields:
            if isinstance(getattr(self, key), OneOf):
                fields[key] = getattr(self, key).sorted()
        versions = {package: package_version(package) for package in self.packages}
        made = {"use": self.use, "version": self.version, "packages": versions, **fields}
        return {**made, "data": {name: _contents(name) for name in self.data}} if self.data else made


class Filter(Stage):
    """Measures text and judges it; never edits."""

    kind = "filter"
    act: Literal["drop", "flag"] = "drop"

    @abstractmethod
    def measure(self, batch: pa.RecordBatch) -> Signals:
        """One value a row for every signal, in a fixed order of names and fixed types."""

    @property
    def asks_pilot(self) -> bool:
        """Whether a field is a share of the corpus, whose value has to be found on the pilot's sample."""
        return False

    def find(self, sample: pa.Table) -> Cut:
        """What follows from a sample of the documents that reach this filter: its own column and those before it.

        Called once where `asks_pilot`, with at least one row; pure, and independent of the order of rows.
        """
        raise NotImplementedError(f"{self.use} asks for a sample and has no `find`")

    def settled(self, fields: Mapping[str, Any]) -> Self:
        """The filter with the fields that were found for it."""
        mine = {key: getattr(self, key) for key in type(self).model_fields}
        return type(self).model_validate({**mine, **fields})

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Every bound that could be set, in field order: bit i of `broken` is rule i."""
        found: list[Rule] = []
        for key in type(self).model_fields:
            value = getattr(self, key)
            if isinstance(value, Range):
                found += [Rule(key, "min", value.min), Rule(key, "max", value.max)]
            elif isinstance(value, OneOf):
                found.append(Rule(key, "in", value.sorted()))
        if len(found) > 64:
            raise ValueError(f"{self.use}: more than 64 rules")
        return tuple(found)

    def column(self, batch: pa.RecordBatch) -> pa.StructArray:
        """Signals and `broken` (uint64, one bit a rule) as one struct column."""
        signals = {key: as_array(value, batch.num_rows) for key, value in self.measure(batch).items()}
        broken = np.zeros(batch.num_rows, np.uint64)
        for bit, rule in enumerate(self.rules):
            if rule.limit is not None and rule.limit != []:
                if rule.signal not in signals:
                    raise KeyError(f"{self.use}: rule {rule.signal!r} has no signal of that name")
                broken |= _breaks(rule, signals[rule.signal]).astype(np.uint64) << np.uint64(bit)
        signals["broken"] = pa.array(broken)
        return pa.StructArray.from_arrays(list(signals.values()), names=list(signals))

    def verdicts(self, column: pa.StructArray) -> NDArray[np.int8]:
        """Per row the index of the first broken rule, −1 where none is."""
        broken = np.asarray(column.field("broken"))
        first = np.full(len(broken), -1, np.int8)
        for bit in range(len(self.rules) - 1, -1, -1):
            first[(broken >> np.uint64(bit)) & np.uint64(1) == 1] = bit
        return first


@dataclass(frozen=True)
class Edited:
    """What a rewrite made of a batch: the new text of every row, signals, and what it could not do.

    A row in `errors` (row → (reason, sentence)) is quarantined as `<stage>.<reason>`.
    """

    text: pa.StringArray
    signals: Signals = field(default_factory=dict)
    errors: Mapping[int, tuple[str, str]] = field(default_factory=dict)


class Rewrite(Stage):
    """Edits text; never drops. A row left empty is dropped by the runner as `<stage>.empty`."""

    kind = "rewrite"

    @abstractmethod
    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        """The batch's texts, edited, row for row."""

    def struct(self, edited: Edited, rows: int) -> pa.StructArray | None:
        """The rewrite's signals as a struct column, or nothing where it has none."""
        if not edited.signals:
            return None
        arrays = [as_array(value, rows) for value in edited.signals.values()]
        return pa.StructArray.from_arrays(arrays, names=list(edited.signals))


class Corpus(Protocol):
    """What a barrier may ask for while it resolves: shards in order, rows by number."""

    memory: int
    """Bytes that `resolve` may take at its peak."""
    seed: int

    def __len__(self) -> int:
        """The number of shards."""

    def sketch(self, shard: int) -> pa.Table:
        """The shard's sketch, one row a document, memory-mapped."""

    def alive(self, shard: int) -> NDArray[np.bool_]:
        """Which rows an earlier barrier of the same segment has left."""

    def take(self, shard: int, rows: NDArray[np.int64], columns: Sequence[str] = ("text",)) -> pa.RecordBatch:
        """Some rows (ascending) of the documents that were sketched."""


class Barrier(Stage):
    """Sees the whole corpus through sketches; text is never moved."""

    kind = "barrier"
    act: Literal["drop", "flag"] = "drop"
    cuts: ClassVar[bool] = False
    """True where the verdict holds spans to cut, so that what follows must see the cut text."""

    @abstractmethod
    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One small row a document, of a fixed schema; pure, and independent of the other rows."""

    @abstractmethod
    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """Per shard, in order, a verdict table with one row a document.

        Columns: `reason` (string, null = keep; shown as `<stage>.<reason>`), and by choice
        `signals`, a struct that stays with the documents as the stage's column.
        """


@cache
def _contents(pattern: str) -> str:
    """SHA-256 over names and bytes of the project's files of a pattern."""
    state = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob(pattern)):
        state.update(path.name.encode() + b"\0" + path.read_bytes())
    return state.hexdigest()


def as_array(values: Any, rows: int) -> pa.Array:
    """An Arrow array of `rows` values; refuses NaN, which no rule could judge."""
    array = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    if not isinstance(array, pa.Array):
        array = pa.array(array)
    if len(array) != rows:
        raise ValueError(f"{len(array)} values for {rows} rows")
    if pa.types.is_floating(array.type) and pc.any(pc.is_nan(array)).as_py():
        raise ValueError("a signal holds NaN")
    return array


def _breaks(rule: Rule, signal: pa.Array) -> NDArray[np.bool_]:
    if rule.bound == "in":
        bad = pc.invert(pc.is_in(signal, value_set=pa.array(rule.limit, pa.string())))
        bad = pc.and_(bad, pc.is_valid(signal))
    elif rule.bound == "min":
        bad = pc.less(signal, pa.scalar(rule.limit, pa.float64()))
    else:
        bad = pc.greater(signal, pa.scalar(rule.limit, pa.float64()))
    return cast("NDArray[np.bool_]", np.asarray(pc.fill_null(bad, fill_value=False)))


def buffers(strings: pa.Array) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Offsets (rows + 1) and UTF-8 bytes of a string array without nulls, as views: what `ops` kernels take.

    Text i is `data[offsets[i]:offsets[i + 1]]`; a slice's offsets do not start at 0. Nulls read as empty.
    """
    if strings.null_count:
        strings = pc.fill_null(strings, "")
    _, offsets, data = strings.buffers()
    if offsets is None or len(strings) == 0:
        return np.zeros(1, np.int32), np.zeros(0, np.uint8)
    starts = np.frombuffer(offsets, np.int32, len(strings) + 1, strings.offset * 4)
    return starts, np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(0, np.uint8)


def strings(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.StringArray:
    """The string array of offsets and UTF-8 bytes that a kernel has written; the way back from `buffers`."""
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data))
