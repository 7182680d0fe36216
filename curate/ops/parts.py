"""The lines or paragraphs of texts as spans that can be cut without a trace, and which of them are long enough.

A *line* ends at a line feed; a *paragraph* is a run of lines between blank ones. Lines of white space alone are blank
and belong to what stands before them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import text, unicode
from curate.ops.kernel import BOOL, I64, IN_I32, IN_I64, IN_U8, IN_U16, OUT_I64, OUT_U8, VOID, i64, inline, kernel
from curate.ops.spans import Spans
from curate.ops.text import NEWLINE, last_visible, length, line_end, next_word

Offsets = NDArray[np.int32]
Bytes = NDArray[np.uint8]


class Parts(NamedTuple):
    """Those of text i are rows `rows[i]` to `rows[i + 1]` of the other arrays; all int64, in bytes from its beginning.

    A part reaches from `starts` to `stops`, where the next one starts, or the text ends; `gaps` bytes of white space
    stand between it and what is visible before it.
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    gaps: NDArray[np.int64]


@kernel(VOID, IN_I32, IN_U8, IN_U16, BOOL, OUT_I64, OUT_I64, OUT_I64, OUT_I64)
def _parts(
    offsets: Offsets,
    data: Bytes,
    classes: NDArray[np.uint16],
    paragraphs: bool,
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    gaps: NDArray[np.int64],
) -> None:
    count = i64(0)
    for row in range(len(rows) - 1):
        base, end = i64(offsets[row]), i64(offsets[row + 1])
        at, last, blank = base, base, True
        while at < end:
            stop = line_end(data, at, end)
            code, visible = last_visible(data, at, stop, classes)
            if code >= 0:
                if blank or not paragraphs:
                    if count > rows[row]:
                        stops[count - 1] = at - base
                    starts[count], gaps[count] = at - base, at - last
                    count += 1
                last = visible
            blank = code < 0
            at = stop + 1
        if count > rows[row]:
            stops[count - 1] = end - base
        rows[row + 1] = count


def parts(offsets: Offsets, data: Bytes, *, paragraphs: bool) -> Parts:
    """The lines of every text, or its paragraphs."""
    most = int((text.count_byte(offsets, data, NEWLINE) + 1).sum())
    rows = np.zeros(len(offsets), np.int64)
    starts, stops, gaps = (np.empty(most, np.int64) for _ in range(3))
    _parts(offsets, data, unicode.classes(), paragraphs, rows, starts, stops, gaps)
    return Parts(rows, starts[: rows[-1]], stops[: rows[-1]], gaps[: rows[-1]])


@kernel(VOID, IN_I32, IN_U8, IN_U16, I64, I64, OUT_U8)
def _long(
    offsets: Offsets, data: Bytes, classes: NDArray[np.uint16], words: int, characters: int, out: NDArray[np.uint8]
) -> None:
    for row in range(len(out)):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        found = i64(length(data, at, end) >= characters)
        left = words
        while found and left > 0:
            _, at, size, _ = next_word(data, at, end, classes)
            found = i64(size > 0)
            left -= 1
        out[row] = found


def long(offsets: Offsets, data: Bytes, words: int, characters: int) -> NDArray[np.bool_]:
    """Which texts have at least so many words (`docs/words.md`) and so many code points."""
    out = np.empty(len(offsets) - 1, np.uint8)
    _long(offsets, data, unicode.classes(), words, characters, out)
    return out.view(np.bool_)


@inline
def _begin(start: int, stop: int, gap: int, size: int) -> int:
    """Where a cut starts: what ends a text goes with the white space before it."""
    return start - gap if stop == size else start


@kernel(I64, IN_I64, IN_I64, IN_I64, IN_I64, IN_U8, IN_I64, OUT_I64, OUT_I64, OUT_I64)
def _cover(
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    gaps: NDArray[np.int64],
    cut: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    out_rows: NDArray[np.int64],
    out_starts: NDArray[np.int64],
    out_stops: NDArray[np.int64],
) -> int:
    count = i64(0)
    for row in range(len(rows) - 1):
        gap = i64(0)
        for i in range(rows[row], rows[row + 1]):
            if not cut[i]:
                continue
            if count > out_rows[row] and out_stops[count - 1] == starts[i]:
                out_stops[count - 1] = stops[i]
            else:
                out_starts[count], out_stops[count], gap = starts[i], stops[i], gaps[i]
                count += 1
        if count > out_rows[row]:
            last = count - 1
            out_starts[last] = _begin(out_starts[last], out_stops[last], gap, sizes[row])
        out_rows[row + 1] = count
    return count


def cover(parts: Parts, cut: NDArray[np.bool_], sizes: NDArray[np.int64]) -> Spans:
    """The spans of the parts to cut, those side by side as one, in texts of `sizes` bytes.

    A cut at the end of a text begins behind what is visible before it: no blank lines are left there.
    """
    rows = np.zeros(len(parts.rows), np.int64)
    starts, stops = np.empty(len(cut), np.int64), np.empty(len(cut), np.int64)
    count = _cover(*parts, cut.view(np.uint8), sizes, rows, starts, stops)
    return Spans(rows, starts[:count], stops[:count])
