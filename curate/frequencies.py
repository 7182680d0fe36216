"""Tables of word frequencies: counted from a corpus, written and read as `word<TAB>count` lines.

Words are those of the normal form that deduplication compares (see `ops/normal.py`): folded, and by choice without
punctuation. Files may be gzip; a comma may stand for the tab, and a heading for the first line.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.ops import normal, unigram
from curate.stage import buffers, strings

BATCH_BYTES = 2**23
"""Bytes of text that are counted at once; the result does not depend on it."""


def count(texts: Iterable[str], *, punctuation: bool = False, min_count: int = 1) -> pa.Table:
    """`word` and `count` of all words that occur `min_count` times, the most frequent first, then by their bytes."""
    held = [_merged([])]
    for batch in _batches(texts):
        words = strings(*unigram.split(*normal.normalise(*buffers(batch), punctuation=punctuation)))
        counted = pc.value_counts(words)
        held.append(pa.table({"word": counted.field("values"), "count": counted.field("counts")}))
        if sum(map(len, held[1:])) > len(held[0]):  # not every time, which would go through all words for every batch
            held = [_merged(held)]
    merged = _merged(held)
    kept = merged.filter(pc.greater_equal(merged["count"], min_count))
    return kept.sort_by([("count", "descending"), ("word", "ascending")])


def _batches(texts: Iterable[str]) -> Iterator[pa.StringArray]:
    held: list[str] = []
    size = 0
    for text in texts:
        held.append(text)
        size += len(text)
        if size >= BATCH_BYTES:
            yield pa.array(held, pa.string())
            held, size = [], 0
    yield pa.array(held, pa.string())


def _merged(tables: list[pa.Table]) -> pa.Table:
    schema = pa.schema([("word", pa.string()), ("count", pa.int64())])
    if not tables:
        return schema.empty_table()
    summed = pa.concat_tables(table.cast(schema) for table in tables).group_by("word").aggregate([("count", "sum")])
    return summed.rename_columns({"count_sum": "count"}).select(["word", "count"])


def encoded(table: pa.Table, *, packed: bool = False) -> bytes:
    """The file of a table; `packed` for gzip, without a time in it."""
    lines = pc.binary_join_element_wise(table["word"], table["count"].cast(pa.string()), "\t")
    data = "".join(f"{line}\n" for line in lines.to_pylist()).encode()
    return gzip.compress(data, mtime=0) if packed else data


def load(path: Path, field: str, *, punctuation: bool) -> unigram.Frequencies:
    """The table that the stage looks up; words that fold to one add up, and `AssetError` where a line has no count.

    An entry that is several words in the normal form matches none; its count is part of the whole all the same.
    """
    lines = _lines(path, field)
    parts = pc.extract_regex(lines, r"^(?P<word>.*\S)\s*[\t,]\s*(?P<count>[^\s,]+)$")
    words, counts = pc.struct_field(parts, "word"), _counts(pc.struct_field(parts, "count"))
    first = int(len(counts) > 0 and np.isnan(counts[0]))  # a heading
    bad = np.flatnonzero(~np.isfinite(counts[first:]))
    if len(bad):
        line = lines[first + int(bad[0])].as_py()
        raise AssetError(f"{field}: {path}: {line[:80]!r}: each line holds a word, a tab and its count")
    if not counts[first:].sum() > 0:
        raise AssetError(f"{field}: {path} counts no word")
    folded = normal.normalise(*buffers(words.slice(first)), punctuation=punctuation)
    return unigram.frequencies(*folded, counts[first:], float(counts[first:].sum()))


def _lines(path: Path, field: str) -> pa.StringArray:
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise AssetError(f"{field}: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    lines = pc.utf8_trim_whitespace(pa.array(text.split("\n"), pa.string()))
    return lines.filter(pc.not_equal(lines, ""))


def _counts(texts: pa.StringArray) -> NDArray[np.float64]:
    """Numbers, NaN for what is none."""
    plain = pc.match_substring_regex(texts, r"^[0-9]{1,18}(\.[0-9]*)?([eE][+-]?[0-9]{1,2})?$")
    return np.asarray(pc.if_else(pc.fill_null(plain, fill_value=False), texts, "nan").cast(pa.float64()))
