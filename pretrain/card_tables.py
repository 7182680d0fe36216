"""The tables of the model card: each a list of (name, value), plain text."""

from typing import Any

from pretrain.checkpoint import State
from pretrain.config import Config
from pretrain.energy import kilowatt_hours, power
from pretrain.record import Record
from pretrain.report import Metrics

Table = list[tuple[str, str]]

_ARCHITECTURES = {
    "nanochat": "NanoChat (ReLU², QK-norm)",
    "qwen3": "Qwen3 (SwiGLU, QK-norm)",
    "llama": "Llama (SwiGLU)",
    "modernbert": "ModernBERT (GeGLU, global attention)",
    "t5": "T5 v1.1 (gated GELU, relative positions)",
}


def tables(config: Config, state: State, record: Record, metrics: Metrics) -> dict[str, Table]:
    """Title → rows, in the order of the card."""
    return {
        "Evaluation": evaluation(config, metrics),
        "Data": data(state, record),
        "Tokenizer": tokenizer(config, record),
        "Architecture": architecture(config, record),
        "Optimiser and schedule": optimiser(config),
        "Cost": cost(state, record),
    }


def scores(metrics: Metrics) -> list[float]:
    """Every validation score of a run, in order."""
    return [line["validation_bits_per_byte"] for line in metrics if line.get("validation_bits_per_byte") is not None]


def was_evaluated(metrics: Metrics) -> bool:
    """Whether metrics.jsonl says anything of validation, be it that there was no text."""
    return any("validation_bits_per_byte" in line for line in metrics)


def earliest(metrics: Metrics) -> str:
    """What the first known score is of: the untrained model, unless the first lines of metrics.jsonl were lost."""
    steps = (line["step"] for line in metrics if line.get("validation_bits_per_byte") is not None)
    step = next(steps, 0)
    return f"step {step:,}" if step else "untrained"


def short(count: float) -> str:
    """A count as people say it: 124M, 1.5B."""
    for size, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g}{letter}"
    return f"{count:.3g}"


def epochs(state: State, record: Record) -> float:
    """How often each token was seen."""
    return state.tokens / max(1, record.text_tokens + record.documents)


def evaluation(config: Config, metrics: Metrics) -> Table:
    """What the run itself measured on held-out text."""
    bits = scores(metrics)
    losses = [line["loss"] for line in metrics if line.get("loss") is not None]
    names = (f"validation, {earliest(metrics)}", "validation, last")
    rows = [(name, f"{value:.4f} bits per byte") for name, value in zip(names, (bits[:1] + bits[-1:]), strict=False)]
    missing = "none: the split is empty" if was_evaluated(metrics) else "unknown: not in metrics.jsonl"
    rows = rows or [("validation", missing)]
    rows += [("training loss, last", f"{losses[-1]:.4f} nats a token")] if losses else []
    return [*rows, ("packing", f"documents in stored order, cut at {config.model.context} tokens")]


def data(state: State, record: Record) -> Table:
    """What it was trained on."""
    rows = [
        ("corpus", ", ".join(name for name, _ in record.sources)),
        ("documents", f"{record.documents:,}"),
        ("unique text tokens", f"{record.text_tokens:,}"),
        ("epochs", f"{epochs(state, record):.2f}"),
        ("languages", ", ".join(f"{name} ({count:,})" for name, count in record.languages[:8])),
        ("manifest sha256", record.data_digest),
        ("recipe", record.recipe),
    ]
    for key, label in (("of_raw", "yield of raw text"), ("of_extracted", "yield of extracted text")):
        if key in record.yields:
            rows.append((label, f"{record.yields[key]:.2%} of tokens"))
    return [(name, value) for name, value in rows if value]


def tokenizer(config: Config, record: Record) -> Table:
    """Its size and digest."""
    rows = [("vocabulary", f"{config.model.vocabulary:,} with reserved ids")]
    if record.bytes_per_token:
        rows.append(("bytes a token", f"{record.bytes_per_token:.2f}"))
    return rows + ([("sha256", record.tokenizer_sha256)] if record.tokenizer_sha256 else [])


def architecture(config: Config, record: Record) -> Table:
    """The shape of the network."""
    shape = config.model
    twice = f" in the encoder, {shape.decoder_layers} in the decoder" if record.family == "seq2seq" else ""
    return [
        ("family", _ARCHITECTURES.get(shape.architecture, shape.architecture)),
        ("layers", f"{shape.layers}{twice}"),
        ("width, inner width", f"{shape.width}, {shape.feedforward}"),
        ("heads, key-value heads", f"{shape.heads}, {shape.kv_heads}"),
        ("positions", _positions(shape)),
        ("head", "tied to the embedding" if shape.tied else "untied"),
        ("documents in attention", "isolated" if config.data.isolate_documents else "concatenated"),
        ("parameters in layers", f"{record.layer_parameters:,}"),
        ("parameters, all", f"{record.parameters:,}"),
    ]


def _positions(shape: Any) -> str:
    kind = "relative, in buckets" if shape.architecture == "t5" else f"rotary, θ = {shape.rope_theta:,.0f}"
    return f"{kind}; context {shape.context:,} tokens"


def optimiser(config: Config) -> Table:
    """How the weights were moved."""
    optim, train = config.optim, config.train
    name = {"muon": "Muon", "adamw": "AdamW", "adamw_scaled": "AdamW scaled by RMS"}[optim.matrices]
    return [
        ("objective", train.objective),
        ("matrices", f"{name}, peak rate {optim.matrix_learning_rate:g}, weight decay {optim.weight_decay:g}"),
        ("embedding, head", f"AdamW, peak rates {optim.embedding_learning_rate:g}, {optim.head_learning_rate:g}"),
        ("schedule", f"{optim.warmup} steps up, stable, linear over the last {optim.decay:.0%} to {optim.floor:g}"),
        ("batch", f"{train.batch} rows of {config.model.context} tokens"),
        ("steps", f"{train.steps:,}"),
        ("seeds", f"weights {train.seed}, order {config.data.seed}"),
    ]


def cost(state: State, record: Record) -> Table:
    """What it took. Energy is the device's alone, by its rated power: an estimate, with its assumption beside it."""
    drawn = power(record.hardware, record.devices)
    energy = kilowatt_hours(state.seconds, drawn.watts)
    return [
        ("hardware", record.hardware if record.devices == 1 else f"{record.devices} × {record.hardware}"),
        ("precision", f"{record.precision} matrix products, float32 weights"),
        ("time in steps", f"{state.seconds:,.0f} s"),
        ("tokens a second", f"{state.tokens / state.seconds:,.0f}" if state.seconds else "0"),
        ("floating-point operations", f"{record.flops_per_token * state.tokens:.3g}"),
        ("energy, estimated", f"{energy:.3g} kWh ({drawn.basis}; cooling and the rest of the machine left out)"),
        ("software", record.software),
    ]
