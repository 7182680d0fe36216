"""Decontamination measured: planted leaks in many forms, hits on text that holds none, and speed.

    python -m tests.bench.decontaminate --data ../shared/data [--write]

Benchmarks are the folders `eval_*` of the data (JSON Lines; CSV is rewritten), clean text every other `*.jsonl.zst`.
Leaks are planted into clean documents, one each; beside the stage stands the usual way: 13-grams in lower case, without
ASCII punctuation, cut at white space, each looked up in a set. Hits on clean text are printed one by one, to be read.
"""

import argparse
import csv
import html
import io
import json
import random
import string
import tempfile
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from curate.contamination import Contamination, found_in
from curate.stages.decontaminate import Decontaminate
from tests.bench import tables

ITEMS = 400
"""Items that are planted in every form."""
PAGE = Path(__file__).parents[2] / "docs" / "dedup.md"
FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
CURLY = str.maketrans({"'": "’", '"': "”", "-": "–"})
PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation, " "))

FORMS: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "upper case": str.upper,
    "no punctuation": lambda text: " ".join(text.translate(PUNCTUATION).split()),
    "typographic quotes and dashes": lambda text: text.translate(CURLY),
    "full width": lambda text: text.translate(FULL_WIDTH),
    "decomposed (NFD)": lambda text: unicodedata.normalize("NFD", text),
    "line breaks for spaces": lambda text: text.replace(" ", "\n"),
    "HTML, every tenth word bold": lambda text: f"<p>{bold(text)}</p>",
    "character references": lambda text: html.escape(text).replace(" ", "&nbsp;"),
    "JSON": lambda text: json.dumps({"q": text}),
    "Markdown emphasis": lambda text: " ".join(f"*{w}*" if i % 5 == 0 else w for i, w in enumerate(text.split())),
    "numbered, prefixed": lambda text: f"Question 17) {text} (4 points)",
    "first half": lambda text: " ".join(text.split()[: -(-len(text.split()) // 2)]),
    "second half": lambda text: " ".join(text.split()[len(text.split()) // 2 :]),
}


def bold(text: str) -> str:
    words = text.split(" ")
    return " ".join(f"<b>{html.escape(w)}</b>" if i % 10 == 0 else html.escape(w) for i, w in enumerate(words))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/dedup.md")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stage = Decontaminate(benchmarks=sorted(benchmarks(given.data, Path(folder))))
        known = stage._known
        clean = sorted(p for p in given.data.glob("*/*.jsonl.zst") if not p.parent.name.startswith("eval_"))
        sets = [(path, found) for path in clean if (found := list(texts(path)))]
        parts = [contents(known), planted(known, sets), hits(known, sets)]
    print("\n\n".join(parts))
    if given.write:
        tables.write("decontaminate", "\n\n".join(parts), PAGE)


def benchmarks(data: Path, folder: Path) -> Iterator[Path]:
    for path in data.glob("eval_*/*"):
        if ".jsonl" in path.name:
            yield path
        elif ".csv" in path.name:
            rows = csv.reader(io.StringIO(pa.input_stream(str(path), compression="zstd").read().decode()))
            made = folder / path.name.replace(".csv.zst", ".jsonl")
            made.write_text("".join(json.dumps({"question": r[0], "choices": r[1:-1]}) + "\n" for r in rows))
            yield made


def texts(path: Path) -> Iterator[str]:
    for line in pa.input_stream(str(path), compression="zstd").read().decode("utf-8", "replace").split("\n"):
        row = json.loads(line) if line.strip() else None
        if isinstance(row, dict) and isinstance(row.get("text"), str) and row["text"].strip():
            yield row["text"].encode("utf-8", "replace").decode()


def contents(known: Contamination) -> str:
    files, totals = known.benchmarks.files, known.totals
    rows = [
        [name, f"{int((files == i).sum()):,}", f"{int(((files == i) & (totals > 0)).sum()):,}"]
        for i, name in enumerate(known.benchmarks.names)
    ]
    return tables.table(["benchmark", "items", "that can be looked for"], rows)


def planted(known: Contamination, sets: Sequence[tuple[Path, list[str]]]) -> str:
    """Share of leaks found by form, of items' longest passages of 26 words or more, by the stage and the usual way."""
    rng = random.Random(1)
    long = [text for text in known.benchmarks.passages.to_pylist() if len(text.split()) >= 26 and " " in text]
    items = rng.sample(long, ITEMS)
    around = [text[:2000] for path, found in sets if path.parent.name == "text_nltk" for text in found]
    usual = {gram for item in long for gram in grams(item)}
    rows = []
    for form, make in FORMS.items():
        documents = [f"{rng.choice(around)}\n{make(item)}\n{rng.choice(around)}" for item in items]
        ours = len(np.unique(found_in(known.runs(pa.array(documents))).rows))
        theirs = sum(any(gram in usual for gram in grams(document)) for document in documents)
        rows.append([form, f"{ours / ITEMS:.1%}", f"{theirs / ITEMS:.1%}"])
    return tables.table(["form of the leak", "found", "by the usual way"], rows)


def grams(text: str) -> Iterator[tuple[str, ...]]:
    words = text.lower().translate(PUNCTUATION).split()
    return (tuple(words[i : i + 13]) for i in range(len(words) - 12))


def hits(known: Contamination, sets: Sequence[tuple[Path, list[str]]]) -> str:
    rows, totals = [], np.zeros(3)
    for path, found in sets:
        size, started, count = sum(len(text.encode()) for text in found), time.process_time(), 0
        for start in range(0, len(found), 500):
            part = found[start : start + 500]
            runs = found_in(known.runs(pa.array(part)))
            count += len(np.unique(runs.rows))
            for row, low, high in zip(runs.rows, runs.starts, runs.stops, strict=True):
                print(f"hit: {path.parent.name} {start + row}: {part[row].encode()[low:high].decode()!r}")
        seconds = time.process_time() - started
        totals += (len(found), size, seconds)
        rows.append(
            [f"`{path.parent.name}/{path.name.split('.')[0]}`", f"{len(found):,}", tables.size(size), str(count)]
        )
        rows[-1].append(tables.rate(size / 1e6 / seconds))
    rows.append(["all", f"{int(totals[0]):,}", tables.size(totals[1]), str(sum(int(row[3]) for row in rows))])
    rows[-1].append(tables.rate(totals[1] / 1e6 / totals[2]))
    return tables.table(["clean text", "documents", "size", "with a hit", "MB/s"], rows)


if __name__ == "__main__":
    main()
