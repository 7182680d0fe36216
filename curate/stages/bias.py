"""Who a text speaks about, and what it says of them: counts and flags for the reader of a corpus, never a drop."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import Field, field_validator

from curate import associations, generalisations, lexicons, stated, statements
from curate.errors import AssetError
from curate.lexicons import identity
from curate.lexicons import statements as words
from curate.lexicons.spoken import spoken
from curate.models import stereotype
from curate.ops import lexicon, text
from curate.regions import regions
from curate.stage import Filter, Range, Signals, buffers
from curate.told import BesideGroups

SHOWN = 100
"""Most associations of a run that the report shows."""


class Bias(Filter):
    """Mentions of groups by axis, gendered pronouns, what is said of groups, and flags where it is lopsided.

    Counting identity terms and pronouns is how PaLM, Llama 2 (Touvron et al. 2023, table 9) and Dodge et al.
    ("Documenting Large Webtext Corpora", EMNLP 2021) describe what a corpus speaks about. A mention is no
    topic and no statement about the author; the lists are the project's own (`curate/lexicons/identity`).
    Filters on such words remove minorities' own text first, which is why this stage only flags.

    Signals: mentions per axis (`gender`, `orientation`, `religion`, `race`, `nationality`, `disability`, `age`,
    `migration`, `social_class`); `ambiguous`, terms such as "black" or "old" without a word for people behind
    them, counted nowhere else; `groups`, a list of every group that occurs with its count; `masculine`,
    `feminine` and `neutral` third-person pronouns; `gender_skew` = (m - f) / (m + f + 2), from -1 to 1, where
    the 2 asks for evidence: beyond 0.9 lies a text with at least 19 pronouns of one kind and next to none of
    the other; `mentions_per_1k`, mentions over words. Where a stage named `language` has labelled the text, the
    terms of its language count, and all is null in a language that has none; else all count in every text.

    What is said: `near`, how often which trait stands within 8 words of which group's name in one sentence; `strict`,
    generic statements by the bare plural, a copula and a trait ("Swedes are shy"), those that are denied aside;
    `loose`, such statements by weaker signs; `spans`, at most 16 of both with group, trait, valence, and whether they
    are negated, quoted or attributed (`curate/ops/generics.py`). `stereotype`, from 0 to 1, is how likely the worst
    sentence generalises about a group, by a model in nine languages that cannot see which group it is (GeniL, Davani et
    al. 2024; `curate/models/README.md`); null in other languages. `region`, of the page's site by its top-level domain,
    is null where that tells none (`curate/regions.py`). Figures and limits: `docs/bias.md`.
    """

    use = "bias"
    version = 4
    tells_spans: ClassVar = ("strict", "loose")
    spans_of: ClassVar = {"stereotype": ("strict", "loose")}
    reads = ("text", "url")
    data = (
        "lexicons/identity/**/*.toml",
        "lexicons/particles_ko.toml",
        "lexicons/peoples/*.toml",
        "lexicons/regions.toml",
        "lexicons/roles/*.toml",
        "lexicons/traits/*.toml",
        "models/stereotype.npz",
    )

    act: Literal["flag"] = "flag"
    languages: tuple[str, ...] = Field(default=("en", "ko"), min_length=1)
    """Whose texts are measured; the folders of `curate/lexicons/identity`."""
    gender_skew: Range = Range(min=-0.9, max=0.9)
    """Nearly all of many pronouns are of one gender."""
    strict: Range = Range(max=0)
    """Generic statements about a group that nobody denies."""
    stereotype: Range = Range()
    """How likely a sentence generalises about a group."""
    loose: Range = Range()
    """Statements by weaker signs: about every second is one."""
    mentions_per_1k: Range = Range()
    """How dense mentions are: about these people, or a list of nations."""
    ambiguous: Range = Range()
    """Terms that may or may not mean people."""

    @field_validator("act", mode="before")
    @classmethod
    def _flags_only(cls, act: Any) -> Any:
        if act != "flag":
            raise ValueError('bias stages only flag, they never drop: write act = "flag" or leave it out')
        return act

    def prepare(self) -> None:
        """Compile the lexicons; refuse languages that have none."""
        known = lexicons.folders("identity")
        for language in self.languages:
            if language not in known:
                raise AssetError(
                    f"{self.name}.languages: no identity terms for {language!r}; there are {', '.join(known)}"
                )
            _ = identity.mentions((language,))

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts (int32), `groups` (list of structs of `group` and `n`), and ratios (float64)."""
        table, names, known = self._table(batch)
        column = {name: table[:, number] for number, name in enumerate(names)}
        axes = {
            axis: table[:, [name.startswith(f"{axis}.") for name in names]].sum(axis=1, dtype=np.int32)
            for axis in identity.AXES
        }
        m, f, n = (column[name] for name in identity.PRONOUNS)
        words = np.maximum(text.words(*buffers(batch["text"])).total, 1)
        signals = {
            **axes,
            "ambiguous": column[identity.AMBIGUOUS],
            "masculine": m,
            "feminine": f,
            "neutral": n,
            "gender_skew": (m - f) / (m + f + 2.0),
            "mentions_per_1k": 1000.0 * sum(axes.values()) / words,
        }
        masked = {name: pa.array(np.ascontiguousarray(values), mask=~known) for name, values in signals.items()}
        told = {"groups": _sparse(table, names, known), "region": regions(batch["url"])}
        return {**masked, **told, **self._said(batch, known)}

    def tell(self, columns: Iterable[pa.StructArray]) -> list[dict[str, Any]]:
        """Traits that stand near a group's name more or less often than near others', beyond chance."""
        found = associations.telling(associations.counted(column.field("near") for column in columns))
        return [{"near": f"{group} × {trait}", "n": n, "z": z} for group, trait, n, z in found[:SHOWN]]

    def tell_groups(self, columns: Iterable[BesideGroups]) -> list[dict[str, Any]]:
        """Strict statements about each group that enough documents mention; `spans` hold at most 16 of a document."""
        return stated.by_group(column for column, _ in columns)[:SHOWN]

    def _said(self, batch: pa.RecordBatch, known: NDArray[np.bool_]) -> Signals:
        """What sentences say of groups; null where the text's language has no lists."""
        parts, order = [], []
        scored = np.zeros(batch.num_rows, np.bool_)
        for languages, rows, texts in spoken(batch, words.LANGUAGES):
            if len(rows):
                parts.append(self._columns(statements.find(texts, languages), len(rows)))
                order.append(rows)
                scored[rows] = bool(set(languages) & set(stereotype.LANGUAGES))
        rest = np.setdiff1d(np.arange(batch.num_rows), np.concatenate([*order, np.zeros(0, np.int64)]))
        nothing = statements.find(pa.array([], pa.string()), self.languages)
        parts, order = [*parts, self._columns(nothing, len(rest))], [*order, rest]
        whole = pa.concat_tables(parts).take(pa.array(np.argsort(np.concatenate(order), kind="stable")))
        masks = {name: ~(scored if name == "stereotype" else known) for name in whole.column_names}
        return {name: _hidden(whole.column(name), mask) for name, mask in masks.items()}

    def _columns(self, found: statements.Statements, rows: int) -> pa.Table:
        """The signals of some rows."""
        scores, said = stereotype.scores(found), generalisations.said(found, self.languages)
        strict, loose = generalisations.counted(found, said, rows)
        return pa.table(
            {
                "near": generalisations.near(found, self.languages, rows),
                "strict": strict,
                "loose": loose,
                "spans": generalisations.spans(found, said, scores, rows),
                "stereotype": generalisations.highest(found, scores, rows),
            }
        )

    def _table(self, batch: pa.RecordBatch) -> tuple[NDArray[np.int32], list[str], NDArray[np.bool_]]:
        """(rows, groups) counts, the groups' names, and which rows are in a language with terms."""
        parts = [(identity.mentions(languages), *found) for languages, *found in spoken(batch, self.languages)]
        fixed = [identity.AMBIGUOUS, *identity.PRONOUNS]
        names = [*fixed, *sorted({name for mentions, *_ in parts for name in mentions.groups} - set(fixed))]
        table = np.zeros((batch.num_rows, len(names)), np.int32)
        known = np.zeros(batch.num_rows, np.bool_)
        for mentions, rows, texts in parts:
            found = lexicon.find(*buffers(texts), mentions.terms)
            places = np.array([names.index(name) for name in mentions.groups])
            table[rows[:, None], places] = found.table(len(rows), mentions.links, len(places))
            known[rows] = True
        return table, names, known


def _hidden(column: pa.ChunkedArray, mask: NDArray[np.bool_]) -> pa.Array:
    """The column with nulls where the mask says so."""
    return pc.if_else(pa.array(mask), pa.scalar(None, column.type), column.combine_chunks())


def _sparse(table: NDArray[np.int32], names: list[str], known: NDArray[np.bool_]) -> pa.ListArray:
    """Per row the groups of people that occur, in the order of their names, with their counts."""
    people = [name.partition(".")[0] in identity.AXES for name in names]
    rows, columns = np.nonzero(table * np.array(people))
    offsets = np.searchsorted(rows, np.arange(len(table) + 1)).astype(np.int32)
    entries = pa.StructArray.from_arrays(
        [pa.array(names, pa.string()).take(pa.array(columns)), pa.array(table[rows, columns])], names=["group", "n"]
    )
    return pa.ListArray.from_arrays(pa.array(offsets), entries, mask=pa.array(~known))
