"""Which rows of a batch a language's lists are for."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def spoken(
    batch: pa.RecordBatch, languages: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], NDArray[np.int64], pa.StringArray]]:
    """Languages, the rows to which their lists apply, and the texts of these.

    Where a stage named `language` has measured the batch, each row goes to the language of its label, and rows in
    other languages go nowhere: English "son" is a child, French "son" is not. Without it every list applies to
    every row.
    """
    labels = labelled(batch)
    if labels is None:
        yield tuple(languages), np.arange(batch.num_rows), batch["text"]
        return
    for language in sorted(set(languages)):
        rows = np.flatnonzero(pc.fill_null(pc.equal(labels, language), fill_value=False))
        yield (language,), rows, batch["text"].take(pa.array(rows))


def labelled(batch: pa.RecordBatch) -> pa.StringArray | None:
    """The labels of a stage named `language`, if one has measured the batch."""
    at = batch.schema.get_field_index("language")
    kind = batch.schema.field(at).type if at >= 0 else None
    if kind is None or not pa.types.is_struct(kind) or kind.get_field_index("label") < 0:
        return None
    return pc.struct_field(batch.column(at), "label")
