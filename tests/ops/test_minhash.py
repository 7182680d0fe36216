"""Shingles, signatures and band keys."""

import datasketch
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.ops import minhash, unicode
from curate.ops.normal import normalise
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed, unpacked

words = st.sampled_from(
    ["a", "bb", "seven77", "eighteen", "longer-than-sixteen-bytes", "dé", "漢", "字", "กำ", "x" * 300]
)
sentences = st.lists(words, max_size=30).map(" ".join)


def shingles(text, n):
    found = minhash.shingles(*normalise(*packed([text]), punctuation=False), n)
    return found.hashes.tolist()


def letter_shingles(text, n):
    folded = normalise(*packed([text]), punctuation=False)
    return minhash.shingles(*folded, n, minhash.letters()).hashes.tolist()


@given(st.lists(sentences, max_size=4), st.integers(1, 6))
def test_shingles_are_equal_where_their_words_are(rows, n):
    texts = normalise(*packed(rows), punctuation=False)

    found = minhash.shingles(*texts, n)

    split = [reference.words(row) for row in unpacked(*texts)]
    grams = [tuple(row[i : i + n]) for row in split for i in range(len(row) - n + 1)]
    assert np.diff(found.rows).tolist() == [max(0, len(row) - n + 1) for row in split]
    assert len(set(found.hashes.tolist())) == len(set(grams))
    named = dict(zip(grams, found.hashes.tolist(), strict=True))
    assert found.hashes.tolist() == [named[gram] for gram in grams]


@given(batches)
def test_shingles_are_the_same_in_whatever_batch_a_text_comes(rows):
    together = minhash.shingles(*normalise(*packed(rows), punctuation=False), 3)

    assert together.hashes.tolist() == [hash_ for row in rows for hash_ in shingles(row, 3)]


def test_what_ends_a_word_without_a_space_is_gone_from_the_scripts_that_are_read_by_their_spaces():
    """What `minhash._words` rests on: two bytes a letter, or three in certain ranges."""
    odd = minhash.letters() & np.uint16(unicode.UNSPACED | unicode.SPACE) != 0
    odd |= minhash.letters() >= unicode.BREAK
    ranges = [(0x80, 0x800), (0x800, 0xE00), (0x1100, 0x1400)]
    folded, _ = minhash_words([chr(code) for first, end in ranges for code in range(first, end)])

    assert not [hex(ord(letter)) for word in folded for letter in word if ord(letter) < 0x1400 and odd[ord(letter)]]


def minhash_words(rows):
    texts = normalise(*packed(rows), punctuation=False)
    return [word for row in unpacked(*texts) for word in row.split(" ")], texts


@given(st.lists(st.text(st.sampled_from("aé ßж가ㄱकกက漢ア.।\u0589 \u1362\u1369\ud7a3𝕏\n")), max_size=3))
def test_words_by_windows_are_the_words_that_are_found_letter_by_letter(rows):
    rows = [row * 9 for row in rows]
    texts = normalise(*packed(rows), punctuation=False)
    long = normalise(*packed(["x" * 80, *rows]), punctuation=False)  # no room behind it, and much

    found, other = minhash.shingles(*texts, 1), minhash.shingles(*long, 1)

    split = [reference.words(row) for row in unpacked(*texts)]
    assert np.diff(found.rows).tolist() == [len(row) for row in split]
    assert found.hashes.tolist() == other.hashes.tolist()[1:]
    named = dict(zip([word for row in split for word in row], found.hashes.tolist(), strict=True))
    assert [named[word] for row in split for word in row] == found.hashes.tolist()


def test_text_without_spaces_is_cut_into_words():
    assert len(shingles("今天我和孩子去公园玩", 5)) == 2
    assert shingles("今天我和孩子去公园玩", 5)[0] == shingles("「今天我和孩子去公」", 5)[0]


@pytest.mark.parametrize(
    "text",
    [
        "今天我和孩子去公园玩在那里我们看见了很多花和树还有一只小狗它跑得很快我们都笑了起来",
        "วันนี้ฉันไปสวนสาธารณะกับลูกของฉันและเราเห็นดอกไม้มากมายและสุนัขตัวเล็กที่วิ่งเร็วมาก",
        "ថ្ងៃនេះខ្ញុំទៅសួនច្បារជាមួយកូនរបស់ខ្ញុំហើយយើងបានឃើញផ្កាជាច្រើន",
    ],
)
def test_by_letters_one_more_changes_no_more_shingles_than_hold_it(text):
    edited = text[:9] + text[9] + text[9:]

    before, after = (set(letter_shingles(one, 5)) for one in (text, edited))

    assert len(before - after) <= 5
    assert len(after - before) <= 6


def test_by_letters_words_between_spaces_stay_words():
    assert letter_shingles("Five words between many spaces", 5) == shingles("Five words between many spaces", 5)


@pytest.mark.parametrize("text", ["", "four words are few", "...!"])
def test_text_of_fewer_words_than_a_shingle_has_none(text):
    assert shingles(text, 5) == []


@settings(max_examples=25)
@given(st.lists(sentences, min_size=1, max_size=3), st.sampled_from([1, 16, 112, 120]), st.integers(0, 2**32 - 1))
def test_signatures_equal_those_of_datasketch(rows, functions, seed):
    found = minhash.shingles(*normalise(*packed(rows), punctuation=False), 2)

    signatures = minhash.signatures(found, minhash.permutations(functions, seed))

    for row, signature in enumerate(signatures):
        theirs = datasketch.MinHash(num_perm=functions, seed=seed, hashfunc=lambda hash_: hash_)
        for hash_ in found.hashes[found.rows[row] : found.rows[row + 1]].tolist():
            theirs.update(hash_ & 0xFFFFFFFF)
        assert signature.tolist() == theirs.hashvalues.tolist()


def test_a_band_has_a_key_of_its_own_values_and_place():
    signatures = np.array([[1, 2, 3, 4], [1, 2, 9, 9], [3, 4, 1, 2]], np.uint32)

    keys = minhash.band_keys(signatures, 2)

    assert keys.shape == (2, 3)
    assert keys[0, 0] == keys[0, 1]
    assert len(set(keys.ravel().tolist())) == 5


def test_signatures_agree_in_the_share_of_values_that_shingles_have_in_common():
    base = [f"w{i}" for i in range(1000)]
    rows = [" ".join(base), " ".join(base[:800] + [f"v{i}" for i in range(200)])]
    found = minhash.shingles(*normalise(*packed(rows), punctuation=False), 5)
    one, other = (set(found.hashes[found.rows[i] : found.rows[i + 1]].tolist()) for i in (0, 1))

    signatures = minhash.signatures(found, minhash.permutations(1024, 1))

    jaccard = len(one & other) / len(one | other)
    assert abs(np.mean(signatures[0] == signatures[1]) - jaccard) < 4 * (jaccard * (1 - jaccard) / 1024) ** 0.5
