from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ops.stereotypes import BUCKETS, FAR, NEAR, REACH, features

MASK = (1 << 64) - 1
ONE, TWO, THREE, STEM, AT, SIDE, START, ROLE, AFTER, BEFORE, CLOSE, LOOSE, OWN, PAIR, TONGUE, SIZE = range(1, 17)
PRIME_1, PRIME_2, PRIME_3 = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9


def bucket(kind, a=0, b=0, c=0):
    value = (((kind * PRIME_1 + a) * PRIME_2 + b) * PRIME_3 + c) & MASK
    value ^= value >> 33
    value = value * PRIME_2 & MASK
    value ^= value >> 29
    value = value * PRIME_3 & MASK
    return (value ^ value >> 32) & BUCKETS - 1


def symbol(word):
    if word["form"]:
        return 40 + word["form"]
    held = [role for role in range(16) if word["roles"] >> role & 1]
    return held[0] if held else 31 if word["mark"] else 32


def keys(row, language):
    """(kind, a, b, c) of every feature of a row, with repetition."""
    seen = [word["form"] or word["hash"] for word in row]
    symbols = [symbol(word) for word in row]
    for size, kind in ((1, ONE), (2, TWO), (3, THREE)):
        yield from ((kind, *seen[i : i + size]) for i in range(len(row) - size + 1))
    yield from ((STEM, stem) for word in row if not word["form"] for stem in word["stems"] if stem)
    yield from ((ROLE, role) for word in row for role in range(16) if word["roles"] >> role & 1)
    yield (TONGUE, language)
    yield (SIZE, min(6, len(row) // 8))
    for at in [at for at, word in enumerate(row) if word["form"]]:
        yield from mention(row, seen, symbols, at, language)


def mention(row, seen, symbols, at, language):
    form = row[at]["form"]
    yield (START, min(at, 3), form)
    inside = range(len(row))
    yield from ((AT, seen[at + d] if at + d in inside else 0, d + NEAR) for d in range(1 - NEAR, NEAR + 1) if d)
    yield from ((SIDE, seen[at + d], d > 0) for d in range(-REACH, REACH + 1) if d and at + d in inside)
    for size in range(1, 6):
        if at + size in inside:
            yield (AFTER, path(symbols[at : at + size + 1]))
    for size in range(1, 5):
        if at - size >= -1:
            yield (BEFORE, path([symbols[i] if i >= 0 else 30 for i in range(at, at - size - 1, -1)]))
    for i in inside:
        far = abs(i - at)
        if i != at and far <= FAR:
            step = 1 if far <= 1 else 2 if far <= 3 else 3 if far <= 6 else 4
            held = [role for role in range(16) if row[i]["roles"] >> role & 1]
            for role in held + ([16 + row[i]["form"]] if row[i]["form"] else []):
                yield (CLOSE, form * 64 + step * 2 + (i > at), role)
                yield (LOOSE, (form == 3) * 2 + (i > at), role)
                yield (OWN, (form == 3) * 2 + (i > at), role, language)
    after = [symbols[i] for i in inside if at < i <= at + REACH and symbols[i] not in (31, 32)]
    yield from ((PAIR, symbols[at], a, b) for i, a in enumerate(after) for b in after[i + 1 :])


def path(symbols):
    value = 0
    for one in symbols:
        value = (value * 64 + one) & MASK
    return value


WORDS = st.fixed_dictionaries(
    {
        "hash": st.integers(100, 105),
        "stems": st.tuples(st.sampled_from([0, 7]), st.sampled_from([0, 8])),
        "mark": st.booleans(),
        "form": st.sampled_from([0, 0, 0, 1, 2, 3]),
        "roles": st.sampled_from([0, 0, 1, 2, 1 << 12, 3 << 8]),
    }
).map(lambda word: word | {"roles": 0 if word["form"] else word["roles"]})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.lists(WORDS, max_size=20), st.integers(0, 9)), max_size=3))
def test_features_are_the_references(rows):
    flat = [word for row, _ in rows for word in row]
    hashes = np.array([[w["hash"] for w in flat], *([w["stems"][i] for w in flat] for i in (0, 1))], np.uint64)

    found = features(
        np.cumsum([0, *(len(row) for row, _ in rows)]).astype(np.int32),
        hashes,
        np.array([w["mark"] for w in flat], np.bool_),
        np.array([w["form"] for w in flat], np.uint8),
        np.array([w["roles"] for w in flat], np.uint16),
        np.array([language for _, language in rows], np.uint8),
    )

    for i, (row, language) in enumerate(rows):
        mine = slice(found.first[i], found.first[i + 1])
        wanted = Counter(bucket(*map(int, key)) for key in keys(row, language))
        assert len(found.buckets[mine]) == len(set(found.buckets[mine].tolist()))
        assert dict(zip(found.buckets[mine].tolist(), found.counts[mine].tolist(), strict=True)) == wanted
