"""Paths, folders and globs → the ordered list of sources, and what was left out and why.

Order: inputs as given; within a folder or glob by the bytes of the path. A file is told by its first
uncompressed bytes, then by its suffix. A folder or glob takes data (archives, pages, JSON Lines,
tables); text and Markdown only when named, or with `kind = "text"`. What is empty, hidden, of no known
kind, or listed before is skipped, and said to be.
"""

import glob
import json
import os
import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from curate.errors import UsageError
from curate.ingest.pages import printable
from curate.ingest.records import Ingest, Listing, Skipped, Source
from curate.ingest.streams import Stream
from curate.ops.markup import is_document

_HEAD = 1 << 16
_COMPRESSED = re.compile(r"\.(gz|zst|zstd|lz4|bz2|xz)\Z")
_SUFFIXES = {
    "arc": "arc",
    "warc": "warc",
    "wet": "warc",
    "wat": "warc",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "shtml": "html",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "json": "jsonl",
    "parquet": "parquet",
    "pq": "parquet",
    "arrow": "arrow",
    "feather": "arrow",
    "ipc": "arrow",
    "tar": "tar",
    "tgz": "tar",
    "txt": "text",
    "text": "text",
    "rst": "text",
    "md": "text",
    "markdown": "text",
}
_SIGNS = (
    ("parquet", re.compile(rb"PAR1")),
    ("arrow", re.compile(rb"ARROW1\0\0|\xff\xff\xff\xff")),
    ("warc", re.compile(rb"WARC/\d\.\d")),
    ("arc", re.compile(rb"filedesc://")),
    ("jsonl", re.compile(rb"\{\s*[\"}]")),
)
_LINES = 16
"""So many lines are looked at to see whether a file of a folder has the text field at all."""


class _Found(NamedTuple):
    path: str
    named: bool
    """Given by name, and not met in a folder or through a glob."""


def discover(inputs: Sequence[str | Path], options: Ingest, output: Path | None = None) -> Listing:
    """The sources behind the inputs; nothing below `output` is one, or a run would read what it has written.

    Raises `UsageError` for a path that does not exist, a glob that matches nothing, a remote address,
    and where nothing usable is left.
    """
    seen: dict[str, str] = {}
    chosen: list[tuple[str, str]] = []
    skipped: list[Skipped] = []
    for given in inputs:
        for found in _expand(os.fspath(given), skipped):
            real = os.path.realpath(found.path)
            if output is not None and Path(real).is_relative_to(os.path.realpath(output)):
                skipped.append(Skipped(found.path, "in the run's own output folder"))
                continue
            if real in seen:
                skipped.append(Skipped(found.path, f"listed before as {printable(seen[real])}"))
                continue
            seen[real] = found.path
            kind, why = _kind(found, options)
            if kind:
                chosen.append((found.path, kind))
            else:
                skipped.append(Skipped(found.path, why))
    if not chosen:
        raise UsageError(_nothing(inputs, skipped))
    names = shortest([path for path, _ in chosen])
    sources = [Source(name, path, kind, _size(path)) for name, (path, kind) in zip(names, chosen, strict=True)]
    return Listing(tuple(sources), tuple(skipped))


def _nothing(inputs: Sequence[str | Path], skipped: list[Skipped]) -> str:
    given = ", ".join(printable(str(one)) for one in inputs) or "no path"
    if not skipped:
        return f"nothing to read in {given}"
    more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
    return f"nothing to read in {given}: {printable(skipped[0].path)}: {skipped[0].why}{more}"


def _expand(given: str, skipped: list[Skipped]) -> Iterator[_Found]:
    if re.match(r"[a-z][a-z0-9+.\-]*://", given):
        raise UsageError(f"{printable(given)}: remote inputs cannot be read; copy the data to this machine")
    if Path(given).is_dir():
        yield from (_Found(path, named=False) for path in _walk(given, skipped))
    elif os.path.lexists(given):
        yield _Found(given, named=True)
    elif glob.has_magic(given):
        matches = sorted(glob.glob(given, recursive=True), key=os.fsencode)  # noqa: PTH207 (patterns may be absolute)
        if not matches:
            raise UsageError(f"{printable(given)}: no file matches")
        for match in matches:
            if Path(match).is_dir():
                yield from (_Found(path, named=False) for path in _walk(match, skipped))
            else:
                yield _Found(match, named=False)
    else:
        raise UsageError(f"{printable(given)}: no such file or folder{_nearest(given)}")


def _nearest(given: str) -> str:
    """The nearest name in the same folder, as a question."""
    folder, name = os.path.split(given.rstrip("/"))
    try:
        close = get_close_matches(name, sorted(path.name for path in Path(folder or ".").iterdir()), 1)
    except OSError:
        return ""
    return f"; did you mean {printable(str(Path(folder) / close[0]))}?" if close else ""


def _walk(folder: str, skipped: list[Skipped]) -> Iterator[str]:
    """Files below a folder, by the bytes of their names; a saved data set in its own order."""
    saved = _saved(folder)
    if saved is not None:
        yield from saved
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        skipped.append(Skipped(folder, error.strerror or "cannot be listed"))
        return
    for entry in entries:
        if entry.name.startswith("."):
            skipped.append(Skipped(entry.path, "hidden"))
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, skipped)
        elif entry.is_dir():
            skipped.append(Skipped(entry.path, "a link to a folder"))
        else:
            yield entry.path


def _saved(folder: str) -> list[str] | None:
    """The shards of a data set saved by `datasets` (`save_to_disk`), or of its splits, in order."""
    splits = _json(Path(folder) / "dataset_dict.json").get("splits")
    if isinstance(splits, list) and all(isinstance(split, str) for split in splits):
        found = [_saved(str(Path(folder) / split)) or [] for split in splits if _inside(split)]
        return [path for shards in found for path in shards] or None
    files = _json(Path(folder) / "state.json").get("_data_files")
    if not isinstance(files, list):
        return None
    names = [file.get("filename") for file in files if isinstance(file, dict)]
    return [str(Path(folder) / name) for name in names if isinstance(name, str) and _inside(name)] or None


def _inside(name: str) -> bool:
    """Whether a name from a file's contents stays in its folder."""
    return bool(name) and not Path(name).is_absolute() and ".." not in Path(name).parts


def _json(path: Path) -> dict[str, object]:
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(1 << 22))
    except (OSError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1


def _kind(found: _Found, options: Ingest) -> tuple[str | None, str]:
    """How a file is read, or why it is not."""
    path = found.path
    if Path(path).exists() and not Path(path).is_file():
        return None, "neither a file nor a folder"
    by_name = _by_suffix(path)
    try:
        with Stream(path) as stream:
            head = stream.read(_HEAD)
            if not head.strip() and len(head) < _HEAD and stream.fault is None:
                return None, "empty"
    except OSError:
        return by_name or "jsonl", ""
    told = sniff(head) or by_name or (_as_text(head) if found.named or options.kind == "text" else None)
    if options.kind:
        taken = found.named or told == options.kind
        return (options.kind, "") if taken else (None, f"not of kind {options.kind}")
    why = _left_out(told, head, options) if told is None or not found.named else ""
    return (None, why) if why else (told, "")


def _left_out(told: str | None, head: bytes, options: Ingest) -> str:
    """Why a file that was met, not named, is no source; empty where it is one."""
    if told is None:
        return "of no known kind"
    if told == "text":
        return 'text is read only when named, or with kind = "text"'
    return _no_lines(head, options) if told == "jsonl" else ""


def _by_suffix(path: str) -> str | None:
    name = _COMPRESSED.sub("", Path(path).name.lower())
    return _SUFFIXES.get(name.rpartition(".")[2]) if "." in name else None


def sniff(head: bytes) -> str | None:
    """The kind that a file's first uncompressed bytes show, if they do."""
    lead = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:16]
    for kind, sign in _SIGNS:
        if sign.match(head) or sign.match(lead):
            return kind
    if _is_tar(head):
        return "tar"
    return "html" if is_document(head) else None


def _is_tar(head: bytes) -> bool:
    """By the magic, or in archives older than that by the checksum of the first header."""
    if len(head) < 512:
        return False
    if head[257:262] == b"ustar":
        return True
    digits = head[148:156].strip(b" \0")
    if not re.fullmatch(rb"[0-7]{3,7}", digits) or not head[0]:
        return False
    return int(digits, 8) == sum(head[:148]) + 8 * 32 + sum(head[156:512])


def _as_text(head: bytes) -> str | None:
    """A file of another suffix, or none, that holds text."""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if len(head) < _HEAD or error.start < len(head) - 4:
            return None
    return "text" if head and b"\0" not in head else None


def _no_lines(head: bytes, options: Ingest) -> str:
    """Why a folder's JSON file is no source: its first lines are no objects of their own, or all lack the text."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    whole = [line for line in (lines if len(head) < _HEAD else lines[:-1]) if line.strip()][:_LINES]
    rows = []
    for line in whole:
        try:
            rows.append(json.loads(line))
        except (ValueError, RecursionError):
            continue
    if not whole:
        return ""
    if not rows:
        return "JSON, but not a value a line"
    field = options.text_field.partition(".")[0]
    if len(rows) == len(whole) and not any(
        isinstance(row, dict) and (options.text_field in row or field in row) for row in rows
    ):
        return f"JSON without a field {options.text_field!r}"
    return ""


def shortest(paths: Sequence[str]) -> list[str]:
    """For each path the shortest suffix, in whole components, that no other path ends in; fit to be printed."""
    parts = [tuple(printable(part) for part in Path(os.path.abspath(path)).parts[1:]) for path in paths]  # noqa: PTH100 (links stay)
    counts: dict[tuple[str, ...], int] = {}
    for whole in parts:
        for depth in range(1, len(whole) + 1):
            counts[whole[-depth:]] = counts.get(whole[-depth:], 0) + 1
    names = []
    for whole in parts:
        depth = next((d for d in range(1, len(whole) + 1) if counts[whole[-d:]] == 1), len(whole))
        names.append("/".join(whole[-depth:]))
    return names
