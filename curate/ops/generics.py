"""Generic statements about groups: a plural, a copula and a trait, and nothing that makes it a statement about some.

Of the cues for such statements the bare plural is the best; quantifiers and "typical" mostly introduce counts and
single people (figures in `docs/bias.md`). *Strict* is a plural without quantifier, demonstrative or preposition before
it, then at once a copula, then nothing but intensifiers and hedges up to a trait that no preposition follows ("Swedes
are generally very shy"); with "the" only a name in capitals is such a plural. In Korean the name with the topic
particle (은, 는) is subject and copula in one. *Loose* is such a plural with a copula or a word of repute, and a trait,
within reach.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.ops.kernel import I64, IN_I32, IN_U8, IN_U16, OUT_I32_2D, i64, inline, kernel

PEOPLE, COPULA, REPUTATION, NEGATION, QUANTIFIER, ATTRIBUTION, INTENSIFIER, PARTICULAR = (1 << i for i in range(8))
TRAIT, PREPOSITION, ARTICLE = 7 << 8, 1 << 11, 1 << 12
"""Bits of roles, as `curate.lexicons.statements.ROLES` numbers them."""
NAMED, PLURAL = 1, 2
"""Forms of a mention."""
MARK, QUOTE, COMMA, TOPIC, PAST, CAPITAL = 1, 2, 4, 8, 16, 32
"""Kinds of lexemes: no word; quotation mark; comma or hyphen; ends in a topic particle; "were"; in capitals."""
STRICT, NEGATED, QUOTED, ATTRIBUTED = 1, 2, 4, 8
"""What is known of a statement."""

HEDGES, REACH = 6, 8
"""Roles between copula and trait, and lexemes from a mention to a trait that is loosely said of it."""
_PASSED = INTENSIFIER | NEGATION | REPUTATION | QUANTIFIER


class Generics(NamedTuple):
    """One entry a statement, in order: the lexemes of the group and of the trait, and bits such as `STRICT`."""

    groups: NDArray[np.int32]
    traits: NDArray[np.int32]
    bits: NDArray[np.int32]


def generics(
    first: NDArray[np.int32],
    forms: NDArray[np.uint8],
    roles: NDArray[np.uint16],
    widths: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    topical: NDArray[np.bool_],
) -> Generics:
    """The generic statements of every row of lexemes, at most one a mention.

    `topical` says of a row that its language marks the topic (Korean), where any form of a name may be generic.
    """
    room = max(64, len(first))
    while True:
        found = np.empty((3, room), np.int32)
        size = _generics(first, forms, roles, widths, kinds, topical.view(np.uint8), found)
        if size <= room:
            return Generics(*found[:, :size])
        room = size


@inline
def _strict(
    roles: NDArray[np.uint16], widths: NDArray[np.int32], kinds: NDArray[np.uint8],
    at: int, start: int, stop: int, topical: bool,
) -> tuple[int, bool]:  # fmt: skip
    """The trait that is strictly said of the mention at `at`, or -1, and whether it is denied."""
    before, the = at - 1, False
    if before >= start and i64(roles[before]) & ARTICLE:
        before, the = before - 1, True
        if not i64(kinds[at]) & CAPITAL:  # "the French" may be all of them, "the migrants" are some
            return -1, False
    for back in range(min(3, before - start + 1)):  # "group of" counts with its last word
        narrowed = i64(roles[before - back]) & (QUANTIFIER | PARTICULAR | PREPOSITION)
        if narrowed and i64(widths[before - back]) > back:
            return -1, False
    i = at
    if topical:
        i += i64(i + 1 < stop and (i64(roles[i + 1]) & PEOPLE) != 0)
        if not i64(kinds[i]) & TOPIC:
            return -1, False
        i += 1
    else:
        i += 1
        while i < stop and i <= at + 3 and i64(roles[i]) & (INTENSIFIER | COPULA) == INTENSIFIER:
            i += i64(widths[i])
        if i >= stop or not i64(roles[i]) & COPULA or (the and i64(kinds[i]) & PAST):
            return -1, False
    return _described(roles, widths, kinds, i, stop, topical)


@inline
def _described(
    roles: NDArray[np.uint16], widths: NDArray[np.int32], kinds: NDArray[np.uint8], i: int, stop: int, topical: bool
) -> tuple[int, bool]:
    """The trait that follows at `i`, behind a copula where there is one, and intensifiers alone."""
    denied = False
    if not topical:
        denied = (i64(roles[i]) & NEGATION) != 0
        i += i64(widths[i])
    passed = i64(0)
    while i < stop and passed < HEDGES and not i64(roles[i]) & TRAIT:
        if not (i64(roles[i]) & _PASSED or i64(kinds[i]) & COMMA):
            return -1, False
        denied |= (i64(roles[i]) & NEGATION) != 0
        i, passed = i + i64(widths[i]), passed + 1
    if i >= stop or not i64(roles[i]) & TRAIT:
        return -1, False
    ahead = i + i64(widths[i])
    if not topical and ahead < stop and i64(roles[ahead]) & PREPOSITION:  # "grateful to", "tolerant of": an occasion
        return -1, False
    if topical:  # Korean denies behind the trait: 게으르지 않다
        for k in range(i + 1, min(stop, i + 3)):
            denied |= (i64(roles[k]) & NEGATION) != 0
    return i, denied


@inline
def _loose(roles: NDArray[np.uint16], at: int, stop: int) -> tuple[int, bool]:
    """The first trait within reach behind a copula or a word of repute, or -1, and whether a negation stands there."""
    linked = denied = False
    for i in range(at + 1, min(stop, at + REACH + 1)):
        bits = i64(roles[i])
        denied |= (bits & NEGATION) != 0
        if bits & TRAIT and linked:
            return i, denied
        linked |= (bits & (COPULA | REPUTATION)) != 0
    return -1, False


@inline
def _told(roles: NDArray[np.uint16], kinds: NDArray[np.uint8], at: int, trait: int, start: int, stop: int) -> int:
    """Bits for a statement that stands between quotation marks, or in a sentence that says who says so."""
    left = right = False
    bits = i64(0)
    for i in range(start, stop):
        left |= i < at and (i64(kinds[i]) & QUOTE) != 0
        right |= i > at and (i64(kinds[i]) & QUOTE) != 0
        if i64(roles[i]) & ATTRIBUTION and i != trait:
            bits |= ATTRIBUTED
    return bits | (QUOTED if left and right else 0)


@kernel(I64, IN_I32, IN_U8, IN_U16, IN_I32, IN_U8, IN_U8, OUT_I32_2D)
def _generics(
    first: NDArray[np.int32],
    forms: NDArray[np.uint8],
    roles: NDArray[np.uint16],
    widths: NDArray[np.int32],
    kinds: NDArray[np.uint8],
    topical: NDArray[np.uint8],
    found: NDArray[np.int32],
) -> int:
    """Fill `found` (3, room) as far as it has room; the number of all statements."""
    size = i64(0)
    for row in range(len(first) - 1):
        start, stop, named = i64(first[row]), i64(first[row + 1]), topical[row] != 0
        for at in range(start, stop):
            if forms[at] == PLURAL or (named and forms[at] == NAMED):
                trait, denied = _strict(roles, widths, kinds, at, start, stop, named)
                bits = i64(STRICT) if trait >= 0 else i64(0)
                if trait < 0:
                    trait, denied = _loose(roles, at, stop)
                if trait >= 0:
                    bits |= (NEGATED if denied else 0) | _told(roles, kinds, at, trait, start, stop)
                    if size < found.shape[1]:
                        found[0, size], found[1, size], found[2, size] = at, trait, bits
                    size += 1
    return size
