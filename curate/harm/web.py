"""What the screen passes and alarms of plain text, language by language, and how fast it reads."""

import os
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from curate.harm import sets
from curate.harm.intervals import share
from curate.lexicons import language_code
from curate.models.screen import shipped

C4 = "crawl_c4_sample/c4_sample.jsonl.zst"
HPLT = "crawl_hplt_inspection/docs.jsonl.zst"
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ko", "nl", "pl", "pt", "zh")
MEGABYTES = 20
"""Of C4 that the speed is taken on."""


def section(data: Path) -> str:
    """Shares of sentences, and megabytes a second of processor time."""
    pages = [row["text"] for row in sets.rows(data, C4)]
    lines = [
        "## Plain web text: what the screen passes on, and how fast it reads",
        "",
        f"Sentences pass to the teacher from {shipped().pass_score} on; from {shipped().alarm_score} on they are",
        "taken for toxic without one. HPLT's texts are snippets of unfiltered crawls, pornography among them.",
        "",
        "| text | sentences | passed | alarmed |",
        "|---|---|---|---|",
        _line("C4, pages not looked at", pages[1::2]),
        _line("C4, pages that numbers were chosen on", pages[0::2]),
    ]
    return "\n".join([*lines, *_crawls(data), "", _speed(pages)])


def _line(name: str, texts: Iterable[str]) -> str:
    scores = shipped().scores(pa.array(list(texts), pa.string())).scores
    passed, alarmed = (int((scores >= bound).sum()) for bound in (shipped().pass_score, shipped().alarm_score))
    return f"| {name} | {len(scores):,} | {share(passed, len(scores))} | {share(alarmed, len(scores))} |"


def _crawls(data: Path) -> Iterable[str]:
    found: dict[str, list[str]] = defaultdict(list)
    try:
        for row in sets.rows(data, HPLT):
            found[language_code(row["hplt_lang"].partition("_")[0])].append(row["text"])
    except sets.MissingSetError:
        return
    yield from (_line(f"HPLT, {language}", found[language]) for language in LANGUAGES if found[language])


def _speed(pages: list[str]) -> str:
    """On one core, sentences, marks and scores together; the best of three, since other work slows them down."""
    texts = pa.array(pages * (1 + MEGABYTES * 10**6 // sum(len(page.encode()) for page in pages)), pa.string())
    size = sum(buffer.size for buffer in texts.buffers()[2:] if buffer) / 1e6
    shipped().scores(texts.slice(0, 10))
    rates = []
    for _ in range(3):
        start = time.process_time()
        shipped().scores(texts)
        rates.append(size / (time.process_time() - start))
    load = f" (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else ""
    return f"Speed: {max(rates):.0f} MB a second of one core's processor time on {size:.0f} MB of C4{load}."
