"""Trigrams are counted as a plain reading of the text says."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.arrays import buffers
from curate.ops import profiles


def packed(*texts):
    return buffers(pa.array(texts, pa.string()))


def trigrams(text):
    padded = f" {text}"
    found = [padded[i : i + 3] for i in range(len(padded) - 2)]
    return [gram for gram in found if gram[0] != "\0" and not any(c in "0123456789" for c in gram)]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30))
def test_every_trigram_without_digits_has_a_bucket(text):
    found = profiles.buckets(*packed(text))

    assert len(found) == len(trigrams(text))
    assert all(0 <= place < profiles.BUCKETS for place in found.tolist())


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_coverage_is_the_share_of_trigrams_in_the_profile(profile, text):
    bits = np.zeros(profiles.BUCKETS, np.uint8)
    bits[profiles.buckets(*packed(profile))] = 1
    places = profiles.buckets(*packed(text))

    (share,) = profiles.coverage(*packed(text), np.zeros(1, np.int32), np.packbits(bits, bitorder="little")[None])

    assert share == (bits[places].mean() if len(places) else 0)


def test_a_text_without_a_label_is_not_covered():
    assert profiles.coverage(*packed("abc"), np.array([-1], np.int32), np.full((1, 1024), 255, np.uint8))[0] == 0
