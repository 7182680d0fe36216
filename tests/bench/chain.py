"""From JSON Lines to token shards: `curate run` against datatrove's chain, whole processes on one worker.

Both sides get the same documents, the same lid.176 model and the same tokenizer, one thread a library,
and (where the system can) the same single core. datatrove takes minutes where we take seconds, so by
default it gets a sample of the same documents, and once a hundredth of that sample, which is little more than its
start; its time for all of them lies on the line through the two. `--full` gives it everything. Its chain is timed with and without the filters of C4 and
FineWeb. Not alike: our language stage reads a window of 512 characters where datatrove's reads the whole
text; ours also removes exact copies, decides about near-duplicates by exact similarity, counts tokens at every stage and keeps what it dropped; datatrove writes its
intermediate files uncompressed here, which is to its advantage.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import peer
from tests.bench.inputs import Corpus, corpus, sample
from tests.bench.measure import Run, middle
from tests.bench.setting import Setting, say
from tests.bench.tables import duration, rate, size, table

CHAINS = {"datatrove with C4 and FineWeb": True, "datatrove without C4 and FineWeb": False}


@dataclass(frozen=True)
class Side:
    """One program over one input."""

    name: str
    given: Corpus
    took: Run
    kept: int
    tokens: int
    parts: dict[str, float]
    """Seconds of each part, as the program itself counts them."""


def main(setting: Setting) -> str:
    """Measure and tell."""
    whole = corpus(setting.data, setting.inputs, setting.size)
    part = sample(whole, setting.sample) if setting.sample else whole
    model, tokenizer = peer.lid176(setting.lid, setting.cache), peer.tokenizer(setting.tokenizer, whole)
    python = peer.environment(setting.venv)
    options = ("--set", f"language.model={model}", "--set", f"tokens.tokenizer={tokenizer}")

    def ours(given: Corpus) -> Side:
        say(f"curate run over {size(given.bytes)}")
        took, report = setting.curate(setting.recipe, given.path, *options)
        parts = {stage["name"]: stage["seconds"] for stage in report["stages"]}
        return Side("curate run", given, took, report["output"]["documents"], report["output"]["tokens"], parts)

    def theirs(name: str, given: Corpus) -> Side:
        say(f"{name} over {size(given.bytes)}")
        task = {"lid": str(model), "tokenizer": str(tokenizer), "c4_and_fineweb": CHAINS[name]}
        took, facts = setting.datatrove(python, kind="chain", input=str(given.path.parent), **task)
        return _theirs(name, given, took, facts)

    # Our runs stand on both sides of theirs, so that a machine that slows down does not favour one.
    large, small = [ours(whole)], [ours(part)]
    tiny = sample(whole, part.bytes // 100)
    others = [(theirs(name, tiny), theirs(name, part)) for name in CHAINS]
    large += [ours(whole) for _ in range(setting.repeats - 1)]
    small += [ours(part) for _ in range(setting.repeats - 1)]
    return _tell(setting, _middle(large), _middle(small), others)


def _theirs(name: str, given: Corpus, took: Run, facts: dict[str, Any]) -> Side:
    last = facts["minhash filter and tokens"]["steps"]
    kept = next(step.get("forwarded", 0) for step in last if "MinHash" in step["name"])
    tokens = next(step.get("tokens", 0) for step in last if "tokens" in step)
    return Side(name, given, took, kept, tokens, {part: fact["seconds"] for part, fact in facts.items()})


def _middle(sides: list[Side]) -> Side:
    first = sides[0]
    parts = {name: sorted(side.parts[name] for side in sides)[len(sides) // 2] for name in first.parts}
    return Side(first.name, first.given, middle([s.took for s in sides]), first.kept, first.tokens, parts)


def _tell(setting: Setting, large: Side, small: Side, others: list[tuple[Side, Side]]) -> str:
    sampled = small.given is not large.given
    sides = [large, *([small] if sampled else []), *(side for pair in others for side in pair[::-1])]
    runs = f"Ours: the median of {setting.repeats} runs; datatrove: one run."
    given = f"Input: {large.given.told()}."
    if sampled:
        given += f" datatrove's sample: the first {small.given.documents:,} of them, {size(small.given.bytes)}."
    tables = [_processes(sides), _ratios(large, small, others), _parts([large, *(pair[1] for pair in others)])]
    return "\n\n".join([f"{given} {runs}", *tables])


def _processes(sides: list[Side]) -> str:
    head = ("whole process", "input", "wall time", "processor time", "peak memory", "documents kept", "tokens", "MB/s")
    rows = [
        (
            side.name,
            size(side.given.bytes),
            duration(side.took.seconds),
            duration(side.took.cpu_seconds),
            size(side.took.peak_bytes),
            f"{side.kept:,} of {side.given.documents:,}",
            f"{side.tokens:,}",
            rate(side.given.bytes / 1e6 / side.took.seconds),
        )
        for side in sides
    ]
    return table(head, rows)


def _ratios(large: Side, small: Side, others: list[tuple[Side, Side]]) -> str:
    head = ("curate run is faster than", "on the sample", f"on {size(large.given.bytes)}", "by processor time")
    rows = []
    for tiny, side in others:
        wall = _on_the_line(tiny.took.seconds, side.took.seconds, tiny.given, side.given, large.given)
        cpu = _on_the_line(tiny.took.cpu_seconds, side.took.cpu_seconds, tiny.given, side.given, large.given)
        how = "measured" if side.given is large.given else f"{duration(wall)} by the line"
        rows.append(
            (
                side.name,
                f"{side.took.seconds / small.took.seconds:.1f} ×",
                f"{wall / large.took.seconds:.1f} × ({how})",
                f"{cpu / large.took.cpu_seconds:.1f} ×",
            )
        )
    return table(head, rows)


def _on_the_line(first: float, second: float, tiny: Corpus, part: Corpus, whole: Corpus) -> float:
    """What the whole takes, where `tiny` took `first` and `part` took `second`."""
    if part is whole:
        return second
    return first + (second - first) * (whole.bytes - tiny.bytes) / (part.bytes - tiny.bytes)


def _parts(sides: list[Side]) -> str:
    rows = []
    for side in sides:
        rest = side.took.seconds - sum(side.parts.values())
        for n, (part, seconds) in enumerate({**side.parts, "start and the rest": rest}.items()):
            speed = rate(side.given.bytes / 1e6 / seconds) if seconds > 0 else ""
            rows.append((side.name if n == 0 else "", part, duration(seconds), speed))
    return table(("of which, as the program counts", "part", "wall time", "MB of input a second"), rows)


def recipe() -> Path:
    """The recipe made for this benchmark."""
    return Path(__file__).with_name("chain.toml")
