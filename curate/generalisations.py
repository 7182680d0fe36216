"""What sentences say of groups, as columns: traits near a group's name, generic statements, and the model's score."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.arrays import buffers
from curate.lexicons import statements as words
from curate.ops import cooccurrence, generics, lexemes
from curate.statements import Statements

SPANS = 16
"""Most spans of one document."""
RULED = ("en", "ko")
"""Languages with rules for generic statements."""
SPAN = pa.struct(
    [
        ("start", pa.int64()),
        ("stop", pa.int64()),
        ("label", pa.string()),
        ("score", pa.float32()),
        ("group", pa.string()),
        ("trait", pa.string()),
        ("valence", pa.int8()),
        ("negated", pa.bool_()),
        ("quoted", pa.bool_()),
        ("attributed", pa.bool_()),
    ]
)
NEAR = pa.struct([("group", pa.string()), ("trait", pa.string()), ("n", pa.int32())])

_QUOTES, _COMMAS = '"“”„«»‹›「」『』', ",-، "
_TOPICS = tuple(particle.encode() for particle in ("은", "는"))
_POSITIVE, _NEGATIVE = (np.uint16(words.bit(valence)) for valence in ("positive", "negative"))
_TOPICAL = words.LANGUAGES.index("ko")


def near(statements: Statements, languages: Sequence[str], rows: int) -> pa.ListArray:
    """Per row of the batch which trait stands how often near the name of which group (`NEAR`), in these languages."""
    first = statements.lexemes.first
    mine = np.repeat(np.isin(statements.languages, _numbers(languages)), np.diff(first))
    named, trait = mine & (statements.forms > 0), statements.traits >= 0
    ones, others = cooccurrence.pairs(first, statements.lexemes.marks, named, trait)
    low, high = (np.searchsorted(statements.owners[0], ones, side) for side in ("left", "right"))
    times = high - low
    inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    group = statements.owners[1, np.repeat(low, times) + inside]
    row = statements.rows[np.searchsorted(first, np.repeat(ones, times), "right") - 1]
    entries = np.stack([row, group, np.repeat(statements.traits[others], times)])
    (row, group, spelled), n = np.unique(entries, axis=1, return_counts=True)
    columns = [_named(statements.groups, group), _named(statements.spellings, spelled), pa.array(n, pa.int32())]
    return _listed(row, rows, pa.StructArray.from_arrays(columns, fields=list(NEAR)))


def said(statements: Statements, languages: Sequence[str] = RULED) -> generics.Generics:
    """The generic statements in those of these languages that have rules."""
    split = statements.lexemes
    found = generics.generics(
        split.first,
        statements.forms,
        statements.roles,
        statements.widths,
        _kinds(statements),
        statements.languages == _TOPICAL,
    )
    language = statements.languages[np.searchsorted(split.first, found.groups, "right") - 1]
    mine = np.isin(language, _numbers(language for language in languages if language in RULED))
    return generics.Generics(*(values[mine] for values in found))


def counted(statements: Statements, found: generics.Generics, rows: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Per row of the batch the statements that are strict and not denied, and the loose ones."""
    row = statements.rows[np.searchsorted(statements.lexemes.first, found.groups, "right") - 1]
    strict = found.bits & (generics.STRICT | generics.NEGATED) == generics.STRICT
    loose = found.bits & generics.STRICT == 0
    strictly, loosely = (np.bincount(row[chosen], minlength=rows).astype(np.int32) for chosen in (strict, loose))
    return strictly, loosely


def spans(statements: Statements, found: generics.Generics, scores: NDArray[np.float64], rows: int) -> pa.ListArray:
    """Per row of the batch the first `SPANS` statements (`SPAN`), by where they start."""
    split = statements.lexemes
    sentence = np.searchsorted(split.first, found.groups, "right") - 1
    row, base = statements.rows[sentence], statements.starts[sentence]
    rank = np.arange(len(row)) - np.searchsorted(row, row, "left")
    kept = np.flatnonzero(rank < SPANS)
    group, trait, bits = (values[kept] for values in found)
    last = np.searchsorted(split.first, group, "right")
    end = np.minimum(trait + statements.widths[trait], split.first[last]) - 1
    flags = [pa.array(bits & flag != 0) for flag in (generics.NEGATED, generics.QUOTED, generics.ATTRIBUTED)]
    columns = [
        pa.array(base[kept] + split.starts[group]),
        pa.array(base[kept] + split.stops[end]),
        pa.array(np.where(bits & generics.STRICT, "strict", "loose").tolist(), pa.string()),
        pa.array(scores[sentence[kept]], pa.float32()),
        pa.array(_owned(statements, group), pa.string()),
        _named(statements.spellings, statements.traits[trait]),
        pa.array(_valence(statements.roles[trait])),
        *flags,
    ]
    return _listed(row[kept], rows, pa.StructArray.from_arrays(columns, fields=list(SPAN)))


def highest(statements: Statements, scores: NDArray[np.float64], rows: int) -> NDArray[np.float64]:
    """Per row of the batch the highest score of its sentences, 0 where it has none."""
    best = np.zeros(rows)
    np.maximum.at(best, statements.rows, scores)
    return best


def _numbers(languages: Iterable[str]) -> list[int]:
    return [words.LANGUAGES.index(language) for language in languages if language in words.LANGUAGES]


def _kinds(statements: Statements) -> NDArray[np.uint8]:
    """What `generics` wants to know of each lexeme beside its role."""
    split = statements.lexemes
    folded = split.hashes[lexemes.WORD]
    kinds: NDArray[np.uint8] = np.where(split.marks, np.uint8(generics.MARK), np.uint8(0))
    kinds |= np.where(np.isin(folded, _hashes(_QUOTES)), np.uint8(generics.QUOTE), np.uint8(0))
    kinds |= np.where(np.isin(folded, _hashes(_COMMAS)), np.uint8(generics.COMMA), np.uint8(0))
    kinds |= np.where(np.isin(folded, _hashes("were")), np.uint8(generics.PAST), np.uint8(0))
    kinds |= np.where(_capital(statements), np.uint8(generics.CAPITAL), np.uint8(0))
    kinds |= np.where(_topics(statements), np.uint8(generics.TOPIC), np.uint8(0))
    return kinds


def _hashes(text: str) -> NDArray[np.uint64]:
    """Of the lexemes of a text."""
    found: NDArray[np.uint64] = lexemes.split(*buffers(pa.array([text]))).hashes[lexemes.WORD]
    return found


def _capital(statements: Statements) -> NDArray[np.bool_]:
    """Which lexemes begin with a capital of the English alphabet."""
    split = statements.lexemes
    offsets, data = buffers(statements.texts)
    begins = split.starts + np.repeat(offsets[:-1], np.diff(split.first))
    letter = data[begins]
    found: NDArray[np.bool_] = (letter >= ord("A")) & (letter <= ord("Z"))
    return found


def _topics(statements: Statements) -> NDArray[np.bool_]:
    """Which lexemes end in a topic particle."""
    split = statements.lexemes
    offsets, data = buffers(statements.texts)
    ends = split.stops + np.repeat(offsets[:-1], np.diff(split.first))
    if not len(data):
        return np.zeros(len(ends), np.bool_)
    tail = np.stack([data[np.maximum(ends - back, 0)] for back in (3, 2, 1)])
    ends_so = [(tail == np.frombuffer(particle, np.uint8)[:, None]).all(axis=0) for particle in _TOPICS]
    found: NDArray[np.bool_] = np.any(ends_so, axis=0)
    return found


def _valence(roles: NDArray[np.uint16]) -> NDArray[np.int8]:
    """1 where a trait praises, -1 where it blames, 0 where it does neither or both."""
    valence: NDArray[np.int8] = (roles & _POSITIVE != 0).astype(np.int8) - (roles & _NEGATIVE != 0).astype(np.int8)
    return valence


def _owned(statements: Statements, places: NDArray[np.int32]) -> list[str]:
    """The groups that each of these mentions names, joined by `+`; "people" for one that is not counted."""
    low, high = (np.searchsorted(statements.owners[0], places, side) for side in ("left", "right"))
    names = statements.groups
    return ["+".join(names[k] for k in statements.owners[1, a:b]) or "people" for a, b in zip(low, high, strict=True)]


def _named(names: Sequence[str], numbers: NDArray[np.integer]) -> pa.StringArray:
    return pa.array(names, pa.string()).take(pa.array(numbers, pa.int64()))


def _listed(row: NDArray[np.integer], rows: int, entries: pa.StructArray) -> pa.ListArray:
    offsets = np.searchsorted(row, np.arange(rows + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), entries)
