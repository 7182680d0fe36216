"""How far this project's Gopher, C4 and FineWeb are datatrove's: verdicts and signals, document by document.

    python -m tests.bench.parity --data ../shared/data
    python -m tests.bench.parity --data documents.jsonl

A folder is read as the benchmarks read it (see `parity_documents`); a JSON Lines file holds objects with `text` and by
choice `id`. English documents by the embedded identifier are compared, those of at most `--longest` characters, and of
every set at most `--per-set`. datatrove runs in an environment of its own, made on demand in the cache, and its answers
are kept there by the SHA-256 of the text; it takes some 20 documents a second and core. What differs goes to
`--differences` as JSON lines.
"""

import argparse
import hashlib
import json
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import parity_documents, parity_tables, peer

Row = dict[str, Any]

CACHE = Path("~/.cache/sluice-bench").expanduser()
SIDE = Path(__file__).with_name("parity_side.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="a folder of sets, or a JSON Lines file")
    parser.add_argument("--longest", type=int, default=50_000, help="characters of the longest document (50,000)")
    parser.add_argument("--per-set", type=int, default=4_000, help="documents of a set (4,000)")
    parser.add_argument("--processes", type=int, default=2, help="of datatrove's side (2)")
    parser.add_argument("--differences", type=Path)
    given = parser.parse_args()
    rows = parity_documents.chosen(given.data, CACHE, given.longest, given.per_set)
    there = theirs(rows, given.processes)
    characters = sum(len(row["text"]) for row in rows)
    print(f"{len(rows):,} English documents, {characters / 1e6:.1f} million characters.")
    for title, stages in (("Defaults", parity_tables.DEFAULTS), ("datatrove's readings", parity_tables.READINGS)):
        here = parity_tables.ours([row["text"] for row in rows], stages)
        print(f"\n## {title}\n\n{parity_tables.verdicts(here, there)}\n\n{parity_tables.signals(here, there)}")
    print(f"\n## By set\n\n{parity_tables.by_set(rows, here, there)}")
    if given.differences:
        _write(given.differences, parity_tables.differences(rows, here, there))


def theirs(rows: list[Row], processes: int) -> list[Row]:
    """datatrove's answers for all documents, out of the cache or asked for now."""
    kept = CACHE / "parity" / "answers.jsonl"
    kept.parent.mkdir(parents=True, exist_ok=True)
    known = {row["sha256"]: row for row in _read(kept)} if kept.exists() else {}
    missing = [row for row in rows if _key(row) not in known]
    if missing:
        found = _asked(missing, processes)
        with kept.open("a", encoding="utf-8") as out:
            out.writelines(json.dumps(row) + "\n" for row in found)
        known |= {row["sha256"]: row for row in found}
    return [known[_key(row)] for row in rows]


def _asked(rows: list[Row], processes: int) -> list[Row]:
    python = peer.environment(CACHE / "datatrove")
    with tempfile.TemporaryDirectory() as folder:
        asked = []
        for n in range(processes):
            documents, answers = Path(folder, f"documents-{n}.jsonl"), Path(folder, f"answers-{n}.jsonl")
            _write(documents, rows[n::processes])
            answers.touch()
            asked.append((answers, subprocess.Popen([python, SIDE, documents, answers])))
        codes = [process.wait() for _, process in asked]
        if any(codes):
            raise SystemExit("datatrove's side failed")
        return [row for answers, _ in asked for row in _read(answers)]


def _key(row: Row) -> str:
    return hashlib.sha256(row["text"].encode("utf-8", "surrogatepass")).hexdigest()


def _read(path: Path) -> list[Row]:
    with path.open("rb") as lines:
        return [json.loads(line) for line in lines]


def _write(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


if __name__ == "__main__":
    main()
