"""Which pages their address alone condemns."""

from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import model_validator

from curate import lexicons
from curate.errors import AssetError
from curate.ops import lexicon
from curate.ops import url as ops
from curate.stage import Asset, Filter, Range, Signals, buffers

LOCAL = ("localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0", "127.0.0.1")  # noqa: S104
"""Entries of every hosts file that block nothing."""


class Url(Filter):
    """Block lists of domains and addresses, and scored words in the address.

    The form is RefinedWeb's (Penedo et al., "The RefinedWeb Dataset for Falcon LLM", 2023, G.1; FineWeb
    took it over): listed domains and URLs, words that decide alone (`hard_words`), and words of which
    two are needed (`soft_words`). Lists come by path and none is shipped but a short list of the project's own
    words, `curate/lexicons/url_words.toml`, which names no group of people.

    Signals: `blocked_domain`, `blocked_url` and `ip_address` (0 or 1), `hard_words` (how many different
    ones), `soft_words` (the summed weights of different ones), `characters` (bytes of the URL in its normal
    form). All are null where a document has no URL, so that it breaks no rule.
    """

    use = "url"
    data = ("lexicons/url_words.toml",)
    reads = ("url",)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, fields: Any) -> Any:
        """The batch's own column is called `url`, so that the stage's cannot be."""
        return {"name": "url_filter", **fields} if isinstance(fields, dict) else fields

    domains: Asset | None = None
    """Blocked domains, with all below them: one a line, or in the form of a hosts file; `#` begins a comment."""
    urls: Asset | None = None
    """Blocked URLs, with all below their path; one a line."""
    words: Asset | None = None
    """More soft words, one a line, or word, tab and weight; `*` at an end matches inside words."""
    default_words: bool = True
    """Whether the project's own words count."""

    blocked_domain: Range = Range(max=0)
    """1 where the host, or a domain above it, is in `domains`."""
    blocked_url: Range = Range(max=0)
    """1 where the URL, or what it lies under, is in `urls`."""
    hard_words: Range = Range(max=0)
    """Different words that announce an adult page by themselves."""
    soft_words: Range = Range(max=1)
    """Summed weights of the different soft words."""
    ip_address: Range = Range()
    """1 where the host is an address instead of a name."""
    characters: Range = Range()
    """Length of the URL without scheme, user, port and fragment, in bytes."""

    def prepare(self) -> None:
        """Read the lists."""
        _ = self._domains, self._urls, self._words

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts and 0-or-1 signals, null where the URL is."""
        column = batch["url"]
        urls = _normal(column)
        hard, soft = self._words.score(urls)
        signals = {
            "blocked_domain": ops.on_domains(urls, self._domains).astype(np.int8),
            "blocked_url": ops.on_urls(urls, self._urls).astype(np.int8),
            "hard_words": hard,
            "soft_words": soft,
            "ip_address": ops.on_addresses(urls).astype(np.int8),
            "characters": np.diff(urls.offsets),
        }
        absent = np.asarray(pc.is_null(column))
        return {name: pa.array(values, mask=absent) for name, values in signals.items()}

    @cached_property
    def _domains(self) -> NDArray[np.uint64]:
        return ops.table(ops.hash_hosts(_normal(_domains_in(_lines(self.domains, f"{self.name}.domains")))))

    @cached_property
    def _urls(self) -> NDArray[np.uint64]:
        return ops.table(ops.hash_urls(_normal(_lines(self.urls, f"{self.name}.urls"))))

    @cached_property
    def _words(self) -> "Words":
        weights: dict[str, float | None] = {}
        if self.default_words:
            own = lexicons.read("url_words.toml")
            for key, weight in (("hard", None), ("soft", 1.0), ("strong", 2.0), ("allow", 0.0)):
                weights |= dict.fromkeys(own[key], weight)
        if self.words is not None:
            field = f"{self.name}.words"
            weights |= _scored(_lines(self.words, field), field)
        return Words.of(weights)


class Words(NamedTuple):
    """A compiled lexicon with a weight for every term; a hard word's is infinite."""

    terms: lexicon.Lexicon
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, weights: dict[str, float | None]) -> "Words":
        """From word → weight, None for a hard word; of two words that fold to one the later counts."""
        folded = {lexicon.fold(word.strip("*")): (word, weight) for word, weight in weights.items()}
        values = [np.inf if weight is None else weight for _, weight in folded.values()]
        return cls(lexicon.compile_terms([word for word, _ in folded.values()]), np.array(values, np.float64))

    def score(self, urls: ops.Urls) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Per URL: how many different hard words, and the summed weights of different soft words."""
        rows, size = len(urls.hosts), max(1, len(self.weights))
        found = lexicon.find(urls.offsets, urls.data, self.terms)
        row, term = np.divmod(np.unique(found.rows.astype(np.int64) * size + found.terms), size)
        weight = self.weights[term]
        hard = np.bincount(row[np.isinf(weight)], minlength=rows).astype(np.int32)
        soft = np.bincount(row, np.where(np.isinf(weight), 0.0, weight), rows)
        return hard, soft.astype(np.float64)


def _normal(strings: pa.StringArray) -> ops.Urls:
    """Normal forms, international host names in their ASCII form (IDNA)."""
    urls = ops.normalise(*buffers(strings))
    foreign = np.flatnonzero(ops.on_foreign_hosts(urls))
    if not len(foreign):
        return urls
    texts = [bytes(urls.data[a:b]) for a, b in pairwise(urls.offsets)]
    for row in foreign:
        host = texts[row][: urls.hosts[row]]
        texts[row] = _ascii(host) + texts[row][urls.hosts[row] :]
        urls.hosts[row] += len(texts[row]) - int(urls.offsets[row + 1] - urls.offsets[row])
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
    return ops.Urls(ends, np.frombuffer(b"".join(texts), np.uint8), urls.hosts)


def _ascii(host: bytes) -> bytes:
    """A host's IDNA form, or the host itself where it has none."""
    try:
        return host.decode("utf-8").encode("idna").lower()
    except UnicodeError:
        return host


def _lines(path: Path | None, field: str) -> pa.StringArray:
    """The lines of a list without comments and white space at the ends, blank ones left out."""
    if path is None:
        return pa.array([], pa.string())
    try:
        text = path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise AssetError(f"{field}: cannot read {path}: {error.strerror}") from error
    lines = pc.replace_substring_regex(pa.array(text.split("\n"), pa.string()), r"(^|\s)#.*$|^\s*!.*$", "")
    lines = pc.utf8_trim_whitespace(lines)
    return lines.filter(pc.not_equal(lines, ""))


def _domains_in(lines: pa.StringArray) -> pa.StringArray:
    """The names in lines of a plain list, a hosts file, or an ad blocker's list of `||domain^`."""
    address = r"^(\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.%a-z0-9]*)\s+"
    names = pc.list_flatten(pc.utf8_split_whitespace(pc.replace_substring_regex(lines, address, "")))
    names = pc.replace_substring_regex(names, r"^(\|\||\*\.|\.)|\^$", "")
    return names.filter(pc.invert(pc.is_in(names, value_set=pa.array(LOCAL))))


def _scored(lines: pa.StringArray, field: str) -> dict[str, float | None]:
    """Word → weight, 1 where a line names none."""
    weights: dict[str, float | None] = {}
    for line in lines.to_pylist():
        word, _, weight = line.partition("\t")
        try:
            weights[word] = float(weight or 1)
        except ValueError as error:
            raise AssetError(f"{field}: {line!r}: the weight after the tab is not a number") from error
        if not lexicon.fold(word.strip("*")) or not 0 <= float(weight or 1) < np.inf:
            raise AssetError(f"{field}: {line!r}: needs a word, and a weight of 0 or more")
    return weights
