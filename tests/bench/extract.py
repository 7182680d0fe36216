"""From WARC to text: reading and extraction, `curate run` against datatrove's reader and trafilatura.

The WARC holds real pages, one gzip member a record, each with its payload type in the header as Common Crawl
has it. Whole processes on one worker and one core. `curate run` also counts tokens, of the markup and of the text, and
packs shards, which datatrove's side does not. It is run once more with trafilatura as its extractor, so that
what the extractor is worth can be told from the rest.
"""

from pathlib import Path
from typing import Any

from tests.bench import peer
from tests.bench.inputs import Crawl, corpus, crawl
from tests.bench.measure import Run, middle
from tests.bench.setting import Setting, say
from tests.bench.tables import duration, rate, size, table


def main(setting: Setting) -> str:
    """Measure and tell."""
    pages = crawl(setting.data, setting.inputs, setting.pages)
    tokenizer = peer.tokenizer(setting.tokenizer, corpus(setting.data, setting.inputs, setting.size))
    python = peer.environment(setting.venv)
    recipe = Path(__file__).with_name("extract.toml")

    def ours(*more: str) -> tuple[Run, dict[str, Any]]:
        say(f"curate run over {pages.pages:,} pages {' '.join(more)}")
        options = ("--set", f"tokens.tokenizer={tokenizer}", *more)
        return setting.curate(recipe, pages.path, *options)

    first = ours()
    say(f"datatrove over {pages.pages:,} pages")
    theirs = setting.datatrove(python, kind="extract", input=str(pages.path.parent))
    careful = ours("--set", "extract.extractor=trafilatura")
    mine = middle([first[0], *(ours()[0] for _ in range(setting.repeats - 1))])
    return _tell(setting, pages, [(mine, first[1]), careful], theirs)


def _tell(setting: Setting, pages: Crawl, ours: list[tuple[Run, Any]], theirs: tuple[Run, Any]) -> str:
    given = f"Input: {pages.pages:,} real pages, {size(pages.html_bytes)} of HTML in one gzip WARC."
    runs = f"curate run by default: the median of {setting.repeats} runs; the others: one run."
    step = next(step for step in theirs[1]["extraction"]["steps"] if "extracted" in step or "timeout" in step)
    lost = ", ".join(f"{step[key]:,} {word}" for key, word in LOST.items() if step.get(key))
    notes = f"datatrove: {step.get('forwarded', 0):,} pages with text" + (f"; {lost}" if lost else "") + "."
    names = ("curate run, blocks (default)", "curate run, trafilatura")
    rows = [
        _row(name, pages, took, report["output"]["documents"], theirs[0])
        for name, (took, report) in zip(names, ours, strict=True)
    ]
    rows.append(_row("datatrove, trafilatura", pages, theirs[0], step.get("forwarded", 0), theirs[0]))
    head = (
        "whole process",
        "wall time",
        "processor time",
        "peak memory",
        "with text",
        "pages/s",
        "MB/s",
        "× datatrove by wall",
    )
    return f"{given} {runs} {notes}\n\n{table((*head, 'by processor'), rows)}"


LOST = {"timeout": "over its limit of one second", "clean_error": "errors", "broken_process": "broken processes"}


def _row(name: str, pages: Crawl, took: Run, kept: int, other: Run) -> tuple[str, ...]:
    return (
        name,
        duration(took.seconds),
        duration(took.cpu_seconds),
        size(took.peak_bytes),
        f"{kept:,}",
        rate(pages.pages / took.seconds),
        rate(pages.html_bytes / 1e6 / took.seconds),
        f"{other.seconds / took.seconds:.1f} ×",
        f"{other.cpu_seconds / took.cpu_seconds:.1f} ×",
    )
