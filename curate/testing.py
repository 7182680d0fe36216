"""Helpers for tests of filters, the project's own and the user's."""

from typing import Any

import pyarrow as pa

from curate.stage import DOCUMENT, Filter, Rewrite


def batch(*texts: str, **columns: Any) -> pa.RecordBatch:
    """A batch of these texts; `columns` replaces or adds columns (a value for all rows, or a list)."""
    rows = len(texts)
    values: dict[str, Any] = {
        "id": [f"test#{i}" for i in range(rows)],
        "source": ["test"] * rows,
        "url": [None] * rows,
        "date": [None] * rows,
        "media": ["text/plain"] * rows,
        "text": list(texts),
        "meta": ["{}"] * rows,
    }
    extra: dict[str, Any] = {}
    for key, value in columns.items():
        spread = value if isinstance(value, (list, pa.Array)) else [value] * rows
        (values if key in values else extra)[key] = spread
    made = pa.RecordBatch.from_pydict(values, schema=DOCUMENT)
    for key, value in extra.items():
        made = made.append_column(key, value if isinstance(value, pa.Array) else pa.array(value))
    return made


def verdict(stage: Filter, text: str, **columns: Any) -> str | None:
    """The reason for which the stage would drop or flag this text (`gopher.words.min`), or None."""
    rule = stage.verdicts(stage.column(batch(text, **columns)))[0]
    return None if rule < 0 else f"{stage.name}.{stage.rules[rule].reason}"


def signals(stage: Filter, text: str, **columns: Any) -> dict[str, Any]:
    """What the stage measures in this text."""
    measured: dict[str, Any] = stage.column(batch(text, **columns))[0].as_py()
    return measured


def edit(stage: Rewrite, text: str, **columns: Any) -> str | None:
    """What the rewrite makes of this text; None where it cannot process it."""
    edited = stage.rewrite(batch(text, **columns))
    made: str | None = None if 0 in edited.errors else edited.text[0].as_py()
    return made
