"""TOML → `Recipe`: what a run does, and the keys under which its results are kept.

A recipe is a list of stages. Barriers cut it into segments: each segment is a row of filters and
rewrites that read every byte once, and the barriers whose sketches they fill on the way out.
A recipe may extend another: a `[[stage]]` of a known name merges its fields in place, a new one
says `after = "…"`, and `remove = ["…"]` takes stages out.
"""

import difflib
import hashlib
import importlib
import json
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, ValidationError, model_validator

from curate.errors import AssetError, RecipeError
from curate.ingest import Ingest
from curate.stage import Asset, Barrier, Filter, OneOf, Range, Rewrite, Stage
from curate.stages import STAGES

FORMAT = 1
"""Raised when units written by older code must not be taken for new ones."""


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tokens(_Table):
    """How text becomes tokens: an own vocabulary trained on the pilot, or a tokenizer by path."""

    vocabulary: Annotated[int, Field(ge=640, multiple_of=64)] = 32_768
    tokenizer: Asset | None = None
    validation: Annotated[float, Field(ge=0, le=0.5)] = 0.01
    """Share of clusters (documents, where nothing was clustered) set apart for validation."""


class Band(_Table):
    """What a stage may take at most before the run stops, as a share of its documents."""

    max_drop: Annotated[float, Field(ge=0, le=1)]


class Pilot(_Table):
    """The seeded sample that goes through the per-document stages before anything else does."""

    max_bytes: Annotated[int, Field(gt=0)] = 64 * 2**20


class Output(_Table):
    """How results are written."""

    keep_dropped_text: bool = True
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
    seed: int = 1
    ingest: Ingest = Ingest()
    stages: Annotated[tuple[SerializeAsAny[Stage], ...], Field(alias="stage")] = ()
    guard: dict[str, Band] = {}
    tokens: Tokens = Tokens()
    pilot: Pilot = Pilot()
    output: Output = Output()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [stage.name for stage in self.stages]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"stage {name!r} stands there twice: give one of them a name of its own")
            if not name.isidentifier() or name in RESERVED:
                raise ValueError(f"{name!r} cannot be a stage's name")
        for name in self.guard:
            if name not in {*names, "ingest"}:
                raise ValueError(f"guard names no stage: {name!r}{_nearest(name, [*names, 'ingest'])}")
        known = {*RESERVED, "ingest"}
        for stage in self.stages:
            for column in stage.reads:
                if column not in known:
                    raise ValueError(f"stage {stage.name!r} reads {column!r}, which no stage before it measures")
            known.add(stage.name)
        return self

    @classmethod
    def load(cls, path: str | Path, settings: Sequence[str] = ()) -> Self:
        """Read a recipe and apply `--set` settings such as `gopher.words.min=30`."""
        file = find(path)
        table = _read(file)
        for setting in settings:
            _apply(table, setting)
        return cls.build(table, str(path))

    @classmethod
    def build(cls, table: Mapping[str, Any], where: str = "recipe") -> Self:
        """A recipe from a table as TOML gives it; errors name recipe, stage, key and the nearest right name."""
        rest = {key: value for key, value in table.items() if key != "stage"}
        stages = []
        for number, fields in enumerate(table.get("stage", []), 1):
            stages.append(_stage(fields, f"{where}: stage {number}"))
        try:
            return cls.model_validate({**rest, "stage": stages})
        except ValidationError as error:
            raise RecipeError(f"{where}: {_explain(error, cls)}") from None

    def table(self) -> dict[str, Any]:
        """The recipe with every default written out, as `build` reads it and as TOML and JSON can hold it."""
        made: dict[str, Any] = self.model_dump(mode="json", by_alias=True, exclude={"stages"})
        made["stage"] = [
            {"use": uses(stage), **{key: _written(getattr(stage, key)) for key in type(stage).model_fields}}
            for stage in self.stages
        ]
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

    def identities(self, stages: Iterable[Stage]) -> list[dict[str, Any]]:
        """What each stage does, with the digest of every file it reads."""
        return [
            {**stage.identity(), "assets": {key: digest(path) for key, path in stage.assets().items()}}
            for stage in stages
        ]

    def prepare(self) -> None:
        """Check that every file is there and every model loads, before anything is spent."""
        for stage in self.stages:
            for key, path in stage.assets().items():
                if not path.is_file():
                    raise AssetError(f"stage {stage.name}: {key} = {str(path)!r}: no such file")
            stage.prepare()


RESERVED = frozenset({"id", "source", "url", "date", "media", "text", "meta", "tokens", "ingest", "place", "reason"})


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


def find(path: str | Path) -> Path:
    """A recipe by path, or by its name among those that come with Sluice (`web-en`)."""
    given = Path(path)
    if given.is_file():
        return given
    shipped = Path(__file__).parents[1] / "pipelines"
    for candidate in (shipped / given.name, shipped / f"{given.name}.toml"):
        if len(given.parts) == 1 and candidate.is_file():
            return candidate
    names = sorted(p.stem for p in shipped.glob("*.toml"))
    raise RecipeError(f"{path}: no such recipe{_nearest(given.stem, names)}")


def stage_class(use: str) -> type[Stage]:
    """The class behind `language` or `my_pkg.filters:Mine`."""
    target = STAGES.get(use, use)
    if ":" not in target:
        raise RecipeError(f"unknown stage {use!r}{_nearest(use, list(STAGES))}")
    module, _, name = target.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise RecipeError(f"stage {use!r} cannot be loaded: {error}") from None
    if not (isinstance(found, type) and issubclass(found, Stage)):
        raise RecipeError(f"{use!r} is not a stage")
    return found


def uses(stage: Stage) -> str:
    """The `use` line that leads to this stage's class."""
    target = f"{type(stage).__module__}:{type(stage).__qualname__}"
    return next((name for name, place in STAGES.items() if place == target), target)


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
    for part in path[:-1]:
        info = owner.model_fields.get(part) if isinstance(owner, type) and issubclass(owner, BaseModel) else None
        owner = info.annotation if info else None
    names = list(owner.model_fields) if isinstance(owner, type) and issubclass(owner, BaseModel) else []
    if owner is Recipe:
        names = ["stage" if name == "stages" else name for name in names] + ["extends", "remove"]
    if isinstance(owner, type) and issubclass(owner, Stage):
        names.append("use")
    inside = f" in {'.'.join(path[:-1])}" if len(path) > 1 else ""
    return f"unknown key {path[-1]!r}{inside}{_nearest(path[-1], names)}"


def _nearest(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known are {', '.join(sorted(known))}" if known else ""


def _read(file: Path, below: tuple[Path, ...] = ()) -> dict[str, Any]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file}: not TOML: {error}") from None
    except OSError as error:
        raise RecipeError(f"{file}: {error.strerror}") from None
    _resolve_assets(table, file)
    parent = table.pop("extends", None)
    if parent is None:
        if "remove" in table:
            raise RecipeError(f"{file}: remove needs extends")
        return _placed(table, [], str(file))
    base = file.parent / parent
    if not base.is_file():
        raise RecipeError(f"{file}: extends {parent!r}: no such recipe")
    if base.resolve() in below:
        raise RecipeError(f"{file}: extends {parent!r}, which extends it in turn")
    return _merge(_read(base, (*below, file.resolve())), table, str(file))


def _resolve_assets(table: dict[str, Any], file: Path) -> None:
    """Relative paths in a recipe are relative to the recipe, wherever the command is called from."""
    for fields in table.get("stage", []):
        if isinstance(fields, dict) and isinstance(fields.get("use"), str):
            for key in _asset_fields(fields["use"]) & fields.keys():
                fields[key] = _beside(file, fields[key])
    tokens = table.get("tokens", {})
    if isinstance(tokens, dict) and "tokenizer" in tokens:
        tokens["tokenizer"] = _beside(file, tokens["tokenizer"])


def _beside(file: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_beside(file, item) for item in value]
    return str(file.parent / Path(value).expanduser()) if isinstance(value, str) else value


def _asset_fields(use: str) -> set[str]:
    try:
        fields = stage_class(use).model_fields
    except RecipeError:
        return set()  # told with its place when the stage is built
    return {key for key, info in fields.items() if _holds_path(info.annotation)}


def _holds_path(annotation: Any) -> bool:
    return annotation is Path or any(_holds_path(part) for part in get_args(annotation))


def _merge(base: dict[str, Any], table: dict[str, Any], where: str) -> dict[str, Any]:
    removed = table.pop("remove", [])
    own = table.pop("stage", [])
    stages = base.pop("stage", [])
    names = [_name(stage) for stage in stages]
    for name in removed:
        if name not in names:
            raise RecipeError(f"{where}: remove: no stage {name!r}{_nearest(name, names)}")
    stages = [stage for stage in stages if _name(stage) not in removed]
    merged = _deep(base, table)
    merged["stage"] = stages
    return _placed({**merged, "stage": own}, stages, where)


def _placed(table: dict[str, Any], stages: list[dict[str, Any]], where: str) -> dict[str, Any]:
    placed = list(stages)
    for number, raw in enumerate(table.get("stage", []), 1):
        if not isinstance(raw, dict) or "use" not in raw:
            raise RecipeError(f"{where}: stage {number}: every stage says what to `use`")
        fields = dict(raw)
        after = fields.pop("after", None)
        names = [_name(stage) for stage in placed]
        if _name(fields) in names and stages:
            if after is not None:
                raise RecipeError(f"{where}: stage {number} ({_name(fields)}) has its place already: no `after`")
            at = names.index(_name(fields))
            placed[at] = _deep(placed[at], fields)
        elif after is None:
            placed.append(fields)
        elif after in names:
            placed.insert(names.index(after) + 1, fields)
        else:
            raise RecipeError(f"{where}: stage {number}: after = {after!r}: no such stage{_nearest(after, names)}")
    return {**table, "stage": placed}


def _name(fields: Mapping[str, Any]) -> str:
    name = fields.get("name") or fields.get("use", "")
    return str(name)


def _deep(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _deep(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def _apply(table: dict[str, Any], setting: str) -> None:
    """Apply `stage.field[.bound]=value`, `tokens.vocabulary=…` or `seed=…`; the value is TOML, else a string."""
    path, equals, text = setting.partition("=")
    if not equals:
        raise RecipeError(f"--set {setting}: write key=value, such as gopher.words.min=30")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    first, *keys = path.strip().split(".")
    stages = {_name(stage): stage for stage in table.get("stage", [])}
    if first in stages:
        owner: dict[str, Any] = stages[first]
    elif first in Recipe.model_fields and first != "stages":
        owner, keys = table, [first, *keys]
    else:
        known = [*stages, *(name for name in Recipe.model_fields if name != "stages")]
        raise RecipeError(f"--set {setting}: no stage or table {first!r}{_nearest(first, known)}")
    if not keys:
        raise RecipeError(f"--set {setting}: name a field of {first}")
    for key in keys[:-1]:
        owner[key] = dict(owner[key]) if isinstance(owner.get(key), dict) else {}
        owner = owner[key]
    owner[keys[-1]] = value
