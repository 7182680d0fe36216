"""The sketches that runs leave: of what was kept, in the order of the documents, as datasketch has them."""

import datasketch
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import Options, run
from curate.errors import UsageError
from curate.ops import minhash
from curate.ops.normal import normalise
from curate.sketches import Sketches, load
from curate.stage import Edited, Rewrite, buffers
from curate.stages.exact import Exact
from curate.testing import batch
from tests.conftest import build, document, write_jsonl

EXACT, MINHASH, GOPHER = {"use": "exact"}, {"use": "minhash"}, {"use": "gopher"}
SMALL = {"ingest": {"shard_bytes": 2**16}, "output": {"file_bytes": 2**16}}


class Shorten(Rewrite):
    """Cuts the first five characters of texts that begin with "The"; for tests of what is edited behind a barrier."""

    use = "shorten"

    def rewrite(self, batch):
        """See the class."""
        texts = batch["text"].to_pylist()
        return Edited(pa.array([text[5:] if text.startswith("The") else text for text in texts], pa.string()))


def made(folder, texts, *stages, workers=1, **tables):
    source = write_jsonl(folder / "in.jsonl", texts)
    run(build(*stages, **tables), [source], folder / "out", options=Options(workers=workers))
    return folder / "out"


def documents(folder):
    return pa.concat_tables([pq.read_table(path) for path in sorted((folder / "documents").glob("*.parquet"))])


def sketched(folder, stage):
    found = pa.concat_tables(Sketches.of(folder, stage).tables())
    return found.filter(found["kept"])


TEXTS = [document(seed, 9) for seed in range(1800)]
MIXED = [*TEXTS[:900], "short", *TEXTS[:30], TEXTS[3] + " One more.", *TEXTS[800:], "x " * 100]
"""Two shards."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made(tmp_path_factory.mktemp("sketches"), MIXED, EXACT, MINHASH, GOPHER, **SMALL)


@pytest.mark.parametrize("stage", ["exact", "minhash"])
def test_a_sketch_has_a_row_of_its_own_for_every_document_in_the_same_order(folder, stage):
    kept, sketch = documents(folder), sketched(folder, stage)

    assert len(Sketches.of(folder, stage).files) == 2
    assert sketch["id"].to_pylist() == kept["id"].to_pylist()
    assert "short" not in kept["text"].to_pylist()


def test_a_sketch_is_that_of_its_document(folder):
    kept, sketch = documents(folder), sketched(folder, "exact").drop_columns(["id", "kept"])

    assert sketch.to_pydict() == pa.Table.from_batches([Exact().sketch(batch(*kept["text"].to_pylist()))]).to_pydict()


def test_a_text_edited_behind_a_barrier_stands_in_the_sketch_as_it_was(tmp_path):
    folder = made(tmp_path, MIXED, MINHASH, {"use": f"{__name__}:Shorten"}, GOPHER, EXACT, **SMALL)

    kept, sketch = documents(folder), sketched(folder, "minhash")

    edited = 0
    for now, was in zip(kept["text"].to_pylist(), sketch["text"].to_pylist(), strict=True):
        assert was is None or (was.startswith("The") and now == was[5:])
        edited += was is not None
    assert 0 < edited < len(kept)


def test_where_nothing_is_edited_no_text_is_kept_twice(folder):
    assert sketched(folder, "minhash")["text"].null_count == len(documents(folder))
    assert "text" not in sketched(folder, "exact").schema.names


def test_what_only_a_later_deduplication_took_stands_in_the_sketch_and_what_a_filter_took_does_not(tmp_path):
    text, copy, long = TEXTS[3], TEXTS[3] + " One more.", document(3, 60)
    length = {"use": "length", "characters": {"max": 1000}}
    stages = ({**MINHASH, "name": "near"}, {"use": "same_url"}, {"use": "exact"}, length)
    urls = ["http://a/1", "http://a/2", "http://a/3", "http://a/2", "http://a/4"]
    source = write_jsonl(tmp_path / "in.jsonl", [text, TEXTS[4], long, TEXTS[5], copy], url=urls)

    run(build(*stages), [source], tmp_path / "out", options=Options(workers=1))

    found = pa.concat_tables(Sketches.of(tmp_path / "out", "near").tables())
    told = {row["id"]: (row["kept"], row["text"]) for row in found.to_pylist()}
    (same,) = pq.read_table(next((tmp_path / "out/dropped/same_url").glob("*"))).to_pylist()
    assert told == {
        **dict.fromkeys(documents(tmp_path / "out")["id"].to_pylist(), (True, None)),
        same["id"]: (False, same["text"]),
    }
    assert len(told) == 3


def test_workers_change_no_byte(folder, tmp_path):
    other = made(tmp_path, MIXED, EXACT, MINHASH, GOPHER, workers=2, **SMALL)

    for path in (folder / "sketches").iterdir():
        assert path.read_bytes() == (other / "sketches" / path.name).read_bytes()


def test_signatures_are_those_that_datasketch_makes_of_the_same_shingles(folder):
    kept = documents(folder)

    loaded = list(load(folder))

    assert [id_ for id_, _ in loaded] == kept["id"].to_pylist()
    texts = kept["text"].combine_chunks()
    shingles = minhash.shingles(*normalise(*buffers(texts), punctuation=False), 5, minhash.letters())
    for row, (_, found) in enumerate(loaded):
        theirs = datasketch.MinHash(num_perm=120, seed=1, scheme="affine32", hashfunc=int)
        theirs.update_batch((shingles.hashes[shingles.rows[row] : shingles.rows[row + 1]] & 0xFFFFFFFF).tolist())
        assert found == theirs
        assert np.array_equal(found.hashvalues, theirs.hashvalues)


def test_loaded_sketches_tell_how_similar_documents_are(folder):
    (_, one), (_, other) = list(load(folder))[:2]

    assert one.jaccard(one) == 1.0
    assert one.jaccard(other) < 0.2


def test_a_stage_of_another_name_is_found_by_its_use_and_a_wrong_name_is_one_line(tmp_path, folder):
    named = made(tmp_path, TEXTS[:5], {"use": "minhash", "name": "near", "seed": 7})

    assert [id_ for id_, _ in load(named)] == [f"in.jsonl#{i}" for i in range(5)]
    assert next(load(named, "near"))[1].seed == 7
    with pytest.raises(UsageError, match="no sketches of a stage 'exakt'; did you mean 'exact'"):
        Sketches.of(folder, "exakt")
    with pytest.raises(UsageError, match="'exact' has no MinHash signatures"):
        next(load(folder, "exact"))


def test_sketches_that_are_gone_or_cut_are_told(tmp_path):
    folder = made(tmp_path, TEXTS[:3], MINHASH)
    (file,) = Sketches.of(folder, "minhash").files

    file.write_bytes(file.read_bytes()[:-1])

    with pytest.raises(UsageError, match="is not what the manifest says"):
        next(load(folder))
    with pytest.raises(UsageError, match="no manifest"):
        next(load(folder / "sketches"))
