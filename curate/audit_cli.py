"""`curate audit`: whom the stages of a run took."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curate.errors import UsageError, nearest

if TYPE_CHECKING:
    from curate.audit.findings import Finding

MOST_ROWS = 60
WIDTH = 112
"""Cells that the table takes; a narrower terminal wraps its lines."""


def audit(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The output folder of a run.")],
    stage: Annotated[str | None, typer.Option(help="All groups at this stage.")] = None,
    axis: Annotated[str | None, typer.Option(help="All groups of this axis, such as religion.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all findings as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write them as a page to this file.")] = None,
) -> None:
    """Show how much of what mentions each group every stage kept, beside all other documents."""
    from curate.audit import books
    from curate.audit.findings import OVERALL, findings
    from curate.finished import require_finished
    from curate.reports import audit as reports

    require_finished(folder)
    counters = books.read(folder)
    found = findings(counters)
    _refuse_unknown("stage", stage, [OVERALL, *(name for _, stages in counters.phases for name in stages)])
    _refuse_unknown("axis", axis, sorted({finding.axis for finding in found}))
    shown = [f for f in found if stage in (None, f.stage) and axis in (None, f.axis)]
    if stage is None and axis is None and not as_json:
        shown = [f for f in shown if f.about_people and (f.verdict in ("red", "amber") or f.stage == OVERALL)]
        shown = [f for f in shown if f.verdict != "grey"]
    if html is not None:
        _write_page(folder, html, shown, reports.summary(counters), told=not as_json)
    if as_json:
        typer.echo(json.dumps([finding.as_dict() for finding in shown]))
    elif html is None:
        _print(shown, reports.sentence(reports.summary(counters)))


def _refuse_unknown(what: str, given: str | None, known: list[str]) -> None:
    if given is not None and given not in known:
        raise UsageError(f"no {what} {given!r} here{nearest(given, known)}")


def _write_page(folder: Path, target: Path, shown: "list[Finding]", summary: dict[str, object], *, told: bool) -> None:
    from curate.reports.html import audit_html
    from curate.shards import atomic, read_json

    name = read_json(folder / "manifest.json")["recipe"].get("name", "run")
    page = audit_html(name, {**summary, "findings": [finding.as_dict() for finding in shown]})
    if target.is_dir():
        raise UsageError(f"--html {target}: a folder; name a file")
    with atomic(target) as temporary:
        temporary.write_text(page, "utf-8")
    if told:
        typer.echo(str(target))


def _print(shown: "list[Finding]", sentence: str) -> None:
    from rich.console import Console

    from curate.audit.findings import REFERENCE_LINE
    from curate.reports.audit import audit_table

    console = Console()
    console = Console(width=max(console.width, WIDTH))
    if shown:
        console.print(audit_table(shown[-MOST_ROWS:]))
    if len(shown) > MOST_ROWS:
        typer.echo(f"The last {MOST_ROWS} of {len(shown):,}; --stage and --axis choose, --json gives all.\n")
    typer.echo(f"{sentence}\n\n{REFERENCE_LINE}")
