"""How far this project's Gopher, C4 and FineWeb are datatrove's: verdicts and signals, document by document.

    python -m tests.bench.parity --documents documents.jsonl --datatrove ~/datatrove/bin/python --limit 6000

`documents.jsonl` holds objects with `id` and `text`; those in English by the embedded identifier are taken, up to
`--limit` of at most `--longest` characters. This script runs twice: here it measures with `curate`, and with
`--theirs` it is run by the Python of datatrove's own environment, where it imports nothing of this project. There the
verdicts are those of datatrove's filter classes; the numbers behind them, which the classes keep to themselves, are
computed once more from datatrove's own functions. What differs goes to `--differences` as JSON lines.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from statistics import median
from typing import Any

Row = dict[str, Any]
"""Stage → `reason` (null: kept) and signals; for `c4` also the `text` that is left."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=Path, required=True)
    parser.add_argument("--datatrove", type=Path, help="the Python of datatrove's environment")
    parser.add_argument("--limit", type=int, default=6000)
    parser.add_argument("--longest", type=int, default=20_000)
    parser.add_argument("--differences", type=Path)
    parser.add_argument("--theirs", type=Path, help="where datatrove's side writes; for internal use")
    given = parser.parse_args()
    if given.theirs:
        _write(given.theirs, theirs([row["text"] for row in _read(given.documents)]))
        return
    rows = english(_read(given.documents), given.limit, given.longest)
    with tempfile.TemporaryDirectory() as folder:
        chosen, answer = Path(folder, "documents.jsonl"), Path(folder, "theirs.jsonl")
        _write(chosen, rows)
        call = [given.datatrove, Path(__file__).resolve(), "--documents", chosen, "--theirs", answer]
        subprocess.run([str(part) for part in call], check=True)
        there = _read(answer)
    characters = sum(len(row["text"]) for row in rows)
    print(f"{len(rows):,} English documents, {characters / 1e6:.1f} million characters.\n\n## Defaults\n")
    print(told(ours([row["text"] for row in rows], {}, {}), there))
    print("\n## With punctuation_words = true, and trim = false for fineweb\n")
    here = ours([row["text"] for row in rows], {"punctuation_words": True}, {"trim": False})
    print(told(here, there))
    if given.differences:
        _write(given.differences, differences(rows, here, there))


def _read(path: Path) -> list[Row]:
    with path.open("rb") as lines:
        return [json.loads(line) for line in lines]


def _write(path: Path, rows: list[Row]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def english(rows: list[Row], limit: int, longest: int) -> list[Row]:
    from curate.stages.language import Language
    from curate.testing import batch

    stage, found = Language(label=["en"]), []
    short = [row for row in rows if len(row["text"]) <= longest]
    for start in range(0, len(short), 500):
        part = short[start : start + 500]
        kept = stage.verdicts(stage.column(batch(*[row["text"] for row in part]))) < 0
        found += [{"id": row["id"], "text": row["text"]} for row, keep in zip(part, kept, strict=True) if keep]
    return found[:limit]


def ours(texts: list[str], words: Row, lines: Row) -> list[Row]:
    from curate.stages.c4 import C4
    from curate.stages.c4_lines import C4Lines
    from curate.stages.fineweb import FineWeb
    from curate.stages.gopher import Gopher
    from curate.stages.repetition import Repetition
    from curate.testing import batch

    made: list[Row] = [{} for _ in texts]
    for start in range(0, len(texts), 500):
        rows = batch(*texts[start : start + 500])
        left = C4Lines().rewrite(rows).text
        for stage in (Gopher(**words), Repetition(**words), FineWeb(**words, **lines), C4()):
            given = rows if stage.use != "c4" else rows.set_column(rows.schema.get_field_index("text"), "text", left)
            column = stage.column(given)
            for i, (signals, verdict) in enumerate(zip(column.to_pylist(), stage.verdicts(column), strict=True)):
                reason = None if verdict < 0 else stage.rules[verdict].reason
                made[start + i][stage.use] = {"reason": reason, **{k: v for k, v in signals.items() if k != "broken"}}
        for i, text in enumerate(left.to_pylist()):
            made[start + i]["c4"]["text"] = text
    return made


def theirs(texts: list[str]) -> list[Row]:
    import datatrove.pipeline.filters as filters
    from datatrove.data import Document
    from datatrove.utils import text as tools

    words: dict[str, list[str]] = {}

    def split(text: str, language: str = "eng") -> list[str]:
        if text not in words:
            words.clear()
            words[text] = tools.split_into_words(text, language)
        return words[text]

    modules = ("gopher_quality_filter", "gopher_repetition_filter", "fineweb_quality_filter")
    for name in modules:
        sys.modules[f"datatrove.pipeline.filters.{name}"].split_into_words = split
    stages = {
        "gopher": (filters.GopherQualityFilter(), _gopher),
        "repetition": (filters.GopherRepetitionFilter(), _repetition),
        "fineweb": (filters.FineWebQualityFilter(), _fineweb),
    }
    c4 = filters.C4QualityFilter()
    made = []
    for text in texts:
        row = {}
        for use, (stage, measure) in stages.items():
            row[use] = {"reason": _reason(stage.filter(Document(text=text, id=""))), **measure(text, split(text))}
        document = Document(text=text, id="")
        row["c4"] = {"reason": _reason(c4.filter(document)), "text": document.text}
        made.append(row)
    return made


def _reason(result: Any) -> str | None:
    return None if result is True else result[1]


def _gopher(text: str, words: list[str]) -> Row:
    from datatrove.utils.text import PUNCTUATION_SET

    plain = [word for word in words if any(c not in PUNCTUATION_SET for c in word)]
    lines = text.splitlines()
    count, rows = max(len(words), 1), max(len(lines), 1)
    stops = {"the", "be", "to", "of", "and", "that", "have", "with"}
    return {
        "words": len(plain),
        "mean_word_length": sum(map(len, plain)) / max(len(plain), 1),
        "symbol_ratio": max(text.count("#"), text.count("...") + text.count("…")) / count,
        "bullet_line_ratio": sum(line.lstrip().startswith(("•", "-")) for line in lines) / rows,
        "ellipsis_line_ratio": sum(line.rstrip().endswith(("...", "…")) for line in lines) / rows,
        "alpha_word_ratio": sum(any(c.isalpha() for c in word) for word in words) / count,
        "stop_words": len(stops & set(words)),
    }


def _repetition(text: str, words: list[str]) -> Row:
    import re

    from datatrove.pipeline.filters import gopher_repetition_filter as source

    paragraphs, lines = re.split(r"\n{2,}", text.strip()), re.split("\n+", text)
    size = max(len(text), 1)
    same_lines, same_paragraphs = source.find_duplicates(lines), source.find_duplicates(paragraphs)
    row = {
        "duplicate_line_ratio": same_lines[0] / len(lines),
        "duplicate_paragraph_ratio": same_paragraphs[0] / len(paragraphs),
        "duplicate_line_character_ratio": same_lines[1] / size,
        "duplicate_paragraph_character_ratio": same_paragraphs[1] / size,
    }
    for n in (2, 3, 4):
        grams = source.get_n_grams(words, n)
        row[f"top_{n}_gram_ratio"] = source.find_top_duplicate(grams) / size if grams else 0
    for n in range(5, 11):
        row[f"duplicate_{n}_gram_ratio"] = source.find_all_duplicate(words, n) / size
    return row


def _fineweb(text: str, words: list[str]) -> Row:
    from datatrove.pipeline.filters.gopher_repetition_filter import find_duplicates
    from datatrove.utils.text import TERMINAL_PUNCTUATION

    lines = [line for line in text.split("\n") if line.strip()]
    count, stops = max(len(lines), 1), tuple(TERMINAL_PUNCTUATION)
    return {
        "line_punct_ratio": sum(line.endswith(stops) for line in lines) / count,
        "short_line_ratio": sum(len(line) <= 30 for line in lines) / count,
        "char_duplicates_ratio": find_duplicates(lines)[1] / max(len(text.replace("\n", "")), 1),
        "list_ratio": text.count("\n") / max(len(words), 1),
    }


def told(here: list[Row], there: list[Row]) -> str:
    """Two tables in Markdown: verdicts and signals."""
    lines = [
        "| stage | same verdict | kept by both | by neither | here alone | there alone |",
        "|---|---|---|---|---|---|",
    ]
    stages = list(here[0])
    for use in stages:
        kept = Counter((a[use]["reason"] is None, b[use]["reason"] is None) for a, b in zip(here, there, strict=True))
        same = (kept[True, True] + kept[False, False]) / len(here)
        cells = (kept[True, True], kept[False, False], kept[True, False], kept[False, True])
        lines.append(f"| `{use}` | {same:.2%} | " + " | ".join(f"{cell:,}" for cell in cells) + " |")
    same_text = [a["c4"]["text"] == b["c4"]["text"] for a, b in zip(here, there, strict=True) if not b["c4"]["reason"]]
    lines += [
        "",
        f"Text left by `c4_lines` the same to the byte: {sum(same_text) / len(same_text):.2%} of what both kept.",
        "",
    ]
    lines += ["| signal | equal | median difference | 99th percentile |", "|---|---|---|---|"]
    for use in stages:
        for name in here[0][use]:
            if name not in ("reason", "text") and name in there[0][use]:
                pairs = [(a[use][name], b[use][name]) for a, b in zip(here, there, strict=True)]
                gaps = sorted(abs(x - y) for x, y in pairs)
                equal = sum(gap < 1e-9 for gap in gaps) / len(gaps)
                cells = (f"{equal:.1%}", f"{median(gaps):.3g}", f"{gaps[int(0.99 * len(gaps))]:.3g}")
                lines.append(f"| `{use}.{name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def differences(rows: list[Row], here: list[Row], there: list[Row]) -> list[Row]:
    """Every document on whose fate the two disagree, or whose C4 text differs."""
    found = []
    for row, a, b in zip(rows, here, there, strict=True):
        for use in a:
            edited = use == "c4" and not b[use]["reason"] and a[use]["text"] != b[use]["text"]
            if (a[use]["reason"] is None) != (b[use]["reason"] is None) or edited:
                found.append({"id": row["id"], "stage": use, "here": a[use], "there": b[use], "text": row["text"]})
    return found


if __name__ == "__main__":
    main()
