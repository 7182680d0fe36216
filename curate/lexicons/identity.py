"""Identity terms: what counts as a mention of which group, built from the files in `identity/`.

A group has a name such as `religion.sikhs`. Its `nouns` get their plurals here, its `forms` count as
written, and its `ambiguous` forms count for the group only before a head, a word for people
("blind students"); alone they count as ambiguous. A phrase whose head is a term of another axis counts
there too: "old women" are `age.older` and `gender.women`.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate import lexicons
from curate.ops import lexicon

AXES = (
    "gender",
    "orientation",
    "religion",
    "race",
    "nationality",
    "disability",
    "age",
    "migration",
    "social_class",
)
AMBIGUOUS = "ambiguous"
PRONOUNS = ("pronouns.masculine", "pronouns.feminine", "pronouns.neutral")

_NOT_OF_MAN = ("german", "human", "roman", "norman", "shaman", "ottoman")


class Mentions(NamedTuple):
    """A compiled lexicon, the names of its groups, and which term counts for which group."""

    terms: lexicon.Lexicon
    groups: tuple[str, ...]
    links: NDArray[np.int32]


def plural(noun: str) -> str:
    """The plural of an English noun or noun phrase."""
    if " of " in noun:
        head, _, rest = noun.partition(" of ")
        return f"{plural(head)} of {rest}"
    if noun.endswith("man") and not noun.lower().endswith(_NOT_OF_MAN):
        return noun[:-2] + "en"
    for ending, plural_ending in (("person", "people"), ("child", "children"), ("wife", "wives")):
        if noun.endswith(ending):
            return noun.removesuffix(ending) + plural_ending
    if noun.endswith("y") and noun[-2] not in "aeou":
        return noun[:-1] + "ies"
    return noun + ("es" if noun.endswith(("s", "x", "z", "ch", "sh")) else "s")


def spellings(group: dict[str, Any]) -> list[str]:
    """The unambiguous terms of one group of a file."""
    nouns = group.get("nouns", [])
    return [*nouns, *map(plural, nouns), *group.get("forms", [])]


@cache
def mentions(languages: tuple[str, ...]) -> Mentions:
    """The identity terms and pronouns of these languages, compiled; their files are `identity/<language>/*.toml`."""
    written, names, links = gathered(languages)
    particles = lexicons.read("particles_ko.toml")["particles"] if "ko" in languages else []
    compiled = lexicon.compile_terms(written, particles)
    return Mentions(compiled, tuple(names), np.array(links, np.int32).reshape(-1, 2))


def gathered(languages: tuple[str, ...]) -> tuple[list[str], list[str], list[tuple[int, int]]]:
    """All terms of these languages, the names of all groups, and which term counts for which, by their places."""
    owners: dict[str, set[str]] = {}
    written: dict[str, str] = {}
    for language in languages:
        for term, groups in terms(language):
            key = lexicon.fold(term.strip("*"))
            written.setdefault(key, term)
            owners.setdefault(key, set()).update(groups)
    names = sorted({group for groups in owners.values() for group in groups})
    number = {name: i for i, name in enumerate(names)}
    links = sorted((i, number[name]) for i, groups in enumerate(owners.values()) for name in groups)
    return [written[key] for key in owners], names, links


def terms(language: str) -> Iterable[tuple[str, set[str]]]:
    """Every term of a language and the groups that it counts for, none for an innocent phrase."""
    files = [lexicons.read(name) for name in lexicons.names(f"identity/{language}")]
    axes = [file for file in files if file.get("axis") in AXES]
    heads = [term for file in files if "axis" not in file for term in spellings(file)]
    plain: dict[str, set[str]] = {}
    for axis, group in _groups(axes):
        for term in spellings(group):
            plain.setdefault(term, set()).add(f"{axis}.{group['id']}")
    for term, groups in plain.items():
        yield term, groups | _of_head(term, groups, heads, plain)
    for axis, group in _groups(axes):
        yield from _ambiguous(f"{axis}.{group['id']}", group.get("ambiguous", []), heads, plain)
    yield from ((term, set()) for file in axes for term in file.get("not", []))
    for pronouns in (file for file in files if file.get("axis") == "pronouns"):
        yield from ((term, {name}) for name in PRONOUNS for term in pronouns[name.removeprefix("pronouns.")])


def _ambiguous(
    group: str, terms: Sequence[str], heads: Sequence[str], plain: dict[str, set[str]]
) -> Iterable[tuple[str, set[str]]]:
    """The terms alone, and as names of the group before every head that no other entry spells out."""
    for term in terms:
        yield term, {AMBIGUOUS}
        for head in heads:
            if f"{term} {head}" not in plain:
                yield f"{term} {head}", {group} | plain.get(head, set())


def _groups(axes: Sequence[dict[str, Any]]) -> Iterable[tuple[str, dict[str, Any]]]:
    return ((file["axis"], group) for file in axes for group in file["group"])


def _of_head(term: str, groups: set[str], heads: Sequence[str], plain: dict[str, set[str]]) -> set[str]:
    """The groups of a phrase's head in axes other than the phrase's own."""
    _, gap, head = term.rpartition(" ")
    if not gap or head not in heads:
        return set()
    own = {name.partition(".")[0] for name in groups}
    return {name for name in plain.get(head, set()) if name.partition(".")[0] not in own}
