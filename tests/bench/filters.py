"""From JSON Lines to documents: the heuristic filters of the field against datatrove's, whole processes on one worker.

Both sides get the same documents and write what they keep; ours also writes what it dropped. It is timed with its own
reading of words and with datatrove's (`punctuation_words` and what else docs/parity.md lists), and once more with its
own while it counts tokens at every stage and packs token shards, which datatrove's filters do not; with language
identification and without it. datatrove gets a
sample of the same documents and once a tenth of it; its time for all of them lies on the line through the two, or is measured by
`--full`.

The second table tells what each stage does with all of the text, in memory, in a process of its own, beside two scans
of the same bytes: Arrow's count of their UTF-8 characters and a copy.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import peer
from tests.bench.inputs import Corpus, corpus, sample
from tests.bench.kernels import rows_of, save, single
from tests.bench.measure import Run, middle
from tests.bench.setting import HERE, Setting, say
from tests.bench.tables import duration, rate, size, table

FIELDS = (
    "repetition.punctuation_words=en",
    "repetition.blank_lines=true",
    "gopher.punctuation_words=en",
    "gopher.blank_lines=true",
    "gopher.exact_stop_words=true",
    "c4_lines.unspaced_words=false",
    "c4.punctuation_words=en",
    "fineweb.punctuation_words=en",
    "fineweb.trim=false",
)
READINGS = tuple(part for field in FIELDS for part in ("--set", field))
DOCUMENTS = ("--set", "output.tokens=false")
WAYS = {
    "our words": DOCUMENTS,
    "datatrove's words": (*READINGS, *DOCUMENTS),
    "our words, tokens counted and packed as well": (),
}
STAGES = {"repetition": {}, "gopher": {}, "c4_lines": {"terminal_punctuation": False}, "c4": {}, "fineweb": {}}
"""The stages of the recipe with their fields."""
SCANS = {"scan utf8_length": "Arrow's count of UTF-8 characters", "scan copy": "a copy"}


@dataclass(frozen=True)
class Side:
    """One program over one input."""

    given: Corpus
    took: Run
    kept: int


@dataclass(frozen=True)
class Case:
    """With language identification, or without."""

    name: str
    recipe: Path
    language: bool


CASES = (
    Case("filters", HERE / "filters.toml", language=False),
    Case("language and filters", HERE / "filters_language.toml", language=True),
)


def main(setting: Setting) -> str:
    """Measure and tell."""
    whole = corpus(setting.data, setting.inputs, setting.size)
    part = sample(whole, setting.sample) if setting.sample else whole
    told = [f"Input: {whole.told()}. Ours: the median of {setting.repeats} runs; datatrove: one run."]
    return "\n\n".join([*told, _processes(setting, whole, part), _stages(setting, whole)])


def _processes(setting: Setting, whole: Corpus, part: Corpus) -> str:
    rows = []
    for case in CASES:
        theirs, how = _theirs(setting, case, whole, part)
        for reading, options in WAYS.items():
            ours = _ours(setting, case, whole, options)
            name = f"curate run, {case.name}, {reading}"
            faster = theirs.took.seconds / ours.took.seconds, theirs.took.cpu_seconds / ours.took.cpu_seconds
            rows.append((*_row(name, ours), f"{faster[0]:.1f} ×", f"{faster[1]:.1f} ×"))
        rows.append((*_row(f"datatrove, {case.name}{how}", theirs), "1", "1"))
    head = ("whole process", "wall time", "processor time", "peak memory", "kept", "MB/s", "faster", "by processor")
    return table(head, rows)


def _row(name: str, side: Side) -> tuple[str, ...]:
    took = side.took
    times = duration(took.seconds), duration(took.cpu_seconds), size(took.peak_bytes)
    return (name, *times, f"{side.kept:,}", rate(side.given.bytes / 1e6 / took.seconds))


def _ours(setting: Setting, case: Case, given: Corpus, options: tuple[str, ...]) -> Side:
    runs: list[tuple[Run, dict[str, Any]]] = []
    settings = ["--set", f"tokens.tokenizer={peer.tokenizer(setting.tokenizer, given)}", *options]
    if case.language:
        settings += ["--set", f"language.model={peer.lid176(setting.lid, setting.cache)}"]
    for _ in range(setting.repeats):
        say(f"curate run, {case.name}, over {size(given.bytes)}")
        runs.append(setting.curate(case.recipe, given.path, *settings))
    return Side(given, middle([took for took, _ in runs]), runs[0][1]["output"]["documents"])


def _theirs(setting: Setting, case: Case, whole: Corpus, part: Corpus) -> tuple[Side, str]:
    """datatrove over everything: measured, or on the line through a sample and a tenth of it."""
    second = _datatrove(setting, case, part)
    if part is whole:
        return second, ""
    tiny = sample(whole, part.bytes // 10)
    first = _datatrove(setting, case, tiny)
    share = (whole.bytes - tiny.bytes) / (part.bytes - tiny.bytes)

    def line(low: float, high: float) -> float:
        return low + (high - low) * share

    took = Run(
        line(first.took.seconds, second.took.seconds),
        line(first.took.cpu_seconds, second.took.cpu_seconds),
        second.took.peak_bytes,
    )
    return Side(whole, took, second.kept), f" (by the line; kept of {part.documents:,})"


def _datatrove(setting: Setting, case: Case, given: Corpus) -> Side:
    say(f"datatrove, {case.name}, over {size(given.bytes)}")
    lid = str(peer.lid176(setting.lid, setting.cache)) if case.language else None
    python = peer.environment(setting.venv)
    took, facts = setting.datatrove(python, kind="filters", input=str(given.path.parent), lid=lid)
    last = facts["filters"]["steps"][-1]
    return Side(given, took, last.get("total", 0))


def _stages(setting: Setting, whole: Corpus) -> str:
    given = sample(whole, 32 * 10**6)
    file = save(rows_of(given), setting.work / "texts.arrow")
    scans = {name: single(setting, name, file, {})[1]["bytes_per_second"] / 1e6 for name in SCANS}
    speeds = {
        name: single(setting, f"stage {name}", file, f)[1]["bytes_per_second"] / 1e6 for name, f in STAGES.items()
    }
    speeds["all of them"] = 1 / sum(1 / speed for speed in speeds.values())
    shown = [(f"`{name}`" if name in STAGES else name, speed) for name, speed in speeds.items()]
    rows = [
        (name, rate(speed), *(f"{100 * speed / scans[scan]:.2g} %" for scan in SCANS))
        for name, speed in [*shown, *((SCANS[name], speed) for name, speed in scans.items())]
    ]
    head = ("stage, one core", "MB/s of text", *(f"share of {what}" for what in SCANS.values()))
    return f"In memory, {size(given.bytes)} of the same documents:\n\n" + table(head, rows)
