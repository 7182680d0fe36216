"""Lines and paragraphs as spans."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops.parts import cover, long, parts
from curate.ops.spans import replace
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import batches, packed, unpacked


def blank(line):
    return not reference.strip(line)


def rstrip(text):
    return text.rstrip("".join(map(chr, reference.GAPS)))


def pieces(text, paragraphs):
    """The definition: (start, stop, gap) in bytes of every line, or of every run of lines between blank ones."""
    found, at, seen, fresh = [], 0, 0, True
    for line in text.split("\n"):
        size = len(line.encode())
        if not blank(line):
            if fresh or not paragraphs:
                found.append([at, None, at - seen])
            seen = at + len(rstrip(line).encode())
        fresh = blank(line)
        at += size + 1
    for piece, after in zip(found, [*found[1:], [len(text.encode())]], strict=False):
        piece[1] = after[0]
    return [tuple(piece) for piece in found]


@given(batches, st.booleans())
def test_parts_are_the_lines_or_the_blocks_between_blank_lines(rows, paragraphs):
    found = parts(*packed(rows), paragraphs=paragraphs)

    triples = list(zip(*(array.tolist() for array in found[1:]), strict=True))
    bounds = found.rows.tolist()
    assert [triples[a:b] for a, b in itertools.pairwise(bounds)] == [pieces(row, paragraphs) for row in rows]


@given(batches, st.booleans(), st.randoms(use_true_random=False))
def test_what_is_cut_leaves_the_other_parts_and_no_blank_end(rows, paragraphs, random):
    offsets, data = packed(rows)
    found = parts(offsets, data, paragraphs=paragraphs)
    cut = np.array([random.random() < 0.5 for _ in found.starts], bool)

    made = unpacked(*replace(offsets, data, cover(found, cut, np.diff(offsets).astype(np.int64))))

    for row, text in enumerate(made):
        raw, chosen = rows[row].encode(), range(found.rows[row], found.rows[row + 1])
        kept = [raw[found.starts[i] : found.stops[i]].decode() for i in chosen if not cut[i]]
        left = [text.encode()[a:b].decode() for a, b, _ in pieces(text, paragraphs)]
        assert [reference.strip(piece) for piece in left] == [reference.strip(piece) for piece in kept]
        if chosen and cut[chosen[-1]]:
            assert text == rstrip(text)


@given(batches, st.integers(0, 4), st.integers(0, 6))
def test_long_parts_have_so_many_words_and_characters(rows, words, characters):
    made = long(*packed(rows), words, characters)

    assert made.tolist() == [len(reference.words(row)) >= words and len(row) >= characters for row in rows]


def test_a_line_of_a_million_words_is_long_at_its_third():
    assert long(*packed(["word " * 1_000_000]), 3, 10).tolist() == [True]
