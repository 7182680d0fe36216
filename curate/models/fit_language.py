"""What is fitted on top of the language model: scripts, and the probability that an answer is right.

`python -m curate.models.fit_language DATA MODEL WITHOUT OUTPUT` writes `language.toml`. WITHOUT is a model trained
`--without-strangers`: their texts stand for all the languages that the shipped model has never seen, so
that a score is low for those, too. The regression is Platt scaling (1999) on several features, by Newton's
method on dev texts cut to lengths from a word to a window.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import tomli_w
import typer
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.models import language_texts as texts
from curate.models.identifiers import NO_LANGUAGE, NOT_LANGUAGE, Embedded
from curate.ops import experts, profiles

MIXTURE = {"weight": 4.0, "absent": 2.0, "slope": 1.0, "shift": 1.5, "doubt": 2.0, "length": 0.5}
"""Chosen on a grid by macro-F1 on dev texts and on documents of the web (see the model's card)."""
LENGTHS = (3, 10, 15, 25, 40, 60, 90, 150, 250, 400, 512)
"""Characters to which dev and test texts are cut, in turn."""
LETTERS = {
    **dict.fromkeys(("an", "bcl", "ext", "gcf", "gcr", "guw", "ki", "ltg", "vo"), "a\u0111"),
    **dict.fromkeys(("ary", "sdh", "uzs"), "\u0628\ufb50"),
    "as": "\u0985",
    "ba": "\u0431",
    "gom": "a\u0905",
    "grc": "\u03b1\u1f00",
    "hbo": "\u05d0",
    "or": "\u0b05",
}
"""Letters of the scripts of languages that py3langid alone knows, by a letter of each block."""
RARE = 0.005
"""A block with a smaller share of a language's letters is not of its script."""
UNKNOWN = 0.03
"""Share of the evidence that texts in languages which no model knows have."""
HOME = 1.0
"""How much an answer counts about texts of the profiles' own sources, beside one about another's."""
COMMON = 400
"""Trigrams of a profile."""
STEPS, RIDGE = 30, 1.0


Evidence = tuple[NDArray[np.float64], NDArray[np.bool_]]


def blocks(rows: Iterable[texts.Text]) -> dict[str, list[int]]:
    """Label → blocks of 128 code points in which its texts have letters."""
    counts: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        for text in texts.normal([row.text]):
            counts[row.label].update(experts.block(ord(c)) for c in text if c.isalpha())
    made = {
        label: sorted(place for place, n in found.items() if n > RARE * found.total())
        for label, found in counts.items()
    }
    made |= {label: sorted({experts.block(ord(c)) for c in some}) for label, some in LETTERS.items()}
    made[NOT_LANGUAGE] = [0]
    return dict(sorted(made.items()))


def profiled(rows: list[texts.Text]) -> dict[str, NDArray[Any]]:
    """The `COMMON` most frequent trigrams of every label's training texts; usual coverage from its dev texts."""
    parts: dict[str, dict[str, list[str]]] = defaultdict(lambda: {"train": [], "dev": []})
    for row in rows:
        if row.part in ("train", "dev"):
            parts[row.label][row.part].append(row.text)
    labels = sorted(label for label, some in parts.items() if some["train"] and some["dev"])
    bits = np.zeros((len(labels), profiles.BUCKETS), np.uint8)
    usual = np.zeros(len(labels))
    for k, label in enumerate(labels):
        counts = np.bincount(_buckets(parts[label]["train"]), minlength=profiles.BUCKETS)
        top = np.argsort(-counts, kind="stable")[:COMMON]
        bits[k, top[counts[top] > 1]] = 1
        usual[k] = bits[k, _buckets(parts[label]["dev"])].mean()
    return {"labels": np.array(labels), "bits": np.packbits(bits, axis=1, bitorder="little"), "usual": usual.round(4)}


def _buckets(some: list[str]) -> NDArray[np.int32]:
    return profiles.buckets(*buffers(pa.array(texts.normal(some), pa.string())))


def cut(rows: list[texts.Text], seed: int = 1) -> list[texts.Text]:
    """The texts cut to `LENGTHS` in turn where they are longer."""
    draw, made = random.Random(seed), []  # noqa: S311 - sampling, not secrets
    for k, row in enumerate(rows):
        length = LENGTHS[k % len(LENGTHS)]
        at = draw.randrange(max(1, len(row.text) - length + 1))
        made.append(row._replace(text=row.text[at : at + length].strip()))
    return made


def evidence(model: Embedded, rows: list[texts.Text]) -> Evidence:
    """Features of the model's answers, and which are right; answers without a script are left out."""
    labels, features, _ = model.answer(pa.array([row.text for row in rows], pa.string()))
    kept = np.array([label not in (NO_LANGUAGE, NOT_LANGUAGE) for label in labels])
    right = np.array([label == row.label for label, row in zip(labels, rows, strict=True)])
    return features[kept], right[kept]


def regression(
    features: NDArray[np.float64], right: NDArray[np.bool_], mass: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The weights of `experts.trust`; `mass` is how much each answer counts."""
    products = features[:, [0, 0, -1]] * features[:, [1, 7, 1]]
    x = np.column_stack([np.ones(len(features)), features, products])
    weights = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-x @ weights))
        slope = x.T @ (mass * (right - p)) - RIDGE * weights
        weights += np.linalg.solve((x.T * (mass * p * (1 - p))) @ x + RIDGE * np.eye(len(weights)), slope)
    return weights


def foreign(
    model: Path,
    settings: dict[str, Any],
    profile: dict[str, NDArray[Any]],
    rows: list[texts.Text],
    other: list[texts.Text],
) -> Evidence:
    """Dev texts of one source under profiles of another: how far a profile carries beyond what it was made from."""
    theirs = profiled(other)
    usual = dict(zip(profile["labels"], profile["usual"], strict=True))
    theirs["usual"] = np.array([usual[label] for label in theirs["labels"]])
    both = set(map(str, theirs["labels"]))
    alone = Embedded(model, settings, theirs)
    return evidence(alone, cut([row for row in rows if row.part == "dev" and row.label in both]))


def strange(
    model: Path, without: Path, settings: dict[str, Any], profile: dict[str, NDArray[Any]], rows: list[texts.Text]
) -> Evidence:
    """Dev texts in the languages that `without` lacks: nothing is right there."""
    less = Embedded(without, settings, profile)
    gone = set(Embedded(model, settings, profile).labels) - set(less.labels)
    return evidence(less, cut([row for row in rows if row.part == "dev" and row.label in gone]))


def main(
    data: Annotated[Path, typer.Argument(help="Folder with lid_tatoeba and lid_udhr.")],
    model: Annotated[Path, typer.Argument(help="The model.")],
    without: Annotated[Path, typer.Argument(help="The model trained without some languages.")],
    output: Annotated[Path, typer.Argument(help="The TOML file to write.")],
) -> None:
    """Fit. Example: python -m curate.models.fit_language ../shared/data language.ftz without.ftz language.toml."""
    sources = [list(texts.tatoeba(data)), list(texts.declarations(data))]
    rows = [row for some in sources for row in some]
    settings: dict[str, Any] = {"mixture": MIXTURE, "blocks": blocks(rows)}
    profile = profiled(rows)
    np.savez_compressed(output.with_suffix(".npz"), allow_pickle=False, **profile)
    found = [foreign(model, settings, profile, mine, other) for mine, other in (sources, sources[::-1])]
    found.append(evidence(Embedded(model, settings, profile), cut([row for row in rows if row.part == "dev"])))
    known = sum(len(right) for _, right in found)
    found.append(strange(model, without, settings, profile, rows))
    unknown = len(found[-1][1])
    home = len(found[2][1])
    mass = np.repeat([1.0, HOME, UNKNOWN / (1 - UNKNOWN) * known / unknown], [known - home, home, unknown])
    features, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
    weights = regression(features, right, mass)
    settings["score"] = {"weights": weights.round(6).tolist()}
    output.write_text(tomli_w.dumps(settings), encoding="utf-8")


if __name__ == "__main__":
    typer.run(main)
