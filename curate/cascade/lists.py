"""Graded lists of words, compiled, and where a batch's texts hold them."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import lexicons
from curate.arrays import buffers
from curate.errors import AssetError
from curate.lexicons.spoken import spoken
from curate.ops import lexicon

GRADES = ("mild", "strong", "severe")
COUNTED = (*GRADES, "slurs")
"""What matches are counted as; a slur counts by its grade, too."""


class Graded(NamedTuple):
    """A compiled lexicon and which of its terms count as what: 0 to 2 for the grades, 3 for slurs."""

    terms: lexicon.Lexicon
    links: NDArray[np.int32]

    @classmethod
    def of(cls, tables: Iterable[tuple[Mapping[str, Any], bool]]) -> "Graded":
        """From the contents of files and whether each holds slurs; of two terms that are one the later counts."""
        written: dict[str, tuple[str, list[int]]] = {}
        for table, slurs in tables:
            for grade in (*GRADES, "allow"):
                groups = [GRADES.index(grade)] if grade in GRADES else []
                for term in table.get(grade, []):
                    written[lexicon.fold(term.strip("*"))] = (term, groups + [3] * (slurs and bool(groups)))
        links = [(number, group) for number, (_, groups) in enumerate(written.values()) for group in groups]
        particles = lexicons.read("particles_ko.toml")["particles"]
        compiled = lexicon.compile_terms([term for term, _ in written.values()], particles)
        return cls(compiled, np.array(links, np.int32).reshape(-1, 2))

    def marks(self) -> NDArray[np.bool_]:
        """(terms, counted): what each term counts as."""
        made = np.zeros((len(self.terms.flags), len(COUNTED)), np.bool_)
        made[self.links[:, 0], self.links[:, 1]] = True
        return made


class Hits(NamedTuple):
    """What the lists say of a batch: counts of every row, and every match that is more than mild, in text order."""

    counts: NDArray[np.int32]
    """(rows, counted)"""
    known: NDArray[np.bool_]
    """(rows,) whether a list is for the row's language."""
    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]
    kinds: NDArray[np.int64]
    """The last of `counted` that the match counts as."""


class Lists:
    """The lists of some languages, or one's own in their place; raises `AssetError` for what cannot be read."""

    def __init__(self, languages: Sequence[str], own: Path | None, name: str) -> None:
        self._languages, self._compiled = languages, dict[tuple[str, ...], Graded]()
        self._own = None if own is None else _own(own, f"{name}.lexicon")
        known = [one.removeprefix("toxicity/").removesuffix(".toml") for one in lexicons.names("toxicity")]
        for language in languages:
            if language not in known and own is None:
                raise AssetError(f"{name}.languages: no list for {language!r}; there are {', '.join(known)}")

    def find(self, batch: pa.RecordBatch) -> Hits:
        """What the lists of each row's language find in its text."""
        counts = np.zeros((batch.num_rows, len(COUNTED)), np.int32)
        known = np.zeros(batch.num_rows, np.bool_)
        parts = [np.zeros((4, 0), np.int64)]
        for languages, rows, texts in spoken(batch, self._languages):
            graded = self._graded(languages)
            found = lexicon.find(*buffers(texts), graded.terms)
            counts[rows], known[rows] = found.table(len(rows), graded.links, len(COUNTED)), True
            marks = graded.marks()[found.terms]
            more = marks[:, 1:].any(axis=1)
            kinds = len(COUNTED) - 1 - marks[:, ::-1].argmax(axis=1)
            parts.append(np.stack([rows[found.rows], found.starts, found.ends, kinds])[:, more])
        whole = np.concatenate(parts, axis=1)
        return Hits(counts, known, *whole[:, np.lexsort((whole[1], whole[0]))])

    def _graded(self, languages: tuple[str, ...]) -> Graded:
        if languages not in self._compiled:
            own = [] if self._own is None else [(self._own, False)]
            lists = own or [
                (lexicons.read(f"{folder}/{language}.toml"), folder == "slurs")
                for language in languages
                for folder in ("toxicity", "slurs")
            ]
            self._compiled[languages] = Graded.of(lists)
        return self._compiled[languages]


def _own(path: Path, field: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssetError(f"{field}: cannot read {path}: {error}") from error
    for grade in (*GRADES, "allow"):
        terms = table.get(grade, [])
        if not isinstance(terms, list) or not all(isinstance(t, str) and lexicon.fold(t.strip("*")) for t in terms):
            raise AssetError(f"{field}: {path}: {grade} is not a list of words")
    return table
