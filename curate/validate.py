"""Checks a run's output against its manifest and its own books, file by file."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from curate import shards
from curate.audit import books as audit_books
from curate.errors import RunError, UsageError
from curate.finish import FOLDERS
from curate.finished import require_finished
from curate.report import Report, total


def problems(folder: Path) -> Iterator[str]:
    """One line for each thing that is not as `manifest.json` and `report.json` say."""
    require_finished(folder)
    manifest = shards.read_json(folder / "manifest.json")
    listed = {str(line["path"]): line for line in manifest["files"]}
    for path, line in listed.items():
        yield from _file(folder, path, line, manifest["vocabulary"])
    for owned in FOLDERS:
        for found in sorted((folder / owned).rglob("*")):
            name = found.relative_to(folder).as_posix()
            if found.is_file() and name not in listed and not found.name.startswith(shards.TEMPORARY):
                yield f"{name}: not in the manifest"
    tokenizer = listed.get("tokenizer/tokenizer.json")
    if manifest["tokenizer"] != ({"sha256": tokenizer["sha256"]} if tokenizer else {}):
        yield "manifest.json: the tokenizer's digest is not that of tokenizer/tokenizer.json"
    try:
        report = shards.read_json(folder / "report.json")
        books = Report.from_dict(report)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        yield f"report.json: cannot be read: {' '.join(str(error).split())}"
        return
    yield from _books(books, report, manifest)
    yield from _gone(folder, books, listed)
    yield from _audit(folder, books, listed)


def _file(folder: Path, name: str, line: dict[str, Any], vocabulary: int) -> Iterator[str]:
    path = folder / name
    if ".." in Path(name).parts or Path(name).is_absolute():
        yield f"{name}: leads out of the folder"
    elif not path.is_file():
        yield f"{name}: missing"
    elif path.stat().st_size != line["bytes"]:
        yield f"{name}: {path.stat().st_size:,} bytes, the manifest says {line['bytes']:,}"
    elif shards.sha256(path) != line["sha256"]:
        yield f"{name}: its bytes are not those of the manifest"
    else:
        try:
            yield from _counts(path, name, line, vocabulary)
        except (pa.ArrowException, OSError, KeyError) as error:
            yield f"{name}: cannot be read: {str(error).splitlines()[0]}"


def _counts(path: Path, name: str, line: dict[str, Any], vocabulary: int) -> Iterator[str]:
    if "rows" not in line:
        return
    rows = counted = 0
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        rows = file.metadata.num_rows
        if vocabulary:
            counted = sum(int(np.asarray(b.column(0)).sum()) for b in file.iter_batches(columns=["tokens"]))
    else:
        for batch in pa.ipc.open_stream(pa.memory_map(str(path))):
            ids = np.asarray(batch.column("input_ids").flatten())
            rows, counted = rows + batch.num_rows, counted + len(ids)
            if len(ids) and int(ids.max()) >= vocabulary:
                yield f"{name}: a token id of {int(ids.max()):,} in a vocabulary of {vocabulary:,}"
    if rows != line["rows"]:
        yield f"{name}: {rows:,} rows, the manifest says {line['rows']:,}"
    if counted != line["tokens"]:
        yield f"{name}: {counted:,} tokens, the manifest says {line['tokens']:,}"


def _books(books: Report, report: dict[str, Any], manifest: dict[str, Any]) -> Iterator[str]:
    try:
        books.balance()
    except RunError as error:
        yield f"report.json: {error}"
    for key, value in books.as_dict().items():
        if report.get(key) != value:
            yield f"report.json: {key} is not what the stages add up to"
    if total(books.source_in.values()) != books.input:
        yield "report.json: by_source does not add up to the input"
    if total(books.source_out.values()) != books.output:
        yield "report.json: by_source does not add up to the output"
    for key in ("documents", "bytes", "tokens") if manifest["vocabulary"] else ():
        held = sum(split[key] for split in manifest["tokens"].values())
        if held != getattr(books.output, key):
            yield f"report.json: output of {getattr(books.output, key):,} {key}, the shards hold {held:,}"
    packed = sum(line.get("rows", 0) for line in manifest["files"] if line["path"].startswith("documents/"))
    if packed != books.output.documents:
        yield f"report.json: output of {books.output.documents:,} documents, documents/ holds {packed:,}"


def _gone(folder: Path, books: Report, listed: dict[str, Any]) -> Iterator[str]:
    """What was dropped and quarantined, reason by reason, against the rows that record it."""
    for book, prefix in (("dropped", "dropped/"), ("quarantined", "quarantine/")):
        rows: Counter[str] = Counter()
        for name in listed:
            if name.startswith(prefix) and (folder / name).is_file():
                try:
                    reasons = pq.read_table(folder / name, columns=["reason"]).column("reason")
                except (pa.ArrowException, OSError, KeyError):
                    yield f"{name}: cannot be read"
                    continue
                rows.update(reasons.to_pylist())
        counted = {reason: t.documents for stage in books.stages for reason, t in getattr(stage, book).items()}
        for reason in sorted({*rows, *counted}):
            if rows[reason] != counted.get(reason, 0):
                said = f"the report says {counted.get(reason, 0):,} {book}"
                yield f"{prefix}: {rows[reason]:,} rows for {reason}, {said}"


def _audit(folder: Path, books: Report, listed: dict[str, Any]) -> Iterator[str]:
    """Whether the audit's counters go out where they say, and where all are followed, as the books do."""
    if audit_books.NAME not in listed:
        return
    try:
        audit = audit_books.read(folder)
    except UsageError as error:
        yield str(error)
        return
    for _, stage, _, left in audit.flows():
        if left.documents.min(initial=0) < 0 or left.strata.min(initial=0) < 0:
            yield f"{audit_books.NAME}: {stage} took more than came in"
    taken = audit.taken() if audit.share >= 1 else {}
    for book in books.stages if taken else ():
        gone = total(book.dropped.values()).documents
        gone += 0 if book.kind == "ingest" else total(book.quarantined.values()).documents
        if taken.get(book.name, 0) != gone:
            yield f"{audit_books.NAME}: {book.name} took {taken.get(book.name, 0):,}, the report says {gone:,}"
