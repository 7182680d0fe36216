"""The lists that condemn addresses: how they are written, and what is looked up in them."""

import gzip
import zlib
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.ops import blocklist, lexicon
from curate.ops import url as ops
from curate.stage import buffers

LOCAL = ("localhost", "localhost.localdomain", "local", "broadcasthost", "0.0.0.0", "127.0.0.1")  # noqa: S104
"""Entries of every hosts file that block nothing."""

LONGEST_HOST = 1_000
"""Bytes of a host beyond which no international form is looked for; DNS allows 253."""


class Words(NamedTuple):
    """A compiled lexicon with a weight for every term; a hard word's is infinite."""

    terms: lexicon.Lexicon
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, weights: Mapping[str, float | None]) -> "Words":
        """From word → weight, None for a hard word; of two words that fold to one the later counts."""
        folded = {lexicon.fold(word.strip("*")): (word, weight) for word, weight in weights.items()}
        values = [np.inf if weight is None else weight for _, weight in folded.values()]
        return cls(lexicon.compile_terms([word for word, _ in folded.values()]), np.array(values, np.float64))

    def score(
        self, offsets: NDArray[np.int32], data: NDArray[np.uint8]
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]:
        """Per text: how many different hard words, and the summed weights of different soft words."""
        rows, size = len(offsets) - 1, max(1, len(self.weights))
        found = lexicon.find(offsets, data, self.terms)
        row, term = np.divmod(np.unique(found.rows.astype(np.int64) * size + found.terms), size)
        weight = self.weights[term]
        hard = np.bincount(row[np.isinf(weight)], minlength=rows).astype(np.int32)
        soft = np.bincount(row, np.where(np.isinf(weight), 0.0, weight), rows)
        return hard, soft.astype(np.float64)


def listed(path: Path, kind: str) -> Path:
    """The file itself, or a category's of UT1's lists: the file `domains` or `urls` (or that `.gz`) of a folder."""
    if not path.is_dir():
        return path
    packed = path / f"{kind}.gz"
    return packed if packed.is_file() else path / kind


def domain_table(paths: Iterable[Path], field: str) -> NDArray[np.uint64]:
    """What `blocklist.on_domains` looks up, of lists of domains."""
    names = [domains_in(lines(listed(path, "domains"), field)) for path in paths]
    return blocklist.table(blocklist.hash_hosts(normal(pa.concat_arrays([pa.array([], pa.string()), *names]))))


def url_table(paths: Iterable[Path], field: str) -> NDArray[np.uint64]:
    """What `blocklist.on_urls` looks up, of lists of URLs."""
    found = [lines(listed(path, "urls"), field) for path in paths]
    return blocklist.table(blocklist.hash_urls(normal(pa.concat_arrays([pa.array([], pa.string()), *found]))))


def normal(strings: pa.StringArray) -> ops.Urls:
    """Normal forms, international host names in their ASCII form (IDNA)."""
    urls = ops.normalise(*buffers(strings))
    return _with_hosts(urls, ops.on_foreign_hosts(urls), to_ascii=True)


def readable(urls: ops.Urls) -> ops.Urls:
    """The same with international host names as people read them, which is where their words are."""
    return _with_hosts(urls, ops.on_punycode_hosts(urls), to_ascii=False)


def _with_hosts(urls: ops.Urls, which: NDArray[np.bool_], *, to_ascii: bool) -> ops.Urls:
    rows = np.flatnonzero(which)
    if not len(rows):
        return urls
    texts, hosts = [bytes(urls.data[a:b]) for a, b in pairwise(urls.offsets)], urls.hosts.copy()
    for row in rows:
        host = _translated(texts[row][: hosts[row]], to_ascii=to_ascii)
        texts[row] = host + texts[row][hosts[row] :]
        hosts[row] = len(host)
    ends = np.cumsum([0, *map(len, texts)]).astype(np.int32)
    return ops.Urls(ends, np.frombuffer(b"".join(texts), np.uint8), hosts)


def _translated(host: bytes, *, to_ascii: bool) -> bytes:
    """A host's other form, or the host itself where it has none."""
    if len(host) > LONGEST_HOST:
        return host
    try:
        return host.decode("utf-8").encode("idna").lower() if to_ascii else host.decode("idna").encode()
    except UnicodeError:
        return host


def lines(path: Path, field: str) -> pa.StringArray:
    """The lines of a list, plain or gzip, without comments and white space at the ends, blank ones left out."""
    try:
        data = path.read_bytes()
        text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8", errors="replace")
    except (OSError, EOFError, zlib.error) as error:
        raise AssetError(f"{field}: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    found = pc.replace_substring_regex(pa.array(text.split("\n"), pa.string()), r"(^|\s)#.*$|^\s*!.*$", "")
    found = pc.utf8_trim_whitespace(found)
    return found.filter(pc.not_equal(found, ""))


def domains_in(entries: pa.StringArray) -> pa.StringArray:
    """The names in lines of a plain list, a hosts file, or an ad blocker's list of `||domain^`.

    An ad blocker's other lines are rules for parts of pages, exceptions, and patterns such as `.com/ads/`: none of
    them says that a site is bad.
    """
    address = r"^(\d+\.\d+\.\d+\.\d+|[0-9A-Fa-f]*:[0-9A-Fa-f:.%a-z0-9]*)\s+"
    names = pc.list_flatten(pc.utf8_split_whitespace(pc.replace_substring_regex(entries, address, "")))
    rules = pc.any(pc.starts_with(names, "||")).as_py()
    names = pc.replace_substring_regex(names, r"^(\|\||\*\.|\.)|\^$", "")
    if rules:
        names = names.filter(pc.invert(pc.match_substring_regex(names, r"[/$@#^|*&=?,]")))
    return names.filter(pc.invert(pc.is_in(names, value_set=pa.array(LOCAL))))


def words_in(path: Path, field: str) -> list[str]:
    """The words of a list of one a line."""
    found: list[str] = lines(path, field).to_pylist()
    for word in found:
        if not lexicon.fold(word.strip("*"))[:1].isalpha():
            raise AssetError(f"{field}: {word[:80]!r}: needs a word that begins with a letter")
    return found


def weighted(path: Path, field: str) -> dict[str, float | None]:
    """Word → weight of a list of word, or word, tab and weight; 1 where a line names none."""
    weights: dict[str, float | None] = {}
    for line in lines(path, field).to_pylist():
        word, _, weight = line.partition("\t")
        try:
            weights[word] = float(weight or 1)
        except ValueError as error:
            raise AssetError(f"{field}: {line[:80]!r}: the weight after the tab is not a number") from error
        if not lexicon.fold(word.strip("*"))[:1].isalpha() or not 0 <= float(weight or 1) < np.inf:
            raise AssetError(f"{field}: {line[:80]!r}: needs a word, and a weight of 0 or more")
    return weights
