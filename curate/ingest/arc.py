"""ARC archives, versions 1 and 2 (Internet Archive, 1996–2008): a line of header before each record.

Format: Burner and Kahle, "WWW Archive File Format Specification", 1996. Version 1's line is `URL IP date
type length`, version 2's `URL IP date type status checksum location offset filename length`; URLs may
hold blanks. What is no header where one should stand is passed over to the next line that is one.
"""

import re
from collections.abc import Iterator

from curate.ingest import http
from curate.ingest.lines import Lines
from curate.ingest.pages import dropped
from curate.ingest.records import Fault, Ingest, Record, Source
from curate.ingest.streams import Stream
from curate.ingest.warc import about, from_block, judge

_LINE = re.compile(
    rb"([A-Za-z][A-Za-z0-9+.\-]*:[^\r\n]*?) (\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f:]+|-|null) (\d{8,17}|-|null) (\S*) "
    rb"(?:(\d{3}|-) \S+ \S+ \d+ \S+ )?(\d{1,12})\r?\n\Z"
)
_LONGEST = 1 << 16


def read_arc(source: Source, options: Ingest) -> Iterator[Record | Fault]:
    """The documents of an ARC file; its own description and DNS answers are none."""
    with Stream(source.path) as stream:
        lines = Lines(stream)
        number, lost, since, whole = 0, 0, 0, True
        while True:
            offset = lines.offset
            line, length = lines.line(_LONGEST)
            header = _LINE.match(line)
            if not header and length:
                since = since if lost else offset
                lost += length if line.strip() or not line else 0
                continue
            if lost:
                yield Fault(f"{source.name}@{since}", "header", "ARC: lines that are no record's header", lost)
                lost = 0
            if not header:
                break
            for found in _document(source, lines, header, number, offset, options):
                whole = not isinstance(found, Fault)
                yield found
            number += 1
        if stream.fault and (whole or stream.fault.reason != "truncated"):
            yield Fault(f"{source.name}@{stream.tell()}", stream.fault.reason, stream.fault.error, 0)


def _document(
    source: Source,
    lines: Lines,
    header: re.Match[bytes],
    number: int,
    offset: int,
    options: Ingest,
) -> Iterator[Record | Fault]:
    url, _, date, declared, _, size = (group.decode("utf-8", "replace") if group else "" for group in header.groups())
    length = int(size)
    block = lines.read(min(length, http.HEAD))
    left = length - len(block)
    if not url.startswith(("filedesc:", "dns:", "whois:")):
        response = http.parse(block)
        known = about(url, _iso(date), response)
        place, size = f"{source.name}#{number}", length - (response.start if response else 0)
        said = (response.headers.get("content-type") if response else None) or declared
        media, reason = judge(response, said, block, size, options)
        if reason:
            yield dropped(place, media, reason, size, **known)
        else:
            block += lines.read(left)
            left = length - len(block)
            if not left:
                yield from_block(place, block, response, media, known, options)
    if left and left - lines.skip(left):
        yield Fault(
            f"{source.name}@{offset}", "truncated", f"ARC: a record of {length:,} bytes ends early", length - left
        )


def _iso(date: str) -> str | None:
    """`20080430204825` as `2008-04-30T20:48:25Z`."""
    if not date.isdigit():
        return None
    day = f"{date[:4]}-{date[4:6]}-{date[6:8]}"
    return f"{day}T{date[8:10]}:{date[10:12]}:{date[12:14]}Z" if len(date) >= 14 else day
