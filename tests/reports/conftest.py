"""Reports as runs leave them, with any text injected wherever text from outside can stand."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from curate.report import Report, StageReport, Tally, total


class Run(NamedTuple):
    """What a run leaves that the reports read."""

    report: dict[str, Any]
    manifest: dict[str, Any]
    samples: list[dict[str, Any]]


def staged(name: str, kind: str, incoming: Tally, **books: Any) -> StageReport:
    gone = total([*books.get("dropped", {}).values(), *books.get("quarantined", {}).values()])
    out = incoming - books.get("rewritten", Tally()) - gone
    return StageReport(name, kind, incoming, out, **books)


def stages(word: str) -> list[StageReport]:
    came = Tally(7_193, 612_345_678, 201_345_678)
    ingest = staged(
        "ingest",
        "ingest",
        came,
        dropped={"ingest.status": Tally(213, 8_000_000, 2_100_345)},
        quarantined={f"ingest.truncated{word}": Tally(4, 80_000, 0)},
        flagged={"ingest.encoding.repaired": Tally(12, 30_000, 9_000)},
        seconds=12.5,
    )
    extract = staged(
        "extract",
        "rewrite",
        ingest.out,
        rewritten=Tally(0, 360_345_678, 178_345_678),
        dropped={"extract.empty": Tally(141, 0, 0)},
        seconds=61.0,
    )
    gopher = staged(
        "gopher",
        "filter",
        extract.out,
        dropped={"gopher.words.min": Tally(800, 400_000, 120_000), f"gopher.{word}": Tally(20, 20_000, 7_001)},
        seconds=2.2,
    )
    mine = staged(f"mine{word}", "filter", gopher.out, flagged={f"mine{word}.skew.max": Tally(321, 900_000, 210_000)})
    return [ingest, extract, gopher, mine]


def recipe(word: str) -> dict[str, Any]:
    return {
        "name": f"web-en{word}",
        "seed": 1,
        "ingest": {"max_bytes": 16_777_216, "status": {"min": 200.0, "max": 299.0}},
        "stage": [
            {"use": "extract", "name": "extract", "max_depth": 2_000},
            {"use": "gopher", "name": "gopher", "words": {"min": 50.0, "max": "none"}, "stop_list": [word, "the"]},
            {"use": f"my_pkg{word}:Mine", "name": f"mine{word}", "skew": {"min": "none", "max": 0.8}, "act": "flag"},
        ],
        "guard": {"gopher": {"max_drop": 0.5}},
        "tokens": {"vocabulary": 32_768},
    }


def run(word: str = "") -> Run:
    """A run with `word` in the name of everything that a user or the web names."""
    books = Report(
        stages(word),
        {"en": Tally(6_000, 30_000_000, 15_000_000), f"x{word}": Tally(900, 7_000_000, 3_000_000)},
        {"en": Tally(5_838, 36_000_000, 17_000_000)},
        {f"a.tar{word}": Tally(7_193, 612_345_678, 201_345_678)},
        {f"a.tar{word}": Tally(5_838, 36_000_000, 17_000_000)},
    )
    books.balance()
    skipped = [{"path": f"notes{word}.docx", "why": f"unknown kind{word}"}]
    report = {
        "format": 1,
        "recipe": recipe(word),
        **books.as_dict(),
        "skipped": skipped,
        "audit": audit(word),
        "seconds": 96.4,
        "peak_rss_bytes": 812_000_000,
    }
    return Run(report, manifest(books.output, word), samples(word))


def audit(word: str) -> dict[str, Any]:
    """What the report holds of an audit."""
    interval = {"ratio": 0.7, "low": 0.6, "high": 0.75}
    finding = {
        "stage": f"mine{word}",
        "group": f"source.a.tar{word}",
        "documents": 1_200,
        "kept": 600,
        "retention": 0.5,
        "retention_tokens": 0.5,
        "others": 0.7,
        "disparity": 0.7143,
        "low": 0.65,
        "high": 0.78,
        "removal": interval,
        "adjusted": None if word else interval,
        "of_best": None,
        "buckets": 60,
        "verdict": "red",
    }
    counts = {"red": 1, "amber": 0, "green": 3, "grey": 200}
    verdicts = {f"mine{word}": counts, "overall": counts}
    return {"documents": 7_000, "share": 1.0, "verdicts": verdicts, "findings": [finding], "line": "0.8 is a line."}


def manifest(out: Tally, word: str) -> dict[str, Any]:
    files = [
        ("documents/documents-00000-of-00001.parquet", out.documents, out.tokens),
        ("tokens/train/data-00000-of-00001.arrow", out.documents - 18, out.tokens - 60_000),
        ("tokens/validation/data-00000-of-00001.arrow", 18, 60_000),
        ("tokenizer/tokenizer.json", None, None),
        (f"dropped/mine{word}/part-00000.parquet", 3, 5),
    ]
    return {
        "format": 1,
        "recipe": recipe(word),
        "key": "0123456789abcdef",
        "vocabulary": 32_768,
        "tokenizer": {"sha256": "ab" * 32},
        "tokens": {
            "train": {"documents": out.documents - 18, "tokens": out.tokens - 60_000, "bytes": 9},
            "validation": {"documents": 18, "tokens": 60_000, "bytes": 9},
        },
        "files": [
            {"path": path, "bytes": 9_000, "sha256": "cd" * 32, "rows": rows, "tokens": tokens}
            for path, rows, tokens in files
        ],
    }


def samples(word: str) -> list[dict[str, Any]]:
    return [
        {"stage": "gopher", "reason": f"gopher.{word}", "id": f"a.tar{word}#1", "url": word, "text": f"Hello{word}"},
        {"stage": "gopher", "reason": "gopher.words.min", "id": "a.tar#2", "url": None, "text": None},
    ]


@pytest.fixture(scope="session")
def run_with() -> Callable[[str], Run]:
    return run


@pytest.fixture(scope="session")
def empty() -> Run:
    """A run that was given nothing."""
    books = Report([StageReport("ingest", "ingest"), StageReport("extract", "rewrite")])
    report = {"format": 1, "recipe": {"name": "none"}, **books.as_dict(), "seconds": 0.0, "peak_rss_bytes": 0}
    return Run(report, {"format": 1, "vocabulary": 640, "files": []}, [])


@pytest.fixture(scope="session")
def wide() -> Run:
    """A run over 200 languages and 5,000 sources, whose one stage knows 100 reasons."""
    one = Tally(1, 30, 10)
    reasons = {f"mine.reason_{i:03d}": Tally(i, 30 * i, 10 * i) for i in range(1, 101)}
    came = Tally(6_000, 180_000, 60_000)
    stage = staged("mine", "filter", came, dropped=reasons)
    books = Report(
        [staged("ingest", "ingest", came), stage],
        {f"l{i:03d}": Tally(i, 30 * i, 10 * i) for i in range(200)},
        {f"l{i:03d}": one for i in range(200)},
        {f"source-{i:04d}.warc.gz": Tally(2, 60, 10 + i) for i in range(5_000)},
        {f"source-{i:04d}.warc.gz": one for i in range(5_000)},
    )
    books.balance()
    report = {"format": 1, "recipe": {"name": "wide"}, **books.as_dict(), "seconds": 1.0, "peak_rss_bytes": 1}
    return Run(report, {"format": 1, "vocabulary": 640, "files": []}, [])
