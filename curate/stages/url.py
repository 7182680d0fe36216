"""Which pages their address alone condemns."""

from functools import cached_property
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BeforeValidator

from curate import lexicons
from curate.ops import blocklist
from curate.ops import url as ops
from curate.stage import Asset, Filter, Range, Signals
from curate.stages import url_lists as lists
from curate.stages.url_lists import Words

Assets = Annotated[tuple[Asset, ...], BeforeValidator(lambda v: (v,) if isinstance(v, (str, Path)) else v)]
"""Files, or a single one."""


class Url(Filter):
    """Block lists of domains and addresses, and scored words in the address.

    The form is RefinedWeb's (Penedo et al., "The RefinedWeb Dataset for Falcon LLM", 2023, G.1; datatrove and
    FineWeb took it over): listed domains and URLs; strict words, found in the address without its signs; hard words,
    which decide alone; soft words, of which two are needed; and, by choice, sites whose text is trained on from
    its own dump. Lists come by path, and none is shipped but short ones of the project's own,
    `curate/lexicons/url_words.toml`, which names no group of people, and `curated_sites.toml`.

    A list is plain or gzip text of one entry a line, a hosts file, or an ad blocker's `||domain^` lines, whose other
    rules name no site and are left out; `#` begins a comment. A folder stands for its file `domains` or `urls`, as in
    the lists of UT1 (https://dsi.ut-capitole.fr/blacklists/). A listed domain blocks all below it; datatrove blocks a
    listed host and what has a listed registered domain, but nothing below other listed hosts.

    Signals: `allowed`, `blocked_domain`, `blocked_url`, `curated_site` and `ip_address` (0 or 1), `strict_words` and
    `hard_words` (how many different ones), `soft_words` (the summed weights of different ones), `characters` (bytes of
    the URL in its normal form). All are null where a document has no URL, so that it breaks no rule, and all but
    `allowed` where its site is allowed.
    """

    use = "url"
    version = 2
    data = ("lexicons/url_words.toml", "lexicons/curated_sites.toml")
    reads = ("url",)
    called = "url_filter"  # since the batch's own column is `url`

    domains: Assets = ()
    """Lists of blocked domains."""
    urls: Assets = ()
    """Lists of blocked URLs, with all below their path."""
    allow: Assets = ()
    """Lists of domains that break no rule."""
    strict: Asset | None = None
    """More strict words, one a line."""
    hard: Asset | None = None
    """More hard words, one a line, which are no soft words then; `*` at an end matches inside words."""
    words: Asset | None = None
    """More soft words, one a line, or word, tab and weight; a weight of 0 makes a word innocent."""
    default_words: bool = True
    """Whether the project's own words count."""

    blocked_domain: Range = Range(max=0)
    """1 where the host, or a domain above it, is in `domains`."""
    blocked_url: Range = Range(max=0)
    """1 where the URL, or what it lies under, is in `urls`."""
    strict_words: Range = Range(max=0)
    """Different words that announce an adult page even where signs separate their letters."""
    hard_words: Range = Range(max=0)
    """Different words that announce an adult page by themselves."""
    soft_words: Range = Range(max=1)
    """Summed weights of the different soft words."""
    curated_site: Range = Range()
    """1 where the site is one of `curated_sites.toml`, such as Wikipedia; RefinedWeb leaves them out."""
    ip_address: Range = Range()
    """1 where the host is an address instead of a name."""
    characters: Range = Range()
    """Length of the URL without scheme, user, port and fragment, in bytes."""

    def assets(self) -> dict[str, Path]:
        """Every list; a folder's file in place of the folder."""
        kinds = {"domains": "domains", "urls": "urls", "allow": "domains"}
        found = super().assets()
        return {key: lists.listed(path, kinds.get(key.partition("[")[0], "")) for key, path in found.items()}

    def prepare(self) -> None:
        """Read the lists."""
        _ = self._domains, self._urls, self._allowed, self._curated, self._words, self._strict

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """Counts and 0-or-1 signals, null where the URL is or where its site is allowed."""
        column = batch["url"]
        urls = lists.normal(column)
        words = lists.readable(urls)
        hard, soft = self._words.score(words.offsets, words.data)
        allowed = blocklist.on_domains(urls, self._allowed)
        signals = {
            "blocked_domain": blocklist.on_domains(urls, self._domains).astype(np.int8),
            "blocked_url": blocklist.on_urls(urls, self._urls).astype(np.int8),
            "strict_words": self._strict.score(*ops.squeezed(words))[0],
            "hard_words": hard,
            "soft_words": soft,
            "curated_site": blocklist.on_domains(urls, self._curated).astype(np.int8),
            "ip_address": ops.on_addresses(urls).astype(np.int8),
            "characters": np.diff(urls.offsets),
        }
        absent = np.asarray(pc.is_null(column))
        judged = {name: pa.array(values, mask=absent | allowed) for name, values in signals.items()}
        return {"allowed": pa.array(allowed.astype(np.int8), mask=absent), **judged}

    @cached_property
    def _domains(self) -> NDArray[np.uint64]:
        return lists.domain_table(self.domains, f"{self.name}.domains")

    @cached_property
    def _urls(self) -> NDArray[np.uint64]:
        return lists.url_table(self.urls, f"{self.name}.urls")

    @cached_property
    def _allowed(self) -> NDArray[np.uint64]:
        return lists.domain_table(self.allow, f"{self.name}.allow")

    @cached_property
    def _curated(self) -> NDArray[np.uint64]:
        sites = [name for value in _own("curated_sites.toml").values() for name in value]
        return blocklist.table(blocklist.hash_hosts(lists.normal(pa.array(sites, pa.string()))))

    @cached_property
    def _words(self) -> Words:
        weights: dict[str, float | None] = {}
        if self.default_words:
            own = _own("url_words.toml")
            for key, weight in (("hard", None), ("soft", 1.0), ("strong", 2.0), ("allow", 0.0)):
                weights |= dict.fromkeys(own[key], weight)
        if self.words is not None:
            weights |= lists.weighted(self.words, f"{self.name}.words")
        if self.hard is not None:
            weights |= dict.fromkeys(lists.words_in(self.hard, f"{self.name}.hard"))
        return Words.of(weights)

    @cached_property
    def _strict(self) -> Words:
        words = list(_own("url_words.toml")["strict"]) if self.default_words else []
        if self.strict is not None:
            words += lists.words_in(self.strict, f"{self.name}.strict")
        return Words.of({f"*{word.strip('*')}*": None for word in words})


def _own(name: str) -> dict[str, list[str]]:
    """The lists of one of the project's files."""
    return {key: value for key, value in lexicons.read(name).items() if isinstance(value, list)}
