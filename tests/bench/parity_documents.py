"""Which documents `parity` compares on: a folder of data, or a JSON Lines file with `id` and `text`."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from tests.bench import inputs

Row = dict[str, Any]

SETS = ("web_*", "crawl_c4*", "crawl_hplt*", "text_*", "dedup_*", "tox_wikipedia_cat")
"""Folders of real documents: pages and crawls, books, encyclopedias, manuals, terms, licences, talk pages."""


def chosen(given: Path, cache: Path, longest: int, per_set: int) -> list[Row]:
    """English documents (`id`, `set`, `text`) in the order of the SHA-256 of their texts, each text once.

    Of every set at most `per_set`; none longer than `longest` characters.
    """
    rows = _file(given) if given.is_file() else _folder(given, cache)
    once = {hashlib.sha256(row["text"].encode("utf-8", "replace")).digest(): row for row in rows}
    found, taken = [], Counter[str]()
    for row in english([once[key] for key in sorted(once) if len(once[key]["text"]) <= longest]):
        taken[row["set"]] += 1
        if taken[row["set"]] <= per_set:
            found.append(row)
    return found


def _file(path: Path) -> Iterator[Row]:
    with inputs.opened(path) as lines:
        for line in lines:
            row = json.loads(line)
            yield {"id": str(row.get("id", "")), "set": path.name, "text": row["text"]}


def _folder(data: Path, cache: Path) -> Iterator[Row]:
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        if any(fnmatch(folder.name, pattern) for pattern in SETS):
            for name, text in inputs.documents([folder], cache):
                yield {"id": name, "set": folder.name, "text": text}
            if folder.name.startswith("web_"):
                for name, text in inputs.documents([folder], cache, whole=True):
                    yield {"id": f"whole/{name}", "set": f"{folder.name}, whole pages", "text": text}


def english(rows: list[Row]) -> Iterator[Row]:
    """Those that the embedded identifier takes for English."""
    from curate.stages.language import Language
    from curate.testing import batch

    stage = Language(label=["en"])
    for start in range(0, len(rows), 500):
        part = rows[start : start + 500]
        kept = stage.verdicts(stage.column(batch(*[row["text"] for row in part]))) < 0
        yield from (row for row, keep in zip(part, kept, strict=True) if keep)
