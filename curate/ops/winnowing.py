"""Passages that texts share: fingerprints to find candidates by, and windows of n words that decide.

A *window* is n words in a row. Fingerprints are chosen by winnowing (Schleimer, Wilkerson and Aiken 2003, "Winnowing:
Local Algorithms for Document Fingerprinting"): of every n − k + 1 runs of k words that follow each other one is taken
whose hash is the smallest. Two texts that share a window share a fingerprint that lies inside it, in both.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.hashing import xxh64
from curate.ops.kernel import (
    I64,
    IN_I32,
    IN_I64,
    IN_U8,
    IN_U16,
    IN_U64,
    OUT_I64,
    OUT_U64,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.minhash import Shingles
from curate.ops.text import next_word


class Fingerprints(NamedTuple):
    """Those of text i are `hashes[rows[i]:rows[i + 1]]`; `places` are the words at which they begin."""

    rows: NDArray[np.int64]
    hashes: NDArray[np.uint64]
    places: NDArray[np.int64]


class Ranges(NamedTuple):
    """Ranges of windows or of words: those of text i are `starts[rows[i]:rows[i + 1]]` and `stops[…]`; all int64."""

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    stops: NDArray[np.int64]


@inline
def _smallest(hashes: NDArray[np.uint64], first: int, last: int) -> int:
    """Where the last one of the smallest hashes from `first` to `last` is."""
    found = first
    for i in range(first + 1, last + 1):
        if hashes[i] <= hashes[found]:
            found = i
    return found


@kernel(VOID, IN_I64, IN_U64, I64, OUT_I64, OUT_U64, OUT_I64)
def _winnow(
    grams: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    width: int,
    rows: NDArray[np.int64],
    chosen: NDArray[np.uint64],
    places: NDArray[np.int64],
) -> None:
    """Among equals the one chosen before stays as long as it can ("robust winnowing")."""
    count = i64(0)
    for row in range(len(rows) - 1):
        held = i64(-1)
        for last in range(grams[row] + width - 1, grams[row + 1]):
            first = last - width + 1
            if held < first:
                held = _smallest(hashes, first, last)
            elif hashes[last] < hashes[held]:
                held = i64(last)
            else:
                continue
            chosen[count], places[count] = hashes[held], held - grams[row]
            count += 1
        rows[row + 1] = count


def winnow(shingles: Shingles, width: int) -> Fingerprints:
    """One of every `width` shingles in a row; none of texts that have fewer."""
    rows = np.zeros(len(shingles.rows), np.int64)
    hashes, places = np.empty(len(shingles.hashes), np.uint64), np.empty(len(shingles.hashes), np.int64)
    _winnow(shingles.rows, shingles.hashes, width, rows, hashes, places)
    return Fingerprints(rows, hashes[: rows[-1]], places[: rows[-1]])


@kernel(VOID, IN_I64, IN_I64, IN_U8, IN_I64, I64, OUT_I64, OUT_I64, OUT_I64)
def _candidates(
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
    shared: NDArray[np.uint8],
    windows: NDArray[np.int64],
    reach: int,
    out_rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> None:
    count = i64(0)
    for row in range(len(rows) - 1):
        for i in range(rows[row], rows[row + 1]):
            if not shared[i]:
                continue
            start, stop = max(places[i] - reach, 0), min(places[i] + 1, windows[row])
            if count > out_rows[row] and start <= stops[count - 1]:
                stops[count - 1] = max(stops[count - 1], stop)
            elif start < stop:
                starts[count], stops[count] = start, stop
                count += 1
        out_rows[row + 1] = count


def candidates(
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
    shared: NDArray[np.bool_],
    windows: NDArray[np.int64],
    reach: int,
) -> Ranges:
    """The windows that hold a shared fingerprint, of texts that have `windows` each.

    A fingerprint that begins at word p lies in the windows from p − `reach` to p.
    """
    out, most = np.zeros(len(rows), np.int64), int(shared.sum())
    starts, stops = np.empty(most, np.int64), np.empty(most, np.int64)
    _candidates(rows, places, shared.view(np.uint8), windows, reach, out, starts, stops)
    return Ranges(out, starts[: out[-1]], stops[: out[-1]])


@kernel(VOID, IN_I32, IN_U8, IN_U16, OUT_I64, OUT_I64, OUT_I64)
def _words(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
) -> None:
    count = i64(0)
    for row in range(len(rows) - 1):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            start, at, length, _ = next_word(data, at, end, classes)
            if length > 0:
                starts[count], stops[count] = start, at
                count += 1
        rows[row + 1] = count


def words(offsets: NDArray[np.int32], data: NDArray[np.uint8]) -> Ranges:
    """Where the words of texts (`docs/words.md`) are in `data`."""
    texts = len(offsets) - 1
    most = (int(offsets[-1]) - int(offsets[0]) + texts) // 2 + texts  # as in `ngrams.word_list`
    rows, starts, stops = np.zeros(texts + 1, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    _words(offsets, data, unicode.classes(), rows, starts, stops)
    return Ranges(rows, starts[: rows[-1]], stops[: rows[-1]])


class Keys(NamedTuple):
    """Two hashes of every window of a portion, and its number among all candidates of the texts."""

    low: NDArray[np.uint64]
    high: NDArray[np.uint64]
    numbers: NDArray[np.int64]


@kernel(I64, IN_U8, IN_I64, IN_I64, IN_I64, IN_I64, IN_U64, IN_U64, IN_I64, IN_I64, IN_I64, I64, I64, I64, OUT_U64, OUT_U64, OUT_I64)  # fmt: skip  # noqa: E501
def _keys(
    data: NDArray[np.uint8],
    word_rows: NDArray[np.int64],
    word_starts: NDArray[np.int64],
    word_stops: NDArray[np.int64],
    rows: NDArray[np.int64],
    hashes: NDArray[np.uint64],
    scopes: NDArray[np.uint64],
    range_rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    n: int,
    portion: int,
    portions: int,
    low: NDArray[np.uint64],
    high: NDArray[np.uint64],
    numbers: NDArray[np.int64],
) -> int:
    count, number = i64(0), i64(0)
    for row in range(len(rows) - 1):
        for i in range(range_rows[row], range_rows[row + 1]):
            for at in range(starts[i], stops[i]):
                key = hashes[rows[row] + at] ^ scopes[row]
                if key % np.uint64(portions) == np.uint64(portion):
                    word = word_rows[row] + at
                    low[count], numbers[count] = key, number
                    high[count] = xxh64(data, word_starts[word], word_stops[word + n - 1], np.uint64(0)) ^ scopes[row]
                    count += 1
                number += 1
    return count


def keys(
    data: NDArray[np.uint8],
    found: Ranges,
    windows: Shingles,
    scopes: NDArray[np.uint64],
    ranges: Ranges,
    n: int,
    portion: tuple[int, int],
) -> Keys:
    """Keys of the windows of `ranges` that fall into a portion (i of N), of texts with the words `found` in `data`.

    `low` is the rolling hash of the n words, `high` XXH64 of the bytes from the first to the last.
    """
    most = int((ranges.stops - ranges.starts).sum())
    low, high, numbers = np.empty(most, np.uint64), np.empty(most, np.uint64), np.empty(most, np.int64)
    count = _keys(data, *found, *windows, scopes, *ranges, n, *portion, low, high, numbers)
    return Keys(low[:count].copy(), high[:count].copy(), numbers[:count].copy())  # not to hold what is not filled


@kernel(VOID, IN_I64, IN_I64, IN_I64, IN_U8, I64, OUT_I64, OUT_I64, OUT_I64)
def _passages(
    rows: NDArray[np.int64],
    starts: NDArray[np.int64],
    stops: NDArray[np.int64],
    repeated: NDArray[np.uint8],
    n: int,
    out_rows: NDArray[np.int64],
    out_starts: NDArray[np.int64],
    out_stops: NDArray[np.int64],
) -> None:
    count, number = i64(0), i64(0)
    for row in range(len(rows) - 1):
        for i in range(rows[row], rows[row + 1]):
            for at in range(starts[i], stops[i]):
                if repeated[number]:
                    if count > out_rows[row] and at <= out_stops[count - 1]:
                        out_stops[count - 1] = at + n
                    else:
                        out_starts[count], out_stops[count] = at, at + n
                        count += 1
                number += 1
        out_rows[row + 1] = count


def passages(ranges: Ranges, repeated: NDArray[np.bool_], n: int) -> Ranges:
    """The words that repeated windows cover, as the longest runs; `repeated` goes over the windows of `ranges`."""
    rows, most = np.zeros(len(ranges.rows), np.int64), int(repeated.sum())
    starts, stops = np.empty(most, np.int64), np.empty(most, np.int64)
    _passages(*ranges, repeated.view(np.uint8), n, rows, starts, stops)
    return Ranges(rows, starts[: rows[-1]], stops[: rows[-1]])
