"""Fingerprints, candidate windows and the passages that they make."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.minhash import Shingles, shingles
from curate.ops.normal import normalise
from curate.ops.winnowing import candidates, keys, passages, winnow, words
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed, unpacked

hashes = st.lists(st.lists(st.integers(0, 5), max_size=40), max_size=4)


def grams(rows):
    """Shingles with these hashes."""
    ends = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Shingles(ends, np.array([value for row in rows for value in row], np.uint64))


@given(hashes, st.integers(1, 8))
def test_every_run_of_shingles_has_a_fingerprint_that_is_its_smallest(rows, width):
    found = winnow(grams(rows), width)

    for number, row in enumerate(rows):
        mine = slice(found.rows[number], found.rows[number + 1])
        places = found.places[mine].tolist()
        assert places == sorted(set(places))
        assert found.hashes[mine].tolist() == [row[place] for place in places]
        for start in range(len(row) - width + 1):
            inside = [place for place in places if start <= place < start + width]
            assert min(row[start : start + width]) in [row[place] for place in inside]
        assert len(row) >= width or not places


@given(st.lists(st.integers(0, 5), min_size=4, max_size=12), st.lists(st.integers(0, 5), max_size=9), st.integers(1, 4))
def test_runs_that_two_texts_share_give_both_the_same_fingerprint(shared, other, width):
    found = winnow(grams([shared, [*other, *shared, *other[::-1]]]), width)

    mine, theirs = (set(found.hashes[found.rows[i] : found.rows[i + 1]].tolist()) for i in (0, 1))
    assert mine <= theirs


def test_a_constant_text_has_a_fingerprint_for_every_width():
    assert len(winnow(grams([[7] * 1000]), 10).places) == 100


@given(hashes, st.integers(1, 8), st.integers(0, 6), st.randoms(use_true_random=False))
def test_candidates_are_the_windows_around_shared_fingerprints(rows, width, reach, rng):
    found = winnow(grams(rows), width)
    shared = np.array([rng.random() < 0.4 for _ in found.places], bool)
    windows = np.array([max(0, len(row) - reach) for row in rows], np.int64)

    made = candidates(found.rows, found.places, shared, windows, reach)

    for number in range(len(rows)):
        mine = range(found.rows[number], found.rows[number + 1])
        expected = {at for i in mine if shared[i] for at in range(found.places[i] - reach, found.places[i] + 1)}
        ranges = range(made.rows[number], made.rows[number + 1])
        listed = [at for i in ranges for at in range(made.starts[i], made.stops[i])]
        assert listed == sorted(at for at in expected if 0 <= at < windows[number])


@given(batches)
def test_words_are_those_of_the_convention(rows):
    offsets, data = packed(rows)

    found = words(offsets, data)

    raw = data.tobytes()
    for number, row in enumerate(rows):
        mine = range(found.rows[number], found.rows[number + 1])
        assert [raw[found.starts[i] : found.stops[i]].decode() for i in mine] == reference.words(row)


@given(batches, st.integers(1, 4), st.integers(1, 3))
def test_portions_hold_each_window_once_and_equal_windows_have_equal_keys(rows, n, portions):
    folded = normalise(*packed(rows), punctuation=True)
    found, windows = words(*folded), shingles(*folded, n)
    counts = np.diff(windows.rows)
    ranges = candidates(windows.rows, np.arange(windows.rows[-1]) - np.repeat(windows.rows[:-1], counts),
                        np.ones(windows.rows[-1], bool), counts, 0)  # fmt: skip
    scopes = np.zeros(len(rows), np.uint64)

    parts = [keys(folded.data, found, windows, scopes, ranges, n, (i, portions)) for i in range(portions)]

    spelt = []
    for text in unpacked(*folded):
        spoken = reference.words(text)
        spelt += [spoken[at : at + n] for at in range(len(spoken) - n + 1)]
    numbers = np.concatenate([part.numbers for part in parts]).tolist()
    assert sorted(numbers) == list(range(len(spelt)))
    pairs = zip(numbers, np.concatenate([p.low for p in parts]), np.concatenate([p.high for p in parts]), strict=True)
    known = {}
    for number, low, high in pairs:
        joined = " ".join(spelt[number])
        assert known.setdefault((low, high), joined) == joined


@given(st.lists(st.lists(st.booleans(), max_size=20), max_size=4), st.integers(1, 5))
def test_passages_are_the_words_that_repeated_windows_cover(rows, n):
    ends = np.arange(len(rows) + 1, dtype=np.int64)
    lengths = np.array([len(row) for row in rows], np.int64)
    whole = type(candidates(ends, ends[:-1], np.zeros(len(rows), bool), lengths, 0))(
        ends, np.zeros(len(rows), np.int64), lengths
    )

    made = passages(whole, np.array([flag for row in rows for flag in row], bool), n)

    for number, row in enumerate(rows):
        covered = {word for at, flag in enumerate(row) if flag for word in range(at, at + n)}
        runs = range(made.rows[number], made.rows[number + 1])
        assert {word for i in runs for word in range(made.starts[i], made.stops[i])} == covered
        assert all(made.stops[i] < made.starts[i + 1] for i in runs[:-1])
