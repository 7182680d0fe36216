"""Hashed features of short texts, against their definition over Python's strings; and the classifier over them."""

import math
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import linear, unicode
from curate.ops.plain_words import CONTEXTS, GROUP, ROOM, Marks
from curate.ops.sentence_spans import Pieces, spans
from tests.ops.kernel_texts import characters, packed

BITS = 16
PRIME, SPREAD, WIDTH = 0x100000001B3, 0x9E3779B97F4A7C15, (1 << 64) - 1
NAME = "\0"
LIKE = dict(zip("01!|34@5$7", "oiiieaasst", strict=True))


def mix(kind, a, b=0):
    state = (kind * SPREAD & WIDTH ^ a) * PRIME & WIDTH
    state = (state ^ state >> 29 ^ b) * SPREAD & WIDTH
    return ((state ^ state >> 32) * SPREAD & WIDTH) >> 64 - BITS


def folded(character):
    table = unicode.folds()
    value = int(table.table[ord(character)])
    if value == unicode.NOTHING:
        return ""
    if not value & unicode.SEVERAL:
        return chr(value)
    start = (value & ~unicode.SEVERAL) >> 5
    return "".join(map(chr, table.expansions[start : start + (value & 31)]))


def bits(character):
    return int(unicode.classes()[ord(character)])


def is_letter(text, at):
    return at < len(text) and bool(bits(text[at]) & (unicode.LETTER | unicode.NUMBER))


def squeezed(word):
    """Three or more equal letters as one."""
    runs = []
    for letter in word:
        if runs and runs[-1][0] == letter:
            runs[-1] += letter
        else:
            runs.append(letter)
    return "".join(run if len(run) < 3 else run[0] for run in runs)


def words(text, names):
    """Words of a piece and whether each is unspaced; `names` are the code points of groups' names: start → stop."""
    made, word, kind, at = [], "", 0, 0

    def end():
        nonlocal word
        plain = squeezed(word)
        if any(letter not in LIKE and not "0" <= letter <= "9" for letter in plain):
            made.append(("".join(LIKE.get(letter, letter) for letter in plain), kind))
        word = ""

    while at < len(text):
        if at in names:
            end()
            if not (made and made[-1][0] == NAME):
                made.append((NAME, 2))
            at = names[at]
            continue
        character, inside = text[at], bool(word) and at > 0
        if not folded(character):
            pass
        elif bits(character) & (unicode.LETTER | unicode.NUMBER | unicode.JOINER):
            joined = bits(character) & unicode.JOINER
            here = 1 if bits(character) & unicode.UNSPACED else kind if joined else 0
            if here != kind and word:
                end()
            kind = here
            word += folded(character)
        elif character in "@$!|*'’" and (inside or character == "$") and is_letter(text, at + 1):
            word += "" if character in "'’" else character
        else:
            end()
        at += 1
    end()
    return made


def spelled_out(found):
    """At least three single letters in a row are one word."""
    made, k = [], 0
    while k < len(found):
        last = k
        while last < len(found) and found[last][1] == 0 and len(found[last][0]) == 1:
            last += 1
        stop = last if last - k >= 3 else k + 1
        made.append(("".join(word for word, _ in found[k:stop]), found[k][1]))
        k = stop
    return made


def hashed(word):
    state = 3 if word == NAME else SPREAD
    for letter in "" if word == NAME else word:
        state = (state ^ ord(letter)) * PRIME & WIDTH
    return state ^ state >> 31


def parts(word, kind, around):
    shortest, longest = (1, 3) if kind == 1 else (3, 5)
    numbers = [ord(letter) for letter in word]
    numbers = numbers if kind == 1 else [1, *numbers, 2]
    for first in range(len(numbers) - shortest + 1):
        state = PRIME
        for k in range(first, min(first + longest, len(numbers))):
            state = (state ^ numbers[k]) * PRIME & WIDTH
            if k - first + 1 >= shortest:
                yield mix(6, state, k - first)
                if around >= 0 and kind == 1:
                    yield mix(6, state, k - first + 8 + 8 * around)


def features(text, names, kinds, behind):
    named = bool(names)
    context = sum(1 << kind - CONTEXTS for kind in {kind for kind in kinds if kind >= CONTEXTS})
    found = spelled_out(words(text, names))
    hashes = [hashed(word) for word, _ in found]
    for k, (word, kind) in enumerate(found):
        yield mix(1, hashes[k])
        if named:
            yield mix(4, hashes[k], context)
        elif behind:
            yield mix(5, hashes[k])
        if k + 1 < len(found):
            yield mix(2, hashes[k], hashes[k + 1])
        if k + 2 < len(found):
            yield mix(3, (hashes[k] * PRIME & WIDTH ^ hashes[k + 1]) * SPREAD & WIDTH, hashes[k + 2])
        if kind != 2:
            yield from parts(word, kind, context if named else -1)
    for kind in kinds:
        if kind < CONTEXTS:
            yield mix(7, kind, int(named))


def array(*numbers):
    return np.array(numbers, np.int32)


def marked(rows, spans):
    """Marks from (row, first code point, one behind the last, kind)."""
    table = [(row, len(rows[row][:a].encode()), len(rows[row][:b].encode()), kind) for row, a, b, kind in spans]
    return Marks(*(array(*column) for column in (zip(*table, strict=True) if table else [()] * 4)))


def whole(rows):
    """Every text as one piece."""
    return Pieces(array(*range(len(rows))), array(*[0] * len(rows)), array(*[len(row.encode()) for row in rows]))


def measured(rows, marks, pieces=None):
    starts, ids = linear.features(*packed(rows), pieces or whole(rows), marks, BITS)
    return [ids[a:b].tolist() for a, b in pairwise(starts)]


texts = st.lists(st.one_of(characters, st.sampled_from([*"aab13!|@$*'’ x", "no ", "s3x "])), max_size=40).map("".join)


@given(st.lists(texts, max_size=4))
def test_a_piece_has_the_features_of_its_words(rows):
    assert measured(rows, marked(rows, [])) == [list(features(row, {}, [], False)) for row in rows]


@given(texts, st.integers(0, 40), st.integers(1, 9), st.lists(st.integers(0, CONTEXTS + 1), min_size=1, max_size=3))
def test_marks_hide_names_add_their_kinds_and_say_in_what_surroundings_a_name_stands(row, start, length, kinds):
    places = [(start + k * length, start + (k + 1) * length) for k in range(len(kinds))]
    spans = [(0, a, min(b, len(row)), kind) for (a, b), kind in zip(places, kinds, strict=True) if a < len(row)]
    names = {a: b for _, a, b, kind in spans if kind == GROUP}
    others = [kind for *_, kind in spans if kind != GROUP]

    assert measured([row], marked([row], spans)) == [list(features(row, names, others, False))]


def test_what_is_behind_a_name_in_the_same_text_is_told_apart():
    rows = ["He met Finns. They sang.", "They sang."]
    pieces = spans(*packed(rows))

    found = measured(rows, marked(rows, [(0, 7, 12, GROUP)]), pieces)

    assert found[1] == list(features("They sang.", {}, [], True))
    assert found[2] == list(features("They sang.", {}, [], False))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("st0p", "stop"),
        ("STOP!", "stop"),
        ("sto\u200bp", "stop"),
        ("s t o p", "stop"),
        ("stoooop", "stop"),
        ("$top", "stop"),
        ("don't", "dont"),
        ("100 stops", "stops"),
    ],
)
def test_spellings_of_one_word_are_one(one, other):
    found, expected = measured([one, other], marked([], []))

    assert found == expected


def test_two_names_in_a_row_are_one():
    rows = ["a AB CD b", "a EF b"]

    found, expected = measured(rows, marked(rows, [(0, 2, 4, GROUP), (0, 5, 7, GROUP), (1, 2, 4, GROUP)]))

    assert found == expected


@given(st.lists(texts, max_size=3), st.integers(0, 3))
def test_a_score_is_the_logistic_of_the_sum_over_the_root_of_the_number_and_0_without_features(rows, seed):
    weights = np.random.default_rng(seed).integers(-127, 128, 1 << BITS).astype(np.int8)

    found = linear.scores(*packed(rows), whole(rows), marked(rows, []), weights, 0.05, 0.3)

    for score, ids in zip(found, measured(rows, marked(rows, [])), strict=True):
        total = 0.3 + 0.05 * sum(int(weights[k]) for k in ids) / math.sqrt(max(len(ids), 1))
        assert score == (pytest.approx(1 / (1 + math.exp(-total)), abs=1e-6) if ids else 0)


def test_a_piece_of_any_length_has_no_more_features_than_there_is_room_for():
    row = unicodedata.normalize("NFC", "é" * 3) + "ab cd " * 20_000

    assert len(measured([row], marked([], []))[0]) <= ROOM
