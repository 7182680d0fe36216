"""The stage `quality` on human labels: every line of crawled documents, main text or noise, in six languages.

`python -m tests.bench.quality --data ../shared/data` trains on TurkuNLP's training split with `curate classifier
train`'s own function, scores the test split with the stage, and writes the tables into docs/quality.md. Languages that
lack a split train and test on halves of what there is, cut by document, and are marked.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import xxhash
from numpy.typing import NDArray

from curate.classifier.held_out import measures
from curate.classifier.train import Training, train
from curate.cuts import cut_at
from curate.ingest import Ingest
from curate.stages.quality import Quality
from curate.testing import batch
from tests.bench import tables

Scores = NDArray[np.float64]
HEAD = (
    "language",
    "lines",
    "main text",
    "ROC-AUC",
    "average precision",
    "F1 at 0.5",
    "main text in the best tenth",
    "ROC-AUC of length",
)
MEASURES = ("roc_auc", "average_precision", "f1")

DOCS = Path(__file__).parents[2] / "docs" / "quality.md"
SETTINGS = {
    "As DCLM trains: words and pairs of words": Training(validation=0.0),
    "With parts of words, `--characters 4`": Training(validation=0.0, characters=4),
}


class Line(NamedTuple):
    """A line, its language, whether it is main text, and whether it is for testing."""

    text: str
    language: str
    good: bool
    test: bool


def read(file: Path) -> Iterator[Line]:
    """All lines with text."""
    for row in pa.input_stream(str(file), compression="zstd").read().decode().strip().split("\n"):
        document = json.loads(row)
        test = _is_test(document)
        for text, label in zip(document["lines"], document["labels"], strict=True):
            if test is not None and text.strip():
                yield Line(text, document["lang"], label == 1, test)


def _is_test(document: dict[str, Any]) -> bool | None:
    """Whether a document is for testing, for training (False) or for neither (None)."""
    if document["lang"] == "fr":  # dev alone is there
        return xxhash.xxh64_intdigest(document["id"].encode()) % 2 == 0
    if document["lang"] == "sv":  # dev and test are there
        return bool(document["split"] == "test")
    return None if document["split"] == "dev" else bool(document["split"] == "test")


def unseen(lines: Sequence[Line]) -> list[Line]:
    """Test lines that do not stand among the training lines, too: menus repeat, and would be scored by memory."""
    known = {line.text.strip() for line in lines if not line.test}
    return [line for line in lines if line.test and line.text.strip() not in known]


def scored(lines: Sequence[Line], tests: Sequence[Line], settings: Training, folder: Path) -> Scores:
    """Train on the training lines, and give the stage's score of every test line."""
    for side, good in (("good", True), ("bad", False)):
        rows = (json.dumps({"text": line.text}) + "\n" for line in lines if line.good is good and not line.test)
        (folder / f"{side}.jsonl").write_text("".join(rows), "utf-8")
    model = folder / "quality.bin"
    train([folder / "good.jsonl"], [folder / "bad.jsonl"], model, settings, Ingest())
    return np.asarray(Quality(model=model).column(batch(*[line.text for line in tests])).field("score"))


def rows(tests: Sequence[Line], scores: Scores) -> Iterator[list[str]]:
    """A row a language, and one for all."""
    length = np.array([len(line.text) for line in tests], np.float64)
    good = np.array([line.good for line in tests])
    for language in ("all", *sorted({line.language for line in tests})):
        mask = np.array([language in ("all", line.language) for line in tests])
        found, plain = measures(good[mask], scores[mask], 1), measures(good[mask], length[mask], 1)
        if found and plain:
            cells = [f"{one.value:.3f} ({one.low:.3f} to {one.high:.3f})" for one in map(found.get, MEASURES) if one]
            best = good[mask][scores[mask] >= cut_at(scores[mask], 0.1)].mean()
            told = [language, f"{mask.sum():,}", f"{good[mask].mean():.0%}", *cells]
            yield [*told, f"{best:.0%}", f"{plain['roc_auc'].value:.3f}"]


def main() -> None:
    """Measure, and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    lines = list(read(parser.parse_args().data / "quality_turku_lines" / "docs.jsonl.zst"))
    tests, made = unseen(lines), []
    for name, settings in SETTINGS.items():
        with tempfile.TemporaryDirectory() as folder:
            made += [
                f"{name}:",
                "",
                tables.table(HEAD, list(rows(tests, scored(lines, tests, settings, Path(folder))))),
                "",
            ]
    print("\n".join(made))
    tables.write("turku", "\n".join(made), DOCS)


if __name__ == "__main__":
    main()
