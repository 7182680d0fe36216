"""Single documents in a terminal, as `curate inspect` shows them; their text cannot drive it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from curate.reports import figures, hostile
from curate.reports.ledger import Books, fields_of, shown

EXCERPT = 600
EXCERPT_LINES = 12
NAME_CELLS = 160
MOST_SIGNALS = 24


class Broken(NamedTuple):
    """A signal outside its limit."""

    signal: str
    value: Any
    limit: str

    def __str__(self) -> str:
        return f"{hostile.short(self.signal, 40)} {_value(self.value)} {self.limit}"


def documents(rows: Sequence[Books], recipe: Books | None = None, characters: int = EXCERPT) -> Group:
    """Rows of `dropped/`, `quarantine/` or `documents/`, one below the other."""
    return Group(*(dropped_document(row, recipe, characters) for row in rows))


def dropped_document(
    row: Books, recipe: Books | None = None, characters: int = EXCERPT, more: Sequence[RenderableType] = ()
) -> RenderableType:
    """One document: what it is, why it left, which signals broke which limits, `more`, and how it begins."""
    parts: list[RenderableType] = [_heading(row, recipe or {})]
    parts += [line for line in (_address(row), _signals(row, recipe or {}), _error(row)) if line is not None]
    text = row.get("text")
    parts += more
    if text is not None:
        parts.append(Padding(_excerpt(str(text), characters), (0, 0, 0, 4)))
    return Padding(Group(*parts), (0, 0, 1, 0))


def broken(row: Books, recipe: Books, stage: str) -> Iterator[Broken]:
    """The signals of a stage that lie outside the recipe's limits, in the recipe's order."""
    signals = row.get(stage)
    if not isinstance(signals, Mapping):
        return
    for key, limit in fields_of(recipe, stage, row).items():
        value = signals.get(key)
        if value is None:
            continue
        if isinstance(limit, list) and limit and isinstance(value, str) and value not in limit:
            yield Broken(key, value, f"not in {hostile.short(', '.join(map(str, limit)), 60)}")
        elif isinstance(limit, Mapping) and isinstance(value, (int, float)):
            yield from _outside(key, value, limit)


def _outside(signal: str, value: float, limit: Books) -> Iterator[Broken]:
    low, high = limit.get("min"), limit.get("max")
    if isinstance(low, (int, float)) and value < low:
        yield Broken(signal, value, f"< {figures.limit(low)}")
    if isinstance(high, (int, float)) and value > high:
        yield Broken(signal, value, f"> {figures.limit(high)}")


def largest_clusters(clusters: Sequence[Any]) -> RenderableType:
    """Clusters by `size`: the `id` of the document that stays, and its `beginning`."""
    parts: list[RenderableType] = [Text("largest clusters, each by the document that stays", style="bold")]
    for cluster in clusters:
        parts.append(Text(f"  {figures.grouped(cluster.size)} documents  {hostile.short(cluster.id, NAME_CELLS)}"))
        parts.append(Padding(_excerpt(cluster.beginning, EXCERPT), (0, 0, 0, 4)))
    return Group(*parts)


def _heading(row: Books, recipe: Books) -> Text:
    heading = Text(hostile.short(row.get("id") or row.get("place") or "?", NAME_CELLS), style="bold")
    reason = row.get("reason")
    if reason:
        stage = _stage(row)
        says = hostile.short(shown(recipe, stage, str(reason)), NAME_CELLS)
        heading.append(f"  {hostile.short(stage, 40)}: {says}", style="bold red")
    return heading


def _stage(row: Books) -> str:
    return str(row.get("stage") or str(row.get("reason") or "").partition(".")[0])


def _address(row: Books) -> Text | None:
    """URL, place, source, date and size, as far as they are known."""
    found = [str(row[key]) for key in ("url", "date") if row.get(key)]
    found += [f"{key} {row[key]}" for key in ("place", "source") if row.get(key)]
    found += [f"{figures.grouped(row[key])} {key}" for key in ("tokens", "bytes") if isinstance(row.get(key), int)]
    return Text("  " + " · ".join(hostile.short(one, NAME_CELLS) for one in found), style="dim") if found else None


def _signals(row: Books, recipe: Books) -> Text | None:
    """What broke, by stage, then what else the stage of the reason measured."""
    own = _stage(row)
    stages = dict.fromkeys([own, *(key for key, value in row.items() if isinstance(value, Mapping))])
    line = Text("  ")
    named: set[str] = set()
    for stage in stages:
        for one in broken(row, recipe, stage):
            prefix = "" if stage == own else f"{hostile.short(stage, 40)}."
            line.append(f"{prefix}{one}", style="red" if stage == own else "yellow").append("  ")
            named |= {one.signal} if stage == own else set()
    rest = row.get(own)
    others = {k: v for k, v in rest.items() if k not in {*named, "broken"}} if isinstance(rest, Mapping) else {}
    for key in list(others)[:MOST_SIGNALS]:
        if others[key] is not None and not isinstance(others[key], (list, Mapping)):
            line.append(f"{hostile.short(key, 40)} {_value(others[key])}  ", style="dim")
    return line if line.plain.strip() else None


def _value(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return hostile.short(value, 40)
    return figures.grouped(value) if isinstance(value, int) else f"{value:.6g}"


def _error(row: Books) -> Text | None:
    return Text(f"  {hostile.short(row['error'], 300)}", style="yellow") if row.get("error") else None


def _excerpt(text: str, characters: int) -> Text:
    """The beginning of the text, blank lines left out, control characters shown instead of sent."""
    lines = [line.expandtabs(4) for line in hostile.excerpt(text, characters, lines=True).split("\n") if line.strip()]
    more = ["…"] if len(lines) > EXCERPT_LINES else []
    return Text("\n".join([*lines[:EXCERPT_LINES], *more]) or "(empty)", overflow="fold")
