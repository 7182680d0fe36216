"""TOML → `Recipe`: what a run does, and the keys under which its results are kept.

A recipe is a list of stages. Barriers cut it into segments: each segment is a row of filters and
rewrites that read every byte once, and the barriers whose sketches they fill on the way out.
A recipe may extend another: a `[[stage]]` of a known name merges its fields in place, a new one
says `after = "…"`, and `remove = ["…"]` takes stages out.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, model_validator

from curate.by_language import variant
from curate.cuts import Cut
from curate.earlier import runs_before
from curate.errors import AssetError, RecipeError, nearest
from curate.ingest import Ingest
from curate.policy import Choices, compiled, guarded, refuse_stale_spans
from curate.recipe_file import apply, find, read, resolve_languages
from curate.stage import Asset, Barrier, Filter, OneOf, Range, Rewrite, Stage
from curate.stages import stage_class, uses
from curate.tokens import load

FORMAT = 2
"""Raised when units written by older code must not be taken for new ones."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tokens(_Table):
    """How text becomes tokens: an own vocabulary trained on the pilot, or a tokenizer by path."""

    vocabulary: Annotated[int, Field(ge=640, le=2**20, multiple_of=64)] = 32_768
    tokenizer: Asset | None = None
    validation: Annotated[float, Field(ge=0, le=0.5)] = 0.01
    """Share of clusters (documents, where nothing was clustered) set apart for validation."""


class Band(_Table):
    """What a stage may take at most before the run stops, as a share of its documents."""

    max_drop: Annotated[float, Field(ge=0, le=1)]


class Pilot(_Table):
    """The seeded sample that goes through the per-document stages before anything else does."""

    max_bytes: Annotated[int, Field(gt=0)] = 64 * 2**20


class Audit(_Table):
    """What is counted for `curate audit`: who is mentioned, from where, in which language, and what stages take."""

    documents: Annotated[int, Field(ge=0, le=10**12, strict=True)] = 100_000
    """About how many records are followed through all stages, by a hash of seed and id; all where there are fewer,
    none at 0."""


class Output(_Table):
    """How results are written."""

    keep_dropped_text: bool = True
    text: bool = True
    """Whether `documents/` holds the texts: else ids and signals, for who has the texts or trains from `tokens/`. No
    later run can go by such a run where texts decide about copies."""
    tokens: bool = True
    """Count tokens at every stage and write token shards. Without them a run finds or trains no tokenizer, its books
    are in documents and bytes, and `tokens/` and `tokenizer/` stay out."""
    file_bytes: Annotated[int, Field(ge=2**16)] = 128 * 2**20
    """Text bytes at which `documents` and `tokens` files are cut."""


@dataclass(frozen=True)
class Segment:
    """Per-document stages, then the barriers that see what the stages have left."""

    index: int
    stages: tuple[Filter | Rewrite, ...]
    barriers: tuple[Barrier, ...]


class Recipe(_Table):
    """All that determines a corpus but its input."""

    name: str
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    ingest: Ingest = Ingest()
    stages: Annotated[tuple[SerializeAsAny[Stage], ...], Field(alias="stage")] = ()
    guard: dict[str, Band] = {}
    tokens: Tokens = Tokens()
    pilot: Pilot = Pilot()
    output: Output = Output()
    policy: Choices = {}
    """What becomes of documents that stages mark: see `curate.policy`; `build` makes stages of it."""
    audit: Audit = Audit()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"stage {name!r} stands there twice: give one of them a name of its own")
            if not name.isidentifier() or name in RESERVED or len(name) > 64:
                raise ValueError(f"{name[:80]!r} cannot be a stage's name")
        for name in self.guard:
            if name not in {*names, "ingest"}:
                raise ValueError(f"guard names no stage: {name!r}{nearest(name, [*names, 'ingest'])}")
        if self.policy:
            raise ValueError("a recipe with a policy is made by Recipe.load or Recipe.build")
        self._speaks()
        refuse_stale_spans(self.stages)
        known = {*RESERVED, "ingest"}
        for stage in self.stages:
            for column in stage.asks:
                if column not in known:
                    there = nearest(column, known - RESERVED - {"ingest"})
                    raise ValueError(f"stage {stage.name!r} reads {column!r}, which no stage before it measures{there}")
            known.add(stage.name)
        return self

    def _speaks(self) -> None:
        """Who judges by language must know it; and who finds it out has read the text by then."""
        known = False
        for stage in self.stages:
            known = known or stage.name == self.language
            if stage.speaks and not known:
                why = "has fields by_language" if isinstance(stage, Filter) else "goes by language"
                raise ValueError(f"stage {stage.name!r} {why}, but no stage before it names languages")
            if isinstance(stage, Filter) and stage.measuring and stage.name == self.language:
                raise ValueError(
                    f"stage {stage.name!r}: by_language can change its rules alone, since it measures to find the label"
                )

    @cached_property
    def language(self) -> str | None:
        """The name of the stage whose column holds `label`, if there is one."""
        return next((s.name for s in self.stages if isinstance(s, Filter) and "label" in type(s).model_fields), None)

    @classmethod
    def load(cls, path: str | Path, settings: Sequence[str] = ()) -> Self:
        """Read a recipe and apply `--set` settings such as `gopher.words.min=30`."""
        table = read(find(path))
        tables = ["stage" if name == "stages" else name for name in cls.model_fields]
        for setting in settings:
            apply(table, setting, [name for name in tables if name != "stage"])
        resolve_languages(table, Path(), "--set")
        return cls.build(table, str(path))

    @classmethod
    def build(cls, table: Mapping[str, Any], where: str = "recipe") -> Self:
        """A recipe from a table as TOML gives it; errors name recipe, stage, key and the nearest right name."""
        rest = {key: value for key, value in table.items() if key not in ("stage", "policy")}
        stages = [_stage(fields, f"{where}: stage {number}") for number, fields in enumerate(table.get("stage", []), 1)]
        stages = compiled(stages, table.get("policy", {}), where)
        rest["guard"] = guarded(rest.get("guard", {}), stages)
        try:
            return cls.model_validate({**rest, "stage": stages})
        except ValidationError as error:
            raise RecipeError(f"{where}: {_explain(error, cls)}") from None

    def table(self, *, portable: bool = False, language: str | None = None) -> dict[str, Any]:
        """The recipe with every default written out, as `build` reads it and as TOML and JSON can hold it.

        `portable`: files by name alone, for what is to be the same wherever they lie.
        `language`: a label; the recipe as it is for documents of that language.
        """
        made: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude={"stages", "policy"})
        stages = self.stages if language is None else [_spoken(stage, language) for stage in self.stages]
        made["stage"] = [{"use": uses(stage), **_fields(stage)} for stage in stages]
        if portable:
            for stage, written in zip(stages, made["stage"], strict=True):
                _without_folders(stage, written)
            if self.tokens.tokenizer is not None:
                made["tokens"]["tokenizer"] = self.tokens.tokenizer.name
        made["ingest"] = {key: _written(getattr(self.ingest, key)) for key in Ingest.model_fields}
        return {key: _without_none(value) for key, value in made.items() if value is not None}

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """The recipe cut at its barriers; the last segment has none."""
        found: list[Segment] = []
        stages: list[Filter | Rewrite] = []
        barriers: list[Barrier] = []
        for stage in self.stages:
            if isinstance(stage, Barrier):
                barriers.append(stage)
            elif isinstance(stage, (Filter, Rewrite)):
                if barriers:
                    found.append(Segment(len(found), tuple(stages), tuple(barriers)))
                    stages, barriers = [], []
                stages.append(stage)
            if barriers and barriers[-1].cuts:
                found.append(Segment(len(found), tuple(stages), tuple(barriers)))
                stages, barriers = [], []
        if barriers:
            found.append(Segment(len(found), tuple(stages), tuple(barriers)))
            stages = []
        found.append(Segment(len(found), tuple(stages), ()))
        return tuple(found)

    def settled(self, cuts: Mapping[str, Cut]) -> Self:
        """The recipe with what the pilot found put into its stages, by name."""
        stages = [
            stage.settled(cuts[stage.name].fields) if isinstance(stage, Filter) and stage.name in cuts else stage
            for stage in self.stages
        ]
        mine = {key: getattr(self, key) for key in type(self).model_fields if key != "stages"}
        return type(self).model_validate({**mine, "stage": stages}) if cuts else self

    def identities(self, stages: Iterable[Stage]) -> list[dict[str, Any]]:
        """What each stage does, with the digest of every file it reads."""
        return [
            {**stage.identity(), "assets": {key: digest(path) for key, path in stage.assets().items()}}
            for stage in stages
        ]

    def prepare(self) -> None:
        """Check that every file is there and every model loads, before anything is spent."""
        for stage in self.stages:
            for lack in stage.missing():
                raise AssetError(lack)
            if isinstance(stage, Barrier):
                runs_before(stage)
            for key, path in stage.assets().items():
                if not path.is_file():
                    raise AssetError(f"stage {stage.name}: {key} = {str(path)!r}: no such file")
            stage.prepare()
            for spoken in stage.measuring.values() if isinstance(stage, Filter) else ():
                spoken.prepare()
        if self.tokens.tokenizer is not None:
            if not self.tokens.tokenizer.is_file():
                raise AssetError(f"tokens: tokenizer = {str(self.tokens.tokenizer)!r}: no such file")
            load(self.tokens.tokenizer)


RESERVED = frozenset(
    {"id", "source", "url", "date", "media", "text", "meta", "tokens", "ingest",
     "place", "reason", "quarantine", "weight", "audit"}
)  # fmt: skip


def _spoken(stage: Stage, language: str) -> Stage:
    """The stage as it is for documents of a language."""
    return stage.variants.get(language) or variant(stage, language, {}) if isinstance(stage, Filter) else stage


def _fields(stage: Stage) -> dict[str, Any]:
    written = {key: _written(getattr(stage, key)) for key in type(stage).model_fields}
    return {key: value for key, value in written.items() if value or key != "by_language"}


def _without_folders(stage: Stage, written: dict[str, Any]) -> None:
    """Reduce the files that a stage's table names to their names, in place."""
    for key in {asset.partition("[")[0] for asset in stage.assets()}:
        *above, last = key.split(".")
        owner = written
        for part in above:
            owner = owner[part]
        names = owner[last]
        owner[last] = [Path(n).name for n in names] if isinstance(names, list) else Path(names).name


def _written(value: Any) -> Any:
    """A field as a recipe spells it; a missing bound as "none", since TOML has no null."""
    if isinstance(value, Range):
        return {key: "none" if bound is None else bound for key, bound in value.model_dump().items()}
    if isinstance(value, OneOf):
        return value.sorted()
    if isinstance(value, (list, tuple, frozenset, set)):
        return [_written(item) for item in (sorted(value) if isinstance(value, (frozenset, set)) else value)]
    if isinstance(value, dict):
        return {key: _written(item) for key, item in value.items()}
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return str(value) if isinstance(value, Path) else value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def key_of(*parts: Any) -> str:
    """Sixteen hex digits that stand for all of `parts` (anything JSON can hold)."""
    canon = json.dumps([FORMAT, *parts], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canon.encode()).hexdigest()[:16]


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stage(fields: Any, where: str) -> Stage:
    if not isinstance(fields, dict) or not isinstance(fields.get("use"), str):
        raise RecipeError(f"{where}: every stage says what to `use`")
    use = fields["use"]
    try:
        cls = stage_class(use)
    except RecipeError as error:
        raise RecipeError(f"{where}: {error}") from None
    try:
        return cls.model_validate({key: value for key, value in fields.items() if key != "use"})
    except ValidationError as error:
        raise RecipeError(f"{where} ({use}): {_explain(error, cls)}") from None


def _explain(error: ValidationError, model: type[BaseModel]) -> str:
    problems = [_problem(dict(found), model) for found in error.errors()]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return problems[0] + more


def _problem(found: dict[str, Any], model: type[BaseModel]) -> str:
    path = [str(part) for part in found["loc"]]
    if found["type"] != "extra_forbidden":
        message = str(found["msg"]).removeprefix("Value error, ")
        return f"{'.'.join(path)}: {message}" if path else message
    owner: Any = model
    for part in path[2 * (path[0] == "by_language") : -1]:
        info = owner.model_fields.get(part) if isinstance(owner, type) and issubclass(owner, BaseModel) else None
        owner = info.annotation if info else None
    names = list(owner.model_fields) if isinstance(owner, type) and issubclass(owner, BaseModel) else []
    if owner is Recipe:
        names = ["stage" if name == "stages" else name for name in names] + ["extends", "remove"]
    if isinstance(owner, type) and issubclass(owner, Stage):
        names.append("use")
    inside = f" in {'.'.join(path[:-1])}" if len(path) > 1 else ""
    return f"unknown key {path[-1]!r}{inside}{nearest(path[-1], names)}"
