"""Back-off n-gram language models as one hash table, and the probability of texts under them.

An n-gram's key is made of its words' hashes from the last word to the first, so that looking up ever longer
contexts extends one key. Of a word w after the context c the probability is that of the longest listed n-gram of
both, times the back-off weights of all longer contexts (Katz 1987; the form of ARPA files and of KenLM, Heafield 2011).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.hashing import PRIME_2, avalanche, xxh64
from curate.ops.kernel import (
    BOOL,
    I64,
    IN_F32,
    IN_I32,
    IN_U8,
    IN_U16,
    IN_U64,
    OUT_F64,
    OUT_I64,
    OUT_U64,
    VOID,
    i64,
    inline,
    kernel,
)
from curate.ops.text import line_end, next_word
from curate.ops.unicode import KIND, UNSPACED, classes

UNKNOWN, BEGIN, END = np.uint64(1), np.uint64(2), np.uint64(3)
"""Hashes of `<unk>`, `<s>` and `</s>`, which no word of a text has: text is never control."""

LONGEST = 6
"""The highest order that is read; KenLM as it is usually built has the same limit."""


class Model(NamedTuple):
    """Slot i of the open-addressing table: a key (0 is free), log10 probability and log10 back-off weight."""

    keys: NDArray[np.uint64]
    probabilities: NDArray[np.float32]
    backoffs: NDArray[np.float32]
    order: int


class Scores(NamedTuple):
    """Per text: the sum of log10 probabilities, and how many words, unknown words and sentences it is a sum over."""

    sums: NDArray[np.float64]
    words: NDArray[np.int64]
    unknown: NDArray[np.int64]
    sentences: NDArray[np.int64]


def score(
    offsets: NDArray[np.int32], data: NDArray[np.uint8], model: Model, *, lines: bool, single_letters: bool
) -> Scores:
    """Score every text from `<s>` to `</s>`.

    `lines`: every line with a word is a sentence, else the whole text is one. `single_letters`: letters of scripts
    written without spaces are words, as everywhere else; else only white space separates words, as in KenLM.
    """
    rows = len(offsets) - 1
    sums, (words, unknown, sentences) = np.zeros(rows), np.zeros((3, rows), np.int64)
    table = classes() if single_letters else classes() & np.uint16(0xFFFF ^ (UNSPACED | KIND))
    context, (weights, found) = np.zeros(LONGEST, np.uint64), np.zeros((2, LONGEST))
    _score(offsets, data, table, *model, lines, context, weights, found, sums, words, unknown, sentences)
    return Scores(sums, words, unknown, sentences)


@inline
def word_hash(data: NDArray[np.uint8], start: int, end: int) -> np.uint64:
    """The hash of a word's bytes, never one of the three that are set apart."""
    value = xxh64(data, start, end, np.uint64(0))
    return value if value > END else value + np.uint64(4)


@inline
def extended(key: np.uint64, word: np.uint64) -> np.uint64:
    """The key of an n-gram with one more word before it; from 0, the key of a word alone."""
    return avalanche(key * PRIME_2 + word) or np.uint64(1)


@inline
def slot_of(keys: NDArray[np.uint64], key: np.uint64) -> int:
    """Where the key is, or belongs."""
    mask = np.uint64(len(keys) - 1)
    slot = key & mask
    while keys[slot] and keys[slot] != key:
        slot = (slot + np.uint64(1)) & mask
    return i64(slot)


@inline
def _next(
    word: np.uint64,
    length: int,
    keys: NDArray[np.uint64],
    probabilities: NDArray[np.float32],
    backoffs: NDArray[np.float32],
    order: int,
    context: NDArray[np.uint64],
    weights: NDArray[np.float64],
    found: NDArray[np.float64],
) -> tuple[float, int]:
    """log10 of the word's probability after the context's last `length` words, and the length of the next context.

    `context[i]` is the word i + 1 places back, `weights[i]` the back-off of the i + 1 words back; both are updated.
    """
    key = extended(np.uint64(0), word)
    slot = slot_of(keys, key)
    result, matched = np.float64(probabilities[slot]), 1
    found[0] = backoffs[slot]
    while matched <= length:
        key = extended(key, context[matched - 1])
        slot = slot_of(keys, key)
        if keys[slot] == 0:
            break
        result = np.float64(probabilities[slot])
        found[matched] = backoffs[slot]
        matched += 1
    for i in range(matched - 1, length):
        result += weights[i]
    size = min(matched, order - 1)
    for i in range(size - 1, -1, -1):
        context[i] = context[i - 1] if i else word
        weights[i] = found[i]
    return result, size


@kernel(
    VOID, IN_I32, IN_U8, IN_U16, IN_U64, IN_F32, IN_F32, I64, BOOL, OUT_U64, OUT_F64, OUT_F64,
    OUT_F64, OUT_I64, OUT_I64, OUT_I64,
)  # fmt: skip
def _score(
    offsets: NDArray[np.int32],
    data: NDArray[np.uint8],
    classes: NDArray[np.uint16],
    keys: NDArray[np.uint64],
    probabilities: NDArray[np.float32],
    backoffs: NDArray[np.float32],
    order: int,
    lines: bool,
    context: NDArray[np.uint64],
    weights: NDArray[np.float64],
    found: NDArray[np.float64],
    sums: NDArray[np.float64],
    words: NDArray[np.int64],
    unknown: NDArray[np.int64],
    sentences: NDArray[np.int64],
) -> None:
    begin = slot_of(keys, extended(np.uint64(0), BEGIN))
    for row in range(len(sums)):
        at, end = i64(offsets[row]), i64(offsets[row + 1])
        while at < end:
            stop = line_end(data, at, end) if lines else end
            size, before = i64(0), words[row]
            if order > 1:
                context[0], weights[0], size = BEGIN, backoffs[begin], 1
            while at < stop:
                start, at, length, _ = next_word(data, at, stop, classes)
                if length == 0:
                    break
                word = word_hash(data, start, at)
                if keys[slot_of(keys, extended(np.uint64(0), word))] == 0:
                    word = UNKNOWN
                    unknown[row] += 1
                logarithm, size = _next(word, size, keys, probabilities, backoffs, order, context, weights, found)
                sums[row] += logarithm
                words[row] += 1
            if words[row] > before:
                logarithm, size = _next(END, size, keys, probabilities, backoffs, order, context, weights, found)
                sums[row] += logarithm
                sentences[row] += 1
            at = stop + 1
