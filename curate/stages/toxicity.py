"""How dense profanity, slurs and threats are in a text."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import Field

from curate import lexicons
from curate.errors import AssetError
from curate.lexicons.spoken import spoken
from curate.ops import lexicon, text
from curate.stage import Asset, Filter, Range, Signals, buffers

GRADES = ("mild", "strong", "severe")
SHORT = 100
"""Words that a text counts as having at least, so that one word of a short text is not a density."""


class Toxicity(Filter):
    """Graded lexicon density: never any match, and by default a flag and no drop.

    A list on which any hit drops the document, as C4 did with LDNOOBW, saturates with length and removed
    minority dialects and identity talk several times as often as the rest (Dodge et al., "Documenting
    Large Webtext Corpora", EMNLP 2021). ROOTS (Laurençon et al. 2022) uses the share of flagged words
    instead, and so does this stage, in three grades. The lists are the project's own
    (`curate/lexicons/toxicity` and, apart from them, `slurs`); no neutral name of a group of people is in
    them. What they find is wording, not intent: quoted, reclaimed and clinical uses count as well, and
    toxicity without such words does not.

    Signals: matches by grade, `mild`, `strong` and `severe` (slurs included), and of slurs alone, `slurs`; the
    same per 1,000 words, `mild_per_1k`, `strong_per_1k`, `severe_per_1k` and `slurs_per_1k`, where a text
    counts as 100 words or more; the default bounds of 10 therefore ask for two matches at least. Where a stage
    named `language` has labelled the text, the lists of its language apply, and all is null in a language that
    has none ("slut" ends Swedish films); else every list applies to every text.

    With the default bounds the stage flags none of 1,000 C4 pages, 0.1 % of encyclopedia articles, 0.2 % of
    harmless and 64 % of severely toxic Wikipedia comments (Jigsaw's labels).
    """

    use = "toxicity"
    version = 2
    data = ("lexicons/toxicity/*.toml", "lexicons/slurs/*.toml", "lexicons/particles_ko.toml")

    act: Literal["drop", "flag"] = "flag"
    languages: tuple[str, ...] = Field(default=("en", "ko"), min_length=1)
    """Whose texts are measured; the files of `curate/lexicons/toxicity`."""
    lexicon: Asset | None = None
    """One's own in place of the project's, for all `languages`: TOML lists `mild`, `strong`, `severe`, `allow`."""
    mild_per_1k: Range = Range()
    """Rude words and mild insults."""
    strong_per_1k: Range = Range(max=10)
    """Vulgar words and insults, slurs among them."""
    severe_per_1k: Range = Range(max=10)
    """Threats, wishes of death, the worst slurs, abuse of children."""
    slurs_per_1k: Range = Range(max=10)
    """Slurs of all grades."""

    def prepare(self) -> None:
        """Read and compile the lists."""
        known = [name.removeprefix("toxicity/").removesuffix(".toml") for name in lexicons.names("toxicity")]
        for language in self.languages:
            if language not in known and self.lexicon is None:
                raise AssetError(f"{self.name}.languages: no list for {language!r}; there are {', '.join(known)}")
            _ = self._graded((language,))

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts (int32) and densities (float64)."""
        counts = np.zeros((batch.num_rows, len(GRADES) + 1), np.int32)
        known = np.zeros(batch.num_rows, np.bool_)
        for languages, rows, texts in spoken(batch, self.languages):
            terms, links = self._graded(languages)
            found = lexicon.find(*buffers(texts), terms)
            counts[rows], known[rows] = found.table(len(rows), links, counts.shape[1]), True
        thousands = np.maximum(text.words(*buffers(batch["text"])).total, SHORT) / 1000.0
        named = dict(zip((*GRADES, "slurs"), np.ascontiguousarray(counts.T), strict=True))
        signals = {**named, **{f"{name}_per_1k": count / thousands for name, count in named.items()}}
        return {name: pa.array(values, mask=~known) for name, values in signals.items()}

    def _graded(self, languages: tuple[str, ...]) -> "Graded":
        if languages not in self._compiled:
            own = [(_own(self.lexicon, f"{self.name}.lexicon"), False)] if self.lexicon else []
            lists = own or [
                (lexicons.read(f"{folder}/{language}.toml"), folder == "slurs")
                for language in languages
                for folder in ("toxicity", "slurs")
            ]
            self._compiled[languages] = Graded.of(lists)
        return self._compiled[languages]

    @cached_property
    def _compiled(self) -> dict[tuple[str, ...], "Graded"]:
        return {}


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


def _own(path: Asset, field: str) -> dict[str, Any]:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise AssetError(f"{field}: cannot read {path}: {error}") from error
    for grade in (*GRADES, "allow"):
        terms = table.get(grade, [])
        if not isinstance(terms, list) or not all(isinstance(t, str) and lexicon.fold(t.strip("*")) for t in terms):
            raise AssetError(f"{field}: {path}: {grade} is not a list of words")
    return table
