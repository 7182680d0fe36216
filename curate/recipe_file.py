"""Recipe files: TOML that may extend other TOML, and `--set` settings on top of it."""

import tomllib
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, get_args

from curate import lexicons
from curate.by_language import FIELD, one_scheme
from curate.errors import RecipeError, nearest
from curate.stages import STAGES, stage_class


def find(path: str | Path) -> Path:
    """A recipe by path, or by its name among those that come with Sluice (`web-en`)."""
    given = Path(path)
    if given.is_file():
        return given
    shipped = recipes()
    for candidate in (shipped / given.name, shipped / f"{given.name}.toml"):
        if len(given.parts) == 1 and candidate.is_file():
            return candidate
    names = sorted(p.stem for p in shipped.glob("*.toml") if "[model]" not in p.read_text("utf-8"))
    raise RecipeError(f"{path}: no such recipe{nearest(given.stem, names)}")


def recipes() -> Path:
    """The folder of the recipes that come with Sluice: inside an installed package, beside a checkout's."""
    inside = Path(__file__).with_name("pipelines")
    return inside if inside.is_dir() else Path(__file__).parents[1] / "pipelines"


def read(file: Path, below: tuple[Path, ...] = ()) -> dict[str, Any]:
    """A recipe's table with everything it extends merged in; raises `RecipeError`."""
    try:
        table = _toml(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{file}: not TOML: {error}") from None
    except OSError as error:
        raise RecipeError(f"{file}: {error.strerror}") from None
    resolve_languages(table, file.parent, str(file))
    _resolve_assets(table, file)
    parent = table.pop("extends", None)
    if parent is None:
        if "remove" in table:
            raise RecipeError(f"{file}: remove needs extends")
        return _placed(table, [], str(file))
    if not isinstance(parent, str):
        raise RecipeError(f"{file}: extends: name one recipe file")
    base = file.parent / parent
    if not base.is_file():
        raise RecipeError(f"{file}: extends {parent!r}: no such recipe")
    if base.resolve() in below:
        raise RecipeError(f"{file}: extends {parent!r}, which extends it in turn")
    return _merge(read(base, (*below, file.resolve())), table, str(file))


def _resolve_assets(table: dict[str, Any], file: Path) -> None:
    """Relative paths in a recipe are relative to the recipe, wherever the command is called from."""
    for fields in table.get("stage", []):
        if isinstance(fields, dict) and isinstance(fields.get("use"), str):
            keys = _asset_fields(fields["use"])
            spoken = fields.get("by_language")
            for owner in [fields, *(spoken.values() if isinstance(spoken, dict) else ())]:
                for key in keys & owner.keys() if isinstance(owner, dict) else ():
                    owner[key] = _beside(file, owner[key])
    tokens = table.get("tokens", {})
    if isinstance(tokens, dict) and "tokenizer" in tokens:
        tokens["tokenizer"] = _beside(file, tokens["tokenizer"])


def resolve_languages(table: dict[str, Any], folder: Path, where: str) -> None:
    """Put the tables of a languages file in the place of its name, and all labels into one scheme.

    A file is looked for in `folder`, then among those that come with Sluice.
    """
    stages = [fields for fields in table.get("stage", []) if isinstance(fields, dict)]
    names = {_name(fields) for fields in stages}
    for fields in stages:
        given = fields.get("by_language")
        place = f"{where}: stage {_name(fields)!r}: by_language"
        if given in ("none", "off"):
            fields[FIELD] = given = {}
        if isinstance(given, str):
            given = _of_stage(_languages(folder, given, place), fields, names, f"{place} = {given!r}")
        if isinstance(given, dict):
            try:
                fields["by_language"] = one_scheme(given)
            except ValueError as error:
                raise RecipeError(f"{place}: {error}") from None


def _languages(folder: Path, name: str, where: str) -> dict[str, Any]:
    """The tables of a languages file; its other keys tell of it."""
    shipped = [known.partition("/")[2] for known in lexicons.names("thresholds")]
    file = folder / Path(name).expanduser()
    try:
        table = lexicons.read(f"thresholds/{name}") if name in shipped and not file.is_file() else _toml(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where} = {name!r}: not TOML: {error}") from None
    except (OSError, ValueError):
        raise RecipeError(f"{where} = {name!r}: no such file{nearest(name, shipped)}") from None
    return {label: tables for label, tables in table.items() if isinstance(tables, dict)}


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text("utf-8"))


def _of_stage(table: dict[str, Any], fields: Mapping[str, Any], names: set[str], where: str) -> dict[str, Any]:
    """Of each language the stage's own table, by the stage's name or else its use."""
    for label, tables in table.items():
        for key, own in tables.items():
            if key not in names and key not in STAGES:
                raise RecipeError(f"{where}: {label}.{key}: no such stage{nearest(key, {*names, *STAGES})}")
            if not isinstance(own, dict):
                raise RecipeError(f"{where}: {label}.{key}: write a table of the stage's fields")
    found = {label: tables.get(_name(fields), tables.get(fields.get("use"))) for label, tables in table.items()}
    found = {label: dict(own) for label, own in found.items() if own}
    if not found:
        raise RecipeError(f"{where}: no table for stage {_name(fields)!r}")
    return found


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
    if not (isinstance(removed, list) and all(isinstance(name, str) for name in removed)):
        raise RecipeError(f"{where}: remove: write a list of stages' names")
    stages = base.pop("stage", [])
    names = [_name(stage) for stage in stages]
    for name in removed:
        if name not in names:
            raise RecipeError(f"{where}: remove: no stage {name!r}{nearest(name, names)}")
    stages = [stage for stage in stages if _name(stage) not in removed]
    merged = _deep(base, table)
    merged["stage"] = stages
    return _placed({**merged, "stage": own}, stages, where)


def _placed(table: dict[str, Any], stages: list[dict[str, Any]], where: str) -> dict[str, Any]:
    placed = list(stages)
    own: set[str] = set()
    for number, raw in enumerate(table.get("stage", []), 1):
        if not isinstance(raw, dict) or "use" not in raw:
            raise RecipeError(f"{where}: stage {number}: every stage says what to `use`")
        fields = dict(raw)
        after = fields.pop("after", None)
        names = [_name(stage) for stage in placed]
        if _name(fields) in own:
            raise RecipeError(
                f"{where}: stage {_name(fields)!r} stands there twice: give one of them a name of its own"
            )
        own.add(_name(fields))
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
            raise RecipeError(f"{where}: stage {number}: after = {after!r}: no such stage{nearest(after, names)}")
    return {**table, "stage": placed}


def _name(fields: Mapping[str, Any]) -> str:
    name = fields.get("name") or fields.get("use", "")
    return str(name)


def _called(fields: Mapping[str, Any]) -> str:
    """The stage's name in reports: `url_filter` where recipes say `url`, `mine` where they say `my_pkg:Mine`."""
    if fields.get("name"):
        return _name(fields)
    try:
        cls = stage_class(str(fields.get("use")))
    except RecipeError:
        return _name(fields)  # told with its place when the stage is built
    return cls.called or cls.use


def _deep(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        old = merged.get(key)
        merged[key] = _deep(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged


def apply(table: dict[str, Any], setting: str, tables: Collection[str]) -> None:
    """Apply `stage.field[.bound]=value`, `tokens.vocabulary=…` or `seed=…`; the value is TOML, else a string."""
    path, equals, text = setting.partition("=")
    if not equals:
        raise RecipeError(f"--set {setting}: write key=value, such as gopher.words.min=30")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    first, *keys = path.strip().split(".")
    if keys[:1] == [FIELD] and len(keys) > 1:
        keys[1] = lexicons.language_code(keys[1])  # the table's labels are in one scheme already
    stages = {name(stage): stage for name in (_called, _name) for stage in table.get("stage", [])}
    if first in stages:
        owner: dict[str, Any] = stages[first]
    elif first in tables:
        owner, keys = table, [first, *keys]
    else:
        known = [*stages, *tables]
        raise RecipeError(f"--set {setting}: no stage or table {first!r}{nearest(first, known)}")
    if not keys:
        raise RecipeError(f"--set {setting}: name a field of {first}")
    for key in keys[:-1]:
        owner[key] = dict(owner[key]) if isinstance(owner.get(key), dict) else {}
        owner = owner[key]
    owner[keys[-1]] = value
