"""Which groups a document belongs to, measured on its text and its address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import lexicons
from curate.arrays import buffers
from curate.lexicons import identity
from curate.ops import lexicon, scripts, url
from curate.ops.hashing import hash_strings
from curate.regions import regions

BUCKETS = 64
ALL = "all"
WINDOW = 2048
"""Characters of a text that are searched for mentions and cues: about 350 words, so that a long text, which mentions
everybody somewhere, is of no more groups than a short one; and it is what the counters cost."""
LENGTHS = (0, 256, 1024, 4096, 16384, 65536)
"""Where the bins of length begin, in characters."""
SOURCES = 50
"""Sources that have a group of their own; where there are more, they are put into as many groups by hash."""
SOURCE_STRATA = 8
LISTS = {"en": "latin", "ko": "hangul"}
"""Languages that have lists of identity terms and cues, and the script that stands for one while none is known."""


TOLD_BY_LISTS = frozenset({*identity.AXES, "pronouns", "dialect"})
"""Axes that go by the lists of a language."""


class Names:
    """Names and their numbers, in the order in which they are first asked for."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def number(self, name: str) -> int:
        """The name's number, a new one where it has none."""
        return self._numbers.setdefault(name, len(self._numbers))

    def numbers(self, names: pa.Array) -> NDArray[np.int32]:
        """The numbers of an array of strings."""
        if not len(names):
            return np.zeros(0, np.int32)
        coded = names.dictionary_encode()
        known = np.array([self.number(name) for name in coded.dictionary.to_pylist()], np.int32)
        return np.asarray(known[np.asarray(coded.indices)])

    def listed(self) -> pa.StringArray:
        """All names by number."""
        return pa.array(list(self._numbers), pa.string())


class Pairs(NamedTuple):
    """Rows and the groups that they are in, one entry each."""

    rows: NDArray[np.int64]
    groups: NDArray[np.int32]


@dataclass
class Members:
    """Some documents: document i has the groups `groups[bounds[i]:bounds[i + 1]]`, a bucket and a stratum."""

    bounds: NDArray[np.int64]
    groups: NDArray[np.int32]
    bucket: NDArray[np.uint8]
    stratum: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.bucket)

    def where(self, mask: NDArray[np.bool_]) -> "Members":
        """Only the documents of the mask."""
        sizes = np.diff(self.bounds)
        kept = np.repeat(mask, sizes)
        bounds = np.concatenate([[0], np.cumsum(sizes[mask])]).astype(np.int64)
        return Members(bounds, self.groups[kept], self.bucket[mask], self.stratum[mask])

    def owners(self) -> NDArray[np.int64]:
        """The document of every entry of `groups`."""
        return np.repeat(np.arange(len(self)), np.diff(self.bounds))

    @classmethod
    def of(cls, pairs: Sequence[Pairs], bucket: NDArray[np.uint8], stratum: NDArray[np.int32]) -> Self:
        """The documents that these pairs are about, all of the same rows."""
        rows = np.concatenate([np.zeros(0, np.int64), *(pair.rows for pair in pairs)])
        groups = np.concatenate([np.zeros(0, np.int32), *(pair.groups for pair in pairs)])
        order = np.lexsort((groups, rows))
        bounds = np.searchsorted(rows[order], np.arange(len(bucket) + 1)).astype(np.int64)
        return cls(bounds, groups[order].astype(np.int32), bucket, stratum)


@dataclass
class Measure:
    """Finds groups and strata of documents, and numbers them for one unit."""

    named_sources: bool
    groups: Names = field(default_factory=Names)
    strata: Names = field(default_factory=Names)

    def raw(self, batch: pa.RecordBatch) -> Members:
        """What is known of a record before it is read: its source and its address."""
        pairs, bucket = self._placed(batch)
        strata = pa.array([f"||{n}" for n in range(SOURCE_STRATA)])
        return Members.of(pairs, bucket, self.strata.numbers(strata.take(pa.array(_source_class(batch)))))

    def read(self, batch: pa.RecordBatch, labels: pa.Array | None) -> Members:
        """All groups, from the text as it stands; `labels` are languages, where they are known."""
        pairs, bucket = self._placed(batch)
        text = pc.fill_null(batch.column("text"), "")
        bins = np.searchsorted(LENGTHS, np.asarray(pc.utf8_length(text)), "right") - 1
        kinds = np.asarray(scripts.written_in(*buffers(text), WINDOW))
        written = pa.array([f"script.{name}" for name in scripts.SCRIPTS]).take(pa.array(kinds))
        pairs += [self._one_each("length", pa.array(LENGTHS).take(pa.array(bins))), self._each(written)]
        spoken = pc.fill_null(labels, "und") if labels is not None else None
        if spoken is not None:
            pairs.append(self._one_each("language", spoken))
        for language, script in LISTS.items():
            mine = kinds == scripts.SCRIPTS.index(script) if spoken is None else np.asarray(pc.equal(spoken, language))
            rows = np.flatnonzero(mine)
            pairs += self._mentioned(language, rows, text.take(pa.array(rows)))
        tongue = written if spoken is None else spoken
        parts = [pa.array(bins).cast(pa.string()), tongue, pa.array(_source_class(batch)).cast(pa.string())]
        return Members.of(pairs, bucket, self.strata.numbers(pc.binary_join_element_wise(*parts, "|")))

    def labelled(self, members: Members, labels: pa.Array) -> Members:
        """The documents once their languages are known: who is mentioned counts in languages that have lists alone."""
        spoken = pc.fill_null(labels, "und")
        listed = np.asarray(pc.is_in(spoken, pa.array(list(LISTS))))
        of_lists = [name.partition(".")[0] in TOLD_BY_LISTS for name in self.groups.listed().to_pylist()]
        kept = listed[members.owners()] | ~np.array(of_lists, np.bool_)[members.groups]
        pairs = [Pairs(members.owners()[kept], members.groups[kept]), self._one_each("language", spoken)]
        parts = pc.split_pattern(self.strata.listed().take(pa.array(members.stratum)), "|")
        both = (pc.list_element(parts, 0), spoken, pc.list_element(parts, 2)) if len(members) else (spoken,) * 3
        return Members.of(pairs, members.bucket, self.strata.numbers(pc.binary_join_element_wise(*both, "|")))

    def _placed(self, batch: pa.RecordBatch) -> tuple[list[Pairs], NDArray[np.uint8]]:
        """Membership by source and region, and the bucket."""
        rows = np.arange(batch.num_rows)
        everyone = Pairs(rows, np.full(len(rows), self.groups.number(ALL), np.int32))
        hosts, lengths = _hosts(batch.column("url"))
        ids = hash_strings(*buffers(batch.column("id")))
        hashes = np.where(lengths > 0, hash_strings(*hosts), ids)
        places = regions(batch.column("url"))
        found = np.flatnonzero(np.asarray(places.is_valid()))
        named = pc.binary_join_element_wise("region", places.take(pa.array(found)), ".")
        placed = Pairs(found, self.groups.numbers(named))
        bucket = (hashes % np.uint64(BUCKETS)).astype(np.uint8)
        return [everyone, self._one_each("source", self._sources(batch)), placed], bucket

    def _sources(self, batch: pa.RecordBatch) -> pa.Array:
        if self.named_sources:
            return batch.column("source")
        return pa.array([f"~{n:02d}" for n in range(SOURCES)]).take(pa.array(_source_class(batch, SOURCES)))

    def _one_each(self, axis: str, values: pa.Array) -> Pairs:
        return self._each(pc.binary_join_element_wise(axis, values.cast(pa.string()), "."))

    def _each(self, names: pa.Array) -> Pairs:
        return Pairs(np.arange(len(names)), self.groups.numbers(names))

    def _mentioned(self, language: str, rows: NDArray[np.int64], text: pa.Array) -> Iterable[Pairs]:
        """Who some texts of a language mention, and whose dialects' cues they hold."""
        heads = buffers(pc.utf8_slice_codeunits(text, 0, WINDOW))
        for terms in _lists(language):
            found = lexicon.find(*heads, terms.compiled)
            first, last = (np.searchsorted(terms.links[:, 0], found.terms, side) for side in ("left", "right"))
            times = last - first
            inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
            group = terms.links[np.repeat(first, times) + inside, 1]
            cells = np.repeat(found.rows, times).astype(np.int64) * len(terms.names) + group
            cells, counts = np.unique(cells, return_counts=True)
            row, group = np.divmod(cells, max(1, len(terms.names)))
            enough = counts >= terms.least[group]
            yield Pairs(
                rows[row[enough]], self.groups.numbers(pa.array(terms.names, pa.string()).take(pa.array(group[enough])))
            )


class Terms(NamedTuple):
    """A lexicon, its groups, which term counts for which, and how often a group must be met to be one of a text's."""

    compiled: lexicon.Lexicon
    names: tuple[str, ...]
    links: NDArray[np.int32]
    least: NDArray[np.int64]


@cache
def _lists(language: str) -> tuple[Terms, Terms]:
    found = identity.mentions((language,))
    counted = [i for i, name in enumerate(found.groups) if name != identity.AMBIGUOUS]
    links = found.links[np.isin(found.links[:, 1], counted)]
    return Terms(found.terms, found.groups, links, np.ones(len(found.groups), np.int64)), _dialects(language)


def _dialects(language: str) -> Terms:
    """The cues of a language's dialects, compiled from `lexicons/dialect`."""
    table = lexicons.read(f"dialect/{language}.toml")
    terms = [(cue, number) for number, group in enumerate(table["group"]) for cue in group["cues"]]
    written = [cue for cue, _ in terms] + table.get("not", [])
    particles = lexicons.read("particles_ko.toml")["particles"] if language == "ko" else []
    names = tuple(f"dialect.{group['id']}" for group in table["group"])
    links = np.array([(i, number) for i, (_, number) in enumerate(terms)], np.int32).reshape(-1, 2)
    least = np.array([group.get("at_least", 1) for group in table["group"]], np.int64)
    return Terms(lexicon.compile_terms(written, particles), names, links, least)


def _source_class(batch: pa.RecordBatch, classes: int = SOURCE_STRATA) -> NDArray[np.int64]:
    hashes = hash_strings(*buffers(batch.column("source")))
    return (hashes % np.uint64(classes)).astype(np.int64)


def _hosts(urls: pa.Array) -> tuple[tuple[NDArray[np.int32], NDArray[np.uint8]], NDArray[np.int64]]:
    """The hosts as offsets and bytes, and their lengths."""
    normal = url.normalise(*buffers(urls))
    lengths = normal.hosts.astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    inside = np.arange(offsets[-1]) - np.repeat(offsets[:-1], lengths)
    return (offsets, normal.data[np.repeat(normal.offsets[:-1], lengths) + inside]), lengths
