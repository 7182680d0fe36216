"""Where in a text harm was found: a few byte spans a document, for masking and for people who look."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOST = 16
"""Spans of a document at most: those with the highest scores."""

SPANS = pa.list_(
    pa.struct([("start", pa.int64()), ("stop", pa.int64()), ("label", pa.string()), ("score", pa.float32())])
)

Numbers = NDArray[np.int64]


def column(
    rows: Numbers, starts: Numbers, stops: Numbers, labels: pa.StringArray, scores: NDArray[np.float64], count: int
) -> pa.ListArray:
    """`count` lists of spans, each at most `MOST` and in text order, from entries in any order that do not overlap."""
    kept = np.lexsort((starts, -scores, rows))
    first = np.searchsorted(rows[kept], rows[kept])
    kept = kept[np.arange(len(kept)) - first < MOST]
    kept = kept[np.lexsort((starts[kept], rows[kept]))]
    values = pa.StructArray.from_arrays(
        [
            pa.array(starts[kept], pa.int64()),
            pa.array(stops[kept], pa.int64()),
            labels.take(pa.array(kept)),
            pa.array(scores[kept].astype(np.float32)),
        ],
        fields=list(SPANS.value_type),
    )
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows[kept], minlength=count))])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values, type=SPANS)
