"""From WARC to text: reading and extraction, `curate run` against datatrove's reader and trafilatura.

The WARC holds real pages, one gzip member a record, each with its payload type in the header as Common Crawl
has it. Whole processes on one worker and one core. `curate run` also counts tokens and packs shards, which
datatrove's side does not.
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

    def ours() -> tuple[Run, dict[str, Any]]:
        say(f"curate run over {pages.pages:,} pages")
        return setting.curate(recipe, pages.path, "--set", f"tokens.tokenizer={tokenizer}")

    first = ours()
    say(f"datatrove over {pages.pages:,} pages")
    took, facts = setting.datatrove(python, kind="extract", input=str(pages.path.parent))
    mine = middle([first[0], *(ours()[0] for _ in range(setting.repeats - 1))])
    return _tell(setting, pages, (mine, first[1]), (took, facts))


def _tell(setting: Setting, pages: Crawl, ours: tuple[Run, Any], theirs: tuple[Run, Any]) -> str:
    given = f"Input: {pages.pages:,} real pages, {size(pages.html_bytes)} of HTML in one gzip WARC."
    runs = f"Ours: the median of {setting.repeats} runs; datatrove: one run."
    step = next(step for step in theirs[1]["extraction"]["steps"] if "extracted" in step or "timeout" in step)
    lost = ", ".join(f"{step[key]:,} {word}" for key, word in LOST.items() if step.get(key))
    notes = f"datatrove: {step.get('forwarded', 0):,} pages with text" + (f"; {lost}" if lost else "") + "."
    kept = ours[1]["output"]["documents"]
    rows = [
        _row("curate run: ingest, extract, tokens, shards", pages, ours[0], kept),
        _row("datatrove: WarcReader, Trafilatura, JsonlWriter", pages, theirs[0], step.get("forwarded", 0)),
    ]
    head = ("whole process", "wall time", "processor time", "peak memory", "pages with text", "pages/s", "MB/s of HTML")
    ratio = f"curate run is {theirs[0].seconds / ours[0].seconds:.1f} times faster by wall time, "
    ratio += f"{theirs[0].cpu_seconds / ours[0].cpu_seconds:.1f} times by processor time."
    return f"{given} {runs} {notes}\n\n{table(head, rows)}\n\n{ratio}"


LOST = {"timeout": "over its limit of one second", "clean_error": "errors", "broken_process": "broken processes"}


def _row(name: str, pages: Crawl, took: Run, kept: int) -> tuple[str, ...]:
    return (
        name,
        duration(took.seconds),
        duration(took.cpu_seconds),
        size(took.peak_bytes),
        f"{kept:,}",
        rate(pages.pages / took.seconds),
        rate(pages.html_bytes / 1e6 / took.seconds),
    )
