"""The yield in sentences: of raw and of extracted text, what the pilot's cuts rest on, and what other corpora kept."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from curate.cascade.recall import recall
from curate.reports import figures, hostile
from curate.reports.ledger import Books, weighed

NAME_CELLS = 40
BASES = ("extracted tokens", "documents")
"""Of what a run's own yields are shares, too."""


@dataclass(frozen=True)
class Published:
    """What a corpus kept, by its authors' figures."""

    name: str
    shares: tuple[str, ...]
    """`1.6% of extracted tokens`."""
    by: str
    source: str


@cache
def published() -> tuple[Published, ...]:
    """The figures of `published.toml`, in its order."""
    table = tomllib.loads((Path(__file__).parent / "published.toml").read_text("utf-8"))
    return tuple(
        Published(
            one["name"],
            tuple(f"{100 * share['share']:.3g}% of {share['of']}" for share in one["shares"]),
            one["by"],
            one["source"],
        )
        for one in table["corpus"]
    )


def yields(report: Books) -> list[str]:
    """Two sentences: what the output is of the raw text, and of the extracted text."""
    report, unit = weighed(report)
    out = [key for key in report["output"] if key != "tokens" or key == unit]
    names = {"from raw text": report["input"], "from extracted text": report["extracted"]}
    return [
        f"yield {name}: " + ", ".join(f"{figures.share(report['output'][key], whole[key])} of {key}" for key in out)
        for name, whole in names.items()
    ]


def told(report: Books, space: str = figures.SPACE) -> Iterator[str]:
    """A sentence for each benchmark of which items were found, and for each screen that a teacher was tried on."""
    for stage, rows in report.get("told", {}).items():
        if not any("group" in row for row in rows):
            yield from _screened(stage, rows, space)
        for row in rows:
            if row.get("found"):
                found, items, whole, documents = (
                    figures.grouped(row[key], space) for key in ("found", "items", "whole", "documents")
                )
                name = hostile.short(row["benchmark"], NAME_CELLS)
                yield f"benchmark {name}: {found} of {items} items found, {whole} wholly, in documents: {documents}"


MOST_GROUPS = 8
"""Groups of people that are named, those that lose most first."""
FEWEST = 20
"""Documents that mention a group below which its share says nothing."""


def policies(report: Books, space: str = figures.SPACE) -> Iterator[str]:
    """What each policy costs: by mark, by band, and for the groups that lose most."""
    unit = weighed(report)[1]
    for policy in report.get("policy", []):
        stage = hostile.short(policy["stage"], NAME_CELLS)
        for mark in policy["marks"]:
            do = f"weight {mark['weight']:g}" if mark["do"] == "weight" else mark["do"]
            yield f"policy {stage}.{hostile.short(mark['mark'], NAME_CELLS)}, {do}: {_cost(mark, unit, space)}"
        for band, line in policy["bands"].items():
            yield f"band {stage}.{hostile.short(band, NAME_CELLS)}: {_cost(line, unit, space)}"
        yield f"policy {stage}, all: {_cost(policy['all'], unit, space)}"
        enough = [(group, line) for group, line in policy["groups"].items() if line["documents"] >= FEWEST]
        named = [(group, line) for group, line in enough if line["lost"]]
        named.sort(key=lambda item: (-item[1]["lost"] / max(item[1]["tokens"], 1), item[0]))
        for group, line in named[:MOST_GROUPS]:
            yield f"documents that mention {hostile.short(group, NAME_CELLS)}: {_cost(line, unit, space)}"


def ablated(report: Books) -> Iterator[str]:
    """A sentence for each stage after which models were trained: what it does to them."""
    found = report.get("ablation")
    for line in [*found["stages"], *found["whole"]] if found else ():
        stage, against = (hostile.short(line[key], NAME_CELLS) for key in ("stage", "against"))
        low, high = line["interval"]
        said = f"{line['delta']:+.4f} bits per byte, {low:+.4f} to {high:+.4f}, detectable {line['detectable']:.4f}"
        on = hostile.short(line["on"], NAME_CELLS)
        yield f"models after {stage}, against {against}, on {on}: {line['verdict']} ({said})"


def _cost(line: Books, unit: str, space: str) -> str:
    documents, tokens, lost = (figures.grouped(line[key], space) for key in ("documents", "tokens", "lost"))
    share = figures.share(line["lost"], line["tokens"])
    return f"{documents} documents, {tokens} {unit}, of which it costs {lost} ({share})"


def _screened(stage: str, rows: Sequence[Books], space: str) -> Iterator[str]:
    """What a screen's recall is, where the stage has counted sentences that it rejected and a teacher then read."""
    counts = [sum(row.get(key, 0) for row in rows) for key in ("caught", "missed", "sampled", "rejected")]
    found = recall(*counts) if counts[2] else None
    if found is not None:
        share, low, high = (f"{100 * part:.1f}%" for part in found)
        sample, whole = (figures.grouped(number, space) for number in counts[2:])
        name = hostile.short(stage, NAME_CELLS)
        yield f"{name}: {share} ({low} to {high}) of toxic sentences pass, by {sample} of {whole} that did not"


def elsewhere() -> str:
    """One sentence: what was published of the same bases as a run's own yields."""
    named = [
        f"{one.name} " + ", ".join(share for share in one.shares if share.partition("% of ")[2] in BASES)
        for one in published()
    ]
    return "published, of other crawls: " + "; ".join(name for name in named if not name.endswith(" "))


def cuts(report: Books, space: str = figures.SPACE) -> Iterator[str]:
    """A sentence for each share that the pilot turned into a bound: what is expected, and on how many documents."""
    for name, cut in report.get("cuts", {}).items():
        shares = ", ".join(f"{hostile.short(what, NAME_CELLS)} {_interval(one)}" for what, one in cut["shares"].items())
        on = f"on {figures.grouped(cut['documents'], space)} documents of the pilot"
        yield f"cut of {hostile.short(name, NAME_CELLS)}, {on}: {shares or 'none, everything passes'}"


def _interval(found: Books) -> str:
    share, low, high = (f"{100 * found[key]:.1f}%" for key in ("share", "low", "high"))
    return f"{share} ({low} to {high})"
