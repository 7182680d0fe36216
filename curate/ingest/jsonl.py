"""JSON Lines: one object a line, its text in one field, the rest in `meta`."""

from collections.abc import Generator, Iterator
from json import JSONDecoder
from typing import Any, Literal

import msgspec
import numpy as np

from curate.arrays import strings
from curate.ingest.decode import clean
from curate.ingest.lines import Lines
from curate.ingest.media import TEXT
from curate.ingest.records import RAW, Fault, Ingest, Record, Run, Source, as_meta, one_line, pick
from curate.ingest.streams import Stream
from curate.ops import json_texts
from curate.ops.markup import HTML, is_markup

_quick = msgspec.json.Decoder().decode
"""Strict, and several times as fast; what it accepts it reads as `_parse` does."""
_parse = JSONDecoder(parse_constant=lambda _: None).decode
"""NaN and infinities, which JSON has not, become null."""

DATES = ("date", "timestamp", "crawl_date", "created")
"""Fields that hold the date, the first that is there; as strings."""


def read_jsonl(source: Source, options: Ingest) -> Iterator[Record | Fault | Run]:
    """A record a line, numbered by line from 0; blank lines hold none."""
    limit = RAW * options.max_bytes
    quick = "." not in options.text_field and options.text_field != options.id_field and TEXT[0] in options.media
    with Stream(source.path) as stream:
        lines = Lines(stream)
        number = -1
        while True:
            while quick and (block := lines.whole()):
                number += yield from _block(block, number + 1, source.name, options)
            line, length = lines.line(limit)
            if not length:
                break
            number += 1
            if not number and line.strip() in (b"[", b"{"):
                error = "one JSON value over many lines, not a value a line"
                yield Fault(source.name, "json", error, source.bytes)
                return
            if line:
                if not line.isspace():
                    yield _record(line, f"{source.name}#{number}", options)
            else:
                yield Record(
                    f"{source.name}#{number}",
                    None,
                    None,
                    "text/plain",
                    None,
                    "{}",
                    "max_bytes",
                    length,
                    None,
                    None,
                    None,
                )
        if stream.fault:
            yield Fault(f"{source.name}@{stream.tell()}", stream.fault.reason, stream.fault.error, 0)


def _block(block: bytes, number: int, name: str, options: Ingest) -> Generator[Record | Fault | Run, None, int]:
    """The records of whole lines, in runs, and how many lines there are; the first one is number `number`."""
    found = json_texts.texts(block, options.text_field.encode("utf-8", "replace"), RAW * options.max_bytes)
    rows = iter(_rows(found, options) or [None] * len(found.fates))
    texts, fates = strings(found.offsets, found.data), found.fates.tolist()
    records: list[Record] = []
    first = at = 0
    for i, fate in enumerate(fates):
        end = block.index(b"\n", at) + 1
        record = None
        if fate == json_texts.TAKEN and (row := next(rows)) is not None:
            record = _quick_record(row, f"{name}#{number + i}", options)
        if record is not None:
            records.append(record)
        else:
            if records:
                yield Run(records, texts.slice(first, len(records)))
            records, first = [], i + 1
            if fate != json_texts.BLANK and not block[at:end].isspace():
                yield _record(block[at:end], f"{name}#{number + i}", options)
        at = end
    if records:
        yield Run(records, texts.slice(first, len(records)))
    return len(fates)


def _rows(found: json_texts.Texts, options: Ingest) -> list[Any] | None:
    """What the lines that were taken hold beside their texts; None for one, or all, to be looked at again."""
    taken = found.fates == json_texts.TAKEN
    starts, sizes = found.offsets[:-1][taken], np.diff(found.offsets)[taken]
    try:
        rows = _quick(found.rest)
        strings(found.offsets, found.data).validate(full=True)
    except (ValueError, RecursionError):
        return None
    if len(rows) != len(starts):
        return None
    odd = sizes > options.max_bytes
    odd[sizes > 0] |= _MARKUP[found.data[starts[sizes > 0]]]
    return [None if other else row for row, other in zip(rows, odd.tolist(), strict=True)]


_MARKUP = np.zeros(256, np.bool_)
_MARKUP[list(b"<\xef \n\r\t")] = True
"""The first bytes of texts that may be markup."""


def _quick_record(row: dict[str, Any], place: str, options: Ingest) -> Record | None:
    """As `from_row` where the text is a short one and none that may be markup; None where that has to decide."""
    if "media" in row:
        return None
    del row[options.text_field]
    if options.id_field:
        row[options.id_field] = pick(row, options.id_field)
    url = row.pop("url") if type(row.get("url")) is str else None
    date = next((row.pop(key) for key in DATES if type(row.get(key)) is str), None)
    try:
        meta = as_meta(row)
    except RecursionError:
        return None
    return Record(place, _plain(url), _plain(date), TEXT[0], "", meta, None, None, None, "utf-8", "unicode")


def _record(line: bytes, place: str, options: Ingest) -> Record | Fault:
    try:
        row = _quick(line)
    except (ValueError, RecursionError):
        return _judged(line, place, options)
    return _safe(row, place, options, len(line), encodable=True)


def _judged(line: bytes, place: str, options: Ingest) -> Record | Fault:
    """A line that is not plain JSON: it may be what other writers take for it, or be mended, or not."""
    try:
        row = _parse(line.decode("utf-8-sig" if line.startswith(b"\xef\xbb\xbf") else "utf-8"))
    except UnicodeDecodeError:
        return _repaired(line, place, options)
    except RecursionError:
        return Fault(place, "json", "nested too deeply", len(line))
    except ValueError as error:
        return Fault(place, "json", one_line(error), len(line))
    return _safe(row, place, options, len(line))


def _safe(row: Any, place: str, options: Ingest, size: int, *, encodable: bool = False) -> Record | Fault:
    """As `from_row`; an object may nest as deep as can be read, and yet too deep to be written."""
    try:
        return from_row(row, place, options, size, encodable=encodable)
    except RecursionError:
        return Fault(place, "json", "nested too deeply", size)


def _repaired(line: bytes, place: str, options: Ingest) -> Record | Fault:
    """A line that is no UTF-8, with U+FFFD for what breaks it."""
    try:
        row = _parse(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        return Fault(place, "json", one_line(error), len(line))
    record = _safe(row, place, options, len(line))
    return record._replace(decoding="repaired") if isinstance(record, Record) and record.decoding else record


def from_row(row: Any, place: str, options: Ingest, size: int, *, encodable: bool = False) -> Record | Fault:
    """The record of one object: its text, URL and date, and the rest as `meta`.

    `encodable` says that whoever read it has seen to it that UTF-8 can hold all its strings.
    """
    if type(row) is not dict:
        return Fault(place, "field", f"not an object but {_what(row)}", size)
    field = options.text_field
    text = pick(row, field)
    if type(text) is not str:
        missing = text is None and field not in row
        return Fault(
            place, "field", f"no field {field!r}" if missing else f"{field!r} is {_what(text)}, not text", size
        )
    text, repaired = (text, False) if encodable and "\0" not in text else clean(text)
    rest = _rest(row, options)
    url = rest.pop("url") if type(rest.get("url")) is str else None
    date = next((rest.pop(key) for key in DATES if type(rest.get(key)) is str), None)
    media = _media(rest, text)
    reason: Literal["media", "max_bytes"] | None = None if media in options.media else "media"
    length = None
    if reason or 4 * len(text) > options.max_bytes:
        length = len(text.encode())
        if reason is None and length > options.max_bytes:
            reason = "max_bytes"
    if reason:
        return Record(place, _plain(url), _plain(date), media, None, as_meta(rest), reason, length, None, None, None)
    return Record(
        place,
        _plain(url),
        _plain(date),
        media,
        text,
        as_meta(rest),
        None,
        length,
        None,
        "utf-8",
        "repaired" if repaired else "unicode",
    )


def _plain(value: str | None) -> str | None:
    return value if value is None or value.isascii() else clean(value)[0]


def _rest(row: dict[str, Any], options: Ingest) -> dict[str, Any]:
    """All but the text; an id that lies inside an object also at the top."""
    field = options.text_field
    rest = {key: value for key, value in row.items() if key != field}
    if field not in row:
        head, _, inner = field.partition(".")
        rest[head] = _without(row[head], inner)
    if options.id_field:
        rest[options.id_field] = pick(row, options.id_field)
    return rest


def _without(row: Any, path: str) -> Any:
    if path in row:
        return {key: value for key, value in row.items() if key != path}
    head, _, inner = path.partition(".")
    return {**row, head: _without(row[head], inner)}


def _media(rest: dict[str, Any], text: str) -> str:
    """As a column `media` says, else as the text looks."""
    said = rest.get("media")
    if type(said) is str and said in HTML + TEXT:
        del rest["media"]
        return said
    return "text/html" if text[:1] in "<\ufeff \n\r\t" and is_markup(text) else "text/plain"


def _what(value: Any) -> str:
    return {
        type(None): "null",
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }.get(type(value), type(value).__name__)
