"""Where normalised text comes from."""

from functools import cache

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.normal import normalise
from curate.ops.origins import located, origins
from curate.ops.spans import first_bad, replace
from curate.ops.winnowing import Ranges, words
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed, unpacked


def folded(text):
    return unpacked(*normalise(*packed([text]), punctuation=True))[0]


@cache
def one_word(character):
    """Whether a code point cannot belong to two words, as U+FDFA (four words) and squared katakana can."""
    made = folded(f"-{character}-")[1:-1]
    return len(made) < 2 or not any(reference.is_space(c) or reference.is_unspaced(c) for c in made)


@given(batches)
def test_the_code_points_up_to_an_origin_fold_to_what_stands_before_it(rows):
    offsets, data = packed(rows)
    normal = normalise(offsets, data, punctuation=True)
    found = origins(offsets, data, normal)

    for row, text in enumerate(rows):
        raw, first, last = text.encode(), normal.offsets[row], normal.offsets[row + 1]
        mine = normal.data[first:last].tobytes()
        assert (np.diff(found[first:last]) >= 0).all()
        for at, origin in enumerate(found[first:last].tolist()):
            before, through = raw[:origin].decode(), folded(raw[:origin].decode() + raw[origin:].decode()[0])
            assert mine.startswith(folded(before).encode())
            assert len(folded(before).encode()) <= at
            assert at < len(through.encode()) or mine[at : at + 1] == b" "


@st.composite
def runs_of_words(draw):
    """Texts, and runs of the words of their normal forms."""
    rows = draw(batches)
    chosen = []
    for text in rows:
        count = len(reference.words(folded(text)))
        places = sorted(draw(st.sets(st.integers(0, count), max_size=6)))
        chosen.append(list(zip(places[::2], places[1::2], strict=False)))
    return rows, chosen


def ranges(rows):
    flat = np.array([run for row in rows for run in row], np.int64).reshape(-1, 2)
    ends = np.cumsum([0, *map(len, rows)]).astype(np.int64)
    return Ranges(ends, np.ascontiguousarray(flat[:, 0]), np.ascontiguousarray(flat[:, 1]))


@given(runs_of_words(), st.booleans())
def test_the_words_of_runs_go_and_the_others_stay(drawn, gaps):
    rows, chosen = drawn
    chosen = [runs if all(map(one_word, text)) else [] for text, runs in zip(rows, chosen, strict=True)]
    offsets, data = packed(rows)
    normal = normalise(offsets, data, punctuation=True)

    spans = located(offsets, data, normal, words(*normal), ranges(chosen), gaps=gaps)

    assert first_bad(offsets, data, spans) == -1
    if not gaps:
        made = unpacked(*replace(offsets, data, spans, b" "))
        for text, runs, left in zip(rows, chosen, made, strict=True):
            spoken = reference.words(folded(text))
            gone = {word for start, stop in runs for word in range(start, stop)}
            assert reference.words(folded(left)) == [word for i, word in enumerate(spoken) if i not in gone]


def test_a_code_point_of_several_words_stays_unless_all_of_them_go():
    offsets, data = packed(["one \ufdfa two"])
    normal = normalise(offsets, data, punctuation=True)
    found = words(*normal)
    assert found.rows[-1] == 6

    for runs, left in (([(0, 2)], "\ufdfa two"), ([(4, 6)], "one \ufdfa"), ([(0, 6)], "")):
        spans = located(offsets, data, normal, found, ranges([runs]), gaps=True)
        assert unpacked(*replace(offsets, data, spans)) == [left]
