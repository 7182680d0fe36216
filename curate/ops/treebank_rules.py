"""The table of facts behind `treebank`: `treebank.toml` as arrays for kernels to read."""

import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from curate.ops import unicode
from curate.ops.kernel import IN_I32, IN_U8, OUT_I32, OUT_U8, OUT_U64, VOID, i64, inline, kernel
from curate.ops.ngrams import hash_word
from curate.ops.tables import capacity, find
from curate.ops.trie import named

SOURCE = Path(__file__).with_name("treebank.toml")

SPACE = 1
"""White space as Python's `str.isspace` has it: with the separators U+001C to U+001F."""
LETTER, LOWER, UPPER = 2, 4, 8
"""Letters of the scripts that the rules know; those of scripts without cases are all three."""
DIGIT, DECIMAL = 16, 32
"""0 to 9; the digits of every script."""
FRONT, BACK = 64, 128
"""A mark that is taken off the front; off the end."""
QUOTE, ICON, HYPHEN = 256, 512, 1024
STOPPED = 2048
"""A full stop behind it is taken off the end."""
MEASURE = 4096
"""A unit or a currency can end in it."""
INERT = 8192
"""A letter that plays no other part: a word of these alone is left whole, but for exceptions."""
ENDS = 16384
"""Ends a sentence if it is a word."""
MARK = 32768
"""Punctuation (P*)."""

START = 1
"""The mark of a byte with which a word starts."""

WHOLE, AGAIN, UNIT = 1, 2, 4
"""What an entry is: an exception; one that is looked for once more among the parts of a word; a unit or currency."""


class Rules(NamedTuple):
    """Bits of every code point; a hash table of entries (`used` is 1 + the entry); and per entry what it is.

    Entry i is `kinds[i]`; bit j of `splits[i]` says that a word starts at its byte j, bit j of `patterns[i]` the same
    of what is left of it when nothing is an exception. `heads[a + 256 * b]` is 1 where an entry begins with bytes a, b,
    the second of which is 0 where it is a alone.
    """

    classes: NDArray[np.uint16]
    keys: NDArray[np.uint64]
    used: NDArray[np.int32]
    kinds: NDArray[np.uint8]
    splits: NDArray[np.uint64]
    patterns: NDArray[np.uint64]
    heads: NDArray[np.uint8]


RULES = named((types.Array(types.uint16, 1, "C"), OUT_U64, OUT_I32, OUT_U8, OUT_U64, OUT_U64, OUT_U8), Rules)


@cache
def facts() -> dict[str, Any]:
    """The file as it is."""
    return tomllib.loads(SOURCE.read_text("utf-8"))


def points(ranges: str) -> list[int]:
    """All code points of `41-7A B5`."""
    pairs = [part.split("-") for part in ranges.split()]
    return [code for pair in pairs for code in range(int(pair[0], 16), int(pair[-1], 16) + 1)]


@cache
def classes() -> NDArray[np.uint16]:
    """Bits of every code point."""
    made = np.zeros(0x110000, np.uint16)
    _add_letters(made)
    _add_marks(made)
    other = FRONT | BACK | QUOTE | ICON | HYPHEN | ENDS
    made[(made & LETTER != 0) & (made & other == 0)] |= INERT
    return made


def _add_letters(made: NDArray[np.uint16]) -> None:
    letters, known = facts()["letters"], unicode.classes()
    cased = points(letters["cased"])
    for bit, of in ((LOWER, unicode.LOWER), (UPPER, unicode.UPPER)):
        chosen = [code for code in cased if known[code] & of]
        made[chosen] |= np.uint16(bit | LETTER)
    made[points(letters["lower"])] |= LOWER | LETTER
    made[points(letters["others"])] |= LETTER
    made[points(letters["uncased"])] |= LETTER | LOWER | UPPER
    made[known & unicode.DIGIT != 0] |= DECIMAL
    made[range(ord("0"), ord("9") + 1)] |= DIGIT
    made[(known & unicode.SPACE != 0) & (np.arange(len(known)) != ord("\u200b"))] |= SPACE
    made[range(0x1C, 0x20)] |= SPACE
    made[known & unicode.PUNCTUATION != 0] |= MARK


def _add_marks(made: NDArray[np.uint16]) -> None:
    marks = facts()["marks"]
    single = {key: [ord(mark) for mark in marks[key].split() if len(mark) == 1] for key in marks if key != "icons"}
    icons = points(marks["icons"])
    both = [*single["punctuation"], *single["quotes"], *icons]
    made[[*both, *single["front"], *single["currency"]]] |= FRONT
    made[[*both, *single["end"]]] |= BACK
    made[single["quotes"]] |= QUOTE
    made[icons] |= ICON
    made[single["hyphens"]] |= HYPHEN
    made[[*single["punctuation"], *single["quotes"], *single["before_stop"]]] |= STOPPED
    made[made & (LOWER | DIGIT) != 0] |= STOPPED
    made[[ord(unit[-1]) for unit in units()]] |= MEASURE
    made[[ord(mark) for mark in facts()["sentences"]["ends"].split()]] |= ENDS


def ends() -> list[int]:
    """Code points that end a line well for FineWeb."""
    return [ord(mark) for key in ("ends", "line_ends") for mark in facts()["sentences"][key].split()]


def decoration() -> list[int]:
    """Code points of which datatrove's Gopher filter makes no words."""
    controls = [*range(0x09), *range(0x0B, 0x0D), *range(0x0D, 0x20), *range(0x7F, 0xA0)]
    return [*points(facts()["punctuation"]["marks"]), *ends(), *controls]


def units() -> list[str]:
    """What is taken off the end behind a digit."""
    marks = facts()["marks"]
    return [*marks["units"].split(), *marks["currency"].split()]


def exceptions(*, english: bool) -> dict[str, list[str]]:
    """Exception → its words: those of every language, by choice those of English as well."""
    listed = facts()["exceptions"]
    found = _english() if english else {}
    found |= {word.replace("|", ""): word.split("|") for word in listed["apart"]}
    found |= {word: [word] for word in listed["whole"]}
    return found | {key.replace("'", "’"): [word.replace("'", "’") for word in found[key]] for key in found}


def _english() -> dict[str, list[str]]:
    listed = facts()["english"]
    found: dict[str, list[str]] = {}
    for contraction in listed["contraction"]:
        for head in contraction["heads"]:
            found |= _contracted([head, head.title()], contraction["endings"])
    parts = [[str(hour), time] for hour in range(1, 13) for time in listed["times"]]
    parts += [word.split("|") for word in listed["apart"]]
    found |= {"".join(words): words for words in parts}
    for word in listed["no_contractions"]:
        found.pop(word, None)
        found.pop(word.title(), None)
    return found | {word: [word] for word in listed["whole"]}


def _contracted(heads: Iterable[str], endings: Iterable[str]) -> dict[str, list[str]]:
    every = [form for ending in endings for form in (ending, ending.replace("'", ""))]
    words = [[head, *ending.split("|")] for head in heads for ending in every]
    return {"".join(parts): parts for parts in words}


def mask(words: Iterable[str]) -> int:
    """Bit j: a word starts at byte j of the words put together."""
    made = at = 0
    for word in words:
        made |= 1 << at
        at += len(word.encode())
    return made


@kernel(VOID, IN_I32, IN_U8, OUT_U64)
def _hashes(offsets: NDArray[np.int32], data: NDArray[np.uint8], out: NDArray[np.uint64]) -> None:
    for row in range(len(out)):
        out[row] = hash_word(data, i64(offsets[row]), i64(offsets[row + 1]))


@inline
def find_entry(data: NDArray[np.uint8], start: int, end: int, rules: Rules) -> int:
    """The entry that `data[start:end]` is, or −1."""
    if end <= start or end - start > LONGEST:
        return i64(-1)
    if not rules.heads[i64(data[start]) | (i64(data[start + 1]) << 8 if end - start > 1 else 0)]:
        return i64(-1)
    slot = find(rules.keys, rules.used, len(rules.keys), hash_word(data, start, end))
    return i64(rules.used[slot]) - 1


LONGEST = 32
"""Bytes of the longest entry, at most."""


def packed(entries: Iterable[str]) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
    """Offsets and bytes of strings."""
    encoded = [entry.encode() for entry in entries]
    return np.cumsum([0, *map(len, encoded)]).astype(np.int32), np.frombuffer(b"".join(encoded), np.uint8)


def rules(special: dict[str, list[str]], again: dict[str, int]) -> Rules:
    """The rules with these exceptions, and these patterns of exceptions that are taken apart."""
    entries = sorted({*special, *units()})
    hashes = np.empty(len(entries), np.uint64)
    _hashes(*packed(entries), hashes)
    slots = capacity(len(entries))
    keys, used = np.zeros(slots, np.uint64), np.zeros(slots, np.int32)
    for number, key in enumerate(hashes):
        slot = _place(keys, used, key)
        keys[slot], used[slot] = key, number + 1
    measures = set(units())
    kinds = [(e in special) * WHOLE | (e in again) * AGAIN | (e in measures) * UNIT for e in entries]
    splits = [mask(special.get(entry, [entry])) for entry in entries]
    found = [again.get(entry, 0) for entry in entries]
    bits = np.array(kinds, np.uint8), np.array(splits, np.uint64), np.array(found, np.uint64)
    return Rules(classes(), keys, used, *bits, _heads(entries))


def _heads(entries: Iterable[str]) -> NDArray[np.uint8]:
    heads = np.zeros((256, 256), np.uint8)
    for entry in entries:
        first, *rest = entry.encode()
        heads[rest[0] if rest else 0, first] = 1
    return heads.ravel()


def _place(keys: NDArray[np.uint64], used: NDArray[np.int32], key: np.uint64) -> int:
    with np.errstate(over="ignore"):
        return find.py_func(keys, used, len(keys), key)  # type: ignore[attr-defined,no-any-return]
