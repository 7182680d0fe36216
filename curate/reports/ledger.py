"""The books as lines: what came in, what every stage took and why, what is left, and what comes out.

A line is what all forms of the yield table show. Lines add up: within a stage, what is left is what
came in, less all lines of the stage but the flagged ones.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from curate.report import Tally, total
from curate.reports import figures

MOST_REASONS = 40
"""Reasons a stage's lines show one by one; the rest is one line."""
MOST_VALUES = 5
"""Allowed values that a label spells out."""

Kind = Literal["input", "dropped", "quarantined", "rewritten", "flagged", "left", "output"]
Books = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One line of the yield table: its tally is what was taken, or what is there."""

    kind: Kind
    stage: str
    label: str
    tally: Tally
    reason: str = ""

    @property
    def taken(self) -> bool:
        """Whether the line is subtracted from what came in."""
        return self.kind in {"dropped", "quarantined", "rewritten"}


def ledger(report: Books) -> list[Line]:
    """All lines of a report, in the order in which documents meet the stages."""
    lines = [Line("input", "", "input", Tally(**report["input"]))]
    recipe = settled(report)
    found = _table(report.get("ablation")).get("stages", [])
    deltas = {one["stage"]: f"; Δ {one['delta']:+.4f} bits a byte" for one in found if not one["own"]}
    for stage in report["stages"]:
        lines += stage_lines(stage, recipe, deltas.get(stage["name"], ""))
    return [*lines, Line("output", "", "output" if finished(report) else "so far", Tally(**report["output"]))]


def finished(report: Books) -> bool:
    """Whether these are the books of a whole run, and not those of one that was stopped."""
    return bool(report.get("finished", True))


def weighed(report: Books) -> tuple[Books, str]:
    """A report whose tallies hold, as `tokens`, what the page weighs text by, and that unit's name.

    That is tokens, or bytes where the run counted none.
    """
    if _table(_table(report.get("recipe")).get("output")).get("tokens", True):
        return report, "tokens"
    return _in_bytes(report), "bytes"


def _in_bytes(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return [_in_bytes(item) for item in value] if isinstance(value, list) else value
    if value.keys() == Tally().as_dict().keys():
        return {**value, "tokens": value["bytes"]}
    return {key: inner if key == "recipe" else _in_bytes(inner) for key, inner in value.items()}


def settled(books: Books) -> Books:
    """The recipe of a report or manifest with the bounds that its pilot found in place of the shares asked for."""
    recipe, cuts = books.get("recipe", {}), books.get("cuts", {})
    if not cuts:
        return _table(recipe)
    named = [(str(fields.get("name") or fields.get("use")), fields) for fields in recipe.get("stage", [])]
    return {**recipe, "stage": [{**fields, **cuts.get(name, {}).get("fields", {})} for name, fields in named]}


def stage_lines(stage: Books, recipe: Books, delta: str = "") -> Iterator[Line]:
    """A stage's lines: the largest cuts first, then flags, then what is left, and what models made of that."""
    name = stage["name"]
    rewritten = Tally(**stage["rewritten"])
    if rewritten != Tally():
        yield Line("rewritten", name, "rewritten" if rewritten.bytes >= 0 else "rewritten, longer", rewritten)
    kinds: tuple[Kind, ...] = ("dropped", "quarantined", "flagged")
    for kind in kinds:
        yield from _largest(kind, name, stage[kind], recipe)
    yield Line("left", name, f"left{delta}", Tally(**stage["out"]))


def _largest(kind: Kind, stage: str, tallies: Books, recipe: Books) -> Iterator[Line]:
    found = [Line(kind, stage, shown(recipe, stage, key), Tally(**tally), key) for key, tally in tallies.items()]
    found.sort(key=lambda line: (-line.tally.documents, -line.tally.tokens, line.reason))
    if len(found) <= MOST_REASONS:
        yield from found
        return
    rest = found[MOST_REASONS - 1 :]
    yield from found[: MOST_REASONS - 1]
    yield Line(kind, stage, f"{len(rest)} more reasons", total(line.tally for line in rest))


def stage_fields(recipe: Books, name: str) -> Books:
    """The recipe's table for a stage, by the stage's name; empty where there is none."""
    if name == "ingest":
        return _table(recipe.get("ingest"))
    found = (fields for fields in recipe.get("stage", []) if (fields.get("name") or fields.get("use")) == name)
    return next(found, {})


def fields_of(recipe: Books, name: str, row: Books) -> Books:
    """As `stage_fields`, with what is its own in the language of a document."""
    fields = stage_fields(recipe, name)
    tables = _table(fields.get("by_language"))
    label = next((column["label"] for column in row.values() if isinstance(column, dict) and "label" in column), None)
    merged = dict(fields)
    for key, value in _table(tables.get(str(label))).items():
        merged[key] = {**_table(merged.get(key)), **value} if isinstance(value, dict) else value
    return merged


def shown(recipe: Books, stage: str, reason: str, space: str = figures.SPACE) -> str:
    """A reason as a sentence with the recipe's limit: `gopher.words.min` → `words < 50`; else the key itself."""
    rule = reason.removeprefix(f"{stage}.")
    fields = stage_fields(recipe, stage)
    signal, _, bound = rule.rpartition(".")
    tables = _table(fields.get("by_language")).values()
    if any(rule in own or bound in _table(own.get(signal)) for own in tables):
        told = shown({"stage": [{**fields, "by_language": {}}]}, stage, reason, space)
        return f"{told} (by language)"
    limits = _table(fields.get(signal))
    if bound in {"min", "max"} and _number(limits.get(bound)):
        return f"{signal} {'<' if bound == 'min' else '>'} {figures.limit(limits[bound], space)}"
    value = fields.get(rule)
    if _number(_table(value).get("min")) and _number(_table(value).get("max")):
        low, high = (figures.limit(_table(value)[end], space) for end in ("min", "max"))
        return f"{rule} not in {low} to {high}"
    if isinstance(value, list) and value:
        more = f" and {len(value) - MOST_VALUES} more" if len(value) > MOST_VALUES else ""
        return f"{rule} not in {', '.join(str(one) for one in value[:MOST_VALUES])}{more}"
    if rule.startswith(("max_", "min_")) and _number(value):
        return f"{rule[4:]} {'>' if rule.startswith('max_') else '<'} {figures.limit(value, space)}"
    return rule or reason


def _table(value: object) -> Books:
    return value if isinstance(value, dict) else {}


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) != float("inf")
