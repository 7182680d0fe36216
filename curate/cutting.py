"""Spans in verdicts: how a barrier says what it takes out of a text, and the texts without it.

The column `cut` of a verdict is a list a row of structs `start`, `stop` (int64): bytes of the text's UTF-8 from its
beginning, in ascending order without overlap, between code points. No list, or an empty one, leaves the text as it is.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from curate.arrays import buffers, strings
from curate.errors import RunError
from curate.ops.spans import Spans, first_bad, replace

CUT = "cut"
"""The verdict's column, and the reason under which a barrier that only flags counts rows that have spans."""

SPANS = pa.list_(pa.struct([pa.field("start", pa.int64()), pa.field("stop", pa.int64())]))
"""The type of the column."""


def listed(spans: Spans) -> pa.ListArray:
    """The spans of some texts as a column of a verdict."""
    rows = pa.array(spans.rows.astype(np.int32))
    structs = pa.StructArray.from_arrays([pa.array(spans.starts), pa.array(spans.stops)], fields=list(SPANS.value_type))
    return pa.ListArray.from_arrays(rows, structs, type=SPANS)


def spans_of(cuts: pa.ListArray) -> Spans:
    """The way back from `listed`; a row without a list has no spans."""
    counts = pc.fill_null(pc.list_value_length(cuts), 0)
    flat = cuts.flatten()
    rows = np.concatenate([[0], np.cumsum(np.asarray(counts), dtype=np.int64)])
    return Spans(rows, *(np.asarray(flat.field(name), np.int64) for name in ("start", "stop")))


def without(text: pa.StringArray, cuts: pa.ListArray, filling: str, stage: str) -> pa.StringArray:
    """The texts with `filling` in place of every span; `RunError` for spans that are no good, naming the stage."""
    spans = spans_of(cuts)
    offsets, data = buffers(text)
    bad = first_bad(offsets, data, spans)
    if bad >= 0:
        found = list(zip(*(array[spans.rows[bad] :][:3].tolist() for array in spans[1:]), strict=True))
        size = int(offsets[bad + 1] - offsets[bad])
        raise RunError(f"stage {stage} gives spans that cannot be cut out of a text of {size:,} bytes: {found} …")
    return strings(*replace(offsets, data, spans, filling.encode()))
