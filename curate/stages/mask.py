"""Take out the spans that a stage before has marked."""

from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field

from curate.errors import RunError
from curate.stage import Edited, Rewrite, buffers, strings

SPANS = pa.list_(
    pa.struct(
        [
            pa.field("start", pa.int64()),
            pa.field("stop", pa.int64()),
            pa.field("label", pa.string()),
            pa.field("score", pa.float32()),
        ]
    )
)
"""The type of a signal `spans`: bytes of the text as the stage saw it, sorted by their start, at most 16 a document."""


class Mask(Rewrite):
    """Replaces the spans of another stage's signal `spans`, as Dolma (Soldaini et al. 2024) cuts toxic sentences out.

    It stands behind that stage with no edit in between, since spans are bytes of the text as the stage saw it. Spans
    that overlap or touch are one.

    Signals: `masked` (int32), spans that were replaced, and `masked_bytes` (int64).
    """

    use = "mask"

    of: str
    """The stage whose spans these are."""
    where: str = ""
    """A stage whose signal `mask` says which documents; none stands for all."""
    labels: tuple[str, ...] = ()
    """Only spans of these labels; none stands for all."""
    score: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Only spans that score so much at least."""
    placeholder: str = ""
    """What takes a span's place."""

    @property
    def asks(self) -> tuple[str, ...]:
        """The columns of both stages."""
        return ("text", self.of, *([self.where] if self.where else []))

    def rewrite(self, batch: pa.RecordBatch) -> Edited:
        """Texts with the spans replaced."""
        from curate.ops.spans import Spans, first_bad, replace

        rows = self._rows(batch)
        spans = Spans(*joined(self._chosen(batch.column(self.of).field("spans")), rows))
        offsets, data = buffers(batch.column("text"))
        if (bad := first_bad(offsets, data, spans)) >= 0:
            raise RunError(
                f"stage {self.of} gives spans that are none of a text of {offsets[bad + 1] - offsets[bad]} bytes"
            )
        text = strings(*replace(offsets, data, spans, self.placeholder.encode()))
        sizes = np.concatenate([[0], np.cumsum(spans.stops - spans.starts)])[spans.rows]
        return Edited(text, {"masked": np.diff(spans.rows).astype(np.int32), "masked_bytes": np.diff(sizes)})

    def _rows(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        if not self.where:
            return np.ones(batch.num_rows, np.bool_)
        return np.asarray(batch.column(self.where).field("mask"))

    def _chosen(self, spans: pa.ListArray) -> pa.Table:
        """The spans that are to go: row, start and stop."""
        counts = np.asarray(pc.fill_null(pc.list_value_length(spans), 0))
        flat = spans.flatten()
        table = pa.table(
            {
                "row": np.repeat(np.arange(len(spans)), counts),
                "start": flat.field("start").cast(pa.int64()),
                "stop": flat.field("stop").cast(pa.int64()),
            }
        )
        wanted = pc.fill_null(pc.greater_equal(flat.field("score"), np.float32(self.score)), fill_value=True)
        if self.labels:
            wanted = pc.and_(wanted, pc.is_in(flat.field("label"), value_set=pa.array(self.labels, pa.string())))
        return table.filter(wanted)


def joined(spans: pa.Table, rows: NDArray[np.bool_]) -> tuple[NDArray[np.int64], ...]:
    """The spans of the rows that count as `ops.spans.Spans` has them, overlapping and touching ones joined."""
    found: list[tuple[int, int, int]] = []
    for row, start, stop in sorted(zip(*(spans[name].to_pylist() for name in ("row", "start", "stop")), strict=True)):
        if rows[row] and found and found[-1][0] == row and start <= found[-1][2]:
            found[-1] = (row, found[-1][1], max(stop, found[-1][2]))
        elif rows[row]:
            found.append((row, start, stop))
    table = np.array(found, np.int64).reshape(-1, 3)
    ends = np.searchsorted(table[:, 0], np.arange(len(rows) + 1)).astype(np.int64)
    return ends, np.ascontiguousarray(table[:, 1]), np.ascontiguousarray(table[:, 2])
