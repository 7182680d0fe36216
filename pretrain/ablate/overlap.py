"""Which held-out documents a corpus holds, in whole or in part: by n-grams of tokens.

A document counts as seen where more than a fifth of its 13-grams occur in the corpus; below that text counts as clean
in the evaluation of Llama 2 (Touvron et al. 2023, appendix A.6). The single common 13-gram that is enough elsewhere
(Brown et al. 2020, appendix C) would take every page with a usual footer.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from pretrain import draws
from pretrain.shards import Shards

LENGTH = 13
MOST = 0.2
_AT_ONCE = 2**20
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def seen(documents: Sequence[NDArray[np.int64]], corpus: Shards) -> NDArray[np.float64]:
    """(D,) the share of each document's n-grams that the corpus has; 0 for one shorter than an n-gram."""
    grams = [hashes(ids) for ids in documents]
    known = np.unique(np.concatenate([np.zeros(0, np.uint64), *grams]))
    found = np.zeros(len(known), np.bool_)
    for block in _blocks(corpus) if len(known) else ():
        of_corpus = hashes(block)
        at = np.searchsorted(known, of_corpus)
        at[at == len(known)] = 0
        found[at[known[at] == of_corpus]] = True
    return np.array([found[np.searchsorted(known, mine)].mean() if len(mine) else 0.0 for mine in grams])


def hashes(ids_T: NDArray[np.integer]) -> NDArray[np.uint64]:
    """(T − 12,) 64 bits of each n-gram."""
    count = max(0, len(ids_T) - LENGTH + 1)
    mixed = draws.keyed(draws.key(), ids_T.astype(np.int64))
    found = np.zeros(count, np.uint64)
    with np.errstate(over="ignore"):
        for first in range(LENGTH):
            found = found * _FACTOR + mixed[first : first + count]
    return found


def _blocks(corpus: Shards) -> Iterator[NDArray[np.integer]]:
    """Stretches of the corpus: n-grams across two documents are looked up too, and match nothing but by chance."""
    held: list[NDArray[np.integer]] = []
    size = 0
    for number in range(len(corpus)):
        held.append(corpus.document(number))
        size += len(held[-1])
        if size >= _AT_ONCE:
            yield np.concatenate(held)
            held, size = [], 0
    if held:
        yield np.concatenate(held)
