"""What a run is: four frozen sections, read from TOML, overridden by `--set section.key=value`.

Every field that changes the result is here and nowhere else; `to_toml` writes all of them out, so
that a run's `config.toml` alone repeats it. Unknown keys fail and name the nearest right one.
"""

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, model_validator

from pretrain.errors import ConfigError
from pretrain.lengths import Objective, lengths
from pretrain.sections import Optim, Section
from pretrain.tokens import SENTINELS

__all__ = ["Config", "Data", "Model", "Optim", "Section", "Train", "load"]

SEEDS = 2**63
"""Seeds are below it: what TOML, torch and NumPy all hold."""

Family = Literal["decoder", "encoder", "seq2seq"]

_FAMILIES: dict[str, Family] = {
    "nanochat": "decoder", "qwen3": "decoder", "llama": "decoder", "modernbert": "encoder", "t5": "seq2seq",
}  # fmt: skip

OBJECTIVES: dict[Family, tuple[Objective, ...]] = {
    "decoder": ("clm",), "encoder": ("mlm",), "seq2seq": ("span", "prefix", "ul2"),
}  # fmt: skip
"""What each family can be asked."""

RUN_OPTIONS = frozenset(
    {"train.keep", "train.checkpoint_every", "train.device", "train.threads", "train.parallel", "train.log"}
)
"""Keys that may differ between a run and its resumption: they do not say what is learnt."""


_SHORTEST = 8
"""Inputs that hold a corrupted row with room for its marks."""


class Model(Section):
    """Shape of the network. Zeros stand for a value that follows from the others or from the data."""

    architecture: Literal["nanochat", "qwen3", "llama", "modernbert", "t5"] = "nanochat"
    """The kind, each numerically equal to the class of that name in transformers. Decoders: `nanochat` has ReLU² and
    RMSNorm without weights, also after the embedding and after the rotation of queries and keys; `qwen3` has
    SwiGLU and a weighted norm of queries and keys before the rotation; `llama` has SwiGLU and no such norm. The
    encoder `modernbert` has GeGLU, LayerNorm and attention over the whole row in every layer; the encoder–decoder
    `t5` is T5 v1.1: GeGLU, RMSNorm, relative positions, attention without 1/√K."""
    vocabulary: int = Field(0, ge=0)
    """Rows of embedding and head; 0 takes the data's."""
    context: int = Field(256, ge=2)
    """Tokens that a row holds and a prediction can see."""
    layers: int = Field(4, ge=1)
    """Of `t5`: the encoder's."""
    decoder_layers: int = Field(0, ge=0)
    """Of `t5` alone; 0 is as many as `layers`."""
    width: int = Field(160, ge=2)
    """Size of the residual stream."""
    heads: int = Field(4, ge=1)
    """Query heads; the width of a head is `width / heads`."""
    kv_heads: int = Field(0, ge=0)
    """Key and value heads (grouped queries); 0 is as many as `heads`."""
    feedforward: int = Field(0, ge=0)
    """Inner width; 0 is 4 × width for ReLU², 8/3 × width up to a multiple of 64 for the gated ones."""
    tied: bool = False
    """Share one matrix between embedding and head."""
    rope_theta: float = Field(10_000.0, gt=0)
    """Base of the rotary positions; `t5` has none. ModernBERT's own for whole rows is 160,000, for 8,192 tokens."""
    relative_buckets: int = Field(32, ge=4, multiple_of=4)
    """Of `t5` alone: learnt distances a head; half of them (for each direction) are exact."""
    relative_distance: int = Field(128, ge=2)
    """Of `t5` alone: tokens from which on all distances share a bucket."""
    norm_epsilon: float = Field(1e-6, gt=0)
    logit_cap: float = Field(0.0, ge=0)
    """c in c·tanh(logit / c), 0 for none; only `nanochat` knows it."""

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.width % self.heads or self.width // self.heads % 2:
            raise ValueError(f"width {self.width} over {self.heads} heads must give an even whole number")
        if self.kv_heads and self.heads % self.kv_heads:
            raise ValueError(f"kv_heads {self.kv_heads} must divide heads {self.heads}")
        if self.logit_cap and self.architecture != "nanochat":
            raise ValueError(f"logit_cap must be 0 for {self.architecture}")
        return self

    @model_validator(mode="after")
    def _fits_the_family(self) -> Self:
        if self.family != "decoder" and self.kv_heads not in (0, self.heads):
            raise ValueError(f"kv_heads must be 0 for {self.architecture}")
        if self.family != "seq2seq" and self.decoder_layers:
            raise ValueError(f"decoder_layers must be 0 for {self.architecture}")
        if self.relative_distance <= self.relative_buckets // 2:
            raise ValueError(f"relative_distance must exceed half of relative_buckets, {self.relative_buckets // 2}")
        return self

    @property
    def family(self) -> Family:
        """What the architecture is: which tokens see which, and which objectives it can be asked."""
        return _FAMILIES[self.architecture]

    def resolved(self, vocabulary: int) -> "Model":
        """The same model with every zero replaced by what it stands for."""
        gated = -(-8 * self.width // (3 * 64)) * 64
        return self.model_copy(
            update={
                "vocabulary": self.vocabulary or vocabulary,
                "kv_heads": self.kv_heads or self.heads,
                "decoder_layers": (self.decoder_layers or self.layers) if self.family == "seq2seq" else 0,
                "feedforward": self.feedforward or (4 * self.width if self.architecture == "nanochat" else gated),
            }
        )


class Data(Section):
    """How documents become rows."""

    seed: int = Field(1, ge=0, lt=SEEDS)
    """Order of documents and rows, together with the epoch's number."""
    packing: Literal["concatenate", "best-fit"] = "concatenate"
    """How training's documents become rows: one stream, cut, which leaves no padding; or whole where they fit, cut only
    where longer than a row, which pads. No token is dropped either way, and evaluations always concatenate."""
    isolate_documents: bool = False
    """Attend only within the own document."""
    validation_tokens: int = Field(1_000_000, ge=1)
    """At most so many tokens, from the start of the validation split, are scored at an evaluation."""


class Train(Section):
    """The loop."""

    objective: Objective = "clm"
    """What a model is asked: `clm` the next token (decoders), `mlm` masked tokens (encoders), `span` corrupted spans,
    `prefix` the rest of a row, `ul2` a mixture of seven corruptions (encoder–decoders)."""
    mask_ratio: float = Field(0.30, gt=0, lt=1)
    """`mlm`: share of text tokens to predict. Evaluations always ask for 15 %."""
    span_density: float = Field(0.15, gt=0, lt=1)
    """`span`: share of tokens to predict. Evaluations always ask for 15 % in spans of 3."""
    span_mean: float = Field(3.0, ge=1)
    """`span`: mean length of a corrupted span in tokens."""
    steps: int = Field(1_000, ge=1)
    batch: int = Field(16, ge=0)
    """Rows a step, over all processes; 0 takes the ladder's: about 327,680·(N / 108e6)^(2/3) tokens."""
    micro_batch: int = Field(0, ge=0)
    """Rows in a device's memory at once; gradients are summed over the rest. 0 is all of the device's."""
    evaluate_every: int = Field(0, ge=0)
    """Steps between evaluations; 0 evaluates at the start and the end alone."""
    checkpoint_every: int = Field(100, ge=0)
    """Steps between checkpoints; 0 writes one at the end alone."""
    keep: int = Field(2, ge=1)
    """How many of the latest checkpoints stay."""
    seed: int = Field(1, ge=0, lt=SEEDS)
    """Initial weights."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Of matrix products; `auto` is bfloat16 where the hardware has it. Weights are always float32."""
    compile: bool = False
    """Pass the network through torch.compile: half a minute once, then quicker steps."""
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?)$")
    parallel: Literal["ddp", "fsdp"] = "ddp"
    """How the processes that `torchrun` starts share the work: each holds the whole model (DDP), or a share of every
    weight and optimiser state (FSDP2), which saves memory and costs messages. The losses are the same."""
    log: list[Literal["tensorboard", "wandb"]] = Field(default_factory=list)
    """Where metrics go beside metrics.jsonl: `tensorboard` to RUN/tensorboard, `wandb` to Weights & Biases, offline
    unless WANDB_MODE says otherwise. Each needs its package."""
    threads: int = Field(0, ge=0)
    """CPU threads; 0 takes torch's own choice. Another number changes the last bits of a loss."""

    @model_validator(mode="after")
    def _divides(self) -> Self:
        if self.micro_batch and self.batch % self.micro_batch:
            raise ValueError(f"micro_batch {self.micro_batch} must divide batch {self.batch}")
        return self


class Config(Section):
    """All that determines a run, but for the data."""

    model: Model = Model()
    optim: Optim = Optim()
    data: Data = Data()
    train: Train = Train()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        known = OBJECTIVES[self.model.family]
        if self.train.objective not in known:
            said = f"train.objective must be {' or '.join(known)} for {self.model.architecture}"
            raise ValueError(f"{said}, not {self.train.objective}")
        if self.model.family == "seq2seq" and self.model.context < _SHORTEST:
            raise ValueError(f"model.context must be at least {_SHORTEST} for {self.train.objective}")
        self._sentinels_suffice()
        return self

    def _sentinels_suffice(self) -> None:
        train, context = self.train, self.model.context
        trained = lengths(train.objective, context, train.span_density, train.span_mean).spans
        evaluated = lengths(train.objective, context).spans
        if max(trained, evaluated) > SENTINELS:
            raise ValueError(
                f"a row of {context} inputs holds {trained} spans, in evaluations {evaluated}, but there are "
                f"{SENTINELS} sentinels; lower model.context or train.span_density, or raise train.span_mean"
            )

    def to_toml(self) -> str:
        """The configuration with every default written out; `load` reads it back to an equal one."""
        return tomli_w.dumps(self.model_dump())

    def flat(self) -> dict[str, Any]:
        """`section.key` → value."""
        return {f"{s}.{k}": v for s, fields in self.model_dump().items() for k, v in fields.items()}

    def difference(self, other: "Config") -> list[str]:
        """What `other` has otherwise, run options aside, as `key: mine here, theirs there`."""
        mine, theirs = self.flat(), other.flat()
        return [
            f"{k}: {mine[k]} here, {theirs[k]} there" for k in mine if k not in RUN_OPTIONS and mine[k] != theirs[k]
        ]


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a TOML file and apply overrides of the form `train.steps=60`.

    Raises `ConfigError` for a missing or malformed file, an unknown key or a value that is not allowed.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {_one_line(error)}") from None
    for override in overrides:
        _override(tables, override)
    try:
        return Config.model_validate(tables)
    except ValidationError as error:
        raise ConfigError(f"{path}: " + "; ".join(_sentence(e) for e in error.errors())) from None


def _override(tables: dict[str, Any], override: str) -> None:
    dotted, equals, text = override.partition("=")
    section, dot, key = dotted.strip().partition(".")
    if not (equals and dot and section and key):
        raise ConfigError(f"--set {override}: write section.key=value, such as train.steps=60")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    table = tables.setdefault(section, {})
    if not isinstance(table, dict):
        raise ConfigError(f"{section}: must be a table")
    table[key] = value


def _sentence(error: Any) -> str:
    """One pydantic error, as `train.step: unknown key; did you mean train.steps?`."""
    where = [str(part) for part in error["loc"]]
    dotted = ".".join(where)
    if error["type"] != "extra_forbidden":
        said = error["msg"].removeprefix("Value error, ") + _got(error)
        return f"{dotted}: {said}" if dotted else said
    section = Config.model_fields.get(where[0])
    if len(where) == 1 or section is None or section.annotation is None:
        return f"{dotted}: unknown section; {_nearest(where[0], list(Config.model_fields), '')}"
    return f"{dotted}: unknown key; {_nearest(where[1], list(section.annotation.model_fields), where[0] + '.')}"


def _nearest(name: str, known: list[str], prefix: str) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {prefix}{close[0]}?" if close else f"known are {', '.join(prefix + k for k in known)}"


def _got(error: Any) -> str:
    value = error.get("input")
    return f" (got {value!r})" if isinstance(value, (str, int, float, bool)) else ""


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
