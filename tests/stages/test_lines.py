"""Lines that stand in many documents."""

import random
from collections import defaultdict

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import Options, run
from curate.arrays import strings
from curate.cutting import without
from curate.ops.normal import normalise
from curate.report import Tally
from curate.stage import buffers
from curate.stages.lines import Lines, Paragraphs
from curate.testing import batch
from tests.conftest import build, document, write_jsonl
from tests.stages.memory_corpus import MemoryCorpus

NOTICE = "All rights reserved by the publisher"


def cut(barrier, *shards, **options):
    """Per shard the texts that a barrier leaves."""
    corpus = MemoryCorpus(barrier, *shards, **options)
    tables = list(barrier.resolve(corpus))
    made = []
    for table, rows in zip(tables, corpus.documents, strict=True):
        left = without(rows["text"], table["cut"].combine_chunks(), barrier.filling, barrier.name)
        made.append(left.to_pylist())
    return made


def folded(piece):
    return strings(*normalise(*buffers(batch(piece)["text"]), punctuation=True))[0].as_py()


def plain(shards, count, *, within, keep_one):
    """The definition, for lines of at least one word: `keep = "first"`, one list of lines a document."""
    texts = [text for texts in shards for text in texts]
    documents = [[line for line in text.split("\n") if line.strip()] for text in texts]
    holders = defaultdict(list)
    for number, lines in enumerate(documents):
        for place, line in enumerate(lines):
            holders[folded(line)].append((number, place))
    gone = set()
    for found in holders.values():
        if (len(found) if within else len({number for number, _ in found})) >= count:
            spared = [at for at in found if at[0] == found[0][0]][: 1 if within else None]
            gone |= set(found) - set(spared if keep_one else [])
    return [
        [line for place, line in enumerate(lines) if (number, place) not in gone]
        for number, lines in enumerate(documents)
    ]


def test_a_line_of_seven_documents_stays_in_one_of_them():
    texts = [f"{document(i)}\n{NOTICE}" for i in range(7)]

    left = cut(Lines(), texts[:4], texts[4:])

    longest = max(range(7), key=lambda i: len(texts[i]))
    assert left[0] + left[1] == [texts[i] if i == longest else document(i) for i in range(7)]


def test_a_line_of_six_documents_stays():
    texts = [f"{document(i)}\n{NOTICE}" for i in range(6)]

    assert cut(Lines(), texts) == [texts]


def test_a_line_that_one_document_repeats_stays():
    texts = [f"{NOTICE}\n" * 50, document(1)]

    assert cut(Lines(), texts) == [texts]


def test_a_document_that_repeats_a_line_loses_or_keeps_all_of_it():
    texts = [f"{NOTICE}\n{'x' * 99}\n{NOTICE}", f"{NOTICE}\ntwo\n{NOTICE}\n"]

    assert cut(Lines(count=2), texts) == [[texts[0], "two"]]


def test_within_a_document_all_but_the_first_occurrence_are_cut_on_request():
    texts = [f"{NOTICE}\none\n{NOTICE}\ntwo\n{NOTICE}", "other"]

    assert cut(Lines(count=3, within=True), texts) == [[f"{NOTICE}\none\ntwo", "other"]]


def test_no_document_keeps_a_line_where_none_is_to():
    texts = [f"{NOTICE}\n{document(i)}" for i in range(7)]

    assert cut(Lines(keep_one=False), texts) == [[document(i) for i in range(7)]]


@pytest.mark.parametrize("line", ["Read more", "Next", "|"])
def test_lines_of_one_or_two_words_are_left_alone(line):
    texts = [f"{document(i)}\n{line}" for i in range(9)]

    assert cut(Lines(), texts) == [texts]


def test_short_lines_are_looked_at_where_the_recipe_says_so():
    texts = [f"{document(i)}\nNext" for i in range(9)]

    left = cut(Lines(min_words=1, keep_one=False), texts)

    assert left == [[document(i) for i in range(9)]]
    assert cut(Lines(min_words=1, min_characters=5), texts) == [texts]


def test_case_spacing_and_width_do_not_matter_and_punctuation_does():
    texts = ["The old mill stands.", "THE  OLD\tMILL STANDS.", "Ｔｈｅ old mill stands.", "The old mill stands!"]

    assert cut(Lines(count=2, keep="first"), texts) == [[texts[0], "", "", texts[3]]]


def test_lines_between_others_go_without_a_trace():
    shared = "a line that both of them hold"
    texts = [f"{shared} {'x' * 99}\n{shared}", f"one\n\n{shared}\n\ntwo", f"one\n\n{shared}\n\n \n", f"  \n{shared}\n"]

    assert cut(Lines(count=2, keep_one=False), texts)[0][1:] == ["one\n\ntwo", "one", ""]


def test_scopes_are_apart():
    texts = [f"{NOTICE}\n{i}" for i in range(4)]
    sources = ["a", "b", "a", "b"]

    left = cut(Lines(count=2, scope="source", keep="first"), texts, columns={"source": sources})

    assert left == [[texts[0], texts[1], "2", "3"]]


def test_what_an_earlier_barrier_dropped_neither_counts_nor_keeps():
    texts = [f"{NOTICE}\n{i}" for i in range(3)]

    assert cut(Lines(count=2, keep="first"), texts, dropped={(0, 0)}) == [[texts[0], texts[1], "2"]]
    assert cut(Lines(count=3), texts, dropped={(0, 0)}) == [texts]


lines = st.lists(st.sampled_from(["a b c", "A  b c", "d", "e f", "漢字", "", " ", "\u200b"]), max_size=6).map("\n".join)
corpora = st.lists(st.lists(lines, max_size=5), max_size=4)


@given(corpora, st.integers(2, 4), st.booleans(), st.booleans(), st.integers(1, 5000))
def test_the_lines_that_stay_are_those_of_the_definition(shards, count, within, keep_one, memory):
    stage = Lines(count=count, within=within, keep_one=keep_one, keep="first", min_words=0)

    left = [text for texts in cut(stage, *shards, memory=memory) for text in texts]

    stays = [[line for line in text.split("\n") if folded(line)] for text in left]
    expected = plain(shards, count, within=within, keep_one=keep_one)
    assert stays == [[line for line in lines if folded(line)] for lines in expected]


@given(corpora, st.integers(2, 4), st.booleans(), st.randoms(use_true_random=False))
def test_any_order_of_documents_and_shards_leaves_the_same_texts(shards, count, within, rng):
    stage = Lines(count=count, within=within, min_words=1)
    flat = [text for texts in shards for text in texts]
    shuffled = rng.sample(flat, len(flat))
    border = rng.randint(0, len(flat))

    left = [text for texts in cut(stage, *shards) for text in texts]
    other = [text for texts in cut(stage, shuffled[:border], shuffled[border:]) for text in texts]

    assert sorted(left) == sorted(other)


@given(corpora, st.integers(2, 4), st.booleans(), st.booleans())
def test_what_was_kept_is_kept_again(shards, count, within, keep_one):
    stage = Lines(count=count, within=within, keep_one=keep_one, min_words=1)

    left = cut(stage, *shards)

    assert cut(stage, *left) == left


def test_the_signals_are_the_spans_that_were_cut():
    corpus = MemoryCorpus(Lines(count=2, keep="first"), ["one two three"], ["first\none two three\nlast"])

    tables = [table.to_pylist() for table in Lines(count=2, keep="first").resolve(corpus)]

    assert [rows[0]["signals"] for rows in tables] == [{"cut": []}, {"cut": [{"start": 6, "stop": 20}]}]


def test_a_line_takes_28_bytes_of_sketch_and_a_document_40():
    rows = [Lines().sketch(batch(*texts)).nbytes for texts in ((), ("a b c",), ("a b c", "d"), ("a b c\nd e f", "g h"))]

    assert [size - rows[0] for size in rows] == [0, 40 + 28, 2 * 40 + 28, 2 * 40 + 2 * 28]


def test_shards_without_documents_get_their_verdicts():
    assert cut(Lines(), [], ["one two three"], []) == [[], ["one two three"], []]
    assert cut(Lines()) == []


def test_twenty_thousand_copies_of_a_page_leave_one_whole():
    page = document(1, 30)

    left = cut(Lines(), *([page] * 5000 for _ in range(4)), batch_rows=1000)

    flat = [text for texts in left for text in texts]
    assert sorted(flat) == [""] * 19_999 + [page]


def test_a_real_run_balances_and_drops_what_is_left_empty(tmp_path):
    texts = [f"{document(i)}\n{NOTICE}" for i in range(40)] + [NOTICE] * 3
    random.Random(1).shuffle(texts)
    recipe = build({"use": "lines"}, {"use": "length"}, ingest={"shard_bytes": 20_000})

    result = run(recipe, [write_jsonl(tmp_path / "in.jsonl", texts)], tmp_path / "out", options=Options(workers=2))

    book = next(stage for stage in result.report.stages if stage.name == "lines")
    files = sorted((tmp_path / "out" / "documents").glob("*"))
    kept = [row["text"] for file in files for row in pq.read_table(file).to_pylist()]
    assert sum(NOTICE in text for text in kept) == 1
    assert {reason: tally.documents for reason, tally in book.dropped.items()} == {"lines.empty": 3}
    assert book.difference() == Tally()
    assert book.rewritten.bytes == 39 * (len(NOTICE) + 1) + 3 * len(NOTICE)


def test_paragraphs_have_their_own_defaults_and_lines_of_them_are_no_matter():
    assert (Paragraphs().count, Paragraphs().min_words, Paragraphs().name) == (2, 10, "paragraphs")
