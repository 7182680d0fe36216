"""Personal data against labelled spans, beside Presidio's patterns, and how often plain text raises an alarm."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.harm.intervals import share
from curate.harm.sets import MissingSetError, rows
from curate.personal.found import LABELS, Finder, Finding
from curate.personal.national import COUNTRIES
from curate.personal.presidio import PresidioFinder
from curate.stage import buffers

SETS = ("presidio_generated_large", "presidio_synth_dataset_v2")
ENTITIES = {
    "EMAIL_ADDRESS": "email",
    "IP_ADDRESS": "ip",
    "PHONE_NUMBER": "phone",
    "IBAN_CODE": "iban",
    "CREDIT_CARD": "credit_card",
    "US_SSN": "national_id",
}
"""The sets' names for what both look for."""
PLAIN = (
    ("C4", "crawl_c4_sample/c4_sample.jsonl.zst"),
    ("Wikipedia, English", "text_wikipedia/en_history.jsonl.zst"),
    ("Wikipedia, German", "text_wikipedia/de.jsonl.zst"),
    ("Wikipedia, Korean", "text_wikipedia/ko.jsonl.zst"),
    ("Python's proposals", "text_peps/peps.jsonl.zst"),
)
PART = 100
"""Texts of C4 that Presidio reads: it takes a second for some kilobytes."""

Gold = list[tuple[int, int, str]]
"""Bytes from and to, and the label."""


class Finds(Protocol):
    """What looks for personal data."""

    def find(self, offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> list[Finding]:
        """By row and place."""


class Score(NamedTuple):
    """Spans of one label: those that were found, all there are, findings that are one, all findings."""

    found: int
    gold: int
    right: int
    findings: int


def section(data: Path) -> str:
    """The section of the page."""
    finders: dict[str, Finds] = {"Sluice": Finder(LABELS, COUNTRIES)}
    if find_spec("presidio_analyzer"):
        finders["Presidio"] = PresidioFinder(LABELS, COUNTRIES)
        finders["Presidio, any score"] = PresidioFinder(LABELS, COUNTRIES, 0)
    return "\n\n".join([HEAD, _against_spans(data, finders), PLAIN_HEAD, _on_plain_text(data, finders)])


HEAD = """## Personal data

Spans that are found, and findings that are spans, by label, on Presidio's own two synthetic sets (`pii_presidio`),
3,609 sentences. A finding counts where it overlaps a span of the same label. Presidio is its pattern recognisers
without a language model: its findings of a score of 0.4 and more, and all of them."""
PLAIN_HEAD = """Findings per million words of text that is hardly ever personal, by label. In C4 most are true, of
firms and people; encyclopedias and proposals hold few (the latter their authors' addresses). Presidio reads the first
100 texts of C4."""


def _against_spans(data: Path, finders: dict[str, Finds]) -> str:
    texts, gold = _labelled(data)
    scores = {name: scored(_found(finder, texts)[0], gold) for name, finder in finders.items()}
    lines = ["| label | by | recall | precision |", "|:--|:--|--:|--:|"]
    for label in ENTITIES.values():
        for name, by_label in scores.items():
            one = by_label[label]
            lines.append(f"| `{label}` | {name} | {share(one.found, one.gold)} | {share(one.right, one.findings)} |")
    return "\n".join(lines)


def scored(found: Sequence[Finding], gold: Sequence[Gold]) -> dict[str, Score]:
    """Findings in texts against the spans of each text."""
    mine: list[Gold] = [[] for _ in gold]
    for one in found:
        mine[one.row].append((one.start, one.stop, LABELS[one.label]))
    counts = Counter[tuple[str, str]]()
    for theirs, ours in zip(gold, mine, strict=True):
        counts.update(("gold", label) for *_, label in theirs)
        counts.update(("findings", label) for *_, label in ours)
        counts.update(("found", span[2]) for span in theirs if _meets(span, ours))
        counts.update(("right", span[2]) for span in ours if _meets(span, theirs))
    return {label: Score(*(counts[kind, label] for kind in Score._fields)) for label in ENTITIES.values()}


def _meets(span: tuple[int, int, str], others: Gold) -> bool:
    return any(span[2] == label and span[0] < stop and start < span[1] for start, stop, label in others)


def _labelled(data: Path) -> tuple[list[str], list[Gold]]:
    texts, gold = list[str](), list[Gold]()
    for name in SETS:
        for record in _records(data / "pii_presidio" / f"{name}.json.zst"):
            text = record["full_text"]
            texts.append(text)
            spans = [
                (s["start_position"], s["end_position"], ENTITIES.get(s["entity_type"], "")) for s in record["spans"]
            ]
            gold.append([(_bytes(text, start), _bytes(text, stop), label) for start, stop, label in spans if label])
    return texts, gold


def _bytes(text: str, at: int) -> int:
    return len(text[:at].encode())


def _records(path: Path) -> list[dict[str, Any]]:
    if not path.is_file():
        raise MissingSetError(f"pii_presidio/{path.name} is not in the folder of data")
    with pa.input_stream(path, compression="zstd") as stream:
        found: list[dict[str, Any]] = json.loads(stream.read())
    return found


def _found(finder: Finds, texts: Sequence[str]) -> tuple[list[Finding], float]:
    """What is found in texts, and the seconds of the processor that it took once all is loaded."""
    offsets, data = buffers(pa.array(texts, pa.string()))
    finder.find(offsets[:2], data)
    started = time.process_time()
    return finder.find(offsets, data), time.process_time() - started


def _on_plain_text(data: Path, finders: dict[str, Finds]) -> str:
    lines = [f"| text | by | words | MB/s | {' | '.join(LABELS)} |", "|:--|:--|--:|--:|" + "--:|" * len(LABELS)]
    for title, texts in _plain(data):
        for name, finder in finders.items():
            if name == "Sluice" or (name == "Presidio" and title == "C4"):
                lines.append(_plain_line(title, name, finder, texts if name == "Sluice" else texts[:PART]))
    return "\n".join(lines)


def _plain_line(title: str, name: str, finder: Finds, texts: Sequence[str]) -> str:
    found, seconds = _found(finder, texts)
    words, size = sum(len(text.split()) for text in texts), sum(len(text.encode()) for text in texts)
    counts = Counter(one.label for one in found)
    rates = " | ".join(f"{1e6 * counts[label] / words:.1f}" for label in range(len(LABELS)))
    return f"| {title} | {name} | {words:,} | {size / 1e6 / seconds:.3g} | {rates} |"


def _plain(data: Path) -> Iterator[tuple[str, list[str]]]:
    for title, name in PLAIN:
        if (data / name).is_file():
            yield title, [str(row["text"]) for row in rows(data, name)]
