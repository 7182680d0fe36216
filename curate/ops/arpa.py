r"""ARPA files of n-gram models, from bytes to the table that scores with them.

The form, as SRILM's manual gives it (ngram-format(5)) and KenLM reads it: after `\data\` the counts as
`ngram N=count`; for each order a section `\N-grams:` with lines of log10 probability, tab, N words with spaces
between, and where longer n-grams may follow tab and log10 back-off weight; then `\end\`.
"""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops import arpa_lines
from curate.ops.arpa_lines import Bytes, Floats, Keys
from curate.ops.ngram_model import BEGIN, END, LONGEST, UNKNOWN, Model

UNKNOWN_LOGARITHM = -100.0
"""What `<unk>` has in a model without it; KenLM's default."""

Words = tuple[int, ...]
_WRONG = {
    arpa_lines.LINE: "the section ends early",
    arpa_lines.NUMBER: "not a number",
    arpa_lines.WORDS: "not so many words",
    arpa_lines.POSITIVE: "a probability above 1",
}


class _Section(NamedTuple):
    """The n-grams of one order: keys of each, of it without its first and without its last word; where its line is."""

    keys: Keys
    suffixes: Keys
    prefixes: Keys
    lines: NDArray[np.int64]
    probabilities: Floats
    backoffs: Floats


def read(data: Bytes) -> Model:
    """The model of an ARPA file's bytes; `ValueError` says what is wrong with it, and where."""
    counts, at = _header(data)
    sections = []
    for order, count in enumerate(counts, 1):
        section, at = _section(data, at, order, count)
        sections.append(section)
    if not re.match(rb"\s*\\end\\", data[at : at + 4096].tobytes()):
        raise ValueError(rf"no \end\ after the {len(counts)}-grams that are announced")
    model = _table(sections, 1)
    lacking = _lacking(data, sections, model)
    return _closed(_table(sections, 1 + len(lacking)), lacking) if lacking else model


def _header(data: Bytes) -> tuple[list[int], int]:
    """Counts by order, and where the first section begins."""
    head = data[: 1 << 16].tobytes()
    start = re.search(rb"(?m)^\\data\\[ \t\r]*$", head)
    end = re.search(rb"(?m)^\\1-grams:", head)
    if not start or not end or end.start() < start.end():
        raise ValueError(r"no \data\ section with counts before \1-grams:")
    counts = [_count(line.strip()) for line in head[start.end() : end.start()].split(b"\n") if line.strip()]
    if [order for order, _ in counts] != list(range(1, len(counts) + 1)) or not 1 <= len(counts) <= LONGEST:
        raise ValueError(f"counts of orders {[order for order, _ in counts]}: 1 to at most {LONGEST} can be read")
    total = sum(count for _, count in counts)
    if total * 4 > len(data):
        raise ValueError(f"{total:,} n-grams announced in {len(data):,} bytes")
    return [count for _, count in counts], end.start()


def _count(line: bytes) -> tuple[int, int]:
    """Order and count of a line of the header."""
    told = re.fullmatch(rb"ngram\s+(\d{1,3})\s*=\s*(\d{1,12})", line)
    if not told:
        raise ValueError(f"{line[:60].decode('utf-8', 'replace')!r}: expected ngram N=count")
    return int(told[1]), int(told[2])


def _section(data: Bytes, at: int, order: int, count: int) -> tuple[_Section, int]:
    """The n-grams of one order, and where their section ends."""
    title = re.match(rb"\s*\\%d-grams:[ \t\r]*\n" % order, data[at : at + 4096].tobytes())
    if not title:
        raise ValueError(rf"no \{order}-grams: where the section should begin")
    keys, suffixes, prefixes = np.zeros((3, count), np.uint64)
    made = _Section(keys, suffixes, prefixes, np.zeros(count, np.int64), *np.zeros((2, count), np.float32))
    place = np.array([at + title.end()], np.int64)
    wrong = arpa_lines.parse(data, place, order, np.zeros(LONGEST, np.uint64), *made)
    if wrong:
        line = data[place[0] : place[0] + 80].tobytes().split(b"\n")[0].decode("utf-8", "replace")
        raise ValueError(f"{order}-gram {line!r}: {_WRONG[wrong]}")
    return made, int(place[0])


def _table(sections: list[_Section], extra: int) -> Model:
    """All n-grams in one table at most half full, with room for some more."""
    size = 1 << (2 * (sum(len(section.keys) for section in sections) + extra)).bit_length()
    model = Model(np.zeros(size, np.uint64), np.zeros(size, np.float32), np.zeros(size, np.float32), len(sections))
    for order, section in enumerate(sections, 1):
        double = arpa_lines.insert(section.keys, section.probabilities, section.backoffs, *model[:3])
        if double >= 0:
            raise ValueError(f"{order}-gram number {double + 1} is listed twice")
    for name, word in (("<s>", BEGIN), ("</s>", END)):
        if not _holds(model, (int(word),)):
            raise ValueError(f"no 1-gram {name}")
    if not _holds(model, (int(UNKNOWN),)):
        _add(model, (int(UNKNOWN),), UNKNOWN_LOGARITHM)
    return model


def _lacking(data: Bytes, sections: list[_Section], model: Model) -> list[Words]:
    """What listed n-grams begin or end with and pruning has left out, the shortest first.

    Scoring stops at the first n-gram that it does not find, so that none may be missing below a longer one.
    """
    lacking: dict[int, dict[Words, None]] = {order: {} for order in range(len(sections) + 1)}
    for order in range(len(sections), 1, -1):
        section = sections[order - 1]
        partial = ~(_held(section.suffixes, model.keys) & _held(section.prefixes, model.keys))
        listed = [_words_of(data, int(section.lines[row]), order) for row in np.flatnonzero(partial)]
        for words in [*listed, *lacking[order]]:
            parts = (part for part in (words[1:], words[:-1]) if not _holds(model, part))
            lacking[order - 1] |= dict.fromkeys(parts)
        if order == 2 and lacking[1]:
            raise ValueError("a 2-gram has a word that is no 1-gram")
    return [words for order in sorted(lacking) for words in lacking[order]]


def _closed(model: Model, lacking: list[Words]) -> Model:
    """The model with these n-grams, each at the probability that backing off gives it."""
    for words in lacking:
        context, shorter = _place(model, words[:-1]), _place(model, words[1:])
        weight = float(model.backoffs[context]) if model.keys[context] else 0.0
        _add(model, words, weight + float(model.probabilities[shorter]))
    return model


def _place(model: Model, words: Words) -> int:
    """The slot of an n-gram."""
    out = np.zeros(1, np.uint64)
    arpa_lines.key_of(np.array(words, np.uint64), out)
    return int(_slots(out, model.keys)[0])


def _holds(model: Model, words: Words) -> bool:
    return bool(model.keys[_place(model, words)])


def _add(model: Model, words: Words, logarithm: float) -> None:
    key = np.zeros(1, np.uint64)
    arpa_lines.key_of(np.array(words, np.uint64), key)
    arpa_lines.insert(key, np.array([logarithm], np.float32), np.zeros(1, np.float32), *model[:3])


def _words_of(data: Bytes, line: int, order: int) -> Words:
    """The hashes of the words of the line at this byte."""
    words = np.zeros(LONGEST, np.uint64)
    arpa_lines.words_at(data, line, order, words)
    return tuple(words[:order].tolist())


def _slots(keys: Keys, table: Keys) -> NDArray[np.int64]:
    out = np.zeros(len(keys), np.int64)
    arpa_lines.find(keys, table, out)
    return out


def _held(keys: Keys, table: Keys) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = table[_slots(keys, table)] != 0
    return held
