"""The whole abstraction: what a stage is, and nothing about files, processes or recipes.

A *batch* is a `pyarrow.RecordBatch` with the columns of `DOCUMENT`, then one struct column per
stage that has measured it. There are three kinds of stages:

- a `Filter` measures a batch into one struct column named after itself and judges it with *rules*,
  which are its own fields: a field `words: Range` bounds the signal `words`, and what it drops
  bears the reason `gopher.words.min`;
- a `Rewrite` edits text and keeps every row;
- a `Barrier` (deduplication) sees the whole corpus: it sketches batches, resolves all sketches
  once, and gives a verdict for every row.

A stage's fields are semantics only, and the same rows give the same signals whatever batch they come in.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from curate.arrays import as_array, buffers, strings
from curate.by_language import ByLanguage, grouped, labels, variant
from curate.corpus import Corpus
from curate.cuts import Cut
from curate.package_data import contents
from curate.rules import OneOf, Range, Rule, broken, first_broken

__all__ = [
    "DOCUMENT",
    "Asset",
    "Barrier",
    "Corpus",
    "Edited",
    "Filter",
    "OneOf",
    "Range",
    "Rewrite",
    "Rule",
    "Signals",
    "Stage",
    "as_array",
    "buffers",
    "strings",
]

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


class Stage(BaseModel, ABC):
    """One step of a recipe. Frozen, keyword-only, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))

    kind: ClassVar[Literal["filter", "rewrite", "barrier"]]
    use: ClassVar[str]
    """The name by which recipes call it."""
    called: ClassVar[str] = ""
    """The name of its column and in reports where a recipe gives none; `use` where this is empty."""
    version: ClassVar[int] = 1
    """Raised when the same fields come to mean something else."""
    reads: ClassVar[tuple[str, ...]] = ("text",)
    """Columns a batch must hold; `language` means the column of the stage of that name."""
    packages: ClassVar[tuple[str, ...]] = ()
    """Distributions whose version decides the result; they enter the identity."""
    data: ClassVar[tuple[str, ...]] = ()
    """Data files of the project that decide the result, as patterns below `curate/`; their contents enter it too."""
    needs: ClassVar[Mapping[str, str]] = {}
    """Asset fields that it cannot do without → where such a file comes from; a recipe may leave them to the user.

    `{name}` stands for the stage's own name.
    """

    name: str = ""

    @property
    def asks(self) -> tuple[str, ...]:
        """The columns that a batch must hold for it: `reads`, and what its fields name."""
        return self.reads

    @property
    def working_bytes(self) -> int:
        """Memory that it takes while it works, beside what it has loaded and some copies of a batch's text."""
        return 0

    @property
    def speaks(self) -> bool:
        """Whether it asks for every document's language."""
        return False

    @model_validator(mode="before")
    @classmethod
    def _named_and_merged(cls, fields: Any) -> Any:
        """Fill in the name, and let a partly written range keep its other default bound."""
        if not isinstance(fields, dict):
            return fields
        merged = {"name": cls.called or cls.use, **fields}
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
        lacking = {key: how.format(name=self.name) for key, how in self.needs.items() if not getattr(self, key)}
        return [f"{self.name}.{key}: needs {key}: {how}" for key, how in lacking.items()]

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
        return {**made, "data": {name: contents(name) for name in self.data}} if self.data else made


class Filter(Stage):
    """Measures text and judges it; never edits."""

    kind = "filter"
    act: Literal["drop", "flag"] = "drop"
    by_language: ByLanguage = {}
    """Label → fields that replace the stage's own for documents of that language."""

    @model_validator(mode="after")
    def _holds_in_every_language(self) -> Self:
        _ = self.variants  # builds them, so that what cannot hold is refused with the recipe
        return self

    @abstractmethod
    def measure(self, batch: pa.RecordBatch) -> Signals:
        """One value a row for every signal, in a fixed order of names and fixed types; no rule changes them."""

    @property
    def speaks(self) -> bool:
        """Whether a language has fields of its own."""
        return bool(self.by_language)

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

    @cached_property
    def variants(self) -> Mapping[str, Self]:
        """Label → the stage as it is for documents of that language."""
        return {label: variant(self, label, fields) for label, fields in self.by_language.items()}

    @cached_property
    def measuring(self) -> Mapping[str, Self]:
        """Those variants that measure otherwise; the others only judge otherwise."""
        rules = {rule.signal for rule in self.rules}
        return {label: one for label, one in self.variants.items() if not self.by_language[label].keys() <= rules}

    def assets(self) -> dict[str, Path]:
        """Field → file, `by_language.ko.model` for what a language has of its own."""
        found = super().assets()
        for label, one in self.measuring.items():
            own = {key: path for key, path in one.assets().items() if key.partition("[")[0] in self.by_language[label]}
            found |= {f"by_language.{label}.{key}": path for key, path in own.items()}
        return found

    def identity(self) -> dict[str, Any]:
        """As of every stage, with each language's fields as they are understood."""
        made = super().identity()
        del made["by_language"]
        for label, one in self.variants.items():
            fields = {key: value for key, value in one.identity().items() if key in self.by_language[label]}
            made.setdefault("by_language", {})[label] = fields
        return made

    def column(self, batch: pa.RecordBatch) -> pa.StructArray:
        """Signals and `broken` (uint64, one bit a rule) as one struct column."""
        signals = grouped(
            batch,
            self.measuring,
            lambda: labels(batch),
            lambda label, rows: (self.variants[label] if label else self).measured(rows),
        )
        names = [field.name for field in signals.type]
        broken = grouped(
            signals,
            self.variants,
            lambda: signals.field("label") if "label" in type(self).model_fields else labels(batch),
            lambda label, rows: (self.variants[label] if label else self).judged(rows),
        )
        return pa.StructArray.from_arrays([*signals.flatten(), broken], names=[*names, "broken"])

    def measured(self, batch: pa.RecordBatch) -> pa.StructArray:
        """The signals alone, by the stage's own fields whatever the language."""
        signals = {key: as_array(value, batch.num_rows) for key, value in self.measure(batch).items()}
        return pa.StructArray.from_arrays(list(signals.values()), names=list(signals))

    def judged(self, signals: pa.StructArray) -> pa.Array:
        """Which of the stage's own rules each row breaks: uint64, one bit a rule."""
        return broken(self.rules, signals, self.use)

    def verdicts(self, column: pa.StructArray) -> NDArray[np.int8]:
        """Per row the index of the first broken rule, −1 where none is."""
        return first_broken(np.asarray(column.field("broken")), len(self.rules))


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


class Barrier(Stage):
    """Sees the whole corpus through sketches; text is never moved."""

    kind = "barrier"
    act: Literal["drop", "flag"] = "drop"
    cuts: ClassVar[bool] = False
    """True where the verdict holds spans to cut, so that what follows must see the cut text."""
    sketched: ClassVar[tuple[str, ...]] = ()
    """The fields that decide what a sketch holds: sketches of other values cannot be compared with its own."""

    @property
    def rereads(self) -> bool:
        """Whether it reads texts again while it resolves, so that they belong to what later runs need."""
        return False

    @property
    def earlier(self) -> tuple[Path, ...]:
        """Folders of earlier runs, whose documents are to be part of its corpus."""
        return ()

    @property
    def filling(self) -> str:
        """What stands in place of a span that is cut."""
        return ""

    @abstractmethod
    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One small row a document, of a fixed schema; pure, and independent of the other rows."""

    @abstractmethod
    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """Per shard of this run, in order, a verdict table with one row a document.

        Columns: `reason` (string, null = keep; shown as `<stage>.<reason>`), and by choice
        `signals`, a struct that stays with the documents as the stage's column, and `cut` (only where `cuts`),
        the spans to take out of documents that are kept: see `curate.cutting`. What is left empty is dropped
        as `<stage>.empty`; with `act = "flag"` texts stay whole and are counted as `<stage>.cut`.
        """

    def forecast(self, rows: int, text_bytes: int) -> int:  # noqa: ARG002 - those that compare texts ask for both
        """Bytes that `resolve` needs at least for so many documents of so much text.

        What of that grows with them is set aside: `corpus.memory` is what is left for everything else.
        """
        return RESOLVE_BYTES + ROW_BYTES * rows


RESOLVE_BYTES, ROW_BYTES = 100 * 10**6, 64
"""Portions of keys and a shard's sketch; and the numbers that are held for every document meanwhile."""
