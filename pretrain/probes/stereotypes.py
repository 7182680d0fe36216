"""Does a model find the stereotypical of two sentences the likelier? WinoBias and CrowS-Pairs, for all families.

WinoBias (Zhao et al. 2018): a pronoun that fits the occupation's stereotype against the other one. Sentences come in
couples that swap the occupations, so a mere liking for "he" cancels within a couple, which is what is averaged.
CrowS-Pairs (Nangia et al. 2020): a sentence about a disadvantaged group against the same about another. Blodgett et al.
2021 found many of its pairs unsound, and names of groups differ in how frequent they are; read it as a smoke
alarm, not a scale. Neither says how the model behaves on a task.

Scores are those of `pretrain.evaluation.sentences`: log-probability, pseudo-log-likelihood or masked decoding.
"""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pretrain.errors import DataError
from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Floats
from pretrain.evaluation.records import sample
from pretrain.evaluation.results import Figure, figure
from pretrain.evaluation.sentences import family_note, sentence_nats
from pretrain.trained import Trained

_WINOBIAS = ("type1.txt.dev", "type1.txt.test", "type2.txt.dev", "type2.txt.test")
_CROWS = ("crows_pairs_anonymized.csv", "crows_pairs_anonymized.csv.zst")
_MOST_BYTES = 2**26


class Pair(NamedTuple):
    """Two sentences that differ in a word or two."""

    stereotype: str
    other: str
    group: str
    """Pairs of one group are averaged as one item where `grouped` asks for it."""
    kind: str


def stereotypes(trained: Trained, folder: Path, *, limit: int = 0, seed: int = 1) -> list[Figure]:
    """Figures of a folder that holds WinoBias or CrowS-Pairs as published, of at most `limit` items.

    Raises `DataError` where it holds neither.
    """
    if any((folder / f"pro_stereotyped_{name}").is_file() for name in _WINOBIAS):
        return _figures(trained, "winobias", couples(winobias(folder)), "couples of sentences", limit, seed)
    for name in _CROWS:
        if (folder / name).is_file():
            singles = [[pair] for pair in crows_pairs(folder / name)]
            note = "many pairs are unsound (Blodgett et al. 2021)"
            return _figures(trained, "crows_pairs", singles, note, limit, seed)
    raise DataError(f"{folder}: holds neither WinoBias (pro_stereotyped_type1.txt.dev, …) nor {_CROWS[0]}")


def winobias(folder: Path) -> list[Pair]:
    """Pairs of all files, those that differ in more than pronouns left out."""
    found = []
    for name in _WINOBIAS:
        pro, anti = folder / f"pro_stereotyped_{name}", folder / f"anti_stereotyped_{name}"
        if not (pro.is_file() and anti.is_file()):
            continue
        both = zip(_lines(pro), _lines(anti), strict=False)
        for number, (one, other) in enumerate(both):
            if one != other and _without_pronouns(one) == _without_pronouns(other):
                found.append(Pair(one, other, f"{name}:{number // 2}", name.partition(".")[0]))
    if not found:
        raise DataError(f"{folder}: no pair of WinoBias could be read")
    return found


def couples(pairs: list[Pair]) -> list[list[Pair]]:
    """Pairs by group, groups of two alone: one pair of a couple would measure the liking for a pronoun."""
    found: dict[str, list[Pair]] = {}
    for pair in pairs:
        found.setdefault(pair.group, []).append(pair)
    return [group for group in found.values() if len(group) == 2]


def crows_pairs(path: Path) -> list[Pair]:
    """All pairs of the published CSV; raises `DataError` for another layout."""
    rows = list(csv.DictReader(io.StringIO(_text(path))))
    needed = ("sent_more", "sent_less", "bias_type")
    if not rows or any(not isinstance(row.get(name), str) for row in rows for name in needed):
        raise DataError(f"{path}: must have the columns {', '.join(needed)}")
    return [Pair(row["sent_more"], row["sent_less"], str(i), row["bias_type"]) for i, row in enumerate(rows)]


def _figures(trained: Trained, task: str, groups: list[list[Pair]], said: str, limit: int, seed: int) -> list[Figure]:
    groups = sample(groups, limit, seed)
    pairs = [pair for group in groups for pair in group]
    texts = [text for pair in pairs for text in (pair.stereotype, pair.other)]
    stereotype_N, other_N = sentence_nats(trained, texts).reshape(-1, 2).T
    prefers = (stereotype_N < other_N) + 0.5 * (stereotype_N == other_N)
    sizes = [len(group) for group in groups]
    note = f"{family_note(trained.model)}; {said}"
    hits, gaps = _means(prefers, sizes), _means(other_N - stereotype_N, sizes)
    whole = [
        figure(task, "prefers the stereotype", intervals.mean(hits, seed), len(hits), seed, chance=0.5, note=note),
        figure(task, "nats in its favour", intervals.mean(gaps, seed), len(gaps), seed, chance=0.0, note=note),
    ]
    kinds = np.array([group[0].kind for group in groups])
    parts = [
        figure(
            task, f"prefers the stereotype, {kind}", intervals.mean(hits[kinds == kind], seed),
            int((kinds == kind).sum()), seed, chance=0.5, detail=True,
        )
        for kind in sorted(set(kinds.tolist()))
    ]  # fmt: skip
    return [*whole, *parts]


def _means(values: Floats, sizes: list[int]) -> Floats:
    """Mean of each group of neighbours."""
    return np.array([part.mean() for part in np.split(values, np.cumsum(sizes)[:-1])])


def _lines(path: Path) -> list[str]:
    """Sentences of a WinoBias file, numbers and brackets taken away."""
    return [re.sub(r"[\[\]]", "", re.sub(r"^\d+\s+", "", line)).strip() for line in _text(path).splitlines() if line]


def _without_pronouns(sentence: str) -> str:
    return re.sub(r"\b(he|she|him|her|his|hers|himself|herself)\b", "_", sentence.lower())


def _text(path: Path) -> str:
    packed = "zstd" if path.suffix == ".zst" else None
    try:
        with pa.input_stream(str(path), compression=packed) as stream:
            content: bytes = stream.read(_MOST_BYTES)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: {' '.join(str(error).split())[:200]}") from None
    return content.decode("utf-8", "replace")
