"""Pages: what a payload becomes, and files that hold one document each."""

import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from curate.ingest.decode import decode
from curate.ingest.media import SUFFIXES, media_of
from curate.ingest.records import Fault, Ingest, Record, Source, as_meta
from curate.ingest.streams import Stream
from curate.ops.markup import HTML, WINDOW
from curate.stage import Range

_LINK = re.compile(r"<link\b[^>]{0,500}>", re.IGNORECASE)
_HREF = re.compile(r"""href\s*=\s*["']?(https?://[^\s"'<>]{1,2000})""", re.IGNORECASE)


def outside(status: int | None, allowed: Range) -> bool:
    """Whether an HTTP status is out of the allowed range; a missing one is not."""
    if status is None:
        return False
    return bool(
        (allowed.min is not None and status < allowed.min) or (allowed.max is not None and status > allowed.max)
    )


def dropped(
    place: str,
    media: str,
    reason: Any,
    size: int,
    *,
    url: str | None = None,
    date: str | None = None,
    meta: Mapping[str, Any] | None = None,
    status: int | None = None,
) -> Record:
    """A record that ends at the door, without its text."""
    return Record(place, url, date, media, None, as_meta(meta or {}), reason, size, status, None, None)


def page(
    place: str,
    payload: bytes,
    media: str,
    options: Ingest,
    *,
    url: str | None = None,
    date: str | None = None,
    charset: str | None = None,
    meta: Mapping[str, Any] | None = None,
    status: int | None = None,
) -> Record:
    """The record that a payload of a known type becomes: decoded, or dropped as `media` or `max_bytes`."""
    if media not in options.media:
        return dropped(place, media, "media", len(payload), url=url, date=date, meta=meta, status=status)
    if len(payload) > options.max_bytes:
        return dropped(place, media, "max_bytes", len(payload), url=url, date=date, meta=meta, status=status)
    text, encoding, decoding = decode(payload, charset, markup=media in HTML)
    if url is None and media in HTML:
        url = _canonical(text)
    known = as_meta({**(meta or {}), "decoding": decoding, "encoding": encoding})
    return Record(place, url, date, media, text, known, None, len(payload), status, encoding, decoding)


def _canonical(text: str) -> str | None:
    """The address that a page gives itself, for sources that know none."""
    for link in _LINK.finditer(text, 0, 1 << 16):
        if "canonical" in link.group().lower() and (href := _HREF.search(link.group())):
            return href.group(1).replace("&amp;", "&")
    return None


def read_file(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """A file that is one page: HTML, text or Markdown."""
    place = f"{source.name}#0"
    with Stream(source.path) as stream:
        payload = stream.read(options.max_bytes + 1)
        declared = "text/html" if source.kind == "html" else SUFFIXES.get(_suffix(source.path), "text/plain")
        media = media_of(declared, payload[:WINDOW]) if source.kind == "html" else _texts(declared, payload)
        if payload:
            size = max(len(payload), source.bytes) if len(payload) > options.max_bytes else len(payload)
            yield page(place, payload, media, options)._replace(bytes=size)
        if stream.fault:
            yield Fault(f"{source.name}@{stream.tell()}", stream.fault.reason, stream.fault.error, 0)


def _texts(declared: str, payload: bytes) -> str:
    """A file that was named as text is text, unless it is binary."""
    shown = media_of("text/plain", payload[:WINDOW])
    return shown if shown not in HTML and shown != "text/plain" else declared if declared not in HTML else "text/plain"


def _suffix(path: str) -> str:
    """The suffix under any compression's."""
    name = PurePosixPath(path.lower())
    return PurePosixPath(name.stem).suffix if name.suffix in (".gz", ".zst", ".bz2", ".xz", ".lz4") else name.suffix


def printable(name: str) -> str:
    r"""A file's name as UTF-8 on one line: other bytes and control characters are written as `\xNN`."""
    if name.isascii() and name.isprintable():
        return name
    raw = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in raw)
