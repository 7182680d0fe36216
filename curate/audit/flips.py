"""The counterfactual test: the same sentence about another group, and whether a stage thinks otherwise of it.

Of real sentences, or whole documents, those are taken that name exactly one group of people, by nouns that a name of
`lexicons/swaps.toml` can stand in for. Every other group of the axis is put in its place, with its article or particle,
and each filter measures all of them. What a filter should judge is what is said; a verdict that changes with the name
is a *flip*, and the mean change of its score the *shift* (Dixon et al. 2018; Garg et al. 2019, "Counterfactual
Fairness in Text Classification through Robustness").
"""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import lexicons
from curate.arrays import buffers
from curate.audit.lists import LISTS
from curate.lexicons import identity
from curate.ops import lexicon
from curate.stage import DOCUMENT, Filter

SHORTEST, LONGEST = 20, 400
"""Characters of a sentence that is swapped in."""
SCORES = ("score", "perplexity", "screen", "stereotype", "maximum")
"""What a learned stage calls its score; the first that a stage has is the one whose shift is told."""
ROWS = 1024
ANY = "any"
Z = 1.96

_ENDS = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_ARTICLE = re.compile(r"\b([Aa])n?(\s+)$")
_BEGINNING = re.compile(r"(?:[.!?]\s+|\n)[\"'“‘(\s]*$")
_BEFORE = 24
"""Characters before a name that tell its article, and whether a sentence begins."""
_PARTICLES = (("은", "는"), ("이", "가"), ("을", "를"), ("과", "와"), ("으로", "로"), ("이나", "나"), ("이라", "라"))
"""After a consonant, after a vowel."""


class Swap(NamedTuple):
    """A text as it is, its axis and group, and the same about each other group."""

    text: str
    axis: str
    group: str
    others: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Flip:
    """What a stage makes of one group in the place of others.

    `group` is the name put in, or `any` for all of them together; `rate` is the share of sentences whose verdict
    changed, with Wilson's interval, `shift` the mean change of `signal` with its own, None where a stage has no score.
    """

    stage: str
    axis: str
    group: str
    swaps: int
    flips: int
    rate: float
    low: float
    high: float
    signal: str | None
    shift: float | None
    shift_low: float | None
    shift_high: float | None


def sentences(texts: Iterable[str]) -> Iterator[str]:
    """The sentences of some texts, each once, by their final marks and line ends."""
    seen: set[bytes] = set()
    for text in texts:
        for part in map(str.strip, _ENDS.split(text)):
            key = sha256(part.encode("utf-8", "replace")).digest()
            if SHORTEST <= len(part) <= LONGEST and key not in seen:
                seen.add(key)
                yield part


def swaps(texts: Iterable[str], count: int, seed: int = 1, *, alone: bool = True) -> list[Swap]:
    """At most `count` texts that name one group that can be swapped, by the least hashes of seed and text.

    Where it need not be `alone`, as in documents, the first group that can be swapped is, and the others stay.
    """
    held = list(texts)
    found = [swap for language in LISTS for swap in _of_language(held, language, alone=alone)]
    found.sort(key=lambda swap: sha256(f"{seed} {swap.text}".encode("utf-8", "replace")).digest())
    return found[:count]


def _of_language(texts: Sequence[str], language: str, *, alone: bool) -> Iterator[Swap]:
    mentions, table = identity.mentions((language,)), _table(language)
    linked = np.unique(mentions.links[:, 0])  # what counts for nobody keeps nobody out
    of_pronouns = _terms_of(mentions, identity.PRONOUNS)
    for start in range(0, len(texts), ROWS):
        part = list(texts[start : start + ROWS])
        found = lexicon.find(*buffers(pa.array(part, pa.string())), mentions.terms)
        pronouns = np.isin(found.terms, of_pronouns)
        naming = np.isin(found.terms, linked) & ~pronouns
        spoken = np.bincount(found.rows[pronouns], minlength=len(part)) > 0
        bounds = np.searchsorted(found.rows[naming], np.arange(len(part) + 1))
        spans = list(zip(found.starts[naming].tolist(), found.ends[naming].tolist(), strict=True))
        for n in np.flatnonzero(np.diff(bounds)).tolist():
            swap = _swapped(part[n], spans[bounds[n] : bounds[n + 1]], language, table, alone=alone)
            if swap is not None and not (swap.axis == "gender" and spoken[n]):
                yield swap


def _terms_of(mentions: identity.Mentions, names: Sequence[str]) -> NDArray[np.int32]:
    numbers = [i for i, name in enumerate(mentions.groups) if name in names]
    return np.asarray(mentions.links[np.isin(mentions.links[:, 1], numbers), 0])


Span = tuple[int, int]
"""Where a name stands, in bytes."""


class Place(NamedTuple):
    """What a noun says: whom, and whether one or several."""

    axis: str
    group: str
    number: int


@cache
def _table(language: str) -> dict[str, Place]:
    """Folded noun → what it says: names of `swaps.toml`, and for English every noun of the same groups."""
    names = lexicons.read("swaps.toml")[language]
    table: dict[str, Place] = {}
    for name in lexicons.names(f"identity/{language}"):
        file = lexicons.read(name)
        for group in file.get("group", []) if file.get("axis") in names else ():
            if group["id"] in names[file["axis"]]:
                nouns = group.get("nouns", []) if language == "en" else []
                pairs = [(noun, identity.plural(noun)) for noun in nouns]
                for number in (0, 1):
                    table |= {lexicon.fold(p[number]): Place(file["axis"], group["id"], number) for p in pairs}
    for axis, groups in names.items():
        for group, forms in groups.items():
            table |= {lexicon.fold(form): Place(axis, group, number) for number, form in enumerate(forms)}
    return table


def _swapped(text: str, spans: Sequence[Span], language: str, table: dict[str, Place], *, alone: bool) -> Swap | None:
    """The text with each other group of the axis at these bytes; None where no noun stands there, or another's name."""
    data = text.encode()
    found = [(span, table.get(lexicon.fold(data[span[0] : span[1]].decode()))) for span in spans]
    first = next((place for _, place in found if place is not None), None)
    if first is None:
        return None
    mine = [(span, place.number) for span, place in found if place is not None and place[:2] == first[:2]]
    if alone and len(mine) < len(spans):
        return None
    names = lexicons.read("swaps.toml")[language][first.axis]
    others = tuple(
        (group, _put(data, [(span, forms[min(number, len(forms) - 1)]) for span, number in mine], language))
        for group, forms in names.items()
        if group != first.group
    )
    return Swap(text, first.axis, first.group, others)


def _put(data: bytes, names: Sequence[tuple[Span, str]], language: str) -> str:
    """The text with a name at each span, from the last on: what stands before one is as it was."""
    put = _korean if language == "ko" else _english
    text = data.decode()
    for (start, stop), name in reversed(names):
        text = put(data[:start].decode(), name, text[len(data[:stop].decode()) :])
    return text


def _english(before: str, name: str, after: str) -> str:
    """A name with its article, capital at the beginning of a sentence."""
    head, tail = before[:-_BEFORE], before[-_BEFORE:]
    if _BEGINNING.search(tail if head else f"\n{tail}"):
        name = name[0].upper() + name[1:]
    article = _ARTICLE.search(tail)
    if article:
        vowel = "n" if name[0].lower() in "aeio" or name.startswith("un") else ""
        tail = f"{tail[: article.start()]}{article[1]}{vowel}{article[2]}"
    return head + tail + name + after


def _korean(before: str, name: str, after: str) -> str:
    """A name with the form of the particle that goes with its last syllable."""
    last = ord(name[-1])
    closed = 0xAC00 <= last <= 0xD7A3 and (last - 0xAC00) % 28 != 0
    for with_consonant, with_vowel in sorted(_PARTICLES, key=lambda pair: -len(pair[0])):
        for form in (with_consonant, with_vowel):
            if re.match(rf"{form}(?![가-힣])|{form}(?=[는도만])", after):
                return before + name + (with_consonant if closed else with_vowel) + after[len(form) :]
    return before + name + after


def flips(stages: Sequence[Filter], found: Sequence[Swap]) -> list[Flip]:
    """What each filter makes of the swaps: a row a group put in, and `any` for each axis and over all axes."""
    texts = [text for swap in found for text in (swap.text, *(other for _, other in swap.others))]
    axes = np.array([swap.axis for swap in found for _ in swap.others], object)
    groups = np.array([group for swap in found for group, _ in swap.others], object)
    sizes = np.array([1 + len(swap.others) for swap in found], np.int64)
    starts = np.cumsum(sizes) - sizes
    original = np.repeat(starts, sizes - 1)
    mine = np.setdiff1d(np.arange(len(texts)), starts)
    rows: list[Flip] = []
    for stage, judged, signal, scores in _measured(stages, texts):
        changed = judged[mine] != judged[original]
        shift = None if scores is None else scores[mine] - scores[original]
        for axis in [ANY, *dict.fromkeys(axes)]:
            for group in [ANY, *(dict.fromkeys(groups[axes == axis]) if axis != ANY else ())]:
                mask = ((axes == axis) | (axis == ANY)) & ((groups == group) | (group == ANY))
                rows.append(_row(stage, axis, group, changed[mask], signal, None if shift is None else shift[mask]))
    return rows


Measured = tuple[str, NDArray[np.bool_], str | None, NDArray[np.float64] | None]


def _measured(stages: Sequence[Filter], texts: Sequence[str]) -> Iterator[Measured]:
    """Per filter its name, whether it acts on each text, and its score; nobody is dropped on the way."""
    judged: dict[str, list[NDArray[np.bool_]]] = {stage.name: [] for stage in stages}
    scores: dict[str, list[NDArray[np.float64]]] = {stage.name: [] for stage in stages}
    signals: dict[str, str | None] = {}
    for start in range(0, len(texts), ROWS):
        batch = _batch(texts[start : start + ROWS], start)
        for stage in stages:
            column = stage.column(batch)
            batch = batch.append_column(stage.name, column)
            judged[stage.name].append(stage.verdicts(column) >= 0)
            signals[stage.name] = signal = _signal(column)
            if signal is not None:
                scores[stage.name].append(np.asarray(column.field(signal).cast(pa.float64()).fill_null(np.nan)))
    for stage in stages if texts else ():
        found = scores[stage.name]
        yield (
            stage.name,
            np.concatenate(judged[stage.name]),
            signals[stage.name],
            np.concatenate(found) if found else None,
        )


def _signal(column: pa.StructArray) -> str | None:
    names = [field.name for field in column.type if pa.types.is_floating(field.type)]
    return next((name for name in SCORES if name in names), None)


def _batch(texts: Sequence[str], first: int) -> pa.RecordBatch:
    columns: dict[str, Any] = {field.name: [None] * len(texts) for field in DOCUMENT}
    columns |= {
        "id": [f"swap#{first + n}" for n in range(len(texts))],
        "source": ["swap"] * len(texts),
        "media": ["text/plain"] * len(texts),
        "text": texts,
    }
    return pa.RecordBatch.from_pydict(columns, schema=DOCUMENT)


def _row(
    stage: str,
    axis: str,
    group: str,
    changed: NDArray[np.bool_],
    signal: str | None,
    shift: NDArray[np.float64] | None,
) -> Flip:
    hits, total = int(changed.sum()), len(changed)
    rate, low, high = _wilson(hits, total)
    ends = _mean(shift[np.isfinite(shift)]) if shift is not None else (None, None, None)
    return Flip(stage, axis, group, total, hits, rate, low, high, signal, *ends)


def _wilson(hits: int, total: int) -> tuple[float, float, float]:
    """A share and the ends of Wilson's interval (1927)."""
    size, square = max(total, 1), Z * Z
    rate = hits / size
    middle = (rate + square / (2 * size)) / (1 + square / size)
    half = Z * math.sqrt(rate * (1 - rate) / size + square / (4 * size**2)) / (1 + square / size)
    return round(rate, 4), round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)


def _mean(values: NDArray[np.float64]) -> tuple[float | None, float | None, float | None]:
    """The mean and the ends of its interval; None of nothing."""
    if not len(values):
        return None, None, None
    mean = float(values.mean())
    error = Z * float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return round(mean, 4), round(mean - error, 4), round(mean + error, 4)
