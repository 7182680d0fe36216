"""How much is said of each group of people: strict generic statements by the documents that mention it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.told import FEWEST, summed


def by_group(columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
    """A row a group, from the column of the stage `bias`: documents, undenied strict statements, and per 1,000.

    A statement about gay men counts for both groups. Groups that few documents mention are left out; those that most is
    said of, by their documents, come first.
    """
    strict: Counter[str] = Counter()
    documents = summed((column.field("groups"), {}) for column in _counting(columns, strict))
    rows = [
        {"group": group, "documents": n, "strict": strict[group], "per 1,000": round(1000 * strict[group] / n, 1)}
        for group, counts in documents.items()
        if (n := counts["documents"]) >= FEWEST
    ]
    return sorted(rows, key=lambda row: (-row["per 1,000"], row["group"]))


def _counting(columns: Iterable[pa.StructArray], strict: Counter[str]) -> Iterator[pa.StructArray]:
    """The columns, while the statements in them are counted."""
    for column in columns:
        spans = column.field("spans").flatten()
        told = pc.and_(pc.equal(spans.field("label"), "strict"), pc.invert(spans.field("negated")))
        for entry in pc.value_counts(spans.field("group").filter(told)).to_pylist():
            for group in entry["values"].split("+"):
                strict[group] += entry["counts"]
        yield column
