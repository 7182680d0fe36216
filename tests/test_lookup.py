"""Looking single texts up in what a run has kept."""

import datasketch
import pytest

from curate import Options, run
from curate.errors import UsageError
from curate.export import export
from curate.lookup import Index
from curate.sketches import load
from tests.conftest import build, document, write_jsonl


def near(text, edit="edited"):
    words = text.split(" ")
    words[len(words) // 2] = edit
    return " ".join(words)


def made(folder, texts, *stages):
    run(build(*stages), [write_jsonl(folder / "in.jsonl", texts)], folder / "out", options=Options(workers=1))
    return folder / "out"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    texts = [*(document(seed, 30) for seed in range(30)), near(document(3, 30)), "too short", ""]
    return made(tmp_path_factory.mktemp("lookup"), texts, {"use": "minhash", "seed": 5, "keep": "first"})


@pytest.fixture(scope="module")
def index(folder, tmp_path_factory):
    (path,) = export(folder, "datasketch", tmp_path_factory.mktemp("index"))
    return Index.open(path)


def test_a_near_copy_of_a_document_finds_it(index):
    assert index.query(near(document(7, 30), "other")) == ["in.jsonl#7"]
    assert index.query(document(3, 30).upper()) == ["in.jsonl#3"]


def test_what_is_new_or_too_short_finds_nothing(index):
    assert index.query(document(1000, 30)) == []
    assert index.query("too short") == index.query("") == []


def test_a_text_with_lone_surrogates_is_looked_up_as_ingest_would_have_stored_it(index):
    assert index.query(document(7, 30) + " \udcff") == ["in.jsonl#7"]
    assert index.minhash("one two three \ud800 four five six") == index.minhash("one two three \ufffd four five six")


def test_the_index_is_datasketchs_and_holds_what_was_kept(folder, index):
    assert isinstance(index.lsh, datasketch.MinHashLSH)
    assert (index.lsh.b, index.lsh.r) == (20, 6)
    kept = {id_: minhash for id_, minhash in load(folder) if not minhash.is_empty()}
    assert set(index.lsh.keys) == set(kept)
    assert len(kept) == 30
    assert index.lsh.query(kept["in.jsonl#7"]) == ["in.jsonl#7"]
    assert index.minhash(document(7, 30)) == kept["in.jsonl#7"]


def test_a_run_without_signatures_cannot_be_looked_up(tmp_path):
    folder = made(tmp_path, [document(1)], {"use": "exact"})

    with pytest.raises(UsageError, match="no stage of this run signs documents"):
        list(export(folder, "datasketch", tmp_path / "index"))


def test_bands_that_suit_only_another_similarity_are_taken_as_they_are(tmp_path):
    stage = {"use": "minhash", "bands": 4, "rows": 20, "similarity": 0.99}
    folder = made(tmp_path, [document(1, 30)], stage)

    (path,) = export(folder, "datasketch", tmp_path / "index")

    assert Index.open(path).query(document(1, 30)) == ["in.jsonl#0"]
