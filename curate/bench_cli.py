"""The commands that measure what the stages do, on data that the user has."""

from pathlib import Path
from typing import Annotated

import typer

from curate.errors import CurateError, UsageError, nearest

bench_app = typer.Typer(help="Measure the stages on labelled data.", no_args_is_help=True, rich_markup_mode=None)


@bench_app.callback()
def _bench() -> None:
    """Measure the stages on labelled data."""


@bench_app.command("harm", epilog="Example: curate bench harm --data ../shared/data --only hatecheck")
def harm(
    data: Annotated[Path, typer.Option(help="Folder whose sub-folders are the sets, such as tox_hatecheck.")],
    only: Annotated[list[str] | None, typer.Option(help="A section; may be given several times.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Put the sections into the page.")] = False,
    page: Annotated[Path, typer.Option(help="The page to write into.")] = Path("docs/audit.md"),
) -> None:
    """Measure toxicity, bias and personal data stages: every section of docs/audit.md whose sets are there."""
    from curate.harm import SECTIONS
    from curate.harm import page as pages
    from curate.harm.sets import MissingSetError

    if not data.is_dir():
        raise UsageError(f"--data {data}: no such folder")
    if unknown := [name for name in only or [] if name not in SECTIONS]:
        raise UsageError(f"--only {unknown[0]}: no such section{nearest(unknown[0], SECTIONS)}")
    made = {}
    for name in only or SECTIONS:
        try:
            made[name] = f"{SECTIONS[name](data)}\n\n{pages.taken(pages.commit(Path.cwd()))}"
        except MissingSetError as missing:
            typer.echo(f"{name}: left out: {missing}", err=True)
            continue
        typer.echo(pages.marked(name, made[name]))
    if not made:
        raise CurateError("no section could be measured")
    if write:
        pages.write(page, made)
