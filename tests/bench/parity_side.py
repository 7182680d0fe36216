"""datatrove's side of `parity`: run by the Python of its own environment, imports nothing of this project.

    python parity_side.py DOCUMENTS ANSWERS

`DOCUMENTS` holds a JSON object with `text` a line; to `ANSWERS` goes one a line with the text's SHA-256, unless the
file has it already, so that a run can be broken off and continued. Verdicts are those of datatrove's filter classes with
their defaults (`c4_all_ends`: `C4QualityFilter(filter_no_terminal_punct=False)`, as FineWeb calls it); the numbers
behind them, which the classes keep to themselves, are computed once more from datatrove's own functions.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import datatrove.pipeline.filters as filters
from datatrove.data import Document
from datatrove.pipeline.filters import c4_filters, gopher_repetition_filter
from datatrove.utils import text as tools

Row = dict[str, Any]


class Splitter:
    """datatrove's splitting of a text, done once for all filters; how many sentences they have asked for."""

    def __init__(self) -> None:
        self.text: str | None = None
        self.found: list[str] = []
        self.lines: dict[str, list[str]] = {}
        self.sentences = 0

    def words(self, text: str, language: str = "eng") -> list[str]:
        if text != self.text:
            self.text, self.found, self.lines = text, tools.split_into_words(text, language), {}
        return self.found

    def parts(self, line: str, language: str = "eng") -> list[str]:
        if line not in self.lines:
            self.lines[line] = tools.split_into_sentences(line, language)
        self.sentences += len(self.lines[line])
        return self.lines[line]


def main(documents: Path, answers: Path) -> None:
    stages, splitter = _filters(), Splitter()
    for name in ("gopher_quality_filter", "gopher_repetition_filter", "fineweb_quality_filter"):
        sys.modules[f"datatrove.pipeline.filters.{name}"].split_into_words = splitter.words
    c4_filters.split_into_sentences = splitter.parts
    known = set()
    if answers.exists():
        with answers.open() as lines:
            known = {json.loads(line)["sha256"] for line in lines}
    with documents.open("rb") as lines, answers.open("a") as out:
        for line in lines:
            text = json.loads(line)["text"]
            key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            if key not in known:
                known.add(key)
                out.write(json.dumps({"sha256": key, **judged(text, stages, splitter)}) + "\n")
                out.flush()


def _filters() -> Row:
    return {
        "gopher": filters.GopherQualityFilter(),
        "repetition": filters.GopherRepetitionFilter(),
        "fineweb": filters.FineWebQualityFilter(),
        "c4": filters.C4QualityFilter(),
        "c4_all_ends": filters.C4QualityFilter(filter_no_terminal_punct=False),
    }


def judged(text: str, stages: Row, splitter: Splitter) -> Row:
    words = splitter.words(text)
    measured = {
        "gopher": _gopher(text, words),
        "repetition": _repetition(text, words),
        "fineweb": _fineweb(text, words),
    }
    row: Row = {}
    for use, stage in stages.items():
        splitter.sentences, document = 0, Document(text=text, id="")
        try:
            result = stage.filter(document)
            reason = None if result is True else result[1]
        except (ZeroDivisionError, AssertionError, ValueError) as error:
            reason = f"error: {type(error).__name__}"
        row[use] = {"reason": reason, **measured.get(use, {})}
        if use.startswith("c4"):
            left = hashlib.sha256(document.text.encode("utf-8", "surrogatepass")).hexdigest()
            row[use] |= {"sentences": splitter.sentences, "text": left}
    return row


def _gopher(text: str, words: list[str]) -> Row:
    plain = [word for word in words if any(c not in tools.PUNCTUATION_SET for c in word)]
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
    source = gopher_repetition_filter
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
    lines = [line for line in text.split("\n") if line.strip()]
    count, stops = max(len(lines), 1), tuple(tools.TERMINAL_PUNCTUATION)
    return {
        "line_punct_ratio": sum(line.endswith(stops) for line in lines) / count,
        "short_line_ratio": sum(len(line) <= 30 for line in lines) / count,
        "char_duplicates_ratio": gopher_repetition_filter.find_duplicates(lines)[1]
        / max(len(text.replace("\n", "")), 1),
        "list_ratio": text.count("\n") / max(len(words), 1),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
