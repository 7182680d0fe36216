"""Where in the world a page's site is registered, by its top-level domain.

Dodge et al. ("Documenting Large Webtext Corpora", EMNLP 2021) and AboutMe (Lucy et al., ACL 2024) describe by it whose
web a corpus holds. The sub-regions are those of the United Nations' M49 standard; domains like `.io` and `.tv`, which
countries sell to the world, name none, nor do `.com` and addresses of numbers.
"""

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from curate import lexicons
from curate.arrays import buffers
from curate.ops import url


def names() -> tuple[str, ...]:
    """Every region there is, in alphabetical order."""
    return tuple(sorted(lexicons.read("regions.toml")["regions"]))


def regions(urls: pa.StringArray) -> pa.StringArray:
    """The region of each URL's site, null where there is no URL or its domain tells none."""
    if urls.null_count == len(urls):
        return pa.nulls(len(urls), pa.string())
    known = _domains()
    labels = _last_labels(urls).dictionary_encode()
    found = pa.array([known.get(_ascii(label)) for label in labels.dictionary.to_pylist()], pa.string())
    return found.take(labels.indices)


def _last_labels(urls: pa.StringArray) -> pa.StringArray:
    """What follows the last full stop of each host."""
    normal = url.normalise(*buffers(urls))
    hosts = [normal.host(row).decode("utf-8", "replace") for row in range(len(urls))]
    return pc.replace_substring_regex(pa.array(hosts, pa.string()), r"(?s)^.*\.", "")


def _ascii(label: str) -> str:
    """An internationalised label as the table has it: `рф` is `xn--p1ai`."""
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return label


@cache
def _domains() -> dict[str, str]:
    return {domain: name for name, domains in lexicons.read("regions.toml")["regions"].items() for domain in domains}
