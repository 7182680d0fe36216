"""Barriers that cut: what becomes of texts, tokens and books."""

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import Options, run
from curate.cutting import listed, spans_of
from curate.errors import RunError
from curate.report import Tally
from curate.validate import problems
from tests.conftest import build, document, write_jsonl
from tests.ops.test_spans import spans

SNIP = {"use": "tests.faulty:Snip"}
SMALL = {"ingest": {"shard_bytes": 20_000}, "output": {"file_bytes": 2**16}}


def texts():
    made = [document(i) for i in range(60)]
    made[3] = "[all of this] [and this]"
    made[4] = "[everything]"
    made[5] = f"[one] {made[5]} [two, é漢😀]"
    made[6] = f"drop me [please] {made[6]}"
    made[7] = f"{made[7]}[three][four]"
    return made


def documents(folder, part="documents"):
    return [row for file in sorted((folder / part).rglob("*.parquet")) for row in pq.read_table(file).to_pylist()]


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("cutting") / "in.jsonl", texts())


def test_spans_are_taken_out_and_the_books_say_how_much(source, tmp_path):
    result = run(build(SNIP, {"use": "length"}, **SMALL), [source], tmp_path / "out", options=Options(workers=1))

    kept = {row["id"]: row["text"] for row in documents(tmp_path / "out")}
    before = texts()
    assert kept["in.jsonl#5"] == f" {document(5)} "
    assert kept["in.jsonl#7"] == document(7)
    assert [kept[f"in.jsonl#{i}"] for i in range(8, 60)] == before[8:]
    book = next(stage for stage in result.report.stages if stage.name == "snip")
    assert {reason: tally.documents for reason, tally in book.dropped.items()} == {"snip.asked": 1, "snip.empty": 1}
    cut = ["[all of this]", "[and this]", "[everything]", "[one]", "[two, é漢😀]", "[three][four]"]
    assert book.rewritten.bytes == sum(len(span.encode()) for span in cut)
    assert book.rewritten.tokens > 0
    assert book.difference() == Tally()
    assert list(problems(tmp_path / "out")) == []


def test_the_record_of_what_was_dropped_holds_the_text_before(source, tmp_path):
    run(build(SNIP, **SMALL), [source], tmp_path / "out", options=Options(workers=1))

    gone = {row["reason"]: row["text"] for row in documents(tmp_path / "out", "dropped")}
    assert gone == {"snip.empty": "[everything]", "snip.asked": texts()[6]}


def test_what_follows_sees_the_cut_text_and_its_tokens(source, tmp_path):
    recipe = build(SNIP, {"use": "length"}, {"use": "exact"}, **SMALL)

    run(recipe, [source], tmp_path / "out", options=Options(workers=1))

    rows = {row["id"]: row for row in documents(tmp_path / "out")}
    assert rows["in.jsonl#7"]["length"]["characters"] == len(document(7))
    plain = build({"use": "length"}, tokens={"tokenizer": str(tmp_path / "out" / "tokenizer" / "tokenizer.json")})
    again = write_jsonl(tmp_path / "again.jsonl", [row["text"] for row in rows.values()])
    run(plain, [again], tmp_path / "plain", options=Options(workers=1))
    counted = [row["tokens"] for row in documents(tmp_path / "plain")]
    assert counted == [row["tokens"] for row in rows.values()]


def test_a_mask_stands_where_a_span_was_cut(source, tmp_path):
    run(build({**SNIP, "mask": "…"}, **SMALL), [source], tmp_path / "out", options=Options(workers=1))

    kept = {row["id"]: row["text"] for row in documents(tmp_path / "out")}
    assert kept["in.jsonl#3"] == "… …"
    assert kept["in.jsonl#4"] == "…"


def test_flagged_texts_stay_whole_and_are_counted(source, tmp_path):
    result = run(build({**SNIP, "act": "flag"}, **SMALL), [source], tmp_path / "out", options=Options(workers=1))

    book = next(stage for stage in result.report.stages if stage.name == "snip")
    assert [row["text"] for row in documents(tmp_path / "out")] == texts()
    assert {reason: tally.documents for reason, tally in book.flagged.items()} == {"snip.asked": 1, "snip.cut": 5}


@pytest.mark.parametrize("shard_bytes", [3_000, 10**6])
def test_shards_and_workers_change_no_text(source, tmp_path, shard_bytes):
    recipe = build(SNIP, ingest={"shard_bytes": shard_bytes})

    run(recipe, [source], tmp_path / "out", options=Options(workers=2 if shard_bytes < 10**6 else 1))

    run(build(SNIP, **SMALL), [source], tmp_path / "other", options=Options(workers=1))
    assert [row["text"] for row in documents(tmp_path / "out")] == [
        row["text"] for row in documents(tmp_path / "other")
    ]


def test_bad_spans_stop_the_run_with_the_stages_name(tmp_path):
    source = write_jsonl(tmp_path / "in.jsonl", ["tear this"])

    with pytest.raises(RunError, match=r"stage snip gives spans that cannot be cut out of a text of 9 bytes: \[\(1, 1"):
        run(build(SNIP), [source], tmp_path / "out", options=Options(workers=1))


def test_a_barrier_that_cuts_must_say_so(source, tmp_path):
    with pytest.raises(RunError, match="silent_snip gives spans to cut, but does not say so"):
        run(build({"use": "tests.faulty:SilentSnip"}), [source], tmp_path / "out", options=Options(workers=1))


@given(st.lists(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=3), max_size=5))
def test_a_verdicts_column_holds_the_spans_that_it_was_made_of(rows):
    made = spans(rows)

    back = spans_of(listed(made))

    assert [array.tolist() for array in back] == [array.tolist() for array in made]
