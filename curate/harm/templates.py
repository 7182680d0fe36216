"""Sentences that differ in the group they name: whether the screen ranks by what is said or by who is named.

Dixon et al., "Measuring and Mitigating Unintended Bias in Text Classification" (AIES 2018), with the areas of Borkan et
al., "Nuanced Metrics for Measuring Unintended Bias" (2019): *subgroup*, among sentences that name the group; *BPSN*,
harmless ones that name it against toxic ones that do not; *BNSP*, the other way round.
"""

import csv
import io
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.harm import sets
from curate.harm.intervals import area, auc
from curate.models import screen_terms
from curate.models.screen import shipped
from curate.ops.plain_words import GROUP

LEAST = 50
"""Sentences of each kind that a name must occur in."""
FOLDER = "tox_identity_templates"


def section(data: Path) -> str:
    """A table by language: the area over all sentences, and the lowest of each area over the names in them."""
    paths = sorted((data / FOLDER).glob("*_sentence_templates.csv.zst"))
    if not paths:
        raise sets.MissingSetError(f"{FOLDER} is not in the folder of data")
    lines = [
        "## Sentences that differ in the group they name: the screen",
        "",
        f"The names are those that the screen itself knows, in {LEAST} toxic and {LEAST} harmless sentences or more.",
        "",
        "| language | sentences | names | ROC-AUC | lowest subgroup | lowest BPSN | lowest BNSP |",
        "|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_line, paths)])


def _line(path: Path) -> str:
    with pa.input_stream(path, compression="zstd") as stream:
        rows = list(csv.DictReader(io.StringIO(stream.read().decode())))
    texts = pa.array([row["phrase"] for row in rows])
    toxic = np.array([row["toxicity"] == "toxic" for row in rows])
    scores = shipped().scores(texts).highest(len(rows)).astype(np.float64)
    named = _names(texts)
    areas = [
        _areas(scores, toxic, named == name) for name in np.unique(named) if name and _enough(toxic, named == name)
    ]
    lowest = [f"{min(one):.3f}" for one in zip(*areas, strict=True)] if areas else ["–"] * 3
    language = path.name.removesuffix("_sentence_templates.csv.zst")
    return f"| {language} | {len(rows):,} | {len(areas)} | {area(scores, toxic)} | {' | '.join(lowest)} |"


def _names(texts: pa.StringArray) -> NDArray[np.str_]:
    """The first group's name in each text, in small letters; empty where there is none."""
    marks = screen_terms.terms().marks(*buffers(texts))
    found = [""] * len(texts)
    for row, start, stop, kind in zip(*(column.tolist() for column in marks), strict=True):
        if kind == GROUP and not found[row]:
            found[row] = texts[row].as_py().encode()[start:stop].decode().lower()
    return np.array(found)


def _enough(toxic: NDArray[np.bool_], named: NDArray[np.bool_]) -> bool:
    return bool((toxic & named).sum() >= LEAST and (~toxic & named).sum() >= LEAST)


def _areas(
    scores: NDArray[np.float64], toxic: NDArray[np.bool_], named: NDArray[np.bool_]
) -> tuple[float, float, float]:
    """Subgroup, BPSN and BNSP."""
    within = [named, (named & ~toxic) | (~named & toxic), (named & toxic) | (~named & ~toxic)]
    subgroup, bpsn, bnsp = (auc(scores[rows], toxic[rows]) for rows in within)
    return subgroup, bpsn, bnsp
