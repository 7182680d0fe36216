"""Tar archives of pages, as a stream: a record a member."""

import tarfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Self, cast

from curate.ingest.media import SUFFIXES, TEXT, media_of
from curate.ingest.pages import page, printable
from curate.ingest.records import Fault, Ingest, Record, Source, one_line
from curate.ingest.streams import BLOCK, Stream
from curate.ops.markup import HTML, WINDOW

_EXTENDED = 1 << 20
"""Extended headers (long names) are believed up to this size, because they are held whole."""


class _Header(tarfile.TarInfo):
    """A tar header that remembers what the archive's iterator would pass over in silence."""

    breaks = 0
    first = ""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        try:
            header = super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if "empty" not in str(error) and "end of file" not in str(error):
                cls.breaks += 1
                cls.first = cls.first or one_line(error)
            raise
        if header.size > _EXTENDED and header.type not in (*tarfile.SUPPORTED_TYPES, tarfile.GNUTYPE_SPARSE):
            raise tarfile.InvalidHeaderError(  # type: ignore[attr-defined]
                f"an extended header of {header.size:,} bytes"
            )
        return header


class _CutError(Exception):
    """The archive ends within a member."""

    def __init__(self, place: str, size: int) -> None:
        super().__init__(place)
        self.size = size


def read_tar(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """The members of a tar archive, each a page; folders and links are none. What its broken parts held is a fault."""
    header = type("Header", (_Header,), {})
    with Stream(source.path) as stream:
        end: Fault | None = None
        try:
            tar = _open(stream, header)
            while member := tar.next():
                tar.members.clear()  # type: ignore[attr-defined]
                yield from _breaks(source, header, tar.offset)
                if member.isfile():
                    yield _member(source, tar, member, options)
        except _CutError as error:
            end = Fault(str(error), "truncated", "tar: the archive ends within this member", error.size)
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            reason = "truncated" if "unexpected end" in str(error) else "header"
            end = Fault(f"{source.name}@{stream.tell()}", reason, f"tar: {one_line(error)}", 0)
        broken = stream.fault
        if broken and (end is None or broken.reason != "truncated"):
            end = Fault(f"{source.name}@{stream.tell()}", broken.reason, broken.error, 0)
        yield from [end] if end else _breaks(source, header, stream.tell())


def _open(stream: Stream, header: type[_Header]) -> tarfile.TarFile:
    return tarfile.open(
        fileobj=cast("IO[bytes]", stream),
        mode="r|",
        bufsize=BLOCK,
        tarinfo=header,
        ignore_zeros=True,
        errors="surrogateescape",
        encoding="utf-8",
    )


def _breaks(source: Source, header: type[_Header], offset: int) -> Iterator[Fault]:
    if header.breaks:
        reason = "truncated" if "truncated" in header.first else "header"
        error = f"tar: {header.breaks:,} blocks that are no header ({header.first})"
        yield Fault(f"{source.name}@{offset}", reason, error, header.breaks * 512)
        header.breaks, header.first = 0, ""


def _member(source: Source, tar: tarfile.TarFile, member: tarfile.TarInfo, options: Ingest) -> Record:
    place = f"{source.name}/{printable(member.name)}#0"
    file = tar.extractfile(member)
    assert file is not None
    try:
        payload = file.read(min(member.size, options.max_bytes + 1))
    except (tarfile.TarError, OSError, EOFError) as error:
        raise _CutError(place, member.size) from error
    declared = SUFFIXES.get(PurePosixPath(member.name.lower()).suffix)
    media = media_of(declared, payload[:WINDOW])
    if declared in TEXT and media in HTML:
        media = declared or media
    return page(place, payload, media, options)._replace(bytes=member.size)
