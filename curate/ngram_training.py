"""N-gram language models from text: modified Kneser-Ney smoothing, written as ARPA files.

Source: Chen and Goodman 1998, "An Empirical Study of Smoothing Techniques for Language Modeling", 3.5, in the form of
Heafield et al. 2013, "Scalable Modified Kneser-Ney Language Model Estimation", https://aclanthology.org/P13-2121, which
KenLM's lmplz implements: adjusted counts, three discounts an order, interpolation down to the uniform distribution over
all words, `</s>` and `<unk>`. The whole text is held in memory, as numbers of words: 8 bytes a word and order, and
some more for each different n-gram.
"""

import gzip
from array import array
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

SPECIAL = ("<unk>", "<s>", "</s>")
UNK, BOS, EOS = range(3)
"""Word numbers of the control tokens; those of words follow, in the order of their bytes."""

FALLBACK = (0.5, 1.0, 1.5)
"""Discounts for an order whose counts of counts give none; lmplz's."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Text(NamedTuple):
    """Sentences from `<s>` to `</s>` as word numbers, one after the other, and each word's place in its sentence."""

    words: Ints
    places: Ints
    vocabulary: pa.StringArray


class Grams(NamedTuple):
    """The n-grams of one order that occur, in the order of their words."""

    prefixes: Ints
    """(types,) the number of each without its last word, among those one shorter."""
    suffixes: Ints
    """(types,) the number of each without its first word, among those one shorter."""
    last: Ints
    """(types,) the number of the last word."""
    counts: Ints
    """(types,) how often it occurs."""
    begins: NDArray[np.bool_]
    """(types,) whether its first word is `<s>`."""
    at: Ints
    """(tokens,) which one ends at each word of the text, −1 where none does."""


class Estimates(NamedTuple):
    """log10 probabilities and back-off weights of the n-grams of one order."""

    probabilities: Floats
    weights: Floats


def text_of(sentences: Iterable[Sequence[str]], min_count: int = 1) -> Text:
    """Number the words; those that occur less often, and what is written like a control token, are `<unk>`."""
    met: dict[str, int] = {}  # numbers in the order of first use: no word is held twice
    flat, sizes = array("q"), array("q")
    for sentence in filter(None, sentences):
        flat.extend(met.setdefault(word, len(met)) for word in sentence)
        sizes.append(len(sentence))
    uses, lengths = np.frombuffer(flat, np.int64), np.frombuffer(sizes, np.int64)
    names = pa.array(met, pa.string())
    often = pa.array(np.bincount(uses, minlength=len(met)) >= min_count)
    kept = names.filter(pc.and_not(often, pc.is_in(names, value_set=pa.array(SPECIAL))))
    kept = kept.take(pc.array_sort_indices(kept))
    vocabulary = pa.concat_arrays([pa.array(SPECIAL, pa.string()), kept])
    numbers = np.asarray(pc.fill_null(pc.index_in(names, value_set=kept), -3)).astype(np.int64)[uses] + 3
    ends = np.cumsum(lengths + 2)
    words = np.full(int(ends[-1]) if len(ends) else 0, BOS, np.int64)
    places = np.arange(len(words)) - np.repeat(ends - lengths - 2, lengths + 2)
    words[ends - 1] = EOS
    words[(places > 0) & (words != EOS)] = numbers
    return Text(words, places, vocabulary)


def grams(text: Text, order: int) -> list[Grams]:
    """The n-grams of orders 1 to `order`."""
    nothing = np.zeros(len(text.vocabulary), np.int64)
    counts = np.bincount(text.words, minlength=len(text.vocabulary))
    numbers = np.arange(len(text.vocabulary))
    found = [Grams(nothing, nothing, numbers, counts, numbers == BOS, text.words)]
    for n in range(2, order + 1):
        shorter = found[-1]
        ends = np.flatnonzero(text.places >= n - 1)
        pairs = shorter.at[ends - 1] * len(text.vocabulary) + text.words[ends]
        types, first, which, counts = np.unique(pairs, return_index=True, return_inverse=True, return_counts=True)
        prefixes, last = np.divmod(types, len(text.vocabulary))
        at = np.full(len(text.words), -1, np.int64)
        at[ends] = which
        found.append(Grams(prefixes, shorter.at[ends[first]], last, counts, shorter.begins[prefixes], at))
    return found


def adjusted(found: Sequence[Grams], n: int) -> Ints:
    """Counts of order n as smoothing takes them: below the highest order, how many words occur before an n-gram."""
    here = found[n - 1]
    if n == len(found):
        counts = here.counts.copy()
    else:
        counts = np.where(here.begins, here.counts, np.bincount(found[n].suffixes, minlength=len(here.counts)))
    if n == 1:
        counts[BOS] = 0
    return counts


def discounts(counts: Ints) -> Floats:
    """What is taken from counts of 0, 1, 2 and of 3 or more."""
    t = np.bincount(np.minimum(counts, 5), minlength=6).astype(np.float64)
    if not t[1:5].all():
        return np.array([0.0, *FALLBACK])
    y = t[1] / (t[1] + 2 * t[2])
    found = [k - (k + 1) * y * t[k + 1] / t[k] for k in (1, 2, 3)]
    good = all(0 <= found[k - 1] <= k for k in (1, 2, 3))
    return np.array([0.0, *(found if good else FALLBACK)])


def estimate(found: Sequence[Grams]) -> list[Estimates]:
    """Interpolated probabilities of all n-grams, and the weights of their contexts."""
    vocabulary = len(found[0].counts)
    below = np.full(1, 1 / (vocabulary - 1))  # uniform over all but <s>
    made: list[Estimates] = []
    for n, here in enumerate(found, 1):
        counts = adjusted(found, n)
        taken = discounts(counts[counts > 0])[np.minimum(counts, 3)]
        contexts = 1 if n == 1 else len(found[n - 2].counts)
        totals = np.maximum(np.bincount(here.prefixes, counts, contexts), 1)
        left_over = np.bincount(here.prefixes, taken, contexts) / totals
        backed_off = left_over[here.prefixes] * below[here.suffixes]
        below = (counts - taken) / totals[here.prefixes] + backed_off
        if made:
            weights = np.log10(left_over, out=np.zeros(contexts), where=left_over > 0)
            made[-1] = made[-1]._replace(weights=weights)
        made.append(Estimates(np.log10(below), np.zeros(len(below))))
    made[0].probabilities[BOS] = -99.0
    return made


def arpa(sentences: Iterable[Sequence[str]], order: int, min_count: int = 1) -> Iterator[str]:
    """The lines of the model's ARPA file."""
    text = text_of(sentences, min_count)
    if not len(text.words):
        raise ValueError("no word to learn from")
    found = grams(text, order)
    yield "\\data\\\n"
    yield from (f"ngram {n}={len(here.counts)}\n" for n, here in enumerate(found, 1))
    names = text.vocabulary
    for n, (here, made) in enumerate(zip(found, estimate(found), strict=True), 1):
        if n > 1:
            names = pc.binary_join_element_wise(names.take(here.prefixes), text.vocabulary.take(here.last), " ")
        yield f"\n\\{n}-grams:\n"
        ending = "" if n == order else "\t{:.6f}"
        for name, probability, weight in zip(names.to_pylist(), made.probabilities, made.weights, strict=True):
            yield f"{probability:.6f}\t{name}" + ending.format(weight) + "\n"
    yield "\n\\end\\\n"


def write(lines: Iterable[str], path: Path, *, packed: bool = False) -> None:
    """Write a file of these lines; `packed` for gzip, without name and time in it."""
    with path.open("wb") as raw:
        if not packed:
            raw.writelines(line.encode() for line in lines)
            return
        with gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
            file.writelines(line.encode() for line in lines)
