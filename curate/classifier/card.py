"""What stands beside a trained classifier: a card to read, and the same facts as JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from curate.reports import figures, hostile
from curate.shards import atomic

Facts = Mapping[str, Any]


def write_card(facts: Facts, model: Path, licence: str | None) -> tuple[Path, Path]:
    """Write `<model>.md` and `<model>.json`; both are the same bytes for the same training, and name no folder."""
    facts = {**facts, "licence": licence}
    texts = {".md": card(facts), ".json": json.dumps(facts, indent=2, ensure_ascii=False) + "\n"}
    paths = tuple(model.with_name(model.name + suffix) for suffix in texts)
    for path, text in zip(paths, texts.values(), strict=True):
        with atomic(path) as temporary:
            temporary.write_text(text, "utf-8")
    return paths[0], paths[1]


def card(facts: Facts) -> str:
    """The model card as Markdown."""
    labels, model = facts["labels"], facts["model"]
    return f"""# {hostile.markdown(hostile.short(model["file"], 80))}

A fastText classifier that tells `{labels["positive"]}` text from `{labels["negative"]}` text, trained by Sluice. Its
score is the probability of `{labels["positive"]}`. Give it to the stage `quality` as `model`.

- licence: {hostile.markdown(hostile.short(facts["licence"] or "not stated", 200))}
- {figures.size(model["bytes"])}, sha256 `{model["sha256"]}`

## Training

{_settings(facts)}

Texts stand on one line each, case and punctuation as they are. A text that occurs twice counts once; one that both
sides hold is no example. Held-out texts were chosen by hash before anything was trained.

| texts | {labels["positive"]} | {labels["negative"]} |
|:--|--:|--:|
{_texts(facts)}

## On held-out texts

{_scores(facts["held_out"])}

## Inputs

| side | file | bytes | sha256 |
|:--|:--|--:|:--|
{_inputs(facts)}

## Limits

It knows the difference between these two sets of texts, whatever that is: topic, source, length and language as well as
quality. Scores are no probabilities outside of such texts. Look at what it drops before trusting it.
"""


def _settings(facts: Facts) -> str:
    settings = {**facts["settings"], **facts["packages"]}
    return ", ".join(f"{name.replace('_', ' ')} {str(value).lower()}" for name, value in settings.items())


def _texts(facts: Facts) -> str:
    rows = [(name.replace("_", " "), list(counts.values())) for name, counts in facts["texts"].items()]
    return "\n".join(f"| {name} | {' | '.join(figures.grouped(n) for n in counts)} |" for name, counts in rows)


def _scores(held_out: Facts | None) -> str:
    if held_out is None:
        return "None were held out of one side or of both: how good it is, is not known."
    lines = ["| measure | value | 95 % interval |", "|:--|--:|--:|"]
    for name, found in held_out.items():
        lines.append(f"| {name.replace('_', ' ')} | {found['value']:.4f} | {found['low']:.4f} to {found['high']:.4f} |")
    return "\n".join(lines) + "\n\nPrecision, recall and F1 are those at a score of 0.5; intervals by bootstrap."


def _inputs(facts: Facts) -> str:
    rows = [(one["side"], one["name"], one["bytes"], one["sha256"]) for one in facts["inputs"]]
    return "\n".join(
        f"| {side} | {hostile.code(hostile.short(name, 120))} | {figures.grouped(size)} | `{digest}` |"
        for side, name, size, digest in rows
    )
