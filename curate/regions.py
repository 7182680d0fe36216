"""Where in the world a page's site is registered, by its top-level domain.

Dodge et al. ("Documenting Large Webtext Corpora", EMNLP 2021) and AboutMe (Lucy et al., ACL 2024) describe by it whose
web a corpus holds. The sub-regions are those of the United Nations' M49 standard; domains like `.io` and `.tv`, which
countries sell to the world, name none, nor do `.com` and addresses of numbers.
"""

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate import lexicons
from curate.arrays import buffers
from curate.ops import url


def names() -> tuple[str, ...]:
    """Every region there is, in alphabetical order."""
    return tuple(sorted(lexicons.read("regions.toml")["regions"]))


def regions(urls: pa.StringArray) -> pa.StringArray:
    """The region of each URL's site, null where there is no URL or its domain tells none."""
    return of_hosts(hosts(urls))


def hosts(urls: pa.StringArray) -> pa.BinaryArray:
    """The host of each URL in its normal form, empty where there is none."""
    if urls.null_count == len(urls):
        return pa.array([b""] * len(urls), pa.binary())
    normal = url.normalise(*buffers(urls))
    return _parts(normal.data, normal.offsets[:-1], normal.hosts)


def of_hosts(sites: pa.BinaryArray) -> pa.StringArray:
    """The region of each host, null where it is empty or its domain tells none."""
    offsets, data = buffers(sites)
    if not len(data):
        return pa.nulls(len(sites), pa.string())
    known = _domains()
    labels = _last_labels(offsets, data).dictionary_encode()
    told = (label.decode("utf-8", "replace") for label in labels.dictionary.to_pylist())
    found = pa.array([known.get(_ascii(label)) for label in told], pa.string())
    return found.take(labels.indices)


def _last_labels(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> pa.BinaryArray:
    """What follows the last full stop of each host."""
    stops = np.concatenate([[-1], np.flatnonzero(data[: offsets[-1]] == ord("."))])
    last = stops[np.searchsorted(stops, offsets[1:]) - 1] + 1
    begins = np.maximum(last, offsets[:-1])
    return _parts(data, begins, offsets[1:] - begins)


def _parts(data: NDArray[np.uint8], begins: NDArray[Any], sizes: NDArray[Any]) -> pa.BinaryArray:
    """The strings of these sizes that begin at these bytes."""
    offsets = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).astype(np.int32)
    inside = np.arange(offsets[-1]) - np.repeat(offsets[:-1], sizes)
    found = data[np.repeat(begins, sizes) + inside]
    return pa.BinaryArray.from_buffers(pa.binary(), len(sizes), [None, pa.py_buffer(offsets), pa.py_buffer(found)])


def _ascii(label: str) -> str:
    """An internationalised label as the table has it: `рф` is `xn--p1ai`."""
    try:
        return label.encode("idna").decode()
    except UnicodeError:
        return label


@cache
def _domains() -> dict[str, str]:
    return {domain: name for name, domains in lexicons.read("regions.toml")["regions"].items() for domain in domains}
