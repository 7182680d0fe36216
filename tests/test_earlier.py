"""Runs against earlier ones: monthly batches that do not repeat what is there."""

import json
import random
import shutil
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curate import Options, resolve, run
from curate.errors import AssetError, GuardError
from curate.inspection import beside, rows
from curate.stages.minhash import MinHash
from curate.validate import problems
from tests.conftest import build, document, write_jsonl

FIRST = {"keep": "first"}
EXACT, MINHASH, SAME_URL = ({"use": use, **FIRST} for use in ("exact", "minhash", "same_url"))
SMALL = {"ingest": {"shard_bytes": 2**16}, "output": {"file_bytes": 2**16}}


def near(seed, edits):
    """A document with some words replaced: similar enough to its origin with few, not with many."""
    words = document(seed, 30).split(" ")
    for n in range(edits):
        words[(n * 37 + 11) % len(words)] = f"edit{seed}x{n}"
    return " ".join(words)


def month(seed, documents=40):
    """Texts and addresses of which some are in any month: as they are, in other layout, edited, far-edited."""
    drawn = random.Random(seed)
    texts, urls = [], []
    for _ in range(documents):
        origin = drawn.randrange(60)
        form = drawn.choice([str, str.upper, lambda text: text.replace("\n", "  ")])
        texts.append(form(near(origin, drawn.choice([0, 0, 1, 2, 4, 8, 16, 40]))))
        urls.append(f"http://host/{drawn.randrange(80)}")
    return {"texts": texts, "url": urls}


def source(folder, name, texts, **fields):
    return write_jsonl(folder / f"{name}.jsonl", texts, **fields)


def made(inputs, folder, *stages, against=(), workers=1, **tables):
    fields = {"against": [str(folder) for folder in against]} if against else {}
    recipe = build(*({**stage, **fields} for stage in stages), **tables)
    run(recipe, inputs, folder, options=Options(workers=workers))
    return folder


def kept(folder, of=""):
    tables = [pq.read_table(path, columns=["id", "text"]) for path in sorted((folder / "documents").glob("*.parquet"))]
    return [row["text"] for row in pa.concat_tables(tables).to_pylist() if row["id"].startswith(of)]


def dropped(folder, stage):
    found = [pq.read_table(path).to_pylist() for path in sorted((folder / "dropped" / stage).glob("*.parquet"))]
    return [row for rows_ in found for row in rows_]


def test_a_run_without_texts_holds_ids_and_signals_and_only_hashes_can_be_compared_with_it(tmp_path):
    texts = [near(1, 0), near(2, 0), near(1, 1)]
    output = {"text": False, "tokens": False, "keep_dropped_text": False}
    before = made([source(tmp_path, "jan", texts)], tmp_path / "jan", EXACT, MINHASH, output=output)
    again = [source(tmp_path, "feb", [near(1, 0).upper(), near(3, 0)])]

    table = pq.read_table(next((before / "documents").glob("*.parquet")))
    after = made(again, tmp_path / "feb", EXACT, against=[before])
    refused = build({**MINHASH, "against": [str(before)]})

    assert "text" not in table.schema.names
    assert table["id"].to_pylist() == ["jan.jsonl#0", "jan.jsonl#1"]
    assert table["minhash"].to_pylist()[0]["cluster_size"] == 2
    assert list(problems(before)) == []
    assert kept(after) == [near(3, 0)]
    with pytest.raises(AssetError, match=r"output\.text = false"):
        run(refused, again, tmp_path / "none", options=Options(workers=1))


def test_a_run_without_texts_may_have_tokens(tmp_path):
    inputs = [source(tmp_path, "jan", [near(n, 0) for n in range(5)])]

    whole = made(inputs, tmp_path / "whole", MINHASH)
    bare = made(inputs, tmp_path / "bare", MINHASH, output={"text": False})

    shards = [next((folder / "tokens" / "train").glob("*.arrow")).read_bytes() for folder in (whole, bare)]
    assert shards[0] == shards[1]
    assert list(problems(bare)) == []


@pytest.mark.parametrize("stages", [(EXACT,), (MINHASH,), (SAME_URL,), (EXACT, MINHASH), (SAME_URL, EXACT, MINHASH)])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_month_against_the_one_before_keeps_what_one_run_over_both_would(tmp_path, stages, seed):
    one, two = (source(tmp_path, f"m{n}", **month(2 * seed + n)) for n in (0, 1))
    both = made([one, two], tmp_path / "both", *stages)

    before = made([one], tmp_path / "before", *stages)
    after = made([two], tmp_path / "after", *stages, against=[before])

    assert kept(before) == kept(both, "m0.jsonl")
    assert kept(after) == kept(both, "m1.jsonl")
    assert 0 < len(kept(after)) < len(kept(made([two], tmp_path / "alone", *stages)))
    assert list(problems(after)) == []


def in_memory(shards, memory, _given, *rest):
    """A corpus whose barriers have so many bytes, whatever the machine has."""
    return shards(memory, *rest)


@pytest.mark.parametrize("memory", [1 << 30, 20_000])
def test_a_third_month_against_both_keeps_what_one_run_over_all_would(tmp_path, memory, monkeypatch):
    monkeypatch.setattr(resolve, "Shards", partial(in_memory, resolve.Shards, memory))
    files = [source(tmp_path, f"m{n}", **month(10 + n)) for n in range(3)]
    together = made(files, tmp_path / "all", EXACT, MINHASH)

    done = []
    for n, file in enumerate(files):
        done.append(made([file], tmp_path / f"out{n}", EXACT, MINHASH, against=done))

    for n, folder in enumerate(done):
        assert kept(folder) == kept(together, f"m{n}.jsonl")


def test_several_shards_workers_and_files_change_nothing(tmp_path):
    texts = [document(seed, 9) for seed in range(1500)]
    one = source(tmp_path, "one", texts)
    two = source(tmp_path, "two", [*texts[::-1], *(document(seed, 9) + " more." for seed in range(1400, 1700))])
    before = made([one], tmp_path / "before", MINHASH, **SMALL)

    after = [made([two], tmp_path / f"after{n}", MINHASH, against=[before], workers=n, **SMALL) for n in (1, 2)]

    assert len(list((before / "documents").iterdir())) > 3
    assert len(list((before / "sketches").iterdir())) == 2
    assert kept(after[0]) == [document(seed, 9) + " more." for seed in range(1500, 1700)]
    assert kept(after[1]) == kept(after[0])
    digests = [json.loads((folder / "manifest.json").read_text())["files"] for folder in after]
    assert digests[0] == digests[1]


def test_the_reason_names_the_earlier_corpus_and_the_cluster_its_document(tmp_path):
    before = made([source(tmp_path, "jan", [near(1, 0), near(2, 0)])], tmp_path / "jan", MINHASH)
    texts = [near(3, 0), near(1, 1), near(1, 2), near(3, 1)]

    after = made([source(tmp_path, "feb", texts)], tmp_path / "feb", MINHASH, against=[before])

    told = [(row["id"], row["reason"], row["minhash"]["cluster"]) for row in dropped(after, "minhash")]
    assert told == [
        ("feb.jsonl#1", "minhash.duplicate_of_earlier", "jan.jsonl#0"),
        ("feb.jsonl#2", "minhash.duplicate_of_earlier", "jan.jsonl#0"),
        ("feb.jsonl#3", "minhash.duplicate", "feb.jsonl#0"),
    ]
    assert [row["minhash"]["cluster_size"] for row in dropped(after, "minhash")] == [3, 3, 2]


@pytest.mark.parametrize("keep", ["longest", "newest", "first"])
def test_what_is_there_stays_whatever_this_run_would_rather_keep(tmp_path, keep):
    stage = {"use": "minhash", "keep": keep}
    before = made([source(tmp_path, "jan", [near(1, 0)], date=["2001"])], tmp_path / "jan", stage)
    texts = [near(1, 0) + "\nAnd a longer and newer end."]

    after = made([source(tmp_path, "feb", texts, date=["2020"])], tmp_path / "feb", stage, against=[before])

    assert kept(after) == []


def test_what_the_earlier_run_dropped_later_is_no_reason_to_drop_its_copy(tmp_path):
    short = {"use": "length", "characters": {"max": 1500}}
    before = made([source(tmp_path, "jan", [near(1, 0), document(2, 6)])], tmp_path / "jan", EXACT, short)
    texts = [near(1, 0), document(2, 6)]

    after = made([source(tmp_path, "feb", texts)], tmp_path / "feb", EXACT, against=[before])

    assert kept(before) == [document(2, 6)]
    assert kept(after) == [near(1, 0)]


def test_a_text_edited_later_in_the_earlier_run_is_compared_as_its_barrier_saw_it(tmp_path):
    cut = {"use": "tests.test_sketches:Shorten"}
    texts = [text for text in map(document, range(100), [30] * 100) if text.startswith("The")]
    before = made([source(tmp_path, "jan", texts)], tmp_path / "jan", {**MINHASH, "similarity": 1.0}, cut)

    recipe = {**MINHASH, "similarity": 1.0}
    after = made([source(tmp_path, "feb", texts)], tmp_path / "feb", recipe, against=[before])

    assert kept(before) == [text[5:] for text in texts]
    assert kept(after) == []


def test_copies_are_shown_beside_the_earlier_document(tmp_path):
    before = made([source(tmp_path, "jan", [near(1, 0)])], tmp_path / "jan", MINHASH)
    after = made([source(tmp_path, "feb", [near(1, 1)])], tmp_path / "feb", MINHASH, against=[before])

    (row,) = beside(after, rows(after))

    assert row["stayed"]["text"] == near(1, 0)
    assert row["stayed"]["where"] == "jan/documents"
    assert 0.8 < row["similarity"] < 1


def test_flagged_copies_stay(tmp_path):
    before = made([source(tmp_path, "jan", [near(1, 0)])], tmp_path / "jan", EXACT)
    after = made([source(tmp_path, "feb", [near(1, 0)])], tmp_path / "feb", {**EXACT, "act": "flag"}, against=[before])

    report = json.loads((after / "report.json").read_text())
    assert kept(after) == [near(1, 0)]
    assert report["stages"][1]["flagged"]["exact.duplicate_of_earlier"]["documents"] == 1


@pytest.fixture(scope="module")
def january(tmp_path_factory):
    folder = tmp_path_factory.mktemp("earlier")
    return made([source(folder, "jan", [near(1, 0)])], folder / "jan", EXACT, MINHASH)


def refused(recipe):
    with pytest.raises(AssetError) as error:
        recipe.prepare()
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_folder_that_is_no_finished_run_is_refused_before_anything_is_spent(tmp_path, january):
    assert "no such folder" in refused(build({**EXACT, "against": str(tmp_path / "none")}))
    (tmp_path / "begun" / ".work").mkdir(parents=True)
    assert "not a finished run" in refused(build({**EXACT, "against": str(tmp_path / "begun")}))
    assert "no sketches of a stage 'same_url'" in refused(build({**SAME_URL, "against": str(january)}))


@pytest.mark.parametrize(
    ("field", "theirs", "mine"),
    [("shingle", 5, 3), ("bands", 20, 25), ("seed", 1, 2), ("scope", "", "source")],
)
def test_sketches_made_by_other_fields_are_refused_by_the_fields_name(january, field, theirs, mine):
    message = refused(build({**MINHASH, field: mine, "against": str(january)}))

    assert f"{field} is {mine!r} here and was {theirs!r} there" in message


@pytest.mark.parametrize(("field", "value"), [("similarity", 0.9), ("keep", "longest"), ("name", "near")])
def test_fields_that_sketches_do_not_depend_on_may_differ(january, field, value):
    build({**MINHASH, field: value, "against": str(january)}).prepare()


@pytest.mark.parametrize("whole", [False, True])
def test_documents_of_an_earlier_run_that_cannot_be_read_are_named(tmp_path, january, whole):
    broken = shutil.copytree(january, tmp_path / "jan")
    path = min((broken / "documents").glob("*.parquet"))
    size = path.stat().st_size
    path.write_bytes(bytes(size) if whole else path.read_bytes()[: size // 2])

    message = refused(build({**MINHASH, "against": str(broken)}))

    assert f"documents/{path.name} cannot be read: " in message
    assert ("no Parquet file" if whole else f"it holds {size // 2:,} of {size:,} bytes") in message


def test_a_band_does_not_count_what_earlier_runs_have_kept(tmp_path):
    before = made([source(tmp_path, "jan", [document(n) for n in range(20)])], tmp_path / "jan", EXACT)
    known = [document(n) for n in range(19)]
    band = {"guard": {"exact": {"max_drop": 0.5}}}

    honest = source(tmp_path, "feb", [*known, document(100), document(101)])
    after = made([honest], tmp_path / "feb", EXACT, against=[before], **band)

    assert len(dropped(after, "exact")) == 19
    copies = source(tmp_path, "mar", [*known, *[document(100)] * 4])
    with pytest.raises(GuardError, match=r"exact took 75\.0% of 4 documents, its band allows 50\.0%"):
        made([copies], tmp_path / "mar", EXACT, against=[before], **band)


def test_texts_may_be_archived_where_sketches_alone_decide(tmp_path, january):
    archived = shutil.copytree(january, tmp_path / "jan")
    shutil.rmtree(archived / "documents")

    assert "documents/, whose texts decide" in refused(build({**MINHASH, "against": str(archived)}))
    feb = source(tmp_path, "feb", [near(1, 0), near(2, 0)])
    stages = (EXACT, {**MINHASH, "verify": "signature"})
    assert kept(made([feb], tmp_path / "feb", *stages, against=[archived])) == [near(2, 0)]


def test_sketches_of_another_version_of_a_stage_are_refused(january, monkeypatch):
    monkeypatch.setattr(MinHash, "version", 99)

    assert "another version of minhash" in refused(build({**MINHASH, "against": str(january)}))


def test_another_earlier_corpus_is_another_run_and_its_place_does_not_matter(tmp_path, january):
    moved = shutil.copytree(january, tmp_path / "moved")
    other = made([source(tmp_path, "x", [near(2, 0)])], tmp_path / "other", EXACT)

    one, same, different = (
        build().identities(build({**EXACT, "against": [str(folder)]}).stages) for folder in (january, moved, other)
    )

    assert one == same != different
