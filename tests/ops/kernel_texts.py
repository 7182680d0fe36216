"""Texts for property tests: every plane of Unicode, and what kernels trip over."""

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

TRICKY = [
    *" \n\t\x00\x1f\u00a0\u2028\u3000",
    *'aAzZé0٣#.…-•"“’!?',
    *"漢的ひのカーกําไะาๆ་ကို်္က្ខ가나ㄱ、।_ـ\u200b",
    "\u1112\u1161\u11ab",
    "e\u0301",
    "\u200d",
    "\u00ad",
    "ﬃ",
    "İ",
    "ß",
    "\ufdfa",
    "𝔸",
    "😀",
    "\U0010ffff",
]

characters = st.one_of(
    st.sampled_from(TRICKY), st.characters(exclude_categories=["Cs"]), st.sampled_from([" ", "\n", "a", "b"])
)
texts = st.lists(characters, max_size=60).map("".join)
repetitive = st.lists(st.sampled_from(["a", "b", "cc", "漢", " ", " ", "\n", "\n\n", "a b c d e f "]), max_size=80).map(
    "".join
)
prose = st.lists(
    st.tuples(
        st.sampled_from(["", "", "", "(", '"', "é", "# "]),
        st.sampled_from(
            ["the", "and", "That", "a", "x1", "don't", "lorem", "ipsum", "use", "cookies", "U.S.", "7", "[12]"]
        )
        | st.text(st.characters(codec="ascii", categories=["Ll"]), min_size=1, max_size=12),
        st.sampled_from(["", "", "", ",", ".", "...", "!", "%", "”", "]", "\x7f"]),
        st.sampled_from([" ", " ", " ", " ", "\n", "\n\n", "  ", "\t", "\r\n", "\u2028", "\x1c"]),
    ).map("".join),
    max_size=40,
).map("".join)
"""Long enough, and plain enough, for kernels that look at 64 bytes at once."""
batches = st.lists(st.one_of(texts, repetitive, prose), max_size=6)


def packed(rows, before="xyz"):
    """Offsets and bytes of texts; as in a slice, the first offset is not 0, and bytes follow the last text.

    Those are few or many, so that kernels that look ahead come to the end of the buffer, or do not.
    """
    encoded = [before.encode(), *(row.encode() for row in rows)]
    offsets = np.cumsum([len(row) for row in encoded]).astype(np.int32)
    return offsets, np.frombuffer(b"".join(encoded) + b"tail. " * (1 + offsets[-1] % 2 * 15) + b"\xed\x95", np.uint8)


def unpacked(offsets, data):
    """Texts of offsets and bytes."""
    whole = data.tobytes()
    return [whole[start:end].decode() for start, end in pairwise(offsets)]
