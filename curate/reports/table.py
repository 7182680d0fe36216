"""The yield table: to the token where everything went, or to the byte. For the terminal, as plain text, as Markdown."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from curate.report import Tally
from curate.reports import figures, hostile
from curate.reports.ledger import Books, Line, finished, ledger, weighed
from curate.reports.yields import ablated, cuts, elsewhere, policies, told, yields

HEADER = ("", "", "documents", "")
"""What stands above the first four of six columns; the others weigh text, in tokens or bytes."""
LABEL_CELLS = 44
STAGE_CELLS = 20
LEAST_CELLS = 10
GAP = 2
"""Cells between two columns."""
UNBOUNDED = 1000
STYLES = {
    "input": "bold",
    "dropped": "",
    "quarantined": "yellow",
    "rewritten": "cyan",
    "flagged": "magenta",
    "left": "dim",
    "output": "bold green",
}


def yield_table(report: Books, manifest: Books | None = None, width: int | None = None) -> Group:
    """The yield table for a terminal; where `width` is too narrow, shares go first, then labels are cut."""
    rows, header = _rows(report, manifest), _header(report)
    columns, widths = _fitted(rows, header, width)
    table = Table(
        box=box.HORIZONTALS,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1, 0, 0),
        header_style="dim",
    )
    for column in columns:
        table.add_column(header[column], justify="left" if column < 2 else "right", no_wrap=True)
    for line, cells in rows:
        if line.kind == "output":
            table.add_section()
        shown = [hostile.short(cells[i], widths[i]) if i < 2 else cells[i] for i in columns]
        table.add_row(*(Text(cell, style=STYLES[line.kind]) for cell in shown))
    below = Text("\n".join(sentences(report)), style="dim")
    return Group(Text(title(report), style="bold"), "", table, "", below)


def _header(report: Books) -> tuple[str, ...]:
    return (*HEADER, weighed(report)[1], "")


def _fitted(
    rows: Sequence[tuple[Line, list[str]]], header: Sequence[str], width: int | None
) -> tuple[list[int], list[int]]:
    """The columns that fit, and the cells of each: numbers are never cut, names may shrink to `LEAST_CELLS`."""
    widths = [max(cell_len(cells[i]) for cells in (header, *(cells for _, cells in rows))) for i in range(6)]
    columns = list(range(6))
    room = _room(columns, widths, width)
    for share in (5, 3):
        if room < 2 * LEAST_CELLS:
            columns.remove(share)
            room = _room(columns, widths, width)
    stage = min(widths[0], max(room // 3, LEAST_CELLS))
    return columns, [stage, min(widths[1], max(room - stage, LEAST_CELLS)), *widths[2:]]


def _room(columns: Sequence[int], widths: Sequence[int], width: int | None) -> int:
    """Cells left for names beside the numbers and the gaps between columns."""
    numbers = sum(widths[i] for i in columns if i > 1)
    return (width or UNBOUNDED) - numbers - GAP * (len(columns) - 1)


def yield_text(report: Books, manifest: Books | None = None) -> str:
    """The yield table as plain text, columns aligned; ends with a line feed."""
    rows = _rows(report, manifest)
    grid = [list(_header(report)), *(cells for _, cells in rows)]
    widths = [max(cell_len(row[i]) for row in grid) for i in range(6)]
    lines = ["  ".join(_padded(cell, i, widths) for i, cell in enumerate(row)).rstrip() for row in grid]
    rule = "─" * max(cell_len(line) for line in lines)
    body = [lines[0], rule, *lines[1:-1], rule, lines[-1]]
    return "\n".join([title(report), "", *body, "", *sentences(report)]) + "\n"


def _padded(cell: str, column: int, widths: Sequence[int]) -> str:
    space = " " * (widths[column] - cell_len(cell))
    return cell + space if column < 2 else space + cell


def yield_markdown(report: Books, manifest: Books | None = None) -> str:
    """The yield table as a GitHub-flavoured Markdown table, hostile names escaped; ends with a line feed."""
    lines = [
        f"**{hostile.markdown(title(report, figures.NARROW))}**",
        "",
        f"| stage | | documents | share | {weighed(report)[1]} | share |",
        "|:--|:--|--:|--:|--:|--:|",
    ]
    for line, cells in _rows(report, manifest, figures.NARROW):
        escaped = [hostile.markdown(cell.strip()) if cell.strip() else "" for cell in cells]
        bold = line.kind in {"input", "output"}
        lines.append("| " + " | ".join(f"**{cell}**" if bold and cell else cell for cell in escaped) + " |")
    return (
        "\n".join([*lines, "", *(f"- {hostile.markdown(line)}" for line in sentences(report, figures.NARROW))]) + "\n"
    )


def title(report: Books, space: str = figures.SPACE) -> str:
    """`web-en · 1 200 000 documents · 6.1 GB`: the recipe and what it was given."""
    recipe = hostile.short(report.get("recipe", {}).get("name", "run"), LABEL_CELLS)
    given = Tally(**report["input"])
    documents = "document" if given.documents == 1 else "documents"
    return f"{recipe} · {figures.grouped(given.documents, space)} {documents} · {figures.size(given.bytes, space)}"


def sentences(report: Books, space: str = figures.SPACE) -> list[str]:
    """What stands below the table: yields, cuts, benchmarks' items, and what others have published."""
    if not finished(report):
        return [*cuts(report, space), *told(report, space)]
    told_ = [*cuts(report, space), *told(report, space), *policies(report, space), *ablated(report)]
    return [*yields(report), *told_, elsewhere()]


def _rows(report: Books, manifest: Books | None, space: str = figures.SPACE) -> list[tuple[Line, list[str]]]:
    """Each line with its six cells: stage, label, documents, their share, tokens (or bytes), their share."""
    lines = ledger(weighed(report)[0])
    whole = lines[0].tally
    padding = " " if any(line.kind == "flagged" for line in lines) else ""
    rows, stage = [], ""
    for line in lines:
        first = line.stage != stage or line.kind in {"input", "output"}
        stage = line.stage
        rows.append((line, [*_names(line, manifest, first=first), *_numbers(line, whole, padding, space)]))
    return rows


def _names(line: Line, manifest: Books | None, *, first: bool) -> tuple[str, str]:
    if line.kind == "input":
        return "input", ""
    if line.kind == "output":
        return line.label, _shards(manifest)
    prefix = f"{line.kind}: " if line.kind in {"quarantined", "flagged"} else ""
    label = prefix + hostile.short(line.label, LABEL_CELLS - len(prefix))
    return hostile.short(line.stage, STAGE_CELLS) if first else "", label


def _shards(manifest: Books | None) -> str:
    """How many token shards the output stands in."""
    files: Sequence[Mapping[str, Any]] = (manifest or {}).get("files", [])
    count = sum(str(file["path"]).startswith("tokens/") and str(file["path"]).endswith(".arrow") for file in files)
    return f"{count} token shard{'' if count == 1 else 's'}" if manifest and manifest.get("vocabulary", 1) else ""


def _numbers(line: Line, whole: Tally, padding: str, space: str) -> list[str]:
    """Counts and shares; what was taken bears a sign, what is only flagged stands in brackets."""
    cells = []
    for mine, all_ in ((line.tally.documents, whole.documents), (line.tally.tokens, whole.tokens)):
        if line.kind == "rewritten" and not mine:
            cells += ["", ""]
            continue
        number = figures.signed(-mine, space) if line.taken else figures.grouped(mine, space)
        share = "" if line.kind == "input" else figures.share(mine, all_)
        if line.kind == "flagged":
            cells += [f"({number})", f"({share})"]
        else:
            cells += [number + padding, share + padding]
    return cells
