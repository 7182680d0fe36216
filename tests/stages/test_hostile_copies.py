"""Corpora made to break deduplication: none hangs, none is wiped out, and what goes is like what stays."""

import random
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import Options, resolve, run
from tests.conftest import build, write_jsonl
from tests.test_earlier import in_memory

WORDS = [a + b + c for a in "bdfgklmn" for b in "aeiou" for c in ("r", "st", "nd", "lle", "p")]


def prose(seed, count=60):
    drawn = random.Random(seed)
    return " ".join(drawn.choice(WORDS) for _ in range(count))


def deduplicated(texts, folder, *stages, **options):
    """What stays, and documents by reason, of a run of its own."""
    source = write_jsonl(folder / "in.jsonl", texts)
    recipe = build(*(stages or ({"use": "minhash"},)), ingest={"shard_bytes": 2_000_000})
    with pytest.MonkeyPatch.context() as patch:  # what barriers have, whatever the machine has
        patch.setattr(resolve, "Shards", partial(in_memory, resolve.Shards, options.get("memory", 2**28)))
        result = run(recipe, [source], folder / "out", options=Options(workers=1))
    tables = [pq.read_table(path) for path in sorted((folder / "out" / "documents").glob("*"))]
    dropped = {reason: books.documents for s in result.report.stages for reason, books in s.dropped.items()}
    return pa.concat_tables(tables) if tables else None, dropped


def test_one_paragraph_in_every_document_takes_none(tmp_path):
    paragraph = prose(10**6, 80)

    kept, dropped = deduplicated([f"{prose(i)}\n{paragraph}\n{prose(10**7 + i, 20)}" for i in range(5000)], tmp_path)

    assert len(kept) == 5000
    assert dropped == {}


def test_one_template_that_makes_most_of_every_document_takes_none_but_copies(tmp_path):
    template = prose(10**6, 200)
    texts = [f"{prose(i, 30)}\n{template}\n{prose(10**7 + i, 10)}" for i in range(3000)]
    copies = [text.replace(" ", "  ").upper() + "!" for text in texts[:100]]

    kept, dropped = deduplicated(texts + copies, tmp_path)

    assert len(kept) == 3000
    assert dropped == {"minhash.duplicate": 100}


def test_of_twenty_thousand_copies_one_stays_and_all_other_documents_do(tmp_path):
    others = [prose(i) for i in range(50)]

    kept, dropped = deduplicated([*others[:25], *[prose(10**6)] * 20_000, *others[25:]], tmp_path)

    assert sorted(kept["text"].to_pylist()) == sorted([*others, prose(10**6)])
    assert dropped == {"minhash.duplicate": 19_999}
    assert max(kept["minhash"].combine_chunks().field("cluster_size").to_pylist()) == 20_000


def test_documents_without_text_never_reach_a_barrier_and_leave_a_run_that_says_so(tmp_path):
    _, dropped = deduplicated([""] * 500 + [" \n\u200b"] * 500, tmp_path)

    assert dropped == {"ingest.empty": 500}


@pytest.mark.parametrize(("short", "stays"), [("keep", 3000), ("exact", 1000)])
def test_documents_of_one_word_are_copies_by_choice_alone(short, stays, tmp_path):
    texts = [f"w{i % 1000}" for i in range(3000)]

    kept, _ = deduplicated(texts, tmp_path, {"use": "minhash", "short": short})

    assert len(kept) == stays


def test_documents_of_one_endless_word_are_read_in_one_pass(tmp_path):
    texts = [letter * size for letter in "abc" for size in (200_000, 200_000, 199_999)]

    kept, dropped = deduplicated(texts, tmp_path, {"use": "minhash", "short": "exact"})

    assert len(kept) == 6
    assert dropped == {"minhash.duplicate": 3}


def test_a_chain_of_thousands_of_documents_is_cut_and_what_goes_is_like_what_stays(tmp_path):
    words = prose(0, 100 + 3 * 5000).split()
    chain = [" ".join(words[3 * i : 3 * i + 100]) for i in range(5000)]

    kept, _ = deduplicated(chain, tmp_path)

    staying = [set(shingles(text)) for text in kept["text"].to_pylist()]
    assert 1000 < len(staying) < 4000
    for gone in pq.read_table(tmp_path / "out" / "dropped" / "minhash").to_pylist()[::50]:
        (stays,) = [place for place, id_ in enumerate(kept["id"].to_pylist()) if id_ == gone["minhash"]["cluster"]]
        mine = set(shingles(gone["text"]))
        assert gone["minhash"]["similarity"] >= 0.8
        assert abs(len(mine & staying[stays]) / len(mine | staying[stays]) - gone["minhash"]["similarity"]) < 1e-12


def shingles(text):
    words = text.split()
    return list(zip(*(words[i:] for i in range(5)), strict=False))


@pytest.mark.parametrize("use", ["exact", "minhash", "same_url"])
def test_a_tiny_budget_changes_no_verdict(use, tmp_path):
    drawn = random.Random(3)
    texts = [prose(drawn.randrange(300), 60) + " end" * drawn.randrange(3) for _ in range(1200)]

    verdicts = []
    for memory in (2**30, 2**16):
        folder = tmp_path / str(memory)
        kept, _ = deduplicated(texts, folder, {"use": use}, memory=memory)
        verdicts.append(kept["id"].to_pylist())

    assert verdicts[0] == verdicts[1]


@pytest.mark.parametrize("use", ["exact", "minhash"])
def test_any_order_of_the_input_any_shards_and_any_workers_keep_the_same_texts(use, tmp_path):
    drawn = random.Random(5)
    texts = [prose(drawn.randrange(200), 60) for _ in range(400)]
    texts = [text.title() if i % 3 else text.replace(" ", "  ", i % 7) for i, text in enumerate(texts)]
    texts += [f"{text} {WORDS[i % 40]}" for i, text in enumerate(texts[:200])]

    found = []
    for number, (shard_bytes, workers) in enumerate([(10**6, 1), (20_000, 1), (50_000, 2)]):
        drawn.shuffle(texts)
        source = write_jsonl(tmp_path / f"{number}" / "in.jsonl", texts)
        recipe = build({"use": use}, ingest={"shard_bytes": shard_bytes})
        run(recipe, [source], tmp_path / f"{number}" / "out", options=Options(workers=workers))
        files = sorted((tmp_path / f"{number}" / "out" / "documents").glob("*"))
        found.append({text for path in files for text in pq.read_table(path)["text"].to_pylist()})

    assert found[0] == found[1] == found[2]
    assert 100 <= len(found[0]) < len(texts)
