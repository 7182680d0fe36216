import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pretrain import texts
from pretrain.ablate import held_out, overlap, samples, token_files
from pretrain.ablate.corpora import Named, opened, vocabulary_of
from pretrain.ablate.samples import Draw
from pretrain.errors import DataError
from pretrain.shards import Manifest, Shards
from pretrain.tokens import END_OF_TEXT
from tests.pretrain import token_folder


@pytest.fixture(scope="module")
def vocabulary(material):
    return vocabulary_of(material / "plain/tokenizer/tokenizer.json")


@pytest.fixture(scope="module")
def arm(material, tmp_path_factory):
    return opened([Named("plain", material / "plain")], tmp_path_factory.mktemp("data"), None)[0]


def test_text_is_read_from_every_known_kind_in_the_order_of_names(tmp_path):
    rows = [{"id": "one", "text": "first"}, {"text": "second"}, {"id": "3", "text": ""}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    (tmp_path / "b.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(json.dumps(rows[0]).encode()))
    with pa.output_stream(str(tmp_path / "d.jsonl.zst"), compression="zstd") as out:
        out.write(json.dumps(rows[1]).encode() + b"\n\n")
    (tmp_path / "e.md").write_bytes(b"caf\xc3\xa9 \xff")
    (tmp_path / "f.bin").write_bytes(b"no text")

    found = list(texts.read(tmp_path))

    assert found == [
        ("one", "first"), ("a.parquet#1", "second"), ("one", "first"), ("b.jsonl#1", "second"), ("one", "first"),
        ("d.jsonl.zst#0", "second"), ("e.md", "café \ufffd"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.parquet", b"PAR1 but no more"),
        ("a.jsonl", b'{"text": '),
        ("b.jsonl", b'{"text": "good"}\n' + b"[" * 100_000),
        ("a.jsonl.gz", b"\x1f\x8b no more"),
        ("a.bin", b""),
    ],
)
def test_a_file_that_is_not_what_its_name_says_is_one_line(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)

    with pytest.raises(DataError) as error:
        list(texts.read(tmp_path / name))

    assert "\n" not in str(error.value)


def test_written_shards_are_read_as_they_were(material, vocabulary, tmp_path):
    documents = [token_files.Encoded(f"d{n}", np.arange(22, 25 + n % 90), 0.5 + n, 9) for n in range(1100)]

    token_files.write(tmp_path / "out", material / "plain/tokenizer/tokenizer.json", vocabulary, {"train": documents})
    shards = Shards(Manifest.read(tmp_path / "out"), "train")

    assert shards.ids() == [document.id for document in documents]
    assert [shards.document(n).tolist() for n in range(len(shards))] == [d.ids.tolist() for d in documents]
    assert shards.weights.tolist() == [document.weight for document in documents]
    assert not len(Shards(Manifest.read(tmp_path / "out"), "validation"))


def test_a_control_token_in_text_is_text(vocabulary):
    from pretrain.ablate.corpora import encoded

    [found] = encoded(iter([texts.Document("a", "x <|endoftext|> y")]), vocabulary)

    assert END_OF_TEXT not in found.ids
    assert vocabulary.decode(found.ids.tolist()) == "x <|endoftext|> y"


def test_a_document_that_the_corpus_holds_is_seen_and_a_new_one_is_not(arm):
    longest = np.argsort(-arm.train.lengths)[:3]
    documents = [arm.train.document(int(n)).astype(np.int64) for n in longest]
    new = np.random.default_rng(2).integers(22, 380, 60)
    half = np.concatenate([documents[0][:40], new[:40]])

    shares = overlap.seen([*documents, new, half, documents[0][:5]], arm.train)

    assert shares[:3].tolist() == [1, 1, 1]
    assert shares[3] == 0
    assert shares[4] == pytest.approx(28 / 68)
    assert shares[5] == 0


def test_grams_are_told_apart_as_a_slow_look_does(arm):
    ids = np.concatenate([arm.train.document(n).astype(np.int64) for n in range(40)])
    slow = {tuple(ids[i : i + overlap.LENGTH]) for i in range(len(ids) - overlap.LENGTH + 1)}

    assert len(np.unique(overlap.hashes(ids))) == len(slow)


def test_seeds_with_shares_of_their_own_have_no_document_in_common(arm):
    draw = Draw(seeds=3, budget=10**9, shares=True)

    numbers = [samples.sample(arm, draw, seed).numbers for seed in (1, 2, 3)]

    assert sorted(np.concatenate(numbers).tolist()) == list(range(len(arm.train)))


def test_a_sample_holds_its_budget_and_not_a_document_more(arm):
    draw = Draw(seeds=3, budget=2000, shares=False)

    for seed in (1, 2, 3):
        drawn = samples.sample(arm, draw, seed)
        last = int(arm.train.lengths[drawn.numbers[-1]]) + 1
        assert drawn.targets - last < 2000 <= drawn.targets

    assert len({tuple(samples.sample(arm, draw, seed).numbers) for seed in (1, 2, 3)}) == 3


def test_arms_with_documents_in_common_draw_the_same_ones(material, tmp_path):
    documents = token_folder.texts(50, seed=9)
    rows = [{"id": f"n{i}", "text": text} for i, text in enumerate(documents)]
    for name, mine in (("all", rows), ("most", rows[:45])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, mine)))
    both = opened(
        [Named(name, tmp_path / f"{name}.jsonl") for name in ("all", "most")],
        tmp_path / "data",
        material / "plain/tokenizer/tokenizer.json",
    )

    chosen = [samples.sample(one, Draw(2, 10**9, shares=True), 1) for one in both]
    names = [[one.corpus.train.ids()[n] for n in one.numbers] for one in chosen]

    assert names[1] == [name for name in names[0] if name in set(both[1].train.ids())]


def test_a_long_document_does_not_stand_for_a_domain(arm, tmp_path):
    (tmp_path / "book.txt").write_text("word " * 5000)
    rows = [{"text": f"{i} " + "long " * 2000} for i in range(30)]
    (tmp_path / "many.jsonl").write_text("\n".join(map(json.dumps, rows)))
    given = [Named(name, tmp_path / name) for name in ("book.txt", "many.jsonl")]

    book, many = held_out.domains(given, [arm], [], 40_000, lambda _: None)

    assert [len(text) for text in book.texts][:-1] == [4096] * 6
    assert len(many.texts) == 9
    assert {len(text) for text in many.texts} == {4096}
