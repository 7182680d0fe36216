"""Deduplication by address: one document of each page."""

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import AfterValidator

from curate.clusters import Numbering, equals, verdicts
from curate.deduplication import DocumentDeduplication
from curate.ops import canonical as ops
from curate.ops.hashing import hash_strings
from curate.stage import Corpus, buffers

TRACKING = (
    *("utm_*", "_ga", "_gl", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "srsltid"),
    *("fbclid", "igshid", "msclkid", "twclid", "ttclid", "li_fat_id", "yclid", "ymclid", "_openstat"),
    *("mc_cid", "mc_eid", "_hsenc", "_hsmi", "__hstc", "__hssc", "__hsfp", "hsctatracking", "mkt_tok"),
    *("vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "wickedid", "s_cid", "phpsessid", "jsessionid"),
)
"""Parameters that advertisers, mailers and servers add to follow a visitor, as they document them themselves."""


def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if not name.strip("*") or "*" in name[:-1]:
            raise ValueError(f"{name[:80]!r} cannot be a parameter's name: * stands at the end alone")
    return tuple(sorted({name.lower() for name in names}))


class SameUrl(DocumentDeduplication):
    """Keeps one of all documents of one page's address, by default the longest, whatever their texts are.

    Crawls meet a page again under other forms of its address. Alike are addresses that differ in the case of the
    host, in escapes of plain characters, default ports and empty parts (RFC 3986, section 6.2), in user names,
    fragments other than `#!…`, and in parameters that only follow a visitor; and by fields in the scheme, a
    leading `www.` and trailing slashes. Addresses are compared by a 128-bit hash (XXH64 under two seeds). Documents
    without an address are never copies. That the texts of one address have anything in common is not asked: this is
    for crawls that visit pages again, usually with `keep = "newest"`.

    Sketch, 32 bytes a document: `low` and `high`, both 0 where there is no address, and the order of precedence
    (see `Deduplication`). Signals: `cluster`, the id of the document that stays, null where there are no copies,
    and `cluster_size`.
    """

    use = "same_url"
    reads = ("text", "url")
    sketched = ("scope", "scheme", "www", "trailing_slash", "query", "fragment", "tracking")

    scheme: bool = False
    """Whether `http` and `https` are different pages."""
    www: bool = False
    """Whether a leading `www.` makes another page."""
    trailing_slash: bool = False
    """Whether slashes at the end of the path make another page."""
    query: bool = True
    """Whether parameters make another page, `tracking` ones apart."""
    fragment: bool = False
    """Whether what follows `#` makes another page; `#!…` always does."""
    tracking: Annotated[tuple[str, ...], AfterValidator(_names)] = tuple(sorted(TRACKING))
    """Names of parameters that make no other page, in any case; `utm_*` stands for all that begin so."""

    @cached_property
    def _counts(self) -> int:
        chosen = {ops.SCHEME: self.scheme, ops.WWW: self.www, ops.SLASH: self.trailing_slash}
        chosen |= {ops.QUERY: self.query, ops.FRAGMENT: self.fragment}
        return int(sum(bit for bit, counts in chosen.items() if counts))

    @cached_property
    def _ignored(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        return buffers(pa.array(self.tracking, pa.string()))

    def sketch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Two 64-bit hashes of every address, and its document's precedence."""
        offsets, data = ops.canonical(*buffers(batch["url"]), self._counts, *self._ignored)
        empty = np.diff(offsets) == 0
        low, high = (np.where(empty, np.uint64(0), hash_strings(offsets, data, seed)) for seed in (0, 1))
        low, high = self.scoped(batch, low, high)
        return pa.RecordBatch.from_pydict({"low": low, "high": high, **self.precedence(batch)})

    def resolve(self, corpus: Corpus) -> Iterator[pa.Table]:
        """One verdict table a shard; takes half of the corpus' memory at most, and 16 bytes a duplicate."""
        numbering = Numbering(corpus)
        yield from verdicts(corpus, numbering, equals(corpus, numbering, ("low", "high")))
