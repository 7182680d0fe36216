"""What the screen marks in a text before it reads it: names of groups, slurs, profanity by grade, negations, reports.

The names come from `lexicons/identity` (some axes) and from the lists in `models/screen`; slurs and profanity from
`lexicons/slurs`, `lexicons/toxicity` and the same lists. All languages' terms are looked for in every text.
"""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate import lexicons
from curate.lexicons import identity
from curate.ops import lexicon
from curate.ops.plain_words import CONTEXTS, GROUP, Marks

SLUR, SEVERE, STRONG, MILD = range(GROUP + 1, CONTEXTS)
NEGATION, REPORT = CONTEXTS, CONTEXTS + 1
"""Kinds of marks beside `GROUP`: what a text holds, and in what surroundings it names a group."""
_INNOCENT = -1
_GRADES = {"mild": MILD, "strong": STRONG, "severe": SEVERE}


class Terms(NamedTuple):
    """A compiled lexicon and the kind of each of its terms, -1 for one that is to be left alone."""

    lexicon: lexicon.Lexicon
    kinds: NDArray[np.int32]

    def marks(self, offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> Marks:
        """What of these terms a batch of texts holds."""
        found = lexicon.find(offsets, data, self.lexicon)
        kinds = self.kinds[found.terms]
        kept = kinds >= 0
        return Marks(found.rows[kept], found.starts[kept], found.ends[kept], kinds[kept])


def lists() -> dict[str, dict[str, Any]]:
    """Language → its lists of words and the sentences written for it."""
    return {language: tomllib.loads(text) for language, text in _files()}


def _words() -> dict[str, dict[str, Any]]:
    """Language → its lists of words alone, which stand first in its file: reading the sentences takes time."""
    return {language: tomllib.loads(text.partition("\n[slots]\n")[0]) for language, text in _files()}


def _files() -> Iterator[tuple[str, str]]:
    folder = files("curate.models").joinpath("screen")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            yield entry.name.removesuffix(".toml"), entry.read_text("utf-8")


@cache
def terms() -> Terms:
    """All terms, compiled once a process; of several kinds of one term the first counts."""
    found: dict[str, tuple[str, int]] = {}
    for term, kind in _terms():
        found.setdefault(lexicon.fold(term.strip("*")), (term, kind))
    particles = lexicons.read("particles_ko.toml")["particles"]
    compiled = lexicon.compile_terms([term for term, _ in found.values()], particles)
    return Terms(compiled, np.array([kind for _, kind in found.values()], np.int32))


def _terms() -> Iterator[tuple[str, int]]:
    own = _words()
    for language in own:
        for folder in ("toxicity", "slurs"):
            if f"{folder}/{language}.toml" in lexicons.names(folder):
                yield from _graded(lexicons.read(f"{folder}/{language}.toml"), slurs=folder == "slurs")
    for language, table in own.items():
        yield from ((term, _INNOCENT) for term in table.get("innocent", []))
        if table.get("axes"):
            yield from ((term, _INNOCENT) for term, groups in identity.terms(language) if not groups and " " in term)
        yield from ((term, SLUR) for term in table.get("slurs", []))
        yield from ((term, STRONG) for term in table.get("strong", []))
        yield from ((term, NEGATION) for term in table.get("negations", []))
        yield from ((term, REPORT) for term in table.get("reports", []))
        named = [*table["groups"], *_named(language, table.get("axes", []))]
        yield from ((term, GROUP) for term in named)
        yield from ((f"{term} {head}", GROUP) for term in filter(_leads, named) for head in table.get("heads", []))


def _leads(term: str) -> bool:
    """Whether a head may follow a name ("gay men"): it is one word and no plural."""
    return " " not in term and (term.endswith("ss") or not term.endswith("s"))


def _named(language: str, axes: Sequence[str]) -> Iterator[str]:
    """The names of groups on some axes of `lexicons/identity`."""
    if not axes:
        return
    for term, groups in identity.terms(language):
        if any(group.partition(".")[0] in axes for group in groups):
            yield term


def _graded(table: dict[str, Any], *, slurs: bool) -> Iterator[tuple[str, int]]:
    yield from ((term, _INNOCENT) for term in table.get("allow", []))
    for grade, kind in _GRADES.items():
        yield from ((term, SLUR if slurs else kind) for term in table.get(grade, []))
