import bisect

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate.arrays import buffers
from curate.ops.beginnings import beginnings, reached

TEXTS = st.lists(st.text(max_size=30) | st.text("aé漢🙂", max_size=200), max_size=6)


@given(TEXTS, st.integers(0, 200))
def test_a_beginning_ends_behind_so_many_characters_or_with_the_text(texts, characters):
    array = pa.array(["before", *texts], pa.string())[1:]
    offsets, data = buffers(array)

    ends = beginnings(offsets[:-1], offsets[1:], data, characters)

    assert [bytes(data[a:b]).decode() for a, b in zip(offsets[:-1], ends, strict=True)] == [
        text[:characters] for text in texts
    ]


@given(TEXTS, st.lists(st.integers(0, 250), unique=True).map(sorted))
def test_lengths_that_are_reached_are_those_up_to_the_number_of_characters(texts, lengths):
    found = reached(*buffers(pa.array(texts, pa.string())), lengths)

    assert found.tolist() == [bisect.bisect_right(lengths, len(text)) for text in texts]
