"""`curate flips`: whether a recipe's filters judge a text by the group that it names."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from curate.audit.flips import Flip

WIDTH = 100
FEWEST = 2000
"""Sentences under which the command says that they are few."""


def flips(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file, or the name of a shipped recipe.")],
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, folders or globs of text.")],
    sentences: Annotated[int, typer.Option(min=1, help="How many sentences to swap groups in, at most.")] = 4000,
    documents: Annotated[bool, typer.Option("--documents", help="Swap in whole documents instead.")] = False,
    settings: Annotated[list[str] | None, typer.Option("--set", help="Change a field: quality.model=q.bin.")] = None,
    text_field: Annotated[str, typer.Option(help="The field that holds the text.")] = "text",
    as_json: Annotated[bool, typer.Option("--json", help="Print every group's row as JSON.")] = False,
) -> None:
    """Put other groups' names into real sentences or documents, and tell which filters change their minds."""
    from rich.console import Console

    from curate.audit.flips import flips as measure
    from curate.audit.flips import sentences as cut
    from curate.audit.flips import swaps
    from curate.models_cli import read_texts
    from curate.recipe import Recipe
    from curate.stage import Filter

    loaded = Recipe.load(recipe, settings or [])
    loaded.prepare()
    stages = [stage for stage in loaded.stages if isinstance(stage, Filter) and "text" in stage.reads]
    if not stages:
        raise UsageError(f"{loaded.name}: no filter reads text")
    texts = read_texts(inputs, text_field)
    found = swaps(texts if documents else cut(texts), sentences, loaded.seed, alone=not documents)
    if not found:
        which = "no document names a group" if documents else "no sentence names exactly one group"
        raise UsageError(f"{which} that can be swapped")
    rows = measure(stages, found)
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows]))
        return
    console = Console()
    Console(width=max(console.width, WIDTH)).print(_table(rows))
    few = f"; under {FEWEST:,} say little" if len(found) < FEWEST else ""
    kind = "document" if documents else "sentence"
    typer.echo(f"{len(found):,} {kind}s with one group swapped{few}. A flip is another verdict on the same {kind}.")


def _table(rows: "list[Flip]") -> "Table":
    """Each stage as a whole, and of each the groups whose names change most."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for header in ("stage", "put in"):
        table.add_column(header, no_wrap=True)
    for header in ("swaps", "flips", "95 %", "shift", "95 %"):
        table.add_column(header, justify="right", no_wrap=True)
    for stage in dict.fromkeys(row.stage for row in rows):
        mine = [row for row in rows if row.stage == stage]
        named = sorted((r for r in mine if r.group != "any" and r.flips), key=lambda r: (-r.rate, r.axis, r.group))
        for row in [*(r for r in mine if r.axis == "any"), *named[:5]]:
            shift = "" if row.shift is None else f"{row.shift:+.3f}"
            ends = (
                "" if row.shift_low is None or row.shift_high is None else f"{row.shift_low:+.3f} {row.shift_high:+.3f}"
            )
            name = "any" if row.axis == "any" else f"{row.axis}.{row.group}"
            share = (f"{100 * row.rate:.2f}%", f"{100 * row.low:.2f}–{100 * row.high:.2f}")
            table.add_row(stage, name, f"{row.swaps:,}", *share, shift, ends)
    return table
