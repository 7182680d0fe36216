"""What pretraining a model takes: tokens, raw text, crawl files, operations, hours, storage, settings to begin with.

Pure arithmetic over a `Question`; every constant says where it is from. Numbers are estimates for a decision, not
promises: a yield can differ between crawls by more than any law below.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

from pretrain import ladder, scaling_laws
from pretrain.accelerators import ACCELERATORS
from pretrain.config import Family
from pretrain.errors import UsageError
from pretrain.scaling_laws import BESIROGLU, MOST_EPOCHS, WARN_EPOCHS, unique_tokens

Whole = Literal["raw", "extracted"]

EPOCHS = (1.0, 2.0, 3.0, 4.0)
"""The epochs that every plan shows."""
TOKENS_PER_PARAMETER = 20.0
"""About what Hoffmann et al. 2022 and Besiroglu et al. 2024 find for a hundred million to a billion parameters."""
WARC_BYTES = 1e9
"""One file of a crawl, gzip. Common Crawl's announcements of 2024: 90,000 files in 80 to 100 TiB a crawl."""
WARC_HTML_BYTES = 4.5e9
"""The same unpacked: they name 400 TiB or so for those files."""
HTML_BYTES_PER_TOKEN = 2.5
"""Bytes of markup a token of a tokenizer trained on extracted text, and below bytes of extracted text: measured with
`curate run web-en` on the sample of crawls that README.md shows."""
EXTRACTED_RATIO = 0.13
"""Bytes that `extract` leaves of a byte of HTML, measured there too."""
DCLM_YIELD = 0.0158
"""3.8 T of 240 T extracted tokens (Li et al. 2024)."""
_CPU_FLOPS = 42e9
"""Sustained by one core: 7,000 tokens a second at a million parameters, measured in float32."""


@dataclass(frozen=True)
class Question:
    """What is asked. Ratios are of tokens, sizes in bytes."""

    parameters: float
    """N, the weights of matrix products."""
    kept: float
    """Tokens that curation keeps of a token of `whole`, in (0, 1]."""
    whole: Whole = "raw"
    """Raw text with its markup, or text after extraction."""
    kept_other: float | None = None
    """The same of the other whole, where a run measured both."""
    tokens_per_parameter: float = TOKENS_PER_PARAMETER
    epochs: float = 1.0
    gpu: str = "h100"
    """A key of `ACCELERATORS`, or `cpu` for one core."""
    utilisation: float | None = None
    """MFU, the share of the peak that is reached; None takes the size's and device's usual one."""
    family: Family = "decoder"
    vocabulary: int = 32_768
    bytes_per_token: float | None = None
    """Of curated text; None takes the vocabulary's usual one."""
    whole_bytes_per_token: float | None = None
    """Of `whole`; None takes the defaults above."""
    html_bytes_per_token: float | None = None
    """Bytes of HTML to read for each token of `whole`; None takes the defaults above."""
    warc_bytes: float = WARC_BYTES
    warc_html_bytes: float = WARC_HTML_BYTES
    bandwidth: float = 100e6
    """Bytes a second."""
    force: bool = False
    """Allow more epochs than any law was fitted for."""


class Gathering(NamedTuple):
    """What to collect where each token is seen `epochs` times."""

    epochs: float
    unique_tokens: float
    trained_tokens: float
    """Tokens that pass through the model; more than the effective ones, since repeated ones are worth less."""
    raw_tokens: float
    text_bytes: float
    """Of `whole`, as text."""
    html_bytes: float
    crawl_files: float
    download_bytes: float
    download_seconds: float


class Training(NamedTuple):
    """What the compute is."""

    flops: float
    device: str
    peak: float
    utilisation: float
    hours: float


class Storage(NamedTuple):
    """Bytes on disk and in memory."""

    shards: float
    text: float
    checkpoint: float
    """float32 weights and AdamW's two moments; Muon keeps one for matrices."""
    export: float
    """float32 weights."""
    memory: float
    """Weights, gradients and moments; activations come on top."""


class Settings(NamedTuple):
    """Where to begin (OLMo's ladder after Porian et al. 2024: AdamW, for decoders)."""

    batch_tokens: float
    learning_rate: float
    warmup_tokens: float
    beta2: float
    steps: float


@dataclass(frozen=True)
class Plan:
    """The answer."""

    question: Question
    effective_tokens: float
    """D: what the model should see of fresh text."""
    besiroglu_tokens: float
    """What the corrected fit calls for."""
    excess_nats: float
    """Loss above the least at the same compute, by that fit."""
    gatherings: tuple[Gathering, ...]
    chosen: Gathering
    training: Training
    storage: Storage
    settings: Settings
    warnings: tuple[str, ...]


def plan(question: Question) -> Plan:
    """Answer a question; raises `UsageError` for one that makes no sense or more epochs than `force` allows."""
    _check(question)
    effective = question.parameters * question.tokens_per_parameter
    chosen = gathering(question, question.epochs)
    return Plan(
        question=question,
        effective_tokens=effective,
        besiroglu_tokens=BESIROGLU.best_tokens(question.parameters),
        excess_nats=BESIROGLU.excess(question.parameters, effective),
        gatherings=tuple(gathering(question, epochs) for epochs in sorted({*EPOCHS, question.epochs})),
        chosen=chosen,
        training=training(question, chosen.trained_tokens),
        storage=storage(question, chosen.unique_tokens),
        settings=settings(question.parameters, chosen.trained_tokens),
        warnings=tuple(_warnings(question)),
    )


def gathering(question: Question, epochs: float) -> Gathering:
    """What to collect where each token is seen so often."""
    unique = unique_tokens(question.parameters * question.tokens_per_parameter, epochs)
    raw = unique / question.kept
    of_text = question.whole_bytes_per_token or default_bytes_per_token(question)
    html = raw * (question.html_bytes_per_token or default_html_bytes_per_token(question))
    files = html / question.warc_html_bytes
    download = files * question.warc_bytes
    return Gathering(
        epochs, unique, unique * epochs, raw, raw * of_text, html, files, download, download / question.bandwidth
    )


def default_bytes_per_token(question: Question) -> float:
    """Bytes a token of `whole`, where no run says."""
    return HTML_BYTES_PER_TOKEN if question.whole == "raw" else text_bytes_per_token(question.vocabulary)


def default_html_bytes_per_token(question: Question) -> float:
    """Bytes of HTML for a token of `whole`, where no run says."""
    if question.whole == "raw":
        return HTML_BYTES_PER_TOKEN
    return text_bytes_per_token(question.vocabulary) / EXTRACTED_RATIO


def text_bytes_per_token(vocabulary: int) -> float:
    """Usual bytes a token of English web text: about 3.7 at 8,192 ids and 4.5 at 32,768, so 0.4 for each doubling.

    An interpolation between byte-level BPE tokenizers; measure your own with `--from`.
    """
    doublings = (vocabulary.bit_length() - 1) - 15
    return max(1.0, 4.5 + 0.4 * doublings)


def training(question: Question, tokens: float) -> Training:
    """Operations and hours to train on so many tokens of the corpus."""
    flops = flops_per_token(question.parameters, question.family) * tokens
    if question.gpu == "cpu":
        used = question.utilisation or 1.0
        return Training(flops, "one CPU core", _CPU_FLOPS, used, flops / (_CPU_FLOPS * used) / 3600)
    device = next(one for one in ACCELERATORS if one.key == question.gpu)
    used = question.utilisation or usual_utilisation(question.parameters, device.flops)
    return Training(flops, device.title, device.flops, used, flops / (device.flops * used) / 3600)


def flops_per_token(parameters: float, family: Family) -> float:
    """6·N a token of the corpus; attention over the context comes on top, a few per cent at these lengths.

    Span corruption reads 512 tokens and writes 114 for each 568 (Raffel et al. 2020), and each half of the weights
    works on its own side alone.
    """
    if family == "seq2seq":
        return 6 * (parameters / 2) * (512 + 114) / 568
    return 6 * parameters


def usual_utilisation(parameters: float, peak: float) -> float:
    """MFU that good code reaches: small matrices leave a large device idle."""
    if parameters >= 100e6:
        return 0.4 if peak >= 900e12 else 0.3
    return 0.2 if parameters >= 20e6 else 0.1 if parameters >= 5e6 else 0.05


def storage(question: Question, unique: float) -> Storage:
    """Disk and memory."""
    wide = 2 if question.vocabulary <= 65_536 else 4
    text = question.bytes_per_token or text_bytes_per_token(question.vocabulary)
    weights = question.parameters
    return Storage(unique * wide, unique * text, 12 * weights, 4 * weights, 16 * weights)


def settings(parameters: float, tokens: float) -> Settings:
    """Batch and rate of `pretrain.ladder`, warm-up over N tokens but at most a tenth of all."""
    weights = round(parameters)
    batch = ladder.batch_tokens(weights)
    beta2 = 0.95 if batch >= 524_288 else 0.99
    return Settings(batch, ladder.learning_rate(weights), min(parameters, tokens / 10), beta2, tokens / batch)


def _check(question: Question) -> None:
    if not 1e3 <= question.parameters <= 1e14:
        raise UsageError(f"--params {question.parameters:g}: from a thousand to a hundred trillion")
    if not 0 < question.kept <= 1:
        raise UsageError(f"--yield {question.kept:g}: a share of tokens, above 0 and at most 1")
    if not question.tokens_per_parameter < math.inf:
        raise UsageError(f"--tokens-per-param {question.tokens_per_parameter:g}: a number")
    if not 1 <= question.epochs < math.inf:
        raise UsageError(f"--epochs {question.epochs:g}: at least 1")
    if question.epochs > MOST_EPOCHS and not question.force:
        raise UsageError(
            f"--epochs {question.epochs:g}: beyond {MOST_EPOCHS} no law holds and text is learnt by heart; "
            "gather more, train a smaller model, or say --force"
        )
    known: Sequence[str] = [one.key for one in ACCELERATORS]
    if question.gpu not in (*known, "cpu"):
        raise UsageError(f"--gpu {question.gpu}: known are {', '.join(known)} and cpu")


def _warnings(question: Question) -> list[str]:
    found = [_strictness(question)]
    if question.epochs > WARN_EPOCHS:
        share = scaling_laws.marginal_worth(question.epochs)
        found.append(
            f"beyond {WARN_EPOCHS} epochs a repeated token is worth little ({share:.0%} of a fresh one at "
            f"{question.epochs:g}), and newer work sees harm"
        )
    if question.tokens_per_parameter < 10:
        found.append("below 10 tokens a parameter a smaller model would be better for the same compute")
    if question.family != "decoder":
        found.append("the laws were fitted on decoders; for other families they are a habit, not a finding")
    if question.parameters < 50e6:
        found.append("below some 50M parameters the laws are extrapolated: ratios hold better than losses")
    return found


def _strictness(question: Question) -> str:
    """The yield in the other denomination, beside a published one: the two differ tenfold and are often mixed up."""
    html = question.html_bytes_per_token or default_html_bytes_per_token(question)
    other = default_html_bytes_per_token(
        replace(question, whole="extracted" if question.whole == "raw" else "raw", html_bytes_per_token=None)
    )
    kept = min(1.0, question.kept * other / html) if question.kept_other is None else question.kept_other
    raw, extracted = (question.kept, kept) if question.whole == "raw" else (kept, question.kept)
    times = extracted / DCLM_YIELD
    published = f"DCLM-Baseline kept {DCLM_YIELD:.1%} of those"
    said = f"{raw:.2%} of raw tokens is about {extracted:.2%} of extracted ones, and {published}"
    return said + (f": so strict a recipe needs {times:,.0f} times these files" if times >= 2 else "")
