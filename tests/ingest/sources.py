"""Real files of every kind, written small."""

import gzip
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from curate.ingest import Fault, Record

SHARED = Path(__file__).parents[2] / "../shared/data"


def response(
    body: bytes,
    *,
    url: str = "http://example.org/",
    head: bytes = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n",
    kind: str = "response",
    length: int | None = None,
    extra: str = "",
) -> bytes:
    """One WARC record."""
    block = head + b"\r\n" + body if head else body
    size = len(block) if length is None else length
    if kind == "response":
        extra += "Content-Type: application/http; msgtype=response\r\n"
    header = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Target-URI: {url}\r\nWARC-Date: 2024-05-06T07:08:09Z\r\n"
        f"WARC-Record-ID: <urn:uuid:1>\r\n{extra}Content-Length: {size}\r\n\r\n"
    )
    return header.encode() + block + b"\r\n\r\n"


def html(text: str = "hello") -> bytes:
    return f"<html><body><p>{text}</p></body></html>".encode()


def members(records: Iterable[bytes]) -> bytes:
    """Each record a gzip member of its own, as crawlers write them."""
    return b"".join(gzip.compress(record, mtime=0) for record in records)


def compressed(data: bytes, codec: str) -> bytes:
    """A frame of Zstandard or LZ4."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, codec) as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def texts(found: Iterable[Record | Fault]) -> list[str | None]:
    return [one.text for one in found if isinstance(one, Record)]


def reasons(found: Iterable[Record | Fault]) -> list[str | None]:
    """What became of each: None for a document, else why not."""
    return [one.reason for one in found]
