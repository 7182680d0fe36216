"""Rules by language: one filter that judges every document as its own language's table says.

A filter's `by_language` maps labels to fields that replace its own for documents of that language. A label is read
from the column of the stage that measured it; rows without one, and of languages without a table, are judged by the
filter's own fields. This module sorts the tables and the rows; `curate.stage` knows what to do with each group.
"""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Annotated, Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ValidationError, WithJsonSchema
from pydantic_core import InitErrorDetails

from curate.lexicons import language_code

M = TypeVar("M", bound=BaseModel)
Rows = TypeVar("Rows", pa.RecordBatch, pa.StructArray)

OWN = ("name", "use", "act", "by_language")
"""Fields that no language can change."""
FIELD = "by_language"
CODE = re.compile(r"[a-z]{2,3}")


def one_scheme(tables: Mapping[str, Any]) -> dict[str, Any]:
    """The tables under the project's labels in alphabetical order: `kor_Hang`, `kor` and `ko` are one.

    Raises `ValueError` for a label that is no language's, and for two labels of one language.
    """
    written: dict[str, str] = {}
    for label in tables:
        code = language_code(label)
        if not CODE.fullmatch(code):
            raise ValueError(f"{label[:80]!r} is no language's label; write one such as ko, kor or kor_Hang")
        if code in written:
            raise ValueError(f"{written[code]!r} and {label!r} are one language")
        written[code] = label
    return {code: tables[written[code]] for code in sorted(written)}


def _checked(tables: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for label, fields in tables.items():
        for key in OWN:
            if key in fields:
                raise ValueError(f"{label}: {key} is the same for all languages")
    return one_scheme({label: fields for label, fields in tables.items() if fields})


_FIELDS = {"type": "object", "description": "Fields of the stage that differ for documents of this language."}
ByLanguage = Annotated[
    dict[str, dict[str, Any]],
    AfterValidator(_checked),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": _FIELDS}], "default": {}}),
]
"""Label → fields; in a recipe also the name of a file that holds such tables."""


def variant(stage: M, label: str, fields: Mapping[str, Any]) -> M:
    """The stage with a language's fields in place of its own; a partly written range keeps the stage's other bound.

    Raises a `ValidationError` whose places begin with `by_language` and the label.
    """
    kept = {key: getattr(stage, key) for key in type(stage).model_fields if key != FIELD}
    for key, value in fields.items():
        old = kept.get(key)
        if isinstance(old, BaseModel) and isinstance(value, dict):
            kept[key] = {**old.model_dump(), **value}
        else:
            kept[key] = value
    try:
        return type(stage).model_validate(kept)
    except ValidationError as error:
        raise _placed(error, label) from None


def _placed(error: ValidationError, label: str) -> ValidationError:
    found = [
        InitErrorDetails(type=one["type"], loc=(FIELD, label, *one["loc"]), input=one["input"], ctx=one.get("ctx", {}))
        for one in error.errors()
    ]
    return ValidationError.from_exception_data(error.title, found)


def labels(batch: pa.RecordBatch) -> pa.Array:
    """The label of every row: of the first column that holds one."""
    for column in batch.columns:
        if pa.types.is_struct(column.type) and column.type.get_field_index("label") >= 0:
            return column.field("label")
    raise KeyError("by_language needs a column with labels: no stage before it names languages")


def grouped(
    rows: Rows,
    known: Collection[str],
    named: Callable[[], pa.Array],
    work: Callable[[str | None, Rows], pa.Array],
) -> pa.Array:
    """`work` done on the rows of every known label, and on the rest under None; one array in the order of the rows.

    `named` gives the labels, and is asked only where there are any to know.
    """
    groups = _groups(named(), known) if known else []
    if len(groups) <= 1:
        return work(groups[0][0] if groups else None, rows)
    made = [work(label, rows.take(pa.array(places))) for label, places in groups]
    order = np.argsort(np.concatenate([places for _, places in groups]))
    return pa.concat_arrays(made).take(pa.array(order))


def _groups(named: pa.Array, known: Collection[str]) -> list[tuple[str | None, NDArray[np.int64]]]:
    """Known labels that occur, in alphabetical order, with their rows; the rest first, if there is any."""
    values = pa.array(sorted(known), pa.string())
    found = np.asarray(pc.fill_null(pc.index_in(named, value_set=values), -1))
    return [
        (None if number < 0 else values[int(number)].as_py(), np.flatnonzero(found == number))
        for number in np.unique(found)
    ]
