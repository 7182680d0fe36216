"""Long passages that several documents hold."""

import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.arrays import strings
from curate.ops.normal import normalise
from curate.stage import buffers
from curate.stages.substring import Substring
from curate.testing import batch
from tests.conftest import document
from tests.ops import text_reference as reference
from tests.ops.kernel_texts import texts as any_texts
from tests.ops.test_origins import one_word
from tests.stages.memory_corpus import MemoryCorpus
from tests.stages.test_lines import cut


def fold(text):
    return strings(*normalise(*buffers(batch(text)["text"]), punctuation=True))[0].as_py()


def words_of(text):
    return reference.words(fold(text))


def windows_of(text, n):
    """The normal form from the first to the last of every n words."""
    folded, spans, at = fold(text), [], 0
    for word in reference.words(folded):
        at = folded.index(word, at)
        spans.append((at, at + len(word)))
        at += len(word)
    return [folded[first[0] : last[1]] for first, last in zip(spans, spans[n - 1 :], strict=False)]


def plain(documents, n, *, within):
    """The definition, by all windows: which words of each document are cut; `keep = "first"`."""
    seen, made = {}, []
    for number, text in enumerate(documents):
        words = words_of(text)
        covered = [False] * len(words)
        for at, window in enumerate(windows_of(text, n)):
            first = seen.setdefault(window, (number, at))
            if first[0] != number or (within and at >= first[1] + n):
                covered[at : at + n] = [True] * n
        made.append([word for word, gone in zip(words, covered, strict=True) if not gone])
    return made


PASSAGE = "the mill stood beside a river that had long since found another bed, and nobody asked"


def test_the_passage_that_two_documents_share_stays_in_the_first():
    texts = [f"One thing is this: {PASSAGE} why it did.", f"Another: {PASSAGE} who knew. And so on."]

    left = cut(Substring(words=10, keep="first"), [texts[0]], [texts[1]])

    assert left == [[texts[0]], ["Another: who knew. And so on."]]


def test_a_passage_of_one_word_less_than_asked_for_stays():
    texts = [f"One thing is this: {PASSAGE} why it did.", f"Another: {PASSAGE} who knew."]
    size = len(PASSAGE.split())

    assert cut(Substring(words=size + 1), texts) == [texts]
    assert cut(Substring(words=size, keep="first"), texts) == [[texts[0], "Another: who knew."]]


def test_case_and_line_breaks_do_not_matter_and_punctuation_does():
    texts = [PASSAGE, f"A. {PASSAGE.upper().replace(' ', chr(10))} B.", f"C. {PASSAGE.replace(',', '')} D."]

    assert cut(Substring(words=16, keep="first"), texts) == [[PASSAGE, "A. B.", texts[2]]]


def test_the_wider_gap_stays_where_a_passage_was():
    texts = [PASSAGE, f"One.\n\n{PASSAGE}\nBehind it.", f"Two. {PASSAGE}\n\nAfter that.", f"Three.\n{PASSAGE}\n"]

    left = cut(Substring(words=10, keep="first"), texts)

    assert left == [[PASSAGE, "One.\n\nBehind it.", "Two.\n\nAfter that.", "Three."]]


def test_a_mask_stands_in_place_of_a_passage_and_white_space_stays():
    texts = [PASSAGE, f"Before.\n\n{PASSAGE} Behind."]

    assert cut(Substring(words=10, keep="first", mask="[…]"), texts) == [[PASSAGE, "Before.\n\n[…] Behind."]]


def test_a_copy_of_a_whole_document_is_left_empty():
    texts = [document(1, 30), document(2, 30), f"\n {document(1, 30)} \n"]

    assert cut(Substring(keep="first"), texts) == [[texts[0], texts[1], ""]]


def test_the_longest_document_keeps_a_passage_by_default():
    texts = [PASSAGE, f"{PASSAGE} and so on"]

    assert cut(Substring(words=10), texts) == [["", texts[1]]]


def test_a_document_loses_its_own_repetitions_only_on_request():
    texts = [f"{PASSAGE}. One. {PASSAGE}. Two.", "other"]

    assert cut(Substring(words=10), texts) == [texts]
    assert cut(Substring(words=10, within=True), texts) == [[f"{PASSAGE}. One. Two.", "other"]]


def test_chinese_without_spaces_is_cut_between_its_words():
    passage = "北京是中华人民共和国的首都，也是全国的政治中心、文化中心和国际交往中心"
    texts = [f"{passage}。第一句。", f"另一句话：{passage}，还有更多。"]

    left = cut(Substring(words=10, keep="first"), texts)

    assert left[0][0] == texts[0]
    assert left[0][1].startswith("另一句话：")
    assert len(left[0][1]) < 15


def test_scopes_are_apart():
    texts = [PASSAGE, PASSAGE, PASSAGE]

    left = cut(Substring(words=10, scope="source", keep="first"), texts, columns={"source": ["a", "b", "a"]})

    assert left == [[PASSAGE, PASSAGE, ""]]


def test_what_an_earlier_barrier_dropped_keeps_nothing():
    assert cut(Substring(words=10, keep="first"), [PASSAGE] * 3, dropped={(0, 0)}) == [[PASSAGE, PASSAGE, ""]]


vocabulary = st.sampled_from(["a", "b", "c", "B", "漢", "字", "é", "\n", "\u200b", "\ufdfa", "ﬃ", "½", "."])
sequences = st.one_of(
    st.lists(vocabulary, max_size=25).map(" ".join),
    st.lists(vocabulary, max_size=25).map("".join),
    st.lists(st.sampled_from(["a b c d", "b c d e", "x", "c d\n\na b"]), max_size=8).map(" ".join),
    any_texts,
)
corpora = st.lists(st.lists(sequences, max_size=4), max_size=3)


@given(corpora, st.integers(2, 6), st.booleans(), st.integers(1, 20_000))
def test_the_words_that_stay_are_those_of_the_definition(shards, n, within, memory):
    flat = [text for texts in shards for text in texts]
    whole = [text for text in flat if all(map(one_word, text))]
    stage = Substring(words=n, within=within, keep="first", mask=" ")

    left = cut(stage, whole[:2], whole[2:], memory=memory)

    assert [words_of(text) for texts in left for text in texts] == plain(whole, n, within=within)


@given(corpora, st.integers(2, 6), st.booleans())
def test_no_text_is_too_odd_to_be_cut(shards, n, within):
    stage = Substring(words=n, within=within)

    left = cut(stage, *shards)

    for before, after in zip(shards, left, strict=True):
        for old, new in zip(before, after, strict=True):
            kept = iter("".join(old.split()))
            assert all(character in kept for character in "".join(new.split())), "what is left stands in order"


@given(corpora, st.integers(2, 6), st.randoms(use_true_random=False))
def test_any_order_of_documents_and_shards_leaves_the_same_texts(shards, n, rng):
    flat = [text for texts in shards for text in texts]
    shuffled = rng.sample(flat, len(flat))
    border = rng.randint(0, len(flat))

    left = [text for texts in cut(Substring(words=n), *shards) for text in texts]
    other = [text for texts in cut(Substring(words=n), shuffled[:border], shuffled[border:]) for text in texts]

    assert sorted(left) == sorted(other)


@given(corpora, st.integers(2, 6), st.booleans())
def test_every_word_that_is_cut_stays_somewhere(shards, n, within):
    left = cut(Substring(words=n, within=within, mask=" "), *shards)

    before = {word for texts in shards for text in texts for word in words_of(text)}
    assert before == {word for texts in left for text in texts for word in words_of(text)}


def test_a_code_point_of_several_words_is_not_parted():
    texts = ["a\ufdfa", "a\ufdfaa"]

    assert cut(Substring(words=2, mask=" "), texts) == [texts]


def test_a_million_times_one_word_takes_no_quadratic_time():
    endless = "word " * 1_000_000

    left = cut(Substring(keep="first"), [endless, endless + "end"])

    assert left == [[endless, left[0][1]]]
    assert left[0][1].split() == ["end"] or len(left[0][1]) < 300
    assert len(cut(Substring(within=True), [endless])[0][0].split()) == 50


def test_one_paragraph_in_every_document_stays_in_one():
    notice = document(999, 9)
    around = [(f"{document(i, 6)} {i}.", f"{i}. {document(5000 + i, 6)}") for i in range(300)]
    texts = [f"{before}\n\n{notice}\n\n{behind}" for before, behind in around]

    left = cut(Substring(), texts, batch_rows=100)[0]

    assert sum(notice in text for text in left) == 1
    assert sorted(text for text in left if notice not in text) == sorted(
        f"{before}\n\n{behind}" for text, (before, behind) in zip(left, around, strict=True) if notice not in text
    )


def test_two_thousand_copies_of_a_page_leave_one_whole():
    page = document(1, 30)

    left = cut(Substring(), *([page] * 500 for _ in range(4)), batch_rows=100, memory=1 << 24)

    assert sorted(text for texts in left for text in texts) == [""] * 1999 + [page]


def test_memory_is_what_it_was_given_and_what_texts_take_that_are_read():
    page = " ".join(f"w{i}" for i in range(400))
    shards = [[f"{page} {shard} {i}" for i in range(1000)] for shard in range(6)]
    peaks = []
    for memory in (10_000_000, 10**9):
        corpus = MemoryCorpus(Substring(), *shards, memory=memory, batch_rows=500)
        tracemalloc.start()
        assert sum(1 for _ in Substring().resolve(corpus)) == 6
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[0] < 10_000_000 + 50_000_000
    assert peaks[1] > 2 * peaks[0]


def test_nothing_but_empty_documents_is_nothing_to_cut():
    assert cut(Substring(), ["", " \n"], [], [""]) == [["", " \n"], [], [""]]
    assert cut(Substring()) == []


@pytest.mark.parametrize("seed", range(3))
def test_planted_passages_are_found_wherever_they_stand(seed):
    rng = random.Random(seed)
    passage = document(seed, 15)
    texts = [document(100 + seed * 100 + i, 30) for i in range(20)]
    holders = rng.sample(range(20), 6)
    for i in holders:
        words = texts[i].split()
        at = rng.randint(0, len(words))
        texts[i] = " ".join([*words[:at], passage, *words[at:]])

    left = cut(Substring(), texts)[0]

    folded = [" ".join(words_of(text)) for text in left]
    assert sum(" ".join(words_of(passage)) in text for text in folded) == 1


def test_a_fingerprint_is_kept_for_about_every_thirteen_words():
    texts = [document(i, 30) for i in range(50)]

    sketch = Substring().sketch(batch(*texts))

    counted = sum(len(text.split()) for text in texts)
    fingerprints = len(sketch["keys"].flatten())
    assert sketch.nbytes == 12 * fingerprints + 36 * len(texts)
    assert 10 < counted / fingerprints < 17
