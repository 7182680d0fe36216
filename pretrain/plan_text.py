"""A plan in words, for people who think of pretraining and have not done it yet."""

from textwrap import fill

from pretrain.card_tables import short
from pretrain.known_models import nearest
from pretrain.plan import Plan
from pretrain.scaling_laws import marginal_worth, worth

_WIDTH, _LINE = 12, 100


def text(plan: Plan) -> str:
    """Every part of a plan, one below the other."""
    parts = [_tokens(plan), _table(plan), _compute(plan), _settings(plan), _advice(plan), _warned(plan)]
    return "\n\n".join(part for part in parts if part)


def size(count: float) -> str:
    """Bytes as people say them: 5.1 TB."""
    for unit, letters in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {letters}"
    return f"{count:.0f} B"


def time(seconds: float) -> str:
    """A span of time in the unit that suits it."""
    for unit, word in ((365.25 * 86400, "years"), (86400.0, "days"), (3600.0, "hours"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.3g} {word}"
    return f"{seconds:.3g} s"


def _tokens(plan: Plan) -> str:
    asked = plan.question
    ratio = plan.besiroglu_tokens / asked.parameters
    best = short(plan.besiroglu_tokens)
    each = f"{asked.tokens_per_parameter:g} tokens each"
    return "\n".join(
        [
            f"{_NOUNS[asked.family]} of {short(asked.parameters)} parameters, {each}:",
            f"  fresh tokens to see      {short(plan.effective_tokens)}",
            f"  compute-optimal          {best}, {ratio:.0f} a parameter (Besiroglu et al. 2024)",
            f"  loss above the least     {plan.excess_nats:.4f} nats a token at the same compute, by that fit",
            f"  curation keeps           {asked.kept:.2%} of {asked.whole} tokens",
        ]
    )


def _table(plan: Plan) -> str:
    whole = plan.question.whole
    rows = [
        ("", *(f"{one.epochs:g} epoch{'s' if one.epochs > 1 else ''}" for one in plan.gatherings)),
        ("unique tokens", *(short(one.unique_tokens) for one in plan.gatherings)),
        ("  worth, of fresh", *(f"{worth(one.epochs):.2f}x" for one in plan.gatherings)),
        ("  last epoch is worth", *(f"{marginal_worth(one.epochs):.0%}" for one in plan.gatherings)),
        ("tokens trained on", *(short(one.trained_tokens) for one in plan.gatherings)),
        (f"{whole} tokens", *(short(one.raw_tokens) for one in plan.gatherings)),
        (f"{whole} text", *(size(one.text_bytes) for one in plan.gatherings)),
        *([] if whole == "raw" else [("HTML behind it", *(size(one.html_bytes) for one in plan.gatherings))]),
        ("crawl files (WARC)", *(f"{max(1, one.crawl_files):,.0f}" for one in plan.gatherings)),
        ("  to download", *(size(one.download_bytes) for one in plan.gatherings)),
        (f"  at {size(plan.question.bandwidth)}/s", *(time(one.download_seconds) for one in plan.gatherings)),
    ]
    return "\n".join(f"{name:<22}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells) for name, *cells in rows)


def _compute(plan: Plan) -> str:
    run, disk, chosen = plan.training, plan.storage, plan.chosen
    return "\n".join(
        [
            f"For {chosen.epochs:g} epoch{'s' if chosen.epochs > 1 else ''}:",
            f"  operations               {run.flops:.3g}",
            f"  on {run.device:<21} {_hours(run.hours)} at {run.utilisation:.0%} of {run.peak / 1e12:,.4g} Tflop/s",
            f"  token shards             {size(disk.shards)}; the curated text {size(disk.text)}",
            f"  a checkpoint             {size(disk.checkpoint)} with AdamW's state; exported {size(disk.export)}",
            f"  memory for weights       {size(disk.memory)} with gradients and state; activations come on top",
        ]
    )


def _hours(hours: float) -> str:
    return f"{hours:,.3g} hours" if hours >= 0.1 else time(hours * 3600)


def _settings(plan: Plan) -> str:
    begin = plan.settings
    return "\n".join(
        [
            "To begin with (OLMo's ladder; AdamW):",
            f"  batch                    {short(begin.batch_tokens)} tokens, {begin.steps:,.0f} steps",
            f"  learning rate            {begin.learning_rate:.2g}, warm-up over {short(begin.warmup_tokens)} tokens",
            f"  beta2                    {begin.beta2:g}",
        ]
    )


def _advice(plan: Plan) -> str:
    return fill("Before you begin: " + advice(plan), _LINE)


def advice(plan: Plan) -> str:
    """When to take an existing model instead, as frankly as the table of known models allows."""
    asked, seen = plan.question, plan.effective_tokens
    other = nearest(asked.parameters, asked.family)
    times = other.tokens / seen
    have = f"{other.name} ({short(other.parameters)} parameters) has seen {short(other.tokens)} tokens"
    if times < 1.5:
        return f"your {short(seen)} tokens are no fewer than other models had: {have}. {_WHEN}"
    return f"{have}, {times:,.0f} times yours. {_INSTEAD} {_WHEN}"


_INSTEAD = (
    "For English, and for tasks that such models know, fine-tune it or a newer one of its kind: that takes minutes and "
    "does better than this model will."
)
_WHEN = (
    "Pretrain where no model knows your language, script or notation; where its tokenizer takes half as many tokens "
    "again as your own; where you must know what it has read; or to learn what data does to a model."
)


def _warned(plan: Plan) -> str:
    return "\n".join(fill(f"Mind: {warning}.", _LINE) for warning in plan.warnings)


_NOUNS = {"decoder": "A decoder", "encoder": "An encoder", "seq2seq": "An encoder–decoder"}
