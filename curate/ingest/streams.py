"""The one place that opens inputs: decompression that is bounded, and says where it had to end.

A `Stream` hands out uncompressed bytes in blocks and never raises for what the file holds: at a
truncation, a corruption or a bomb it delivers all that was readable, then ends with its `fault` set.

Memory is a few blocks whatever the ratio, because every codec is asked for a bounded output. The work
is bounded too: a stream that has given more than `BOMB_BYTES` at a ratio above `BOMB_RATIO` ends as a
`bomb` (deflate itself reaches at most 1,032; crawl archives lie between 3 and 20).
"""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

BLOCK = 1 << 18
BOMB_BYTES = 256 << 20
BOMB_RATIO = 200

MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"BZh": "bz2",
    b"\xfd7zXZ\x00": "xz",
}
"""First bytes → codec."""


class Broken(NamedTuple):
    """Why a stream ended early."""

    reason: str
    error: str


class BrokenStreamError(Exception):
    """A codec had to stop."""

    def __init__(self, reason: str, error: str) -> None:
        super().__init__(error)
        self.broken = Broken(reason, error)


class Stream:
    """Uncompressed bytes of a file, in order, once."""

    def __init__(self, path: str, *, bomb_bytes: int = BOMB_BYTES, bomb_ratio: int = BOMB_RATIO) -> None:
        self.fault: Broken | None = None
        self._bomb = (bomb_bytes, bomb_ratio)
        self._file = Path(path).open("rb")  # noqa: SIM115 (closed by `close`)
        self._counted = _Counted(self._file)
        self._blocks = _codec(self._counted)
        self._kept = b""
        self._at = 0
        self._given = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def tell(self) -> int:
        """How many uncompressed bytes have been handed out."""
        return self._given

    def read(self, size: int = -1) -> bytes:
        """Exactly `size` bytes, or fewer at the end; all the rest where `size` is negative."""
        parts, missing = [], size
        while missing:
            if self._at == len(self._kept):
                self._kept, self._at = self._next(), 0
                if not self._kept:
                    break
            end = len(self._kept) if missing < 0 else self._at + missing
            parts.append(self._kept[self._at : end] if self._at or end < len(self._kept) else self._kept)
            self._at += len(parts[-1])
            missing -= len(parts[-1]) if missing > 0 else 0
        block = parts[0] if len(parts) == 1 else b"".join(parts)
        self._given += len(block)
        return block

    def block(self) -> bytes:
        """The next block of whatever size is at hand; empty at the end."""
        if self._at < len(self._kept):
            block, self._at = self._kept[self._at :], len(self._kept)
        else:
            block = self._next()
        self._given += len(block)
        return block

    def _next(self) -> bytes:
        if self.fault:
            return b""
        try:
            block = next(self._blocks, b"")
        except BrokenStreamError as stop:
            self.fault = stop.broken
            return b""
        except OSError as error:
            self.fault = Broken("unreadable", error.strerror or str(error))
            return b""
        given, (limit, ratio) = self._given + len(block), self._bomb
        if given > limit and given > ratio * self._counted.bytes:
            self.fault = Broken("bomb", f"expands more than {ratio}-fold; given up after {given:,} bytes")
            return b""
        return block


class _Counted:
    """A file that knows how much of it was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.bytes = 0

    def read(self, size: int = BLOCK) -> bytes:
        block = self._file.read(size)
        self.bytes += len(block)
        return block


def _codec(file: _Counted) -> Iterator[bytes]:
    head = file.read(BLOCK)
    name = compression(head)
    if name == "gzip":
        return _Gzip(file, head).blocks()
    if name in ("zstd", "lz4"):
        return _arrow(file, head, name)
    if name == "bz2":
        return _python(file, head, bz2.BZ2Decompressor, "bzip2")
    if name == "xz":
        return _python(file, head, lambda: lzma.LZMADecompressor(memlimit=1 << 28), "xz")
    return _plain(file, head)


def compression(head: bytes) -> str | None:
    """The codec that a file's first bytes call for."""
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), None)


def _plain(file: _Counted, head: bytes) -> Iterator[bytes]:
    while head:
        yield head
        head = file.read()


class _Gzip:
    """Members one after the other; a corrupt one is left at the next member, where there is one."""

    def __init__(self, file: _Counted, head: bytes) -> None:
        self._file = file
        self._data = head
        self._broken: BrokenStreamError | None = None
        self._lives = 1_000

    def blocks(self) -> Iterator[bytes]:
        while self._data:
            inflate = zlib.decompressobj(31)
            try:
                yield from self._member(inflate)
                self._data = inflate.unused_data
                self._between()
            except zlib.error as error:
                self._resume(f"gzip: {error}")
        if self._broken:
            raise self._broken

    def _member(self, inflate: Any) -> Iterator[bytes]:
        while not inflate.eof:
            block = inflate.decompress(self._data, BLOCK)
            self._data = inflate.unconsumed_tail
            if block:
                yield block
            if not self._data and not inflate.eof and len(block) < BLOCK:
                self._data = self._file.read(BLOCK // 4)
                if not self._data:
                    raise self._broken or BrokenStreamError("truncated", "gzip: the file ends within a member")

    def _between(self) -> None:
        """Pass over the zeros that some writers pad with; anything else that is no member is a break."""
        self._data = self._data.lstrip(b"\0")
        while not self._data and (more := self._file.read(BLOCK // 4)):
            self._data = more.lstrip(b"\0")
        if len(self._data) == 1:
            self._data += self._file.read(BLOCK // 4)
        if self._data and not self._data.startswith(b"\x1f\x8b"):
            self._resume("gzip: bytes between members that are none")

    def _resume(self, error: str) -> None:
        """Go to the next member's first byte."""
        self._broken = self._broken or BrokenStreamError("corrupt", error)
        self._lives -= 1
        self._data = self._data[1:]
        while (at := self._data.find(b"\x1f\x8b\x08")) < 0 or not self._lives:
            more = self._file.read(BLOCK // 4) if self._lives else b""
            self._data = self._data[-2:] + more
            if not more:
                self._data = b""
                return
        self._data = self._data[at:]


def _python(file: _Counted, data: bytes, make: Callable[[], Any], name: str) -> Iterator[bytes]:
    while data:
        decoder = make()
        try:
            while not decoder.eof:
                block = decoder.decompress(data, BLOCK)
                data = b""
                if block:
                    yield block
                if decoder.needs_input and not decoder.eof:
                    data = file.read()
                    if not data:
                        raise BrokenStreamError("truncated", f"{name}: the file ends within a stream")
        except (OSError, lzma.LZMAError, EOFError) as error:
            raise BrokenStreamError("corrupt", f"{name}: {error}") from error
        data = decoder.unused_data or file.read()


def _arrow(file: _Counted, head: bytes, name: str) -> Iterator[bytes]:
    """Zstandard and LZ4 frames. Arrow reads them; small reads, so that little is lost at a break."""
    import pyarrow as pa

    stream = pa.CompressedInputStream(pa.PythonFile(_Rest(file, head), mode="r"), name)
    while True:
        try:
            block = stream.read(BLOCK // 4)
        except OSError as error:
            reason = "truncated" if "runcated" in str(error) else "corrupt"
            raise BrokenStreamError(reason, f"{name}: {error}") from error
        if not block:
            return
        yield block


class _Rest:
    """A file whose head has been read already, as Arrow wants one."""

    closed = False

    def __init__(self, file: _Counted, head: bytes) -> None:
        self._file, self._head = file, head

    def read(self, size: int = -1) -> bytes:
        if not self._head:
            return self._file.read(BLOCK if size < 0 else size)
        block, self._head = (self._head, b"") if size < 0 else (self._head[:size], self._head[size:])
        return block

    def close(self) -> None:
        """Left to the stream."""
