"""Which groups a document belongs to, measured on its text and its address."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.audit.lists import LISTS, lists
from curate.lexicons import identity
from curate.ops import lexicon, scripts
from curate.ops.beginnings import beginnings, reached
from curate.ops.hashing import hash_strings
from curate.regions import hosts, of_hosts

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

    def each(self, names: Iterable[str]) -> NDArray[np.int32]:
        """The numbers of some names."""
        return np.array([self.number(name) for name in names], np.int32)

    def coded(self, codes: NDArray[np.int64], name: Callable[[int], str]) -> NDArray[np.int32]:
        """The numbers of what `name` calls each code."""
        found, places = np.unique(codes, return_inverse=True)
        return self.each(map(name, found.tolist()))[places]

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
        both = np.concatenate([np.zeros(0, np.int64), *(pair.rows << 32 | pair.groups for pair in pairs)])
        both.sort()
        bounds = np.searchsorted(both, np.arange(len(bucket) + 1) << 32).astype(np.int64)
        return cls(bounds, both.astype(np.int32), bucket, stratum)


@dataclass
class Measure:
    """Finds groups and strata of documents, and numbers them for one unit."""

    named_sources: bool
    groups: Names = field(default_factory=Names)
    strata: Names = field(default_factory=Names)

    def raw(self, batch: pa.RecordBatch) -> Members:
        """What is known of a record before it is read: its source, the region and the bucket of its address."""
        rows = np.arange(batch.num_rows)
        everyone = Pairs(rows, np.full(len(rows), self.groups.number(ALL), np.int32))
        sites = hosts(batch.column("url"))
        known = np.asarray(pc.binary_length(sites)) > 0
        hashes = np.where(known, hash_strings(*buffers(sites)), hash_strings(*buffers(batch.column("id"))))
        bucket = (hashes % np.uint64(BUCKETS)).astype(np.uint8)
        strata = self.strata.coded(_source_class(batch), lambda code: f"||{code}")
        return Members.of([everyone, self._sources(batch), self._placed(sites)], bucket, strata)

    def read(self, batch: pa.RecordBatch, labels: pa.Array | None, known: Members) -> Members:
        """All groups, from the text as it stands: the `known` ones and more; `labels` are languages, if known."""
        offsets, data = buffers(batch.column("text"))
        bins = reached(offsets, data, LENGTHS).astype(np.int64) - 1
        kinds = scripts.written_in(offsets, data, WINDOW)
        spoken = None if labels is None else pc.fill_null(labels, "und").dictionary_encode()
        languages = [] if spoken is None else spoken.dictionary.to_pylist()
        tongue = kinds if spoken is None else np.asarray(spoken.indices)
        written = [f"script.{name}" for name in scripts.SCRIPTS]
        pairs = [Pairs(known.owners(), known.groups), self._each(bins, [f"length.{size}" for size in LENGTHS])]
        pairs.append(self._each(kinds, written))
        if spoken is not None:
            pairs.append(self._each(tongue, [f"language.{name}" for name in languages]))
        for language, script in LISTS.items():
            names, name = (scripts.SCRIPTS, script) if spoken is None else (languages, language)
            if name in names:
                mine = np.flatnonzero(tongue == names.index(name))
                pairs += self._mentioned(language, mine, (offsets[:-1][mine], offsets[1:][mine]), data)
        return Members.of(pairs, known.bucket, self._strata(bins, tongue, languages or written, batch))

    def _strata(
        self, bins: NDArray[np.int64], tongue: NDArray[np.int32], tongues: Sequence[str], batch: pa.RecordBatch
    ) -> NDArray[np.int32]:
        """The strata: length, language or script, class of the source."""
        wide = max(1, len(tongues))
        codes = (bins * wide + tongue) * SOURCE_STRATA + _source_class(batch)

        def name(code: int) -> str:
            both, source = divmod(code, SOURCE_STRATA)
            return f"{both // wide}|{tongues[both % wide]}|{source}"

        return self.strata.coded(codes, name)

    def labelled(self, members: Members, labels: pa.Array) -> Members:
        """The documents once their languages are known: who is mentioned counts in languages that have lists alone."""
        spoken = pc.fill_null(labels, "und").dictionary_encode()
        languages, tongue = spoken.dictionary.to_pylist(), np.asarray(spoken.indices)
        listed = np.isin(tongue, [i for i, name in enumerate(languages) if name in LISTS])
        of_lists = [name.partition(".")[0] in TOLD_BY_LISTS for name in self.groups.listed().to_pylist()]
        kept = listed[members.owners()] | ~np.array(of_lists, np.bool_)[members.groups]
        pairs = [Pairs(members.owners()[kept], members.groups[kept])]
        pairs.append(self._each(tongue, [f"language.{name}" for name in languages]))
        before = self.strata.listed().to_pylist()

        def name(code: int) -> str:
            size, _, source = before[code // max(1, len(languages))].split("|")
            return f"{size}|{languages[code % len(languages)]}|{source}"

        strata = self.strata.coded(members.stratum.astype(np.int64) * len(languages) + tongue, name)
        return Members.of(pairs, members.bucket, strata)

    def _sources(self, batch: pa.RecordBatch) -> Pairs:
        if self.named_sources:
            coded = batch.column("source").dictionary_encode()
            names = [f"source.{name}" for name in coded.dictionary.to_pylist()]
            return self._each(np.asarray(coded.indices), names)
        return self._each(_source_class(batch, SOURCES), [f"source.~{n:02d}" for n in range(SOURCES)])

    def _placed(self, sites: pa.BinaryArray) -> Pairs:
        """The regions of those sites that tell one."""
        places = of_hosts(sites).dictionary_encode()
        found = np.flatnonzero(np.asarray(places.is_valid()))
        numbers = self.groups.each(f"region.{name}" for name in places.dictionary.to_pylist())
        return Pairs(found, numbers[np.asarray(places.indices.drop_null())])

    def _each(self, codes: NDArray[np.int64] | NDArray[np.int32], names: Sequence[str]) -> Pairs:
        """One group for each row, by its place in `names`."""
        called = np.bincount(codes, minlength=len(names)) > 0
        numbers = [self.groups.number(name) if met else -1 for name, met in zip(names, called, strict=True)]
        return Pairs(np.arange(len(codes)), np.array(numbers, np.int32)[codes])

    def _mentioned(
        self,
        language: str,
        rows: NDArray[np.int64],
        spans: tuple[NDArray[np.int32], NDArray[np.int32]],
        data: NDArray[np.uint8],
    ) -> Iterable[Pairs]:
        """Who some texts of a language mention, and whose dialects' cues they hold."""
        if not len(rows):
            return  # and no list is needed
        stops = beginnings(*spans, data, WINDOW)
        for terms in lists(language):
            found = lexicon.find_in(spans[0], stops, data, terms.compiled)
            first, last = (np.searchsorted(terms.links[:, 0], found.terms, side) for side in ("left", "right"))
            times = last - first
            inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
            group = terms.links[np.repeat(first, times) + inside, 1]
            cells = np.repeat(found.rows, times).astype(np.int64) * len(terms.names) + group
            cells, counts = np.unique(cells, return_counts=True)
            row, group = np.divmod(cells, max(1, len(terms.names)))
            enough = counts >= terms.least[group]
            yield Pairs(rows[row[enough]], self.groups.each(terms.names.tolist())[group[enough]])


def _source_class(batch: pa.RecordBatch, classes: int = SOURCE_STRATA) -> NDArray[np.int64]:
    hashes = hash_strings(*buffers(batch.column("source")))
    return (hashes % np.uint64(classes)).astype(np.int64)
