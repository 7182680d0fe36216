"""A recipe as its reader wants it: everything written out, and languages one at a time."""

import tomli_w

from curate.errors import UsageError, nearest
from curate.lexicons import language_code
from curate.recipe import Recipe
from curate.stage import Filter


def explained(recipe: Recipe, language: str | None = None) -> str:
    """The recipe as TOML; comments tell what it needs, and which stages differ by language unless one is named.

    Raises `UsageError` for a language that no stage has a table for.
    """
    label = None if language is None else language_code(language)
    known = {one for stage in recipe.stages if isinstance(stage, Filter) for one in stage.by_language}
    if label is not None and label not in known:
        raise UsageError(f"--language {language}: no stage has fields for {label!r}{nearest(label, known)}")
    table = recipe.table(language=label)
    tables = {fields.get("name", fields["use"]): fields.pop("by_language", {}) for fields in table.get("stage", [])}
    notes = [_note(name, languages) for name, languages in tables.items() if languages]
    if notes:
        notes.append("# `--language` and one of these prints the recipe as it is for its documents.")
    lacks = [f"# {lack}" for stage in recipe.stages for lack in stage.missing()]
    return "\n".join([*lacks, tomli_w.dumps(table).rstrip(), *notes])


def _note(stage: str, languages: dict[str, dict[str, object]]) -> str:
    fields = list(dict.fromkeys(key for own in languages.values() for key in own))
    one = "1 language has" if len(languages) == 1 else f"{len(languages)} languages have"
    return f"# {stage}: {one} {', '.join(fields)} of their own: {', '.join(languages)}"
