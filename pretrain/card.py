"""The model card: what a run was, gathered from its files, written as README.md for people and hubs.

    RUN/config.toml, checkpoints/…/state.json, metrics.jsonl     what was trained
    RUN/card.json        what the card needs of data and machine   (`pretrain.record`)

Names of corpora, stages and devices come from outside: they are text, never markup.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pretrain import card_tables, checkpoint, record, report
from pretrain.card_tables import Table, short
from pretrain.checkpoint import State
from pretrain.config import Config, load
from pretrain.errors import CheckpointError
from pretrain.evaluation import results
from pretrain.evaluation.results import Figure
from pretrain.families import CAVEATS, FAMILIES, LIMITATIONS, OBJECTIVES, Family
from pretrain.models import Network
from pretrain.record import Record, Stage
from pretrain.report import Metrics, write_whole
from pretrain.shards import Manifest, Shards

_REPEATS = 4
"""Epochs after which a token's repetition is worth clearly less than a fresh one (Muennighoff et al. 2023)."""
_TOKENS_PER_WEIGHT = 20
"""Compute-optimal tokens for each weight, about (Hoffmann et al. 2022; Besiroglu et al. 2024)."""


@dataclass(frozen=True)
class Facts:
    """Everything that card and run.html say, as plain text."""

    name: str
    summary: str
    family: Family
    tables: dict[str, Table]
    stages: list[Stage]
    limitations: list[str]
    notes: list[str]
    settings: str
    front_matter: str
    metrics: Metrics
    record: Record
    step: int


class Row(NamedTuple):
    """A figure in words."""

    task: str
    metric: str
    value: str
    interval: str
    items: str
    chance: str
    note: str


LIMITS = "limits.json"
"""Figures of `pretrain card`, in the format of evaluate.json."""


def gather(
    config: Config,
    manifest: Manifest,
    shards: Shards,
    model: Network,
    state: State,
    *,
    hardware: str,
    precision: str,
    metrics: Metrics,
    devices: int = 1,
) -> Facts:
    """Collect what is known of a run; `report.json` beside the data adds the curation's yields."""
    known = record.gather(config, manifest, shards, model, hardware=hardware, devices=devices, precision=precision)
    return compose(config, state, known, metrics)


def compose(config: Config, state: State, known: Record, metrics: Metrics) -> Facts:
    """Put into words what the files of a run say."""
    family = FAMILIES.get(known.family, FAMILIES["decoder"])
    return Facts(
        name=f"{config.model.architecture}-{short(known.layer_parameters)}",
        summary=_summary(config, state, known, metrics, family),
        family=family,
        tables=card_tables.tables(config, state, known, metrics),
        stages=known.stages,
        limitations=[LIMITATIONS[0], *family.limitations, *LIMITATIONS[1:]],
        notes=_notes(config, state, known, metrics),
        settings=config.to_toml(),
        front_matter=_front_matter(known, family),
        metrics=metrics,
        record=known,
        step=state.step,
    )


def write(path: Path, facts: Facts) -> None:
    """Write the card, and beside it card.json, from which it can be written again.

    Figures of evaluate.json and limits.json in the folder come in where they are of the same step's weights.
    """
    write_whole(path.with_name(record.NAME), facts.record.model_dump_json(indent=1) + "\n")
    page = _ENVIRONMENT.get_template("card.md").render(
        facts=facts,
        evaluated=_figures(path.with_name(results.NAME), facts.step),
        limits=_figures(path.with_name(LIMITS), facts.step),
        caveats=CAVEATS,
    )
    write_whole(path, page)


def again(run: Path) -> Facts:
    """Write the card of a run anew from its own files; raises `CheckpointError` where they do not suffice."""
    state = last_state(run)
    facts = compose(load(run / "config.toml"), state, record.read(run), report.read(run / "metrics.jsonl"))
    write(run / "README.md", facts)
    return facts


def _figures(path: Path, step: int) -> list[Row]:
    """The rows of a file of figures, those that are parts of others left out; none of other weights."""
    found = results.read(path)
    if found is None or found.step != step:
        return []
    return [_row(one) for one in found.tables if not one.detail]


def _row(one: Figure) -> Row:
    return Row(
        one.task,
        one.metric,
        _number(one.value),
        "–" if one.low is None or one.high is None else f"{_number(one.low)} to {_number(one.high)}",
        f"{one.n:,}",
        _number(one.chance),
        one.note,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def last_state(run: Path) -> State:
    """Where a run's latest checkpoint stands; raises `CheckpointError` where there is none."""
    found = checkpoint.steps(run)
    if not found:
        raise CheckpointError(f"{run}: not a run, or one without a checkpoint yet")
    return checkpoint.read_state(run, found[-1])


def plain(text: object) -> Markup:
    """Text that Markdown shows as it stands: one line, no markup of its own, no HTML, no table cell ends."""
    one_line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    escaped = re.sub(r"([\\`*_\[\]{}#|~!$])", r"\\\1", one_line)
    return Markup(html.escape(escaped, quote=False).replace("://", ":&#47;&#47;").replace("@", "&#64;"))  # noqa: S704


def _summary(config: Config, state: State, known: Record, metrics: Metrics, family: Family) -> str:
    bits = card_tables.scores(metrics)
    ended = (
        f"{bits[-1]:.4f} bits per byte on held-out text ({card_tables.earliest(metrics)}: {bits[0]:.4f})"
        if bits
        else "not evaluated"
    )
    asked = OBJECTIVES.get(config.train.objective, config.train.objective)
    return (
        f"{family.noun.capitalize()} of {short(known.layer_parameters)} parameters in its layers "
        f"({short(known.parameters)} with embedding and head), trained from random weights {asked} on "
        f"{state.tokens:,} tokens; {ended}."
    )


def _notes(config: Config, state: State, known: Record, metrics: Metrics) -> list[str]:
    notes = []
    epochs, weights = card_tables.epochs(state, known), max(1, known.layer_parameters)
    if state.step < config.train.steps:
        notes.append(f"The run stands at step {state.step:,} of {config.train.steps:,}.")
    if epochs > _REPEATS:
        notes.append(
            f"Each token was seen {epochs:.1f} times; beyond {_REPEATS} repetition teaches clearly less than new text."
        )
    if state.tokens < _TOKENS_PER_WEIGHT * weights:
        notes.append(
            f"It saw {state.tokens / weights:.1f} tokens for each weight of its layers; about {_TOKENS_PER_WEIGHT} "
            "would be compute-optimal, so it is undertrained."
        )
    if state.skipped:
        notes.append(f"{state.skipped} steps had no finite gradient and were skipped.")
    if not card_tables.was_evaluated(metrics):
        notes.append("Its scores on held-out text are lost: metrics.jsonl does not hold them.")
    elif not card_tables.scores(metrics):
        notes.append("There was no validation text, so nothing is known of its quality on unseen text.")
    return notes


def _front_matter(known: Record, family: Family) -> str:
    """YAML for the hub; language labels only where they look like labels, for YAML reads `no` as false."""
    labels = [name for name, _ in known.languages if re.fullmatch(r"[a-z]{2,3}", name)]
    languages = ["language:", *(f'- "{label}"' for label in labels)] if labels else []
    task = f"pipeline_tag: {family.pipeline_tag}"
    return "\n".join([*languages, task, "tags:", *_TAGS])


_TAGS = ("- pretraining", "- from-scratch", "- sluice")

_ENVIRONMENT = Environment(
    loader=PackageLoader("pretrain"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["plain"] = plain
