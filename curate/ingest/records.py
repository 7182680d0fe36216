"""What ingest is asked for and what it gives: options, sources, records, faults."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from json import JSONEncoder
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, field_validator

from curate.stage import Range

MEDIA = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown")
"""What a page may be by default; everything else is dropped as `media`."""

KINDS = ("warc", "arc", "html", "tar", "jsonl", "parquet", "arrow", "text")
"""What a source can be."""

Decoding = Literal["declared", "detected", "repaired", "unicode"]
"""How bytes became text: as declared, as detected, with characters replaced or removed, or not at all
because the source holds Unicode already."""

RAW = 4
"""A raw record (a line with its escapes and other fields, a row) may be this many times `max_bytes`."""


class Ingest(BaseModel):
    """The recipe's `[ingest]` table: what decides which documents there are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: Annotated[int, Field(ge=1)] = 16 << 20
    """A record with more text or payload is dropped as `max_bytes`; its raw form may be four times as long."""
    media: tuple[str, ...] = MEDIA
    """MIME types of pages; what bears or shows another is dropped as `media`."""
    status: Range = Range(min=200, max=299)
    """HTTP status of pages; others are dropped as `status`."""
    text_field: str = "text"
    """The field or column that holds the text; `a.b` reaches into objects."""
    id_field: str | None = None
    """A field to be found in `meta` under this name, null where a record lacks it; `a.b` reaches into objects."""
    kind: Literal["warc", "arc", "html", "tar", "jsonl", "parquet", "arrow", "text"] | None = None
    """Read the inputs as this; by default they are told by content, then suffix."""
    shard_bytes: Annotated[int, Field(ge=1 << 10)] = 32 << 20
    """Raw shards are cut at this many bytes of text."""

    @field_validator("status", mode="before")
    @classmethod
    def _merged(cls, value: Any) -> Any:
        """A partly written range keeps its other default bound; `off` lifts both."""
        if value == "off":
            return Range()
        return {"min": 200, "max": 299, **value} if isinstance(value, dict) else value


class Source(NamedTuple):
    """One file to read."""

    name: str
    """The shortest unique suffix of its path, fit to be printed; the first part of its records' ids."""
    path: str
    kind: str
    bytes: int


class Skipped(NamedTuple):
    """A file that was seen and is not read."""

    path: str
    why: str


class Listing(NamedTuple):
    """What `discover` found, in the order in which it is read."""

    sources: tuple[Source, ...]
    skipped: tuple[Skipped, ...]


class Record(NamedTuple):
    """A document, or one that is dropped at the door."""

    id: str
    """`<source>/<member>#<record>`; the member only for archives of files."""
    url: str | None
    date: str | None
    """ISO 8601, as the source gave it."""
    media: str
    text: str | None
    """Encodable as UTF-8, without NUL; None where it was not decoded because the record is dropped."""
    meta: str
    """A JSON object of whatever else the source knew; keys sorted."""
    reason: Literal["media", "status", "max_bytes"] | None
    bytes: int | None
    """Size of the payload as stored; None stands for that of the text in UTF-8."""
    status: int | None
    encoding: str | None
    decoding: Decoding | None


@dataclass(frozen=True, slots=True)
class Run:
    """Successive records whose texts are in Arrow's hands already; their `text` is empty."""

    records: list[Record]
    texts: pa.StringArray

    def spread(self) -> Iterator[Record]:
        """The records with their texts."""
        return (one._replace(text=text) for one, text in zip(self.records, self.texts.to_pylist(), strict=True))


class Fault(NamedTuple):
    """Something that could not be read."""

    place: str
    """An id, or `<source>@<byte offset in the uncompressed stream>`."""
    reason: str
    """A short key: `truncated`, `corrupt`, `bomb`, `empty`, `json`, `field`, `schema`, `header`, `unreadable`."""
    error: str
    """One line for a person."""
    bytes: int
    """How much was lost, where it is known; else 0."""


_encode_strings = msgspec.json.Encoder(order="sorted").encode
"""Several times as fast, and of strings the same."""
_encode = JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str).encode


def as_meta(values: Mapping[str, Any]) -> str:
    """A JSON object with sorted keys, safe to store as UTF-8; None values stay as null."""
    if not values:
        return "{}"
    if all(type(value) is str for value in values.values()):
        try:
            return _encode_strings(values).decode()
        except ValueError:  # of text that is not Unicode
            pass
    text = _encode(values)
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def one_line(error: object) -> str:
    """An error's message on one printable line of at most 300 characters."""
    words = " ".join(str(error).split()) or type(error).__name__
    return "".join(c if c.isprintable() else "?" for c in words[:300]).encode("utf-8", "replace").decode("utf-8")


def pick(row: Mapping[str, Any], path: str) -> Any:
    """A field by name, or by a dotted path where no field bears the whole name; None where it is missing."""
    if path in row:
        return row[path]
    head, dot, rest = path.partition(".")
    inner = row.get(head)
    return pick(inner, rest) if dot and isinstance(inner, Mapping) else None
