"""C4's line rules, against the same rules in plain Python."""

import re

from hypothesis import given
from hypothesis import strategies as st

from curate.ops.c4 import keep_lines
from curate.ops.phrases import phrases
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import packed, texts, unpacked
from tests.ops.test_phrases import lower

CITATION = re.compile(r"\[\d*\]|\[edit\]|\[citation needed\]")
LISTED = ["javascript", "use cookies"]
FIELDS = ("lines", "kept", "overlong", "unended", "short", "phrased", "citations")


def kept_lines(text, marks, min_words, max_word_length, citations):
    counts, kept = dict.fromkeys(FIELDS, 0), []
    for line in filter(reference.strip, text.splitlines()):
        counts["lines"] += 1
        line = reference.strip(line)
        words = reference.words(line)
        cut, cited = CITATION.subn("", line) if citations else (line, 0)
        if max(map(len, words)) > max_word_length:
            counts["overlong"] += 1
        elif marks and (not cut.endswith(tuple(marks)) or cut.endswith("...")):
            counts["unended"] += 1
        elif len(words) < min_words:
            counts["short"] += 1
        elif any(phrase in lower(cut) for phrase in LISTED):
            counts["phrased"] += 1
        else:
            counts["kept"] += 1
            counts["citations"] += cited
            kept.append(cut)
    return reference.strip("\n".join(kept)), counts


def kept(rows, marks=".?!\"'", min_words=3, max_word_length=1000, citations=True):
    return keep_lines(
        *packed(rows),
        marks=marks,
        min_words=min_words,
        max_word_length=max_word_length,
        citations=citations,
        listed=phrases(LISTED),
    )


pieces = st.sampled_from(
    [
        "[",
        "]",
        "[1]",
        "[٣]",
        "[]",
        "[edit]",
        "[citation needed]",
        "[Edit]",
        "JavaScript",
        "We use cookies",
        "...",
        "'",
        "。",
    ]
)
pages = st.lists(st.one_of(texts, pieces, st.sampled_from(["a b c", ".", "\n", "\n", " "])), max_size=16).map("".join)


@given(
    st.lists(pages, max_size=4),
    st.sampled_from(["", ".?!\"'", "。é"]),
    st.integers(0, 3),
    st.sampled_from([1, 3, 1000]),
    st.booleans(),
)
def test_lines_are_kept_as_the_rules_say(rows, marks, min_words, max_word_length, citations):
    left = kept(rows, marks, min_words, max_word_length, citations)
    expected = [kept_lines(row, marks, min_words, max_word_length, citations) for row in rows]

    assert unpacked(left.offsets, left.data) == [text for text, _ in expected]
    for field in FIELDS:
        assert getattr(left, field).tolist() == [counts[field] for _, counts in expected], field


@given(st.lists(pages, max_size=4))
def test_what_was_kept_once_is_kept_again_where_no_citation_was_cut(rows):
    once = kept(rows, citations=False)

    twice = kept(unpacked(once.offsets, once.data), citations=False)

    assert unpacked(twice.offsets, twice.data) == unpacked(once.offsets, once.data)


def test_a_word_of_a_million_letters_and_a_million_brackets_are_read_once():
    left = kept(["x" * 1_000_000 + " a b.\n" + "[1" * 500_000 + " a b.", "one more line."])

    assert unpacked(left.offsets, left.data) == ["", "one more line."]
    assert left.overlong.tolist() == [2, 0]
