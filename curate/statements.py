"""Sentences that name a group of people, taken apart: which words name whom, and which role the others play.

Only these sentences are looked at again, so that whatever is asked of them costs little of a corpus.
"""

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.arrays import buffers, strings
from curate.lexicons import statements as words
from curate.ops import lexemes, lexicon, sentence_spans

LONGEST = 1200
"""Bytes of the longest sentence: 400 letters of scripts that take three each."""

PLAIN, GROUP, PLURAL, PLACED = 0, 1, 2, 3
"""What form a lexeme has: none of a group's names, such a name as it is, in the plural, or a place's."""

_BY_S = tuple(words.LANGUAGES.index(language) for language in ("en", "es", "fr", "pt"))
"""Languages whose plurals end in s."""
_HEADED = words.LANGUAGES.index("en")
"""Where what follows a group's name is its head: "American women" are one mention."""
_PEOPLE, _COPULA = np.uint16(words.bit("people")), np.uint16(words.bit("copula"))

Ints = NDArray[np.int64]


class Statements(NamedTuple):
    """The sentences of a batch that name a group, and their lexemes, those of one mention as one."""

    rows: Ints
    """(sentences,) row of the batch, ascending."""
    starts: Ints
    """(sentences,) bytes from the beginning of the row's text."""
    languages: NDArray[np.uint8]
    """(sentences,) numbers of `words.LANGUAGES`."""
    texts: pa.StringArray
    lexemes: lexemes.Lexemes
    forms: NDArray[np.uint8]
    roles: NDArray[np.uint16]
    widths: NDArray[np.int32]
    """(lexemes,) how many lexemes the words of its role take; 1 without one."""
    traits: NDArray[np.int32]
    """(lexemes,) number of a trait in `spellings`, or -1."""
    owners: Ints
    """(2, n) pairs of a lexeme and one of `groups`, ascending."""
    groups: tuple[str, ...]
    spellings: tuple[str, ...]


class _Spans(NamedTuple):
    """Matches by the lexemes that they cover, `first` to `last`."""

    first: Ints
    last: Ints
    terms: NDArray[np.int32]


def find(texts: pa.StringArray, languages: tuple[str, ...]) -> Statements:
    """The sentences of these texts that name a group in one of these languages, some of `words.LANGUAGES`."""
    named, known = words.groups(languages), words.roles(languages)
    rows, starts, sentences, mentions = _naming(texts, lexicon.find(*buffers(texts), named.terms), named.kinds)
    split = lexemes.split(*buffers(sentences))
    cues = lexicon.find(*buffers(sentences), known.terms)
    voted = _voted(len(rows), (cues, 2 * (known.bits > 0)), (mentions, named.kinds > 0))
    mentions = _of_their_language(mentions, named.kinds, voted)
    held, bits = _covered(split, cues), known.bits[cues.terms, voted[cues.rows]]
    count = len(split.starts)
    roles, widths, traits = np.zeros(count, np.uint16), np.ones(count, np.int32), np.full(count, -1, np.int32)
    roles[held.first] = bits
    widths[held.first] = np.where(bits, held.last - held.first + 1, 1)
    traits[held.first] = np.where(bits & words.TRAITS, held.terms, -1)
    spoken = np.array([words.LANGUAGES.index(language) for language in languages], np.uint8)[voted]
    forms, owners = np.zeros(count, np.uint8), np.zeros((2, 0), np.int64)
    whole = Statements(
        rows, starts, spoken, sentences, split, forms, roles, widths, traits, owners, named.names, known.spellings
    )
    placed = named.kinds[mentions.terms, voted[mentions.rows]] == words.PLACE
    return _joined(whole, _covered(split, mentions), placed, named)


def _naming(
    texts: pa.StringArray, matches: lexicon.Matches, kinds: NDArray[np.uint8]
) -> tuple[Ints, Ints, pa.StringArray, lexicon.Matches]:
    """Row and start of every sentence with a mention, these sentences, and the mentions by sentence."""
    offsets, data = buffers(texts)
    pieces = sentence_spans.spans(offsets, data, LONGEST)
    real = kinds[matches.terms].any(axis=1)
    found = lexicon.Matches(*(values[real] for values in matches))
    at = np.searchsorted(_key(pieces.rows, pieces.starts), _key(found.rows, found.starts), "right") - 1
    chosen, sentence = np.unique(at, return_inverse=True)
    rows, starts, stops = (values[chosen].astype(np.int64) for values in pieces)
    sentences = _taken(data, offsets[rows] + starts, stops - starts)
    base, end = starts[sentence].astype(np.int32), stops[sentence].astype(np.int32)
    begins, ends = found.starts - base, np.minimum(found.ends, end) - base
    return rows, starts, sentences, lexicon.Matches(sentence.astype(np.int32), begins, ends, found.terms)


def _taken(data: NDArray[np.uint8], begins: Ints, sizes: Ints) -> pa.StringArray:
    """These stretches of bytes as strings."""
    ends = np.cumsum(sizes)
    inside = np.arange(sizes.sum()) - np.repeat(ends - sizes - begins, sizes)
    return strings(np.concatenate([[0], ends]).astype(np.int32), data[inside])


def _key(rows: NDArray[np.integer], places: NDArray[np.integer]) -> Ints:
    return rows.astype(np.int64) << 32 | places.astype(np.int64)


def _covered(split: lexemes.Lexemes, matches: lexicon.Matches) -> _Spans:
    """Which lexemes each match covers; every match begins in one."""
    keys = _key(np.repeat(np.arange(len(split.first) - 1), np.diff(split.first)), split.starts)
    first = np.searchsorted(keys, _key(matches.rows, matches.starts), "right") - 1
    last = np.searchsorted(keys, _key(matches.rows, matches.ends), "left") - 1
    return _Spans(first, np.maximum(first, last), matches.terms)


def _voted(sentences: int, *known: tuple[lexicon.Matches, NDArray[Any]]) -> Ints:
    """For each sentence the language that knows most of its words, of several the first."""
    votes = np.zeros((sentences, known[0][1].shape[1]), np.int64)
    for matches, table in known:
        np.add.at(votes, matches.rows, table[matches.terms])
    best: Ints = votes.argmax(axis=1)
    return best


def _of_their_language(mentions: lexicon.Matches, kinds: NDArray[np.uint8], voted: Ints) -> lexicon.Matches:
    """Without what names a group in another language alone: Spanish "son" is no child."""
    named = kinds[mentions.terms, voted[mentions.rows]] > 0
    return lexicon.Matches(*(values[named] for values in mentions))


def _joined(whole: Statements, mentions: _Spans, placed: NDArray[np.bool_], named: words.Groups) -> Statements:
    """With every mention as one lexeme that has its form; in English with the head that follows."""
    count = len(whole.roles)
    language = np.repeat(whole.languages, np.diff(whole.lexemes.first))
    plural = _plural(whole, language)
    form, inside = np.zeros(count, np.uint8), np.zeros(count + 1, np.int64)
    form[mentions.last] = np.where(placed, PLACED, np.where(plural[mentions.last], PLURAL, GROUP))
    np.add.at(inside, mentions.first, 1)
    np.add.at(inside, mentions.last, -1)
    within = np.cumsum(inside[:-1]) > 0
    headed = _followed(whole, (form == GROUP) | (form == PLURAL) | (whole.roles & _PEOPLE != 0) & plural)
    headed &= (form == GROUP) & (language == _HEADED)
    after = np.roll(headed, 1)
    form[after & (form == PLAIN)] = PLURAL
    return _compacted(whole, within | headed, form, mentions, named)


def _followed(whole: Statements, by: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which lexemes are followed, in their sentence, by one of these."""
    follows = np.roll(by, -1)
    follows[whole.lexemes.first[1:] - 1] = False
    return follows


def _compacted(
    whole: Statements, gone: NDArray[np.bool_], form: NDArray[np.uint8], mentions: _Spans, named: words.Groups
) -> Statements:
    """Without the lexemes that are gone into the next one that stays, which begins where the first of them does."""
    split, stay = whole.lexemes, np.flatnonzero(~gone)
    number = np.searchsorted(stay, np.arange(len(gone) + 1))
    begins = split.starts[np.concatenate([[0], stay[:-1] + 1])] if len(stay) else split.starts
    kept = lexemes.Lexemes(
        number[split.first].astype(np.int32),
        begins,
        split.stops[stay],
        np.ascontiguousarray(split.hashes[:, stay]),
        split.marks[stay],
    )
    forms = form[stay]
    less = whole._replace(
        lexemes=kept,
        forms=forms,
        roles=np.where(forms, np.uint16(0), whole.roles[stay]),
        widths=whole.widths[stay],
        traits=np.where(forms, np.int32(-1), whole.traits[stay]),
        owners=_owners(number, mentions, named),
    )
    language = np.repeat(whole.languages, np.diff(kept.first))
    forms[_followed(less, less.roles & _COPULA != 0) & (forms == GROUP) & (language == _HEADED)] = PLURAL
    return less


def _owners(number: Ints, mentions: _Spans, named: words.Groups) -> Ints:
    """Pairs of a lexeme that stays and a group that it names."""
    low, high = (np.searchsorted(named.links[:, 0], mentions.terms, side) for side in ("left", "right"))
    times = high - low
    inside = np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)
    pairs = np.stack([np.repeat(number[mentions.last], times), named.links[np.repeat(low, times) + inside, 1]])
    found: Ints = np.unique(pairs.astype(np.int64), axis=1)
    return found


def _plural(whole: Statements, language: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which lexemes look like plurals: by s, in English also men, people and children."""
    split = whole.lexemes
    offsets, data = buffers(whole.texts)
    ends = split.stops + np.repeat(offsets[:-1], np.diff(split.first))
    size = split.stops - split.starts
    tail = np.stack([data[np.maximum(ends - back, 0)] | 0x20 for back in (3, 2, 1)]) if len(data) else np.zeros((3, 0))
    by_s = (tail[2] == ord("s")) & (tail[1] != ord("s")) & np.isin(language, _BY_S) & (size > 3)
    english = [(tail == np.frombuffer(ending, np.uint8)[:, None]).all(axis=0) for ending in (b"men", b"ple", b"ren")]
    found: NDArray[np.bool_] = by_s | np.any(english, axis=0) & (language == _HEADED)
    return found
