"""RefinedWeb's line-wise corrections, against the same in plain Python."""

import re
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from curate.ops.phrases import phrases
from curate.ops.refinedweb import correct
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import packed, texts, unpacked
from tests.ops.test_phrases import lower

NOUNS, ANYWHERE, PREFIXES, SUFFIXES = ["likes", "views"], ["items in cart"], ["sign-in"], ["read more...", "read more…"]
FIELDS = ("lines", "capitals", "numeric", "counters", "short", "emptied", "edited", "words_before", "words_after")


def wordlike(character):
    return unicodedata.category(character)[0] in "LN" or character == "_"


def is_counter(line):
    while line and not wordlike(line[0]):
        line = line[1:]
    while line and not wordlike(line[-1]):
        line = line[:-1]
    noun = next((noun for noun in NOUNS if lower(line).endswith(noun)), None)
    number = line[: -len(noun)] if noun else ""
    trimmed = number
    while trimmed and reference.is_space(trimmed[-1]):
        trimmed = trimmed[:-1]
    digits = trimmed[:-1] if trimmed[-1:].lower() in ("k", "m", "b") and trimmed[-1:].isascii() else trimmed
    first = digits[:1] and unicodedata.category(digits[0]) == "Nd"
    return trimmed != number and bool(first) and all(c in ",." or unicodedata.category(c) == "Nd" for c in digits)


def space(text, at):
    return 0 <= at < len(text) and reference.is_space(text[at])


def cut_anywhere(line):
    out, at = "", 0
    while at < len(line):
        begin = at + space(line, at)
        found = next((phrase for phrase in ANYWHERE if lower(line[begin:]).startswith(phrase)), "")
        if found:
            at = begin + len(found)
        else:
            out += line[at]
            at += 1
    return out


def cut_suffix(line):
    for phrase in SUFFIXES:
        if lower(line).endswith(phrase):
            line = line[: len(line) - len(phrase)]
            return line[:-1] if space(line, len(line) - 1) else line
    return line


def cut_prefix(line):
    for phrase in PREFIXES:
        if lower(line).startswith(phrase):
            line = line[len(phrase) :]
            return line[1:] if space(line, 0) else line
    return line


def corrected(text, upper_ratio=0.5, numeric=True, min_words=2, short_words=10):
    counts, kept = dict.fromkeys(FIELDS, 0), []
    for raw in text.split("\n"):
        line = reference.strip(raw)
        if not line:
            kept.append("")
            continue
        words = len(reference.words(line))
        counts["lines"] += 1
        counts["words_before"] += words
        edited = cut_prefix(cut_suffix(cut_anywhere(line))) if words <= short_words else line
        if reference.count(line, "Lu", "Lt") > upper_ratio * len(line):
            counts["capitals"] += 1
        elif numeric and reference.count(line, "Nd") == len(line):
            counts["numeric"] += 1
        elif is_counter(line):
            counts["counters"] += 1
        elif words < min_words:
            counts["short"] += 1
        elif not reference.strip(edited):
            counts["emptied"] += 1
        else:
            counts["edited"] += edited != line
            counts["words_after"] += len(reference.words(edited))
            kept.append(edited if edited != line else raw)
    return reference.strip("\n".join(kept)), counts


def left(rows, upper_ratio=0.5, numeric=True, min_words=2, short_words=10):
    return correct(
        *packed(rows),
        max_upper_ratio=upper_ratio,
        numeric=numeric,
        min_words=min_words,
        short_words=short_words,
        counters=phrases(NOUNS),
        anywhere=phrases(ANYWHERE),
        prefixes=phrases(PREFIXES),
        suffixes=phrases(SUFFIXES),
    )


pieces = st.sampled_from(
    [
        "Sign-in",
        "items in cart",
        " Items in CART",
        "Read more...",
        "read more…",
        "3",
        "1.2K",
        ",",
        " likes",
        " Views",
        "_",
    ]
)
pages = st.lists(st.one_of(texts, pieces, st.sampled_from(["ab cd ", "ABC", "\n", "\n", " "])), max_size=16).map(
    "".join
)


@given(
    st.lists(pages, max_size=4), st.sampled_from([0.0, 0.5, 1.0]), st.booleans(), st.integers(0, 3), st.integers(0, 10)
)
def test_lines_are_dropped_and_edited_as_the_rules_say(rows, upper_ratio, numeric, min_words, short_words):
    found = left(rows, upper_ratio, numeric, min_words, short_words)
    expected = [corrected(row, upper_ratio, numeric, min_words, short_words) for row in rows]

    assert unpacked(found.offsets, found.data) == [text for text, _ in expected]
    for field in FIELDS:
        assert getattr(found, field).tolist() == [counts[field] for _, counts in expected], field


def test_counters_are_what_dclm_s_expression_matches():
    expression = re.compile(r"^\W*\d(?:,|\.|\d)*(?:k|m|b)?\s+(?:likes|views)\W*$")
    lines = [
        "3 likes",
        "• 1,234 Views!",
        "2.5K  views",
        "3likes",
        "3 k likes",
        "x 3 likes",
        "3 likes x",
        ",3 likes",
        "3K likes_",
    ]

    found = left(lines, min_words=0)

    assert found.counters.tolist() == [bool(expression.search(line.lower())) for line in lines]
    assert found.counters.sum() == 4


def test_a_million_brackets_are_read_once():
    found = left(["(" * 1_000_000 + "\n" + "Items in " * 100_000 + "a"])

    assert found.short.tolist() == [1]
