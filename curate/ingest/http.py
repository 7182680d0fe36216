"""HTTP messages as crawlers stored them: header, transfer coding, content coding. Never raises."""

import io
import re
import zlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?\s+(\d{3})")
_CHARSET = re.compile(r"""charset\s*=\s*["']?\s*([A-Za-z0-9_:.\-]+)""", re.IGNORECASE)
HEAD = 1 << 16
"""A header is looked for in this many bytes."""


class Response(NamedTuple):
    """What the server said, and where its body starts in the block."""

    status: int | None
    headers: dict[str, str]
    """Lower-case names; of a repeated header the first."""
    start: int

    @property
    def charset(self) -> str | None:
        """The charset of the content type."""
        found = _CHARSET.search(self.headers.get("content-type", ""))
        return found.group(1) if found else None


class Body(NamedTuple):
    """A body without its codings."""

    data: bytes
    cut: bool
    """Whether a coding ended early, so that something is missing."""


def parse(block: bytes) -> Response | None:
    """The header of a response; None where the block is no HTTP response."""
    status = _STATUS.match(block)
    if not status:
        return None
    ends = [(at, at + len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := block.find(mark, 0, HEAD)) >= 0]
    end, start = min(ends, default=(len(block), len(block)))
    return Response(int(status.group(1)), fields(block[:end].decode("latin-1").split("\n")[1:]), start)


def fields(lines: Iterable[str]) -> dict[str, str]:
    """Header lines by lower-case name; a folded line belongs to the one before, of repeated ones the first counts."""
    found: dict[str, str] = {}
    name = ""
    for line in lines:
        if line[:1] in (" ", "\t") and name:
            found[name] = f"{found[name]} {line.strip()}"
            continue
        key, colon, value = line.partition(":")
        name = key.strip().lower() if colon else ""
        if name:
            found.setdefault(name, value.strip())
    return found


def body(response: Response, block: bytes, limit: int) -> Body:
    """The body with its codings undone, at most `limit` + 1 bytes of it.

    Crawlers often store bodies decoded and leave the header as it was, so a body that does not look
    coded passes as it is.
    """
    data, cut = block[response.start :], False
    if "chunked" in response.headers.get("transfer-encoding", "").lower():
        data, cut = _unchunk(data)
    for coding in reversed(response.headers.get("content-encoding", "").lower().split(",")):
        decoder = _CODINGS.get(coding.strip())
        if decoder:
            data, broke = decoder(data, limit + 1)
            cut = cut or broke
    return Body(data, cut)


def _unchunk(data: bytes) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    at = 0
    while True:
        end = data.find(b"\n", at, at + 1024)
        size = _hex(data[at:end]) if end >= 0 else None
        if size is None:
            return (b"".join(parts), True) if parts else (data, False)
        if size == 0:
            return b"".join(parts), False
        parts.append(data[end + 1 : end + 1 + size])
        at = end + 1 + size
        if at >= len(data):
            return b"".join(parts), True
        if data[at : at + 2] == b"\r\n":
            at += 2
        elif data[at : at + 1] == b"\n":
            at += 1


def _hex(line: bytes) -> int | None:
    """A chunk's size, without its extension."""
    digits = line.split(b";")[0].strip()
    return int(digits, 16) if re.fullmatch(rb"[0-9A-Fa-f]{1,8}", digits) else None


def _inflate(wbits: int) -> Callable[[bytes, int], tuple[bytes, bool]]:
    def decode(data: bytes, limit: int) -> tuple[bytes, bool]:
        inflate = zlib.decompressobj(wbits)
        parts: list[bytes] = []
        try:
            while data and not inflate.eof and sum(map(len, parts)) < limit:
                parts.append(inflate.decompress(data, min(limit, 1 << 20)))
                data = inflate.unconsumed_tail
        except zlib.error:
            return (b"".join(parts), True) if any(parts) else (data, False)
        return b"".join(parts)[:limit], not inflate.eof and not data

    return decode


def _gzip(data: bytes, limit: int) -> tuple[bytes, bool]:
    return _inflate(31)(data, limit) if data.startswith(b"\x1f\x8b") else (data, False)


def _deflate(data: bytes, limit: int) -> tuple[bytes, bool]:
    """Both meanings of `deflate` are in use: zlib's format and the bare stream."""
    zlib_header = len(data) > 1 and data[0] & 15 == 8 and (data[0] << 8 | data[1]) % 31 == 0
    if zlib_header:
        return _inflate(15)(data, limit)
    return (data, False) if b"<" in data[:256] else _inflate(-15)(data, limit)


def _read(open_reader: Callable[[io.BytesIO], Any]) -> Callable[[bytes, int], tuple[bytes, bool]]:
    def decode(data: bytes, limit: int) -> tuple[bytes, bool]:
        parts: list[bytes] = []
        try:
            reader = open_reader(io.BytesIO(data))
            while sum(map(len, parts)) < limit and (block := reader.read(min(limit, 1 << 14))):
                parts.append(block)
        except (OSError, ValueError):
            return (b"".join(parts), True) if parts else (data, False)
        return b"".join(parts)[:limit], False

    return decode


def _brotli(data: io.BytesIO) -> Any:
    from fastwarc.stream_io import BrotliReader

    return BrotliReader(data)


def _zstd(data: io.BytesIO) -> Any:
    from fastwarc.stream_io import ZstdReader

    return ZstdReader(data)


_CODINGS: dict[str, Callable[[bytes, int], tuple[bytes, bool]]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _read(_brotli),
    "zstd": _read(_zstd),
}
