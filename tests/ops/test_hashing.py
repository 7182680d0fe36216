"""Hashes of strings are xxHash64's."""

import numpy as np
import xxhash
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.hashing import hash_strings
from tests.ops.kernel_texts import packed


@given(st.lists(st.text(max_size=80), max_size=5), st.integers(0, 2**64 - 1))
def test_hashes_equal_those_of_the_xxhash_package(rows, seed):
    hashes = hash_strings(*packed(rows), seed)

    assert hashes.tolist() == [xxhash.xxh64_intdigest(row.encode(), seed) for row in rows]


def test_strings_of_every_length_around_a_stripe_are_hashed():
    rows = ["ab" * (length // 2) + "c" * (length % 2) for length in range(200)]

    hashes = hash_strings(*packed(rows))

    assert hashes.dtype == np.uint64
    assert hashes.tolist() == [xxhash.xxh64_intdigest(row.encode()) for row in rows]
