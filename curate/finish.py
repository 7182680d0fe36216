"""The final folder: hard links into the keyed folders, a manifest, the reports and the card."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate import shards
from curate.audit import books
from curate.audit.watch import Sampling
from curate.costs import costs
from curate.cuts import Cut
from curate.finished import require_finished
from curate.ingest import Listing
from curate.lock import hold
from curate.recipe import Recipe
from curate.report import Report
from curate.reports.audit import summary
from curate.reports.card import dataset_card
from curate.reports.html import report_html
from curate.tokens import describe
from curate.told import told
from curate.unit import REPORT, SKETCHES, TOKENIZER, audited_phases

FOLDERS = ("documents", "dropped", "quarantine", "tokens", "tokenizer", "sketches")
"""What a run owns in its output folder, beside the manifest and the reports."""

FEW_ROWS = 256
SAMPLES = 3
"""Dropped documents shown in the HTML report, per reason."""


@dataclass(frozen=True)
class Outcome:
    """A run whose every unit is done."""

    recipe: Recipe
    key: str
    report: Report
    phases: tuple[Path, ...]
    tokenizer: Path | None
    """None where the recipe counts no tokens."""
    listing: Listing
    limit: int | None
    cuts: Mapping[str, Cut]
    """What the pilot found for stages that ask for shares."""
    audited: Sampling
    """Which documents the audit followed."""


@dataclass(frozen=True)
class Placed:
    """A file of the final folder, where it comes from, and its manifest line."""

    path: str
    origin: Path
    entry: dict[str, Any]


def finish(outcome: Outcome, folder: Path, *, seconds: float, peak: int) -> None:
    """Link, index, and write manifest and reports; done again, it makes the same folder again."""
    placed = list(_placed(outcome.phases))
    found = outcome.tokenizer
    tokenizer = Placed(f"tokenizer/{TOKENIZER}", found, shards.entry(found)) if found else None
    placed += [tokenizer] if tokenizer else []
    for file in placed:
        if not _same(file.origin, folder / file.path):
            shards.link(file.origin, folder / file.path)
    vocabulary = int(describe(found)["vocabulary"]) if found else 0
    indexed = list(_index_tokens(folder, placed, vocabulary, outcome.key)) if found else []
    indexed += _audit(outcome, folder)
    _remove_others(folder, {file.path for file in placed} | set(indexed))
    manifest = _manifest(outcome, placed, vocabulary, tokenizer, folder, indexed)
    report = {
        "format": shards.FORMAT,
        "recipe": outcome.recipe.table(),
        **outcome.report.as_dict(),
        "cuts": {name: cut.as_dict() for name, cut in outcome.cuts.items()},
        "told": told(outcome.recipe.stages, folder),
        "policy": costs(outcome.recipe.stages, folder),
        **({"audit": summary(books.read(folder))} if books.NAME in indexed else {}),
        "skipped": [skipped._asdict() for skipped in outcome.listing.skipped],
        "seconds": round(seconds, 3),
        "peak_rss_bytes": peak,
    }
    shards.write_json(folder / "report.json", report)
    _write(folder / "report.html", report_html(report, manifest, list(samples(folder))))
    _write(folder / "README.md", dataset_card(report, manifest))
    shards.write_json(folder / "manifest.json", manifest)


def _audit(outcome: Outcome, folder: Path) -> list[str]:
    """Sum up what the units of all segments counted for the audit."""
    units = [unit for phase in outcome.phases for unit in _units(phase)]
    return books.write(folder, units, audited_phases(outcome.recipe), outcome.audited)


def _write(path: Path, text: str) -> None:
    with shards.atomic(path) as temporary:
        temporary.write_text(text, "utf-8")


def _same(origin: Path, target: Path) -> bool:
    return target.exists() and origin.stat().st_ino == target.stat().st_ino


def _placed(phases: tuple[Path, ...]) -> Iterator[Placed]:
    """Where each file of each unit belongs."""
    files = len(list(_units(phases[-1])))  # packing comes last
    for phase in phases:
        name = phase.name.split("-")[1]
        for number, unit in enumerate(_units(phase)):
            for file, entry in shards.read_json(unit / REPORT)["files"].items():
                path = _place(file, name, number, files)
                if path:
                    yield Placed(path, unit / file, entry)


def _units(phase: Path) -> Iterator[Path]:
    number = 0
    while (unit := phase / f"{number:05d}").is_dir():
        yield unit
        number += 1


def _place(file: str, phase: str, number: int, files: int) -> str | None:
    stem, _, suffix = file.partition(".")
    if phase == "pack" and stem == "documents":
        return f"documents/documents-{number:05d}-of-{files:05d}.parquet"
    if phase == "pack":
        return f"tokens/{stem}/data-{number:05d}-of-{files:05d}.arrow"
    if stem.startswith("dropped-"):
        return f"dropped/{stem.removeprefix('dropped-')}/part-{number:05d}.{suffix}"
    if stem == "quarantine":
        return f"quarantine/{phase}-{number:05d}.{suffix}"
    if phase == SKETCHES and stem.startswith("sketch-"):
        return f"sketches/{stem.removeprefix('sketch-')}-{number:05d}.{suffix}"
    return None


def _index_tokens(folder: Path, placed: list[Placed], vocabulary: int, key: str) -> Iterator[str]:
    for split in ("train", "validation"):
        names = [Path(file.path).name for file in placed if file.path.startswith(f"tokens/{split}/")]
        shards.write_token_index(folder / "tokens" / split, split, names, vocabulary, key)
        yield from (f"tokens/{split}/{name}" for name in ("state.json", "dataset_info.json"))


def _remove_others(folder: Path, keep: set[str]) -> None:
    """Take out what an earlier recipe left in the folders that are the run's own, and what a kill left half-written."""
    for owned in FOLDERS:
        for path in sorted((folder / owned).rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):
                    path.rmdir()
            elif path.relative_to(folder).as_posix() not in keep:
                path.unlink()


def _manifest(
    outcome: Outcome,
    placed: list[Placed],
    vocabulary: int,
    tokenizer: Placed | None,
    folder: Path,
    indexed: list[str],
) -> dict[str, Any]:
    counts: dict[str, dict[str, int]] = {}
    for unit in _units(outcome.phases[-1]):
        for split, tally in shards.read_json(unit / REPORT)["counts"].items():
            held = counts.setdefault(split, dict.fromkeys(tally, 0))
            for key, value in tally.items():
                held[key] += value
    files = [{"path": file.path, **file.entry} for file in placed]
    files += [{"path": path, **shards.entry(folder / path)} for path in indexed]
    return {
        "format": shards.FORMAT,
        "recipe": outcome.recipe.table(portable=True),
        "key": outcome.key,
        "limit": outcome.limit,
        "vocabulary": vocabulary,
        "tokenizer": {"sha256": tokenizer.entry["sha256"]} if tokenizer else {},
        "tokens": counts,
        "cuts": {name: cut.as_dict() for name, cut in outcome.cuts.items()},
        "files": sorted(files, key=lambda line: str(line["path"])),
    }


def samples(folder: Path, per_reason: int = SAMPLES) -> Iterator[dict[str, Any]]:
    """A few dropped documents for each reason, the first ones in input order."""
    for stage in sorted(path for path in (folder / "dropped").glob("*") if path.is_dir()):
        seen: dict[str, int] = {}
        for part in sorted(stage.glob("*.parquet"))[:8]:
            for row in _few(part, seen, per_reason):
                yield {"stage": stage.name, "text": None, **row}


def _few(part: Path, seen: dict[str, int], most: int) -> Iterator[dict[str, Any]]:
    """The first rows of each reason that is not yet `seen` often enough; row groups without any are not read."""
    import pyarrow.parquet as pq

    file = pq.ParquetFile(part)
    columns = [c for c in ("id", "url", "reason", "text") if c in file.schema_arrow.names]
    for group in range(file.num_row_groups):
        wanted = []
        for row, reason in enumerate(file.read_row_group(group, ["reason"]).column("reason").to_pylist()):
            if seen.get(reason, 0) < most:
                seen[reason] = seen.get(reason, 0) + 1
                wanted.append(row)
        first = 0
        for batch in file.iter_batches(FEW_ROWS, [group], columns) if wanted else ():
            mine = [row - first for row in wanted if first <= row < first + batch.num_rows]
            yield from batch.take(pa.array(mine, pa.int64())).to_pylist()
            first += batch.num_rows


def clean(folder: Path) -> int:
    """Remove `.work` from a finished run's folder; the bytes that this frees."""
    require_finished(folder)
    if not (folder / ".work").is_dir():
        return 0
    with hold(folder / ".work"):
        return _removed(folder / ".work")


def _removed(work: Path) -> int:
    freed = 0
    for path in work.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            freed += path.stat().st_size
    shutil.rmtree(work, ignore_errors=True)
    return freed
