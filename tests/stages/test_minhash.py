"""Near-duplicate deduplication."""

import json
import random
from itertools import pairwise
from pathlib import Path

import datasketch
import numpy as np
import pyarrow as pa
import pytest

from curate.stages.minhash import MinHash
from curate.testing import batch
from tests.stages.memory_corpus import MemoryCorpus, reasons, resolve

KEPT, COPY = None, "duplicate"
FIRST = MinHash(keep="first")
DATA = Path(__file__).parents[2] / "../shared/data"


def words(count, seed):
    drawn = random.Random(seed)
    return [f"{drawn.choice('bcdfgh')}{drawn.randrange(5000)}" for _ in range(count)]


def prose(count=200, seed=0):
    return " ".join(words(count, seed))


def edited(text, edits, seed=0):
    """The text with so many of its words replaced, far from each other: each costs five shingles of either side."""
    found = text.split()
    for i in range(edits):
        found[(2 * i + 1) * len(found) // (2 * edits)] = f"edit{seed}x{i}"
    return " ".join(found)


def jaccard(one, other, n=5):
    a, b = ({tuple(text.split()[i : i + n]) for i in range(len(text.split()) - n + 1)} for text in (one, other))
    return len(a & b) / len(a | b)


def test_a_near_copy_goes_and_says_for_whom_and_how_similar_it_was():
    text = prose()
    copy = edited(text, 2)

    resolved = resolve(FIRST, [text, prose(seed=1)], [copy])

    assert resolved == [[(KEPT, "d0", 2, None), (KEPT, None, 1, None)], [(COPY, "d0", 2, jaccard(text, copy))]]


def test_case_punctuation_and_layout_make_no_difference():
    text = prose()

    resolved = resolve(FIRST, [text], [text.upper().replace(" ", ",\n ")])

    assert resolved[1] == [(COPY, "d0", 2, 1.0)]


@pytest.mark.parametrize(("edits", "reason"), [(1, COPY), (3, COPY), (4, COPY), (5, KEPT), (8, KEPT), (30, KEPT)])
def test_nothing_under_the_threshold_goes_and_nothing_over_it_stays(edits, reason):
    text = prose()
    copy = edited(text, edits)

    assert (jaccard(text, copy) >= 0.8) == (reason == COPY)
    assert reasons(FIRST, [text, copy]) == [[KEPT, reason]]


def test_exactly_one_of_each_planted_cluster_stays():
    shards = [[edited(prose(seed=c), 1, seed=s) for c in range(20)] for s in range(6)]

    kept = reasons(FIRST, *shards)

    assert kept == [[KEPT] * 20] + [[COPY] * 20] * 5


def test_a_chain_of_edits_does_not_wipe_itself_out():
    chain = [prose(400)]
    for link in range(12):
        found = chain[-1].split()
        found[30 * link + 10 : 30 * link + 20] = words(10, seed=100 + link)
        chain.append(" ".join(found))

    resolved = resolve(MinHash(), chain)[0]

    for text, (reason, cluster, _, similarity) in zip(chain, resolved, strict=True):
        if reason:
            centre = int(cluster.removeprefix("d"))
            assert resolved[centre][0] is KEPT
            assert similarity == jaccard(text, chain[centre]) >= 0.8
    staying = [text for text, row in zip(chain, resolved, strict=True) if row[0] is KEPT]
    assert 1 < len(staying) < len(chain)
    assert all(jaccard(a, b) < 0.8 for a in staying for b in staying if a is not b)


def test_what_is_kept_once_is_kept_again():
    texts = [edited(prose(seed=i // 5), i % 5, seed=i) for i in range(40)]
    first = reasons(MinHash(), texts)[0]
    kept = [text for text, reason in zip(texts, first, strict=True) if reason is KEPT]

    again = reasons(MinHash(), kept)[0]

    assert again == [KEPT] * len(kept)


@pytest.mark.parametrize("memory", [100, 5_000, 50_000])
@pytest.mark.parametrize("cuts", [(), (1, 2, 30), (13, 26)])
def test_shards_and_memory_change_no_verdict(memory, cuts):
    texts = [edited(prose(seed=i // 4), i % 5, seed=i) for i in range(40)]
    whole = resolve(MinHash(), texts)[0]
    bounds = [0, *cuts, len(texts)]
    shards = [texts[a:b] for a, b in pairwise(bounds)]

    resolved = resolve(MinHash(), *shards, memory=memory, batch_rows=7)

    assert [row for rows in resolved for row in rows] == whole


@pytest.mark.parametrize("text", ["", "too few words here", "...", None])
def test_documents_shorter_than_a_shingle_are_never_near_duplicates(text):
    assert reasons(MinHash(), [text, text], [text]) == [[KEPT, KEPT], [KEPT]]


@pytest.mark.parametrize(("put_in", "left_out"), [("新", 1), ("新", 0), ("", 1)])
def test_chinese_is_compared_letter_by_letter_so_that_nothing_shifts(put_in, left_out):
    letters = [chr(0x4E00 + random.Random(7).randrange(3000) + i) for i in range(200)]
    copy = [*letters[:100], put_in, *letters[100 + left_out :]]

    resolved = resolve(MinHash(keep="first"), ["".join(letters)], ["".join(copy)])

    shared = 196 - 4 - left_out
    whole = 196 + len(copy) - (not put_in) - 4 - shared
    assert resolved[1] == [(COPY, "d0", 2, shared / whole)]


def test_what_an_earlier_barrier_dropped_takes_nobody_with_it():
    text = prose()

    resolved = resolve(FIRST, [text, edited(text, 1), edited(text, 2)], dropped={(0, 0)})

    assert [row[:3] for row in resolved[0]] == [(KEPT, None, None), (KEPT, "d1", 2), (COPY, "d1", 2)]


def test_a_paragraph_in_every_document_makes_no_duplicates():
    boilerplate = prose(60, seed=999)
    texts = [f"{boilerplate} {prose(60, seed=i)}" for i in range(300)]

    assert reasons(MinHash(), texts) == [[KEPT] * 300]


def test_copies_in_great_number_are_told_without_reading_one():
    corpus_of = [prose()] * 3000
    barrier = MinHash()
    corpus = MemoryCorpus(barrier, corpus_of, batch_rows=1000)

    (table,) = barrier.resolve(corpus)

    assert table["reason"].to_pylist() == [KEPT] + [COPY] * 2999
    assert table["signals"][0].as_py()["cluster_size"] == 3000
    assert {columns for _, _, columns in corpus.taken} == {("id",)}


def test_signatures_alone_decide_on_request_and_read_no_text():
    text = prose()
    barrier = MinHash(verify="signature", keep="first")
    corpus = MemoryCorpus(barrier, [text, edited(text, 1), prose(seed=1)])

    (table,) = barrier.resolve(corpus)

    assert table["reason"].to_pylist() == [KEPT, COPY, KEPT]
    assert {columns for _, _, columns in corpus.taken} == {("id",)}


def test_a_sketch_holds_what_datasketch_needs():
    sketch = MinHash(seed=3).sketch(batch(prose(), "short"))

    signature = np.frombuffer(sketch["signature"][0].as_py(), "<u4")
    theirs = datasketch.MinHash(hashvalues=signature, scheme="affine32", seed=3)
    empty = np.frombuffer(sketch["signature"][1].as_py(), "<u4")
    assert theirs.jaccard(theirs) == 1.0
    assert (sketch["shingles"].to_pylist(), set(empty.tolist())) == ([196, 0], {0xFFFFFFFF})
    assert sketch.nbytes == 2 * (4 + 32 + 20 * 8 + 4 * 120)


def test_bands_that_cannot_find_what_is_asked_for_are_refused():
    with pytest.raises(ValueError, match="find only 27% of the pairs"):
        MinHash(similarity=0.5)


def test_shards_without_documents_get_their_verdicts():
    assert resolve(MinHash(), [], [prose()], []) == [[], [(KEPT, None, 1, None)], []]
    assert resolve(MinHash()) == []


def _labelled(name):
    folder = DATA / name
    if not folder.exists():
        pytest.skip(f"{folder.name} is not on this machine")

    def rows(file):
        with pa.input_stream(str(folder / file), compression="zstd") as stream:
            return [json.loads(line) for line in stream.read().decode().split("\n") if line]

    return rows("docs.jsonl.zst"), rows("pairs.jsonl.zst")


@pytest.mark.parametrize("name", ["dedup_licences", "dedup_ota_versions"])
def test_labelled_pairs_are_found_and_little_else(name):
    documents, pairs = _labelled(name)
    documents = documents[:1200]
    place = {document["id"]: i for i, document in enumerate(documents)}
    texts = [document["text"] for document in documents]
    similar = [
        (place[pair["a"]], place[pair["b"]])
        for pair in pairs
        if pair["jaccard5"] >= 0.8 and pair["a"] in place and pair["b"] in place
    ]

    resolved = resolve(MinHash(), texts[:500], texts[500:], batch_rows=100)

    rows = [row for shard in resolved for row in shard]
    both_kept = [pair for pair in similar if rows[pair[0]][0] is KEPT and rows[pair[1]][0] is KEPT]
    centres = [(i, place_of(row[1])) for i, row in enumerate(rows) if row[0] is COPY]
    wrong = [pair for pair in centres if true_jaccard(texts[pair[0]], texts[pair[1]]) < 0.7]
    assert len(similar) > 100
    assert len(both_kept) <= 0.003 * len(similar)
    assert wrong == []


def place_of(cluster):
    return int(cluster.removeprefix("d"))


def true_jaccard(one, other):
    """As the labels were computed: 5-grams of `\\w+` of the lower-cased text."""
    import re

    return jaccard(*(" ".join(re.findall(r"\w+", text.lower())) for text in (one, other)))
