"""Texts without the names of groups of people, for models that should not go by them.

`Latino`, `Roma` or `Sikh` is written in every language and is no evidence of any; a classifier of languages thinks
otherwise, since it has seen some names more often in some languages (docs/audit.md, "Other groups in the same
sentence"). The names are those of `lexicons/identity` and `lexicons/peoples` for English, in whatever language the
text is. For a classifier of languages, words for men, women and the young of less than four letters stay: `man`, `men`
and `son` are common words of other languages, and all that tells a short sentence in some of these.
"""

from functools import cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import lexicons
from curate.arrays import buffers, strings
from curate.lexicons import identity
from curate.ops import langid, lexicon
from curate.ops.spans import Spans, replace

LISTS = ("lexicons/identity/en/*.toml", "lexicons/peoples/en.toml")
"""The files that decide what is a name, below `curate/`."""
LEAST = 8
"""Letters beside the names without which a text is left as it is: chosen on Tatoeba's sentences and swaps in C4."""
SHORT = 4
HEADS = ("person", "persons", "people")
"""What goes with a name before it: "Roma people"."""
_SPACE = 0x20


class Names(NamedTuple):
    """A compiled lexicon, which of its terms name a group, and which are heads."""

    terms: lexicon.Lexicon
    naming: NDArray[np.bool_]
    heads: NDArray[np.bool_]


@cache
def names(*, short: bool) -> Names:
    """English names of groups and peoples; terms that name nobody are there to be the longer match."""
    owners: dict[str, tuple[str, set[str]]] = {}
    for term, groups in identity.terms("en"):
        owners.setdefault(lexicon.fold(term.strip("*")), (term, set()))[1].update(groups)
    for term in lexicons.read("peoples/en.toml")["demonyms"]:
        owners.setdefault(lexicon.fold(term.strip("*")), (term, {"peoples"}))
    for head in HEADS:
        owners.setdefault(head, (head, set()))
    axes = {key: {group.partition(".")[0] for group in groups} for key, (_, groups) in owners.items()}
    naming = [_names(key, axes[key]) and (short or not _common(key, axes[key])) for key in owners]
    compiled = lexicon.compile_terms([term for term, _ in owners.values()])
    return Names(compiled, np.array(naming), np.isin(list(owners), HEADS))


def _names(term: str, axes: set[str]) -> bool:
    return term not in HEADS and bool(axes - {"pronouns", identity.AMBIGUOUS})


def _common(term: str, axes: set[str]) -> bool:
    """Whether other languages are likely to have the word for something else."""
    return len(term) < SHORT and axes <= {"gender", "age"}


def nameless(texts: pa.StringArray, *, short: bool = True) -> pa.StringArray:
    """The texts without names of groups, and without the space that would be left double.

    A text that keeps fewer than `LEAST` letters stays as it is. What the name was leaves no trace but its article.
    Without `short`, `man`, `men`, `son` and the like stay, which are common words of other languages.
    """
    offsets, data = buffers(texts)
    spans = _named(offsets, data, names(short=short))
    if not len(spans.starts):
        return texts
    left = replace(offsets, data, spans)
    groups = langid.line_groups(*left, least=len(left[1]), most=1)
    letters = np.bincount(groups.rows, groups.letters, len(texts))
    return pc.if_else(pa.array((letters >= LEAST) | (np.diff(spans.rows) == 0)), strings(*left), texts)


def _named(offsets: NDArray[np.int32], data: NDArray[np.uint8], known: Names) -> Spans:
    """Where names stand, with the space behind them where one stands before them, too, or nothing does."""
    found = lexicon.find(offsets, data, known.terms)
    naming, heads = known.naming[found.terms], known.heads[found.terms]
    behind = (np.diff(found.rows) == 0) & (found.starts[1:] == found.ends[:-1] + 1)
    naming[1:] |= heads[1:] & naming[:-1] & behind
    rows, starts, stops = (part[naming].astype(np.int64) for part in found[:3])
    begins, ends = offsets[rows].astype(np.int64), offsets[rows + 1].astype(np.int64)
    padded = np.append(data, np.uint8(0))
    before = (starts == 0) | (padded[begins + starts - 1] == _SPACE)
    after = (begins + stops < ends) & (padded[begins + stops] == _SPACE)
    bounds = np.searchsorted(rows, np.arange(len(offsets))).astype(np.int64)
    return Spans(bounds, starts, stops + (before & after))
