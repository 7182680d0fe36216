"""What statements about people are made of: terms for groups, and the roles that other words play.

`peoples/` names peoples beyond those that are counted (`identity/`), for masking; `traits/` and `roles/` hold
what is said of them and how. A text whose language nobody told is read with the lists of all languages, each sentence
then with those of the one that knows most of its words.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate import lexicons
from curate.lexicons import identity
from curate.ops import lexicon

LANGUAGES = ("ar", "bn", "en", "es", "fr", "hi", "id", "ko", "ms", "pt")
ROLES = (
    "people",
    "copula",
    "reputation",
    "negation",
    "quantifier",
    "attribution",
    "intensifier",
    "particular",
    "positive",
    "negative",
    "neutral",
    "preposition",
    "article",
)
"""Bit i of a word's roles is `ROLES[i]`."""
PEOPLE, PLACE = 1, 2
"""What a term for a group names."""


class Groups(NamedTuple):
    """Terms for groups: whether each names people or a place, and which counted groups it is of."""

    terms: lexicon.Lexicon
    names: tuple[str, ...]
    links: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    """(terms, languages) `PEOPLE`, `PLACE`, or 0 where it is neither in the language."""


class Roles(NamedTuple):
    """Words with roles: `bits[term, language]`, a bit a role, and the traits' numbers."""

    terms: lexicon.Lexicon
    bits: NDArray[np.uint16]
    spellings: tuple[str, ...]
    """As the lists write them, without `*`."""


def bit(role: str) -> int:
    """The bit of a role."""
    return 1 << ROLES.index(role)


TRAITS = sum(bit(role) for role in ("positive", "negative", "neutral"))


@cache
def groups(languages: tuple[str, ...]) -> Groups:
    """All that names a group in these languages, pronouns and ambiguous words aside."""
    kinds: dict[str, NDArray[np.uint8]] = {}
    owners: dict[str, set[str]] = {}
    written: dict[str, str] = {}
    for number, language in enumerate(languages):
        for term, names, kind in (*_counted(language), *_masked(language)):
            key = lexicon.fold(term.strip("*"))
            written[key] = term if term.endswith("*") else written.get(key, term)
            owners.setdefault(key, set()).update(names)
            row = kinds.setdefault(key, np.zeros(len(languages), np.uint8))
            row[number] = row[number] or kind
    every = sorted({name for found in owners.values() for name in found})
    links = sorted((i, every.index(name)) for i, key in enumerate(kinds) for name in owners[key])
    terms = _compiled([written[key] for key in kinds], languages)
    table = np.array(list(kinds.values()), np.uint8)
    return Groups(terms, tuple(every), np.array(links, np.int32).reshape(-1, 2), table)


def _counted(language: str) -> Iterable[tuple[str, set[str], int]]:
    """Terms of groups that are counted, their names, and what they name."""
    if language in lexicons.folders("identity"):
        for term, names in identity.terms(language):
            own = {name for name in names if name.partition(".")[0] in identity.AXES}
            if own or not names:
                yield term, own, PEOPLE if own else 0


def _masked(language: str) -> Iterable[tuple[str, set[str], int]]:
    for kind, field in ((PEOPLE, "demonyms"), (PLACE, "places")):
        yield from ((term, set(), kind) for term in _listed("peoples", language, field))


@cache
def roles(languages: tuple[str, ...]) -> Roles:
    """The words with roles in these languages."""
    table: dict[str, NDArray[np.uint16]] = {}
    written: dict[str, str] = {}
    for number, language in enumerate(languages):
        for role in ROLES:
            for term in _listed("traits" if bit(role) & TRAITS else "roles", language, role):
                key = lexicon.fold(term.strip("*"))
                written[key] = term if term.endswith("*") else written.get(key, term)
                table.setdefault(key, np.zeros(len(languages), np.uint16))[number] |= bit(role)
    terms = _compiled([written[key] for key in table], languages)
    return Roles(terms, np.array(list(table.values()), np.uint16), tuple(term.strip("*") for term in written.values()))


def _listed(folder: str, language: str, field: str) -> Iterable[str]:
    """The terms of a list, with what may be written before each as one word."""
    name = f"{folder}/{language}.toml"
    if name in lexicons.names(folder):
        table = lexicons.read(name)
        for term in table.get(field, ()):
            yield from (prefix + term for prefix in table.get("prefixes", ("",)))


def _compiled(terms: Sequence[str], languages: Sequence[str]) -> lexicon.Lexicon:
    particles = lexicons.read("particles_ko.toml")["particles"] if "ko" in languages else []
    return lexicon.compile_terms(terms, particles)
