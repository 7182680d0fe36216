"""Look-ups of hosts and URLs, in their normal form, in large block lists.

A list is a set of 64-bit hashes (FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, mixed once
more) in an open-addressing table: 8 to 16 bytes an entry, whatever the length of its text.
"""

import numpy as np
from numpy.typing import NDArray

from curate.ops.hashing import avalanche
from curate.ops.kernel import IN_I32, IN_U8, IN_U64, OUT_U8, OUT_U64, VOID, i64, inline, kernel
from curate.ops.url import Urls

_BASIS, _PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)
_SLASH, _QUERY, _DOT = 0x2F, 0x3F, 0x2E


def table(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """A set of hashes: a power of two of slots, at most half of them taken; 0 is an empty slot."""
    slots = np.zeros(1 << max(4, int(2 * len(hashes)).bit_length()), np.uint64)
    _insert(hashes, slots)
    return slots


def hash_hosts(urls: Urls) -> NDArray[np.uint64]:
    """What `on_domains` looks up, for the entries of a list."""
    hashes = np.empty(len(urls.hosts), np.uint64)
    _hash_hosts(*urls, hashes)
    return hashes


def hash_urls(urls: Urls) -> NDArray[np.uint64]:
    """What `on_urls` looks up, for the entries of a list."""
    hashes = np.empty(len(urls.hosts), np.uint64)
    _hash_urls(urls.offsets, urls.data, hashes)
    return hashes


def on_domains(urls: Urls, slots: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether the host or a domain above it is listed: `a.b.example` is, where `b.example` or `example` is."""
    found = np.zeros(len(urls.hosts), np.uint8)
    _on_domains(*urls, slots, found)
    return found.view(np.bool_)


def on_urls(urls: Urls, slots: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Whether the URL or what it lies under is listed: `a.example/b/c?d` is, where `a.example/b` is."""
    found = np.zeros(len(urls.hosts), np.uint8)
    _on_urls(*urls, slots, found)
    return found.view(np.bool_)


@inline
def _more(value: np.uint64, byte: np.uint8) -> np.uint64:
    return (value ^ np.uint64(byte)) * _PRIME


@inline
def _mixed(value: np.uint64) -> np.uint64:
    mixed = avalanche(value)
    return mixed or np.uint64(1)


@inline
def _holds(slots: NDArray[np.uint64], value: np.uint64) -> bool:
    mask = np.uint64(len(slots) - 1)
    at = value & mask
    while slots[at] and slots[at] != value:
        at = (at + np.uint64(1)) & mask
    return bool(slots[at] == value)


@kernel(VOID, IN_U64, OUT_U64)
def _insert(hashes: NDArray[np.uint64], slots: NDArray[np.uint64]) -> None:
    mask = np.uint64(len(slots) - 1)
    for value in hashes:
        at = value & mask
        while slots[at] and slots[at] != value:
            at = (at + np.uint64(1)) & mask
        slots[at] = value


@kernel(VOID, IN_I32, IN_U8, IN_I32, OUT_U64)
def _hash_hosts(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], hosts: NDArray[np.int32], out: NDArray[np.uint64]
) -> None:
    for row in range(len(out)):
        value = _BASIS
        for at in range(i64(offsets[row]) + hosts[row] - 1, i64(offsets[row]) - 1, -1):
            value = _more(value, data[at])
        out[row] = _mixed(value)


@kernel(VOID, IN_I32, IN_U8, OUT_U64)
def _hash_urls(offsets: NDArray[np.int32], data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    for row in range(len(out)):
        value = _BASIS
        for at in range(offsets[row], offsets[row + 1]):
            value = _more(value, data[at])
        out[row] = _mixed(value)


@kernel(VOID, IN_I32, IN_U8, IN_I32, IN_U64, OUT_U8)
def _on_domains(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    hosts: NDArray[np.int32],
    slots: NDArray[np.uint64],
    found: NDArray[np.uint8],
) -> None:
    for row in range(len(found)):
        value, begin = _BASIS, offsets[row]
        for at in range(begin + hosts[row] - 1, begin - 1, -1):
            value = _more(value, data[at])
            if (at == begin or data[at - 1] == _DOT) and _holds(slots, _mixed(value)):
                found[row] = 1
                break


@kernel(VOID, IN_I32, IN_U8, IN_I32, IN_U64, OUT_U8)
def _on_urls(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    hosts: NDArray[np.int32],
    slots: NDArray[np.uint64],
    found: NDArray[np.uint8],
) -> None:
    for row in range(len(found)):
        value, begin, end = _BASIS, offsets[row], offsets[row + 1]
        for at in range(begin, end):
            value = _more(value, data[at])
            ends = at + 1 == end or (at + 1 >= begin + hosts[row] and data[at + 1] in (_SLASH, _QUERY, 0x26))
            if ends and _holds(slots, _mixed(value)):
                found[row] = 1
                break
