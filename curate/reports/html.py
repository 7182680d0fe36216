"""`report.html`: one page that needs nothing but itself, and that no text in it can make do anything.

No scripts, no outside resource, a content security policy that admits one style sheet by its hash.
All that is shown goes through the template engine's escaping, names and texts through `hostile` first.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from curate.report import Tally, total
from curate.reports import charts, figures, hostile
from curate.reports.audit import forest
from curate.reports.ledger import Books, Line, ledger, settled, shown, weighed
from curate.reports.toml import toml
from curate.reports.yields import FEWEST, ablated, cuts, published

EXCERPT = 300
"""Characters of a dropped document that the page shows at most."""
NAME_CELLS = 120
LONGEST_LINK = 2000
MOST_SKIPPED = 50
SPACE = figures.NARROW


def report_html(report: Books, manifest: Books | None, samples: Sequence[Books] = ()) -> str:
    """The report as one self-contained HTML page.

    `samples` are dropped documents, `{stage, reason, id, url, text}` each, shown as folded excerpts.
    """
    report, unit = weighed(report)
    lines, falls = ledger(report), charts.waterfalls(report)
    return (
        _environment()
        .get_template("report.html")
        .render(
            **_style(),
            name=hostile.short(report.get("recipe", {}).get("name", "run"), NAME_CELLS),
            report=report,
            unit=unit,
            manifest=manifest or {},
            lines=lines,
            whole=lines[0].tally,
            waterfalls=falls,
            kinds={part.kind for chart in falls for step in chart.steps for part in step.segments},
            languages=charts.flows(report["by_language"]),
            sources=charts.flows(report["by_source"]),
            flagged=_marked(report, lines, "flagged"),
            quarantined=_marked(report, lines, "quarantined"),
            skipped=report.get("skipped", []),
            most_skipped=MOST_SKIPPED,
            guards=_guards(report),
            forest=forest(report["audit"]) if report.get("audit") else None,
            timings=_timings(report),
            folders=_folders((manifest or {}).get("files", [])),
            samples=_samples(samples, settled(report)),
            cuts=[*cuts(report, SPACE), *ablated(report)],
            told={stage: rows for stage, rows in report.get("told", {}).items() if rows},
            policies=_policies(report),
            published=published(),
            toml=hostile.visible(toml(report.get("recipe", {})), lines=True),
        )
    )


def audit_html(name: object, audit: Books) -> str:
    """The findings of an audit as one self-contained page; `audit` as in `report.json`."""
    page = _environment().get_template("audit_page.html")
    return page.render(**_style(), name=hostile.short(name, NAME_CELLS), forest=forest(audit))


def _style() -> dict[str, Any]:
    """The pages' style sheet, and a policy that admits it alone."""
    style = (Path(__file__).parent / "style.html").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return {"style": Markup(style), "policy": policy}  # noqa: S704 - a file of this package


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": lambda value: figures.grouped(value, SPACE),
        "signed": lambda value: figures.signed(value, SPACE),
        "size": lambda value: figures.size(value, SPACE),
        "duration": lambda value: figures.duration(value, SPACE),
        "bdi": _isolated,
        "excerpt": lambda text: hostile.excerpt(text, EXCERPT, lines=True),
    }
    environment.globals |= {"share": figures.share, "link": _link}
    return environment


def _isolated(text: object) -> Markup:
    """A name from outside: visible, of bounded length, and isolated from the direction of its surroundings."""
    return Markup("<bdi>{}</bdi>").format(hostile.short(text, NAME_CELLS))


def _link(url: object) -> Markup:
    """An http(s) URL as a link that tells its target nothing; anything else as text."""
    text = str(url or "")
    if not _followable(text):
        return _isolated(text)
    return Markup('<a href="{}" rel="noreferrer nofollow noopener">{}</a>').format(text, _isolated(text))


def _followable(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    plain = hostile.visible(url) == url and not any(c.isspace() for c in url)
    return plain and parts.scheme in {"http", "https"} and bool(parts.netloc) and len(url) <= LONGEST_LINK


def _policies(report: Books) -> list[dict[str, Any]]:
    """Per policy the lines of its table: marks, bands, groups that enough documents mention, and the whole."""
    tables = []
    for policy in report.get("policy", []):
        marks = [(f"{one['mark']}: {_doing(one)}", one) for one in policy["marks"]]
        groups = [(group, one) for group, one in policy["groups"].items() if one["documents"] >= FEWEST]
        groups.sort(key=lambda item: (-item[1]["lost"] / max(item[1]["tokens"], 1), item[0]))
        parts = [("mark", marks), ("band", list(policy["bands"].items())), ("mentions", groups)]
        lines = [(kind, name, line) for kind, part in parts for name, line in part]
        tables.append({"stage": policy["stage"], "lines": [*lines, ("all", "", policy["all"])]})
    return tables


def _doing(mark: Books) -> str:
    return f"weight {mark['weight']:g}" if mark["do"] == "weight" else str(mark["do"])


def _marked(report: Books, lines: Sequence[Line], kind: str) -> list[tuple[Line, int]]:
    """The lines of a kind, each with the number of documents that came into its stage."""
    came = {stage["name"]: stage["in"]["documents"] for stage in report["stages"]}
    return [(line, came[line.stage]) for line in lines if line.kind == kind]


def _guards(report: Books) -> list[dict[str, Any]]:
    """Per guarded stage, the share of documents it took and the share it may take."""
    stages = {stage["name"]: stage for stage in report["stages"]}
    rows = []
    for name, band in report.get("recipe", {}).get("guard", {}).items():
        if name in stages and isinstance(band, Mapping):
            came = stages[name]["in"]["documents"]
            took = total(Tally(**tally) for tally in stages[name]["dropped"].values()).documents
            limit = float(band.get("max_drop", 1))
            rows.append({"stage": name, "took": took, "came": came, "limit": limit, "held": took <= limit * came})
    return rows


def _timings(report: Books) -> list[dict[str, Any]]:
    """Per stage, the seconds that all workers spent in it together, and the text it took in per second of those."""
    longest = max([stage["seconds"] for stage in report["stages"]], default=0) or 1
    return [
        {
            "stage": stage["name"],
            "kind": stage["kind"],
            "seconds": stage["seconds"],
            "rate": stage["in"]["bytes"] / stage["seconds"] / 1e6 if stage["seconds"] >= 0.001 else None,
            "width": round(100 * stage["seconds"] / longest, 3),
        }
        for stage in report["stages"]
    ]


def _folders(files: Sequence[Books]) -> list[dict[str, Any]]:
    """The manifest's files, summed by folder."""
    found: dict[str, dict[str, Any]] = {}
    for file in files:
        folder = str(file["path"]).rpartition("/")[0] or "."
        row = found.setdefault(folder, {"folder": folder, "files": 0, "bytes": 0, "rows": 0, "tokens": 0})
        row["files"] += 1
        for key in ("bytes", "rows", "tokens"):
            row[key] += file.get(key) or 0
    return list(found.values())


def _samples(samples: Sequence[Books], recipe: Books) -> list[tuple[str, str, list[Books]]]:
    """Dropped documents by stage and reason, in the order in which they came."""
    order = {pair: i for i, pair in enumerate(dict.fromkeys((str(s["stage"]), str(s["reason"])) for s in samples))}
    ranked = sorted(samples, key=lambda s: order[str(s["stage"]), str(s["reason"])])
    groups = groupby(ranked, key=lambda s: (str(s["stage"]), str(s["reason"])))
    return [(stage, shown(recipe, stage, reason, SPACE), list(rows)) for (stage, reason), rows in groups]
