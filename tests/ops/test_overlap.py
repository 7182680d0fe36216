"""Runs of words that texts and passages share, against a brute-force search."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curate.ops import overlap
from curate.ops.bare import bare_words
from curate.ops.overlap import find_runs
from curate.ops.passages import passages
from tests.ops.kernel_texts import packed
from tests.ops.test_bare import reference

WORDS = [*"a1", "aa", "bb", "cc", "dd", "ee", "longerword", "2b", "漢", "字", "か", "カ"]


def grams(entries, n, least):
    """Words of the gram at each word of a passage, 0 for none."""
    weights = [weight for _, _, weight in entries]
    sizes = []
    for first in range(len(entries)):
        sums = np.cumsum(weights[first:])
        whole = np.flatnonzero(sums >= 4 * n)
        sizes.append(int(whole[0]) + 1 if len(whole) else 0)
    if len(entries) >= least and sum(weights) < 4 * n and sum(weights) >= 4 * least:
        sizes[0] = len(entries)
    words = [word for word, _, _ in entries]
    return [s if telling(words[i : i + s]) >= 2 else 0 for i, s in enumerate(sizes)]


def telling(words):
    return len({word for word in words if len(word.encode()) > 1 and word[0] not in "0123456789"})


def brute(texts, known, n, least, shared):
    """Start, place and number of words of every longest run with a gram, trimmed to its grams."""
    lists = [reference(passage) for passage in known]
    sizes = [grams(entries, n, least) for entries in lists]
    named = [
        tuple(word for word, _, _ in entries[i : i + size])
        for entries, own in zip(lists, sizes, strict=True)
        for i, size in enumerate(own)
        if size
    ]
    often = {gram for gram, count in Counter(named).items() if count > shared}
    made, before = set(), 0
    for text in texts:
        words = [word for word, _, _ in reference(text)]
        base = 0
        for entries, own in zip(lists, sizes, strict=True):
            other = [word for word, _, _ in entries]
            own = [s if tuple(other[i : i + s]) not in often else 0 for i, s in enumerate(own)]
            made |= {(before + i, base + j, size) for i, j, size in pairs(words, other, own)}
            base += len(other)
        before += len(words)
    return made


def pairs(words, other, sizes):
    for shift in range(-len(other) + 1, len(words)):
        at = max(0, -shift)
        while at < len(other) and at + shift < len(words):
            end = at
            while end < len(other) and end + shift < len(words) and other[end] == words[end + shift]:
                end += 1
            inside = [i for i in range(at, end) if sizes[i] and i + sizes[i] <= end]
            if inside:
                yield inside[0] + shift, inside[0], inside[-1] + sizes[inside[-1]] - inside[0]
            at = max(end, at + 1)


def found(texts, known, n, least, shared):
    runs = find_runs(bare_words(*packed(texts)), passages(bare_words(*packed(known)), n, least, shared))
    return list(zip(*(column.tolist() for column in runs), strict=True))


passage = st.lists(st.sampled_from(WORDS), max_size=24).map(" ".join)


@st.composite
def corpora(draw):
    known = draw(st.lists(passage, max_size=5))
    parts = st.sampled_from([*known, "bb aa dd cc ee longerword 漢"]).flatmap(
        lambda text: st.integers(0, 10).map(lambda cut: " ".join(text.split()[cut:]))
    )
    texts = draw(st.lists(st.lists(st.one_of(parts, passage), max_size=3).map(" ".join), max_size=3))
    return texts, known


@given(corpora(), st.integers(4, 6), st.integers(1, 4))
def test_runs_are_those_of_a_brute_force_search(corpus, n, shared):
    texts, known = corpus

    assert found(texts, known, n, 4, shared) == sorted(brute(texts, known, n, 4, shared))


@given(corpora())
def test_a_collision_of_all_hashes_finds_nothing_that_is_not_there(corpus):
    texts, known = corpus
    words, index = bare_words(*packed(texts)), passages(bare_words(*packed(known)), 5, 4, 3)
    same = index._replace(seeds=np.full_like(index.seeds, 7), keys=np.full_like(index.keys, 7))

    runs = find_runs(words, same._replace(sieve=np.full_like(index.sieve, 2**64 - 1)))

    assert set(zip(*(column.tolist() for column in runs), strict=True)) <= brute(texts, known, 5, 4, 3)


def test_a_run_stops_where_a_text_and_a_passage_do():
    known = ["aa bb cc dd ee ff gg hh", "hh gg ff ee dd cc bb aa"]
    texts = ["x aa bb cc dd", "ee ff gg hh hh gg ff ee dd"]

    assert found(texts, known, 4, 4, 10) == [(1, 0, 4), (5, 4, 4), (9, 8, 5)]


def test_what_passages_begin_with_alike_is_no_match_but_what_follows_is():
    known = [
        f"answer the question by choosing one of the options below number{i} of all {i}{i} cases" for i in range(30)
    ]

    assert found([known[0][:55]], known, 6, 6, 10) == []
    assert [at // 15 for _, at, _ in found([known[17]], known, 6, 6, 10)] == [17]


def test_one_repeated_word_is_no_match_and_takes_no_time():
    endless = "spam " * 300_000

    assert found([endless], [endless, "spam spam " * 1000], 13, 8, 10) == []


def test_page_numbers_and_single_letters_are_no_match():
    pages = " | ".join([*map(str, range(1, 16)), *"abcdef"])

    assert found([pages], [pages, f"{pages} next page"], 6, 6, 10) == []


def test_a_long_text_of_periods_takes_no_time():
    period = "one two three four five six seven eight nine ten eleven twelve a b c d e f g h "

    runs = found([period * 20_000], [period * 2], 13, 8, 10)

    assert len(runs) == 20_001
    assert found([period * 20_000], [period * 20_000], 13, 8, 10) == []
    assert all(words <= 40 for _, _, words in runs)


def test_more_runs_than_expected_are_found(monkeypatch):
    text = "aa bb cc dd ee ff gg hh " * 3_000

    assert len(found([text], ["aa bb cc dd ee ff gg hh", "bb cc dd ee ff gg hh aa"], 8, 8, 10)) == 5_999
    assert overlap.RECENT == 64
