"""WARC and WET archives (ISO 28500), plain or compressed by record or whole.

The framing is read here and not by fastwarc, because an archive that breaks must neither end there nor
go on in silence: fastwarc 2.0 takes a cut file for a short one, and at a header that it cannot read it
either stops or, in quirks mode, passes over what follows without a word. Header lines may end in LF
alone; between records anything but blank lines is a fault, and reading goes on at the next record.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from curate.ingest import http
from curate.ingest.lines import Lines
from curate.ingest.media import media_of
from curate.ingest.pages import dropped, outside, page, printable
from curate.ingest.records import Fault, Ingest, Record, Source
from curate.ingest.streams import Stream
from curate.ops.markup import WINDOW

_START = re.compile(rb"WARC/\d\.\d{1,2}[ \t\r]*\n\Z")
_INNER = re.compile(rb"\n(WARC/[01]\.\d)")
_PAGES = ("response", "resource", "conversion")
_NO_PAGES = ("metadata:", "urn:", "dns:", "whois:", "filedesc:")
_KEEP = {
    "warc-record-id": "record_id",
    "warc-ip-address": "ip",
    "warc-identified-content-language": "identified_language",
    "warc-truncated": "truncated",
    "warc-trec-id": "trec_id",
}
"""Headers of a record that stay in `meta`; date and URL have their columns."""


class Entry(NamedTuple):
    """One record of an archive whose body is still to be read."""

    number: int
    offset: int
    headers: dict[str, str]
    length: int


def read_warc(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """Responses, resources and conversions (WET) of a WARC file; other records are no documents."""
    with Stream(source.path) as stream:
        lines = Lines(stream)
        whole = True
        for entry in _entries(source, lines):
            found = entry if isinstance(entry, Fault) else _document(source, lines, entry, options)
            if found:
                whole = not (isinstance(found, Fault) and found.reason == "truncated")
                yield found
        if stream.fault and (whole or stream.fault.reason != "truncated"):
            yield Fault(f"{source.name}@{stream.tell()}", stream.fault.reason, stream.fault.error, 0)


def _entries(source: Source, lines: Lines) -> Iterator[Entry | Fault]:
    """Headers one after the other, each given when the body before it has been passed over."""
    number, lost, since = 0, 0, 0
    while True:
        offset = lines.offset
        line, length = lines.line(http.HEAD)
        start = _START.search(line)
        if not start and length:
            if line.strip(b"\r\n\0 \t") or not line:
                since = since if lost else offset
                lost += length
            continue
        if start and start.start():
            since = since if lost else offset
            lost += start.start()
        if lost:
            yield Fault(f"{source.name}@{since}", "header", "WARC: bytes where a record should begin", lost)
            lost = 0
        if not start:
            return
        headers = _headers(lines)
        fault = _flaw(headers, lines)
        if fault:
            yield Fault(f"{source.name}@{offset}", *fault, lines.offset - offset)
            continue
        yield Entry(number, offset, headers, int(headers["content-length"]))
        number += 1


def _headers(lines: Lines) -> dict[str, str]:
    """The lines up to the next blank one."""
    found, size = [], 0
    while size < http.HEAD:
        line, length = lines.line(http.HEAD)
        size += length
        if not line.strip():
            break
        found.append(line.decode("utf-8", "replace"))
    return http.fields(found)


def _flaw(headers: dict[str, str], lines: Lines) -> tuple[str, str] | None:
    """What is wrong with a record's header: reason and sentence."""
    length = headers.get("content-length", "")
    if length.isascii() and length.isdigit() and len(length) < 16 and headers.get("warc-type"):
        return None
    if not lines.peek(1):
        return "truncated", "WARC: the file ends in a record's header"
    return "header", f"WARC: a record without a {'length' if headers.get('warc-type') else 'type'}"


def _document(source: Source, lines: Lines, entry: Entry, options: Ingest) -> Record | Fault | None:
    """A record's document, or what is wrong with it; afterwards its body has been passed over."""
    kind = entry.headers["warc-type"].lower()
    url = entry.headers.get("warc-target-uri", "").removeprefix("<").removesuffix(">")
    if kind == "continuation":
        _pass(source, lines, entry, 0)
        return Fault(
            f"{source.name}@{entry.offset}", "segmented", "WARC: a continuation of another record", entry.length
        )
    if kind not in _PAGES or url.startswith(_NO_PAGES):
        return _pass(source, lines, entry, 0)
    block = lines.read(min(entry.length, http.HEAD))
    response = http.parse(block) if kind == "response" else None
    known = about(url, entry.headers.get("warc-date"), response)
    known["meta"] |= {key: printable(entry.headers[name]) for name, key in _KEEP.items() if entry.headers.get(name)}
    declared = response.headers.get("content-type") if response else entry.headers.get("content-type")
    size = entry.length - (response.start if response else 0)
    media, reason = judge(response, declared, block, size, options)
    place = f"{source.name}#{entry.number}"
    if reason:
        cut = _pass(source, lines, entry, len(block))
        return cut or dropped(place, media, reason, size, **known)
    block += lines.read(entry.length - len(block))
    return _misread(source, lines, entry, block) or from_block(place, block, response, media, known, options)


def _pass(source: Source, lines: Lines, entry: Entry, read: int) -> Fault | None:
    left = entry.length - read
    passed = lines.skip(left)
    return None if passed == left else _cut(source, entry, read + passed)


def _cut(source: Source, entry: Entry, length: int) -> Fault:
    error = f"WARC: a record of {entry.length:,} bytes ends after {length:,}"
    return Fault(f"{source.name}@{entry.offset}", "truncated", error, length)


def _misread(source: Source, lines: Lines, entry: Entry, block: bytes) -> Fault | None:
    """A body that ends with the file, or that runs into the next record, which is then read after all."""
    short = len(block) < entry.length
    if not short and lines.peek(1) in (b"", b"\r", b"\n"):
        return None
    reach = block + lines.peek(16)
    inner = _INNER.search(reach)
    if inner and inner.start(1) < len(block):
        lines.unread(block[inner.start(1) :])
        return _cut(source, entry, inner.start(1))
    return _cut(source, entry, len(block)) if short else None


def judge(
    response: http.Response | None,
    declared: str | None,
    block: bytes,
    size: int,
    options: Ingest,
) -> tuple[str, str | None]:
    """Type of a page by its first bytes, and why it is dropped, if it is."""
    if response and outside(response.status, options.status):
        return media_of(declared, b""), "status"
    head = http.body(response, block, WINDOW).data if response else block
    media = media_of(declared, head[:WINDOW])
    if media not in options.media:
        return media, "media"
    return media, "max_bytes" if size > options.max_bytes else None


def about(url: str, date: str | None, response: http.Response | None) -> dict[str, Any]:
    """What an archive knows of a page beside its text."""
    meta: dict[str, Any] = {}
    if response:
        keys = ("content-type", "content-language", "last-modified")
        meta = {key.replace("-", "_"): printable(response.headers[key]) for key in keys if key in response.headers}
    return {
        "url": printable(url) or None,
        "date": printable(date) if date else None,
        "meta": meta,
        "status": response.status if response else None,
    }


def from_block(
    place: str, block: bytes, response: http.Response | None, media: str, known: dict[str, Any], options: Ingest
) -> Record:
    """The record of a whole block whose type is known to be a page's."""
    if response is None:
        return page(place, block, media, options, **known)
    payload = http.body(response, block, options.max_bytes)
    if payload.cut:
        known["meta"].setdefault("truncated", "coding")
    return page(place, payload.data, media, options, charset=response.charset, **known)
