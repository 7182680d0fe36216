"""What the audit costs: the same run with its counters and without (`audit.documents = 0`), whole processes.

The runs of a pair take turns, on one core, and the least processor time of each side counts: what else the machine does
only adds to it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.dedup_programs import RECIPE
from tests.bench.dedup_sets import sets
from tests.bench.inputs import corpus, crawl, sample
from tests.bench.measure import Run
from tests.bench.setting import HERE, Setting, say
from tests.bench.tables import duration, size, table

PAGE = Path(__file__).parents[2] / "docs" / "audit.md"
PIPELINES = Path(__file__).parents[2] / "pipelines"
FOLLOWED = 100_000
REPEATS = 5
FEW_BYTES = 120_000
"""Of the corpus: about twenty documents, of which a run is little but its start."""


@dataclass(frozen=True)
class Case:
    """A run: what it is called, its recipe, input and options."""

    name: str
    recipe: Path
    given: Path
    options: tuple[str, ...] = ()


def main(setting: Setting) -> str:
    """Measure and tell."""
    if setting.data is None:
        raise SystemExit("audit needs --data")
    repeats = max(REPEATS, setting.repeats)
    rows = [_row(case.name, *_pair(setting, case, repeats)) for case in _cases(setting, setting.data)]
    head = ("run", "followed", "without", "with", "more", "", "peak memory")
    return f"One worker; processor time, the least of {repeats} runs each.\n\n{table(head, rows)}"


def _cases(setting: Setting, data: Path) -> Iterator[Case]:
    whole, untokenized = corpus(data, setting.inputs, setting.size), ("--set", "output.tokens=false")
    few = sample(whole, FEW_BYTES)
    for given in (whole, few):
        name = f"five heuristic stages, {given.documents:,} documents, {size(given.bytes)} of JSON Lines"
        yield Case(name, HERE / "filters.toml", given.path, untokenized)
    *_, snippets = sets(setting, data)
    recipe = setting.work / "minhash.toml"
    recipe.write_text(RECIPE.format(""), "utf-8")
    name = f"`minhash` alone, {len(snippets.texts):,} documents, {snippets.megabytes:.0f} MB of JSON Lines"
    yield Case(name, recipe, snippets.path)
    pages = crawl(data, setting.inputs, setting.pages)
    name = f"`web-en`, {pages.pages:,} raw pages, {size(pages.html_bytes)} of HTML"
    yield Case(name, PIPELINES / "web-en.toml", pages.path)


def _pair(setting: Setting, case: Case, repeats: int) -> tuple[int, list[Run], list[Run]]:
    """How many documents were followed, and the runs without and with the audit."""
    without: list[Run] = []
    with_: list[Run] = []
    followed = 0
    for n in range(repeats):
        say(f"audit: {case.name}, {n + 1} of {repeats}")
        for side, documents in ((without, 0), (with_, FOLLOWED)):
            counted = ("--set", f"audit.documents={documents}")
            took, report = setting.curate(case.recipe, case.given, *case.options, *counted)
            side.append(took)
            followed = report["input"]["documents"]
    return followed, without, with_


def _row(name: str, followed: int, without: list[Run], with_: list[Run]) -> tuple[str, ...]:
    least, most = (min(run.cpu_seconds for run in side) for side in (without, with_))
    peaks = (max(run.peak_bytes for run in side) for side in (without, with_))
    memory = ", ".join(size(peak) for peak in peaks)
    more = most - least
    return (
        name,
        f"{followed:,}",
        duration(least),
        duration(most),
        duration(more),
        f"{100 * more / least:.1f} %",
        memory,
    )
