"""The model card: what a run was, gathered from its files, written as README.md for people and hubs.

Names of corpora, stages and devices come from outside: they are text, never markup.
"""

import html
import json
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from pretrain.checkpoint import State
from pretrain.config import Config
from pretrain.models import Network
from pretrain.report import Metrics, write_whole
from pretrain.shards import Manifest, Shards

Table = list[tuple[str, str]]

_REPEATS = 4
"""Epochs after which a token's repetition is worth clearly less than a fresh one (Muennighoff et al. 2023)."""
_TOKENS_PER_WEIGHT = 20
"""Compute-optimal tokens for each weight, about (Hoffmann et al. 2022; Besiroglu et al. 2024)."""


class Stage(NamedTuple):
    """A line of the curation's books."""

    name: str
    before: str
    after: str
    kept: str


@dataclass(frozen=True)
class Facts:
    """Everything that card and run.html say, as plain text."""

    name: str
    summary: str
    uses: list[str]
    tables: dict[str, Table]
    stages: list[Stage]
    limitations: list[str]
    notes: list[str]
    settings: str
    data_digest: str
    front_matter: str
    metrics: Metrics


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
    curation = _curation(manifest.folder / "report.json")
    weights = model.matrix_parameters()
    epochs = state.tokens / (shards.tokens + len(shards))
    bits = [line["validation_bits_per_byte"] for line in metrics if line.get("validation_bits_per_byte") is not None]
    ended = (
        f"{bits[-1]:.4f} bits per byte on held-out text ({_earliest(metrics)}: {bits[0]:.4f})"
        if bits
        else "not evaluated"
    )
    return Facts(
        name=f"{config.model.architecture}-{_short(weights)}",
        summary=(
            f"A decoder of {_short(weights)} parameters in its layers ({_short(_all_weights(model))} with embedding "
            f"and head), trained from random weights to predict the next token on {state.tokens:,} tokens; {ended}."
        ),
        uses=_USES,
        tables={
            "Evaluation": _evaluation(bits, metrics, config),
            "Data": _data(manifest, shards, curation, epochs),
            "Tokenizer": _tokenizer(manifest),
            "Architecture": _architecture(config, model),
            "Optimiser and schedule": _optimiser(config),
            "Cost": _cost(state, model, hardware, precision),
        },
        stages=_stages(curation),
        limitations=_LIMITATIONS,
        notes=_notes(config, state, epochs, weights, bits, metrics),
        settings=config.to_toml(),
        data_digest=manifest.digest,
        front_matter=_front_matter(shards),
        metrics=metrics,
    )


def write(path: Path, facts: Facts) -> None:
    """Write the card."""
    write_whole(path, _ENVIRONMENT.get_template("card.md").render(facts=facts))


def plain(text: object) -> Markup:
    """Text that Markdown shows as it stands: one line, no markup of its own, no HTML, no table cell ends."""
    one_line = " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
    escaped = re.sub(r"([\\`*_\[\]{}#|~!$])", r"\\\1", one_line)
    return Markup(html.escape(escaped, quote=False).replace("://", ":&#47;&#47;").replace("@", "&#64;"))  # noqa: S704


_USES = [
    "Best for: continuing text in its corpus's style, scoring text by likelihood, zero-shot comparison of choices.",
    "Made for: comparing corpora, recipes and settings under equal conditions, and learning how such models behave.",
    "Fine-tune it before any task; for sentence or token classification an encoder of the same size does better.",
    "Not for: facts, advice, decisions about people, or unattended publication of what it writes.",
]

_LIMITATIONS = [
    "It repeats the biases, errors and gaps of its corpus; no alignment or safety training took place.",
    "A model of this size writes fluent nonsense: its statements are not knowledge.",
    "Text that occurs often in the corpus may come out verbatim.",
    "Bits per byte are measured on the held-out part of the same corpus and say nothing of other domains.",
]


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
    notes = []
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
    if not _was_evaluated(metrics):
        notes.append("Its scores on held-out text are lost: metrics.jsonl does not hold them.")
    elif not bits:
        notes.append("There was no validation text, so nothing is known of its quality on unseen text.")
    return notes


def _was_evaluated(metrics: Metrics) -> bool:
    return any("validation_bits_per_byte" in line for line in metrics)


def _earliest(metrics: Metrics) -> str:
    """What the first known score is of: the untrained model, unless the first lines of metrics.jsonl were lost."""
    steps = (line["step"] for line in metrics if line.get("validation_bits_per_byte") is not None)
    step = next(steps, 0)
    return f"step {step:,}" if step else "untrained"


def _stages(curation: dict[str, Any]) -> list[Stage]:
    found = []
    stages = curation.get("stages")
    for stage in stages if isinstance(stages, list) else []:
        before, after = _inside(stage, "in", "tokens"), _inside(stage, "out", "tokens")
        if isinstance(before, int) and isinstance(after, int):
            kept = f"{after / before:.1%}" if before else "–"
            found.append(Stage(str(stage.get("name")), f"{before:,}", f"{after:,}", kept))
    return found


def _curation(path: Path) -> dict[str, Any]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _inside(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _front_matter(shards: Shards) -> str:
    """YAML for the hub; language labels only where they look like labels, for YAML reads `no` as false."""
    labels = [name for name, _ in shards.shares("language") if re.fullmatch(r"[a-z]{2,3}", name)][:20]
    languages = ["language:", *(f'- "{label}"' for label in labels)] if labels else []
    return "\n".join(
        [*languages, "pipeline_tag: text-generation", "tags:", "- pretraining", "- from-scratch", "- sluice"]
    )


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


_ENVIRONMENT = Environment(
    loader=PackageLoader("pretrain"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_ENVIRONMENT.filters["plain"] = plain
