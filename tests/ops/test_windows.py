"""Windows of 64 bytes, against the bytes one by one."""

import numba
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import text, treebank, unicode, windows
from curate.ops.kernel import i64

windowed = st.binary(min_size=windows.MARGIN, max_size=200)


@numba.njit
def _bits(data, at, end, low, high):
    runs, ends, size = windows.words(data, at, end)
    return windows.among(data, at, low, high), runs, ends, size


@numba.njit
def _held(runs, bits):
    return windows.holding(runs, bits), windows.lowest(bits), windows.highest(bits), windows.ones(bits)


@numba.njit
def _found(data, at, end, byte):
    return windows.find_byte(data, at, end, byte)


def array(data):
    return np.frombuffer(data, np.uint8)


@given(windowed, st.integers(0, 255), st.integers(0, 255))
def test_each_bit_says_whether_its_byte_lies_between_the_bounds(data, one, other):
    low, high = sorted((one, other))

    bits = int(_bits(array(data), i64(0), i64(len(data)), i64(low), i64(high))[0])

    assert [bits >> i & 1 for i in range(windows.SIZE)] == [low <= byte <= high for byte in data[: windows.SIZE]]


@given(
    st.lists(
        st.sampled_from([b"a", b"Zz9", b",", b" ", b" ", b"\n", b"\t", b"\x7f", b"\x1c", "é".encode()]), max_size=90
    )
)
def test_the_words_of_a_window_are_those_of_a_walk_up_to_the_first_that_is_not_ascii(parts):
    whole = b"".join(parts)
    data = array(whole + b"." * windows.MARGIN)
    _, runs, ends, size = _bits(data, i64(0), i64(len(whole)), i64(0), i64(0))
    runs, ends, found, at = int(runs), int(ends), [], 0
    while runs >> at:
        if runs >> at & 1:
            stop = at
            while not ends >> stop & 1:
                stop += 1
            found.append((at, stop))
            at = stop
        at += 1

    walked, at = [], i64(0)
    while at < size:
        start, at, length, _ = _next_word(data, at, i64(len(whole)), unicode.classes())
        if length:
            walked.append((start, at))

    assert found == [word for word in walked if word[0] < size]
    assert size <= min(len(whole), windows.SIZE)


@numba.njit
def _next_word(data, at, end, classes):
    return text.next_word(data, at, end, classes)


@given(st.lists(st.integers(0, 9), max_size=12), st.integers(0, 2**64 - 1))
def test_runs_that_hold_something_are_counted(lengths, bits):
    runs, at, expected = 0, 0, 0
    for length in lengths:
        length = min(length, max(62 - at, 0))
        run = (1 << length) - 1 << at
        runs |= run
        expected += run & bits != 0
        at += length + 1

    held, low, high, ones = _held(np.uint64(runs), np.uint64(bits))

    assert held == expected
    assert ones == bits.bit_count()
    assert (low, high) == ((bits & -bits).bit_length() - 1 if bits else 64, bits.bit_length() - 1)


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 300), st.sampled_from([0, 10, 255]))
def test_a_byte_is_found_where_it_is(data, one, other, byte):
    start, end = sorted((min(one, len(data)), min(other, len(data))))
    place = data.find(byte, start, end)

    assert _found(array(data), i64(start), i64(end), i64(byte)) == (place if place >= 0 else end)


def test_all_classes_agree_on_visible_ascii():
    for made in (treebank.classes(), unicode.classes()):
        for byte in range(0x21, 0x7F):
            plain = bool(made[byte] & unicode.PLAIN)
            assert plain == chr(byte).isalnum()
            assert bool(made[byte] & unicode.LETTER) == chr(byte).isalpha()
            assert not made[byte] & (unicode.SPACE | unicode.UNSPACED | unicode.JOINER | unicode.KIND)
