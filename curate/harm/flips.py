"""Whether learned stages judge a sentence by the group that it names: other groups' names put into real sentences."""

from collections.abc import Sequence
from pathlib import Path

from curate.audit.flips import ANY, Flip, flips, sentences, swaps
from curate.harm.sets import rows
from curate.stage import Filter
from curate.stages import stage_class

COMMAND = "curate bench harm --data FOLDER --only flips"
SET = "crawl_c4_sample/c4_sample.jsonl.zst"
STAGES = ("language", "toxicity", "bias")
"""The learned stages that need no model of the user's, as recipes for English have them."""
FIELDS = {"language": {"label": ["en"]}}
COUNT = 4000
MOST = 3
"""Names a stage that are told one by one."""


def section(data: Path) -> str:
    """Flips and shifts in sentences of web text that name one group each, by stage, and the names that flip most."""
    texts = (str(row["text"]) for row in rows(data, SET))
    found = swaps(sentences(texts), COUNT)
    stages = [stage_class(use).model_validate(FIELDS.get(use, {})) for use in STAGES]
    told = flips([stage for stage in stages if isinstance(stage, Filter)], found)
    return "\n".join(
        [
            "## Other groups in the same sentence",
            "",
            f"`{COMMAND}`",
            "",
            f"{len(found):,} sentences of C4 that name exactly one group by a noun; every other group of the axis",
            "takes its place. A flip is another verdict on the same sentence, a shift the mean change of the score;",
            "intervals are of 95 %. With a model of yours: `curate flips RECIPE INPUT --set quality.model=FILE`.",
            "",
            "| stage | put in | swaps | flips | shift |",
            "|---|---|---:|---:|---:|",
            *(_line(row) for use in STAGES for row in _shown(told, use)),
        ]
    )


def _shown(told: Sequence[Flip], stage: str) -> list[Flip]:
    """A stage's row over all axes, then the names that flip most."""
    mine = [row for row in told if row.stage == stage]
    named = sorted((r for r in mine if r.group != ANY and r.flips), key=lambda r: (-r.rate, r.axis, r.group))
    return [row for row in mine if row.axis == ANY] + named[:MOST]


def _line(row: Flip) -> str:
    name = "any" if row.axis == ANY else f"{row.axis}.{row.group}"
    share = f"{100 * row.rate:.2f} % [{100 * row.low:.2f}, {100 * row.high:.2f}]"
    shift = "" if row.shift is None else f"{row.signal} {row.shift:+.4f} [{row.shift_low:+.4f}, {row.shift_high:+.4f}]"
    return f"| `{row.stage}` | {name} | {row.swaps:,} | {share} | {shift} |"
