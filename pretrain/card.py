"""The model card: what a run was, gathered from its files, written as README.md for people and hubs.

    RUN/config.toml, checkpoints/…/state.json, metrics.jsonl     what was trained
    RUN/card.json        what the card needs of data and machine   (`pretrain.record`)

Names of corpora, stages and devices come from outside: they are text, never markup.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pretrain import card_tables, checkpoint, record
from pretrain.card_tables import Table, short
from pretrain.checkpoint import State
from pretrain.config import Config
from pretrain.errors import CheckpointError
from pretrain.families import FAMILIES, LIMITATIONS, OBJECTIVES, Family
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
) -> Facts:
    """Collect what is known of a run; `report.json` beside the data adds the curation's yields."""
    return compose(
        config, state, record.gather(manifest, shards, model, hardware=hardware, precision=precision), metrics
    )


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
    )


def write(path: Path, facts: Facts) -> None:
    """Write the card, and beside it card.json, from which it can be written again."""
    write_whole(path.with_name(record.NAME), facts.record.model_dump_json(indent=1) + "\n")
    write_whole(path, _ENVIRONMENT.get_template("card.md").render(facts=facts))


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


<<<<<<< HEAD
def _evaluation(bits: list[float], metrics: Metrics, config: Config) -> Table:
    losses = [line["loss"] for line in metrics if line.get("loss") is not None]
    names = (f"validation, {_earliest(metrics)}", "validation, last")
    rows = [(name, f"{value:.4f} bits per byte") for name, value in zip(names, (bits[:1] + bits[-1:]), strict=False)]
    missing = "none: the split is empty" if _was_evaluated(metrics) else "unknown: not in metrics.jsonl"
    rows = rows or [("validation", missing)]
    rows += [("training loss, last", f"{losses[-1]:.4f} nats a token")] if losses else []
    return [*rows, ("packing", f"documents in stored order, cut at {config.model.context} tokens")]


def _data(manifest: Manifest, shards: Shards, curation: dict[str, Any], epochs: float) -> Table:
    recipe = curation.get("recipe")
    rows = [
        ("corpus", ", ".join(name for name, _ in shards.shares("source")[:8])),
        ("documents", f"{len(shards):,}"),
        ("unique text tokens", f"{shards.tokens:,}"),
        ("epochs", f"{epochs:.2f}"),
        ("languages", ", ".join(f"{name} ({count:,})" for name, count in shards.shares("language")[:8])),
        ("manifest sha256", manifest.digest),
    ]
    if isinstance(recipe, dict) and "name" in recipe:
        rows.append(("recipe", str(recipe["name"])))
    for key, label in (("of_raw", "yield of raw text"), ("of_extracted", "yield of extracted text")):
        share = _inside(curation, "yield", key, "tokens")
        if isinstance(share, (int, float)):
            rows.append((label, f"{share:.2%} of tokens"))
    return [(name, value) for name, value in rows if value]


def _tokenizer(manifest: Manifest) -> Table:
    rows = [("vocabulary", f"{manifest.vocabulary:,} with reserved ids")]
    said = manifest.counts.get("train", {})
    if said.get("bytes") and said.get("tokens"):
        rows.append(("bytes a token", f"{said['bytes'] / said['tokens']:.2f}"))
    return rows + ([("sha256", manifest.tokenizer_sha256)] if manifest.tokenizer_sha256 else [])


def _architecture(config: Config, model: Network) -> Table:
    shape = config.model
    kinds = {"nanochat": "NanoChat (ReLU², QK-norm)", "qwen3": "Qwen3 (SwiGLU, QK-norm)", "llama": "Llama (SwiGLU)"}
    return [
        ("family", kinds[shape.architecture]),
        ("layers", str(shape.layers)),
        ("width, inner width", f"{shape.width}, {shape.feedforward}"),
        ("heads, key-value heads", f"{shape.heads}, {shape.kv_heads}"),
        ("positions", f"rotary, θ = {shape.rope_theta:,.0f}; context {shape.context:,} tokens"),
        ("head", "tied to the embedding" if shape.tied else "untied"),
        ("documents in attention", "isolated" if config.data.isolate_documents else "concatenated"),
        ("parameters in layers", f"{model.matrix_parameters():,}"),
        ("parameters, all", f"{_all_weights(model):,}"),
    ]


def _optimiser(config: Config) -> Table:
    optim, train = config.optim, config.train
    name = "Muon" if optim.matrices == "muon" else "AdamW"
    return [
        ("matrices", f"{name}, peak rate {optim.matrix_learning_rate:g}, weight decay {optim.weight_decay:g}"),
        ("embedding, head", f"AdamW, peak rates {optim.embedding_learning_rate:g}, {optim.head_learning_rate:g}"),
        ("schedule", f"{optim.warmup} steps up, stable, linear over the last {optim.decay:.0%} to {optim.floor:g}"),
        ("batch", f"{train.batch} rows of {config.model.context} tokens"),
        ("steps", f"{train.steps:,}"),
        ("seeds", f"weights {train.seed}, order {config.data.seed}"),
    ]


def _cost(state: State, model: Network, hardware: str, precision: str) -> Table:
    flops = model.flops_per_token() * state.tokens
    return [
        ("hardware", hardware),
        ("precision", f"{precision} matrix products, float32 weights"),
        ("time in steps", f"{state.seconds:,.0f} s"),
        ("tokens a second", f"{state.tokens / state.seconds:,.0f}" if state.seconds else "0"),
        ("floating-point operations", f"{flops:.3g}"),
        (
            "software",
            f"sluice-corpus {_version('sluice-corpus')}, torch {_version('torch')}, Python {platform.python_version()}",
        ),
    ]


def _notes(config: Config, state: State, epochs: float, weights: int, bits: list[float], metrics: Metrics) -> list[str]:
=======
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
    return "\n".join([*languages, task, "library_name: transformers", "tags:", *_TAGS])


<<<<<<< HEAD
def _all_weights(model: Network) -> int:
    return sum(weight.numel() for weight in model.parameters())


def _short(count: int) -> str:
    for size, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return str(count)


def _version(package: str) -> str:
    try:
        return version(package)
    except ImportError:
        return "unknown"

=======
_TAGS = ("- pretraining", "- from-scratch", "- sluice")

_ENVIRONMENT = Environment(
    loader=PackageLoader("pretrain"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["plain"] = plain
