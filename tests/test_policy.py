"""What becomes of documents that stages mark."""

import json
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_from_disk

from curate import Options, run
from curate.errors import CurateError
from curate.recipe import Recipe, key_of
from curate.reports.table import yield_text
from curate.stages.bias import Bias
from curate.stages.policy import Policy
from curate.testing import batch
from tests.conftest import build, document, write_jsonl

MARKER = {"use": "tests.marking:Marker"}
TEXTS = [document(i) + {0: "", 1: " vile", 2: " vile vile"}[i % 3] for i in range(60)]


def corpus(tmp_path, policy, *stages, **tables):
    """The report and the documents of a run over 20 clean, 20 toxic and 20 severe texts."""
    source = write_jsonl(tmp_path / "in.jsonl", TEXTS)
    recipe = build(*(stages or (MARKER,)), policy=policy, **tables)
    result = run(recipe, [source], tmp_path / "out", options=Options(workers=1))
    rows = [row for path in sorted((tmp_path / "out/documents").glob("*")) for row in pq.read_table(path).to_pylist()]
    return result.report, rows


def test_each_band_is_treated_as_the_table_says(tmp_path):
    report, rows = corpus(tmp_path, {"marker.severe": "drop", "marker.toxic": {"weight": 0.5}})

    assert {k: t.documents for s in report.stages for k, t in s.dropped.items()} == {"policy_marker.severe": 20}
    assert [row["weight"] for row in rows] == [0.5 if "vile" in row["text"] else 1.0 for row in rows]
    assert sorted({row["weight"] for row in rows}) == [0.5, 1.0]


def test_weights_are_in_token_shards(tmp_path):
    _, rows = corpus(tmp_path, {"marker.severe": {"weight": 0.25}, "marker.toxic": {"weight": 0.5}})
    expected = {row["id"]: row["weight"] for row in rows}

    shards = [load_from_disk(str(tmp_path / "out/tokens" / split)) for split in ("train", "validation")]

    found = {row["id"]: row["weight"] for shard in shards for row in shard}
    assert found == expected
    assert sorted(set(found.values())) == [0.25, 0.5, 1.0]


def test_spans_are_masked_only_where_the_table_says(tmp_path):
    report, rows = corpus(tmp_path, {"marker.severe": {"mask": "_"}, "marker.toxic": "annotate"})

    assert sum(row["text"].count("_") for row in rows) == 40
    assert sum("vile" in row["text"] for row in rows) == 20
    assert [stage.name for stage in report.stages] == ["ingest", "marker", "policy_marker", "mask_marker"]


def test_the_least_of_several_weights_counts(tmp_path):
    second = {"use": "tests.marking:Marker", "name": "second", "words": {"min": 10**6}}

    _, rows = corpus(tmp_path, {"marker.toxic": {"weight": 0.5}, "second.words.min": {"weight": 0.75}}, MARKER, second)

    assert sorted({row["weight"] for row in rows}) == [0.5, 0.75]


def test_what_a_stage_dropped_and_the_table_does_not_name_drops_still(tmp_path):
    stage = {"use": "gopher", "words": {"min": 10**5}, "mean_word_length": {"min": 99, "max": "none"}}

    report, rows = corpus(tmp_path, {"gopher.words.min": {"weight": 0.5}}, stage, guard={"gopher": {"max_drop": 1}})

    assert rows == []
    assert {k: t.documents for s in report.stages for k, t in s.dropped.items()} == {
        "policy_gopher.mean_word_length.min": 60
    }


def test_without_a_policy_documents_have_no_weight(tmp_path):
    _, rows = corpus(tmp_path, {})

    assert "weight" not in rows[0]


def test_a_guard_holds_what_drops_in_the_place_of_its_stage(tmp_path):
    with pytest.raises(CurateError, match="policy_marker"):
        corpus(tmp_path, {"marker.severe": "drop"}, guard={"marker": {"max_drop": 0.1}})


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        ({"marker.awful": "drop"}, "marker.awful: no such band or rule"),
        ({"marker.sever": "drop"}, "did you mean 'severe'"),
        ({"market.severe": "drop"}, "'market.severe': no such stage; did you mean 'marker'"),
        ({"marker.severe": "delete"}, 'write "keep", "annotate", "mask", "drop"'),
        ({"marker.severe": {"weight": 0}}, "'marker.severe' = {'weight': 0}"),
        ({"marker.severe": {"weight": 1.5}}, "'marker.severe' = {'weight': 1.5}"),
        ({"marker.severe": {"weight": True}}, "'marker.severe' = {'weight': True}: write"),
        ({"bias.gender_skew": "drop"}, "'bias' only flags: it can never drop"),
        ({"bias.gender_skew.max": "drop"}, "'bias' only flags: it can never drop"),
        ({"bias.stereotype": "annotate"}, "bias.stereotype: bounds nothing: give it a bound"),
        ({"exact.duplicate": "drop"}, "'exact' is a barrier: only filters mark documents"),
        ({"gopher.words": "mask"}, "'gopher' tells no spans"),
        ({"bias.gender_skew": "mask"}, "bias.gender_skew: tells no spans to mask"),
        (5, "policy: a table, not 5"),
        ("drop", "policy: a table, not 'drop'"),
        ([{"marker.severe": "drop"}], "policy: a table, not"),
        ({"marker": "drop"}, "a band or rule of 'marker' is missing"),
        ({"marker.severe": {"mask": "a"}, "marker.toxic": {"mask": "b"}}, "'marker' has two placeholders"),
    ],
)
def test_a_table_that_means_nothing_is_refused(policy, message):
    with pytest.raises(CurateError, match=re.escape(message)):
        build(MARKER, {"use": "bias"}, {"use": "gopher"}, {"use": "exact"}, policy=policy)


def test_bias_may_be_weighted_by_its_flags():
    recipe = build({"use": "bias"}, policy={"bias.gender_skew": {"weight": 0.5}})

    assert [stage.name for stage in recipe.stages] == ["bias", "policy_bias"]
    assert recipe.stages[1].rules == ()
    assert [stage.act for stage in recipe.stages] == ["flag", "flag"]


def test_only_a_policy_that_drops_says_that_it_does():
    acts = [build(MARKER, policy={"marker.severe": choice}).stages[1].act for choice in ("drop", "mask", "annotate")]

    assert acts == ["drop", "flag", "flag"]


def test_statements_about_groups_may_be_masked_alone_or_all_spans_of_a_flag():
    policies = ({"bias.strict": "mask"}, {"bias.stereotype": "mask"})

    masks = [build({"use": "bias", "stereotype": {"max": 0.9}}, policy=policy).stages[2] for policy in policies]

    assert [mask.labels for mask in masks] == [("strict",), ("loose", "strict")]
    text = "The town is old. Women are bad drivers, they say."
    rows = batch(text)
    stage = Bias()
    column = stage.column(rows)
    chosen = pa.StructArray.from_arrays([pa.array([True])], ["mask"])
    edited = masks[0].rewrite(rows.append_column("bias", column).append_column("policy_bias", chosen)).text[0].as_py()
    spans = column.field("spans")[0].as_py()
    assert len(edited) == len(text) - sum(one["stop"] - one["start"] for one in spans if one["label"] == "strict")


def test_toxicity_is_treated_by_its_bands(tmp_path):
    bad = "You worthless piece of shit, fuck you, you fucking bastard. "
    source = write_jsonl(tmp_path / "in.jsonl", [document(1), bad * 6, document(2)])
    recipe = build({"use": "toxicity"}, policy={"toxicity.toxic": {"weight": 0.5}, "toxicity.severe": {"mask": "[…]"}})

    run(recipe, [source], tmp_path / "out", options=Options(workers=1))

    costs = json.loads((tmp_path / "out/report.json").read_text())["policy"][0]
    harmed = [line for line in costs["marks"] if line["documents"]]
    assert len(harmed) == 1
    assert harmed[0]["mark"] in ("toxic", "severe")
    assert [stage.name for stage in recipe.stages] == ["toxicity", "policy_toxicity", "mask_toxicity"]


def test_keys_may_be_tables_and_settings(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(
        'name = "x"\n[[stage]]\nuse = "tests.marking:Marker"\n[policy.marker]\nsevere = "drop"\ntoxic = { weight = 0.5 }\n'
    )
    flat = build(MARKER, policy={"marker.severe": "drop", "marker.toxic": {"weight": 0.5}})

    assert Recipe.load(path).stages == flat.stages
    assert Recipe.load(path, ["policy.marker.toxic.weight=0.25"]).stages[1].actions[1].weight == 0.25
    assert Recipe.load(path, ["policy.marker.toxic=keep"]).stages[1].actions[1].do == "keep"


def test_a_policy_is_part_of_the_key_and_survives_its_own_table():
    plain, half, drop = (
        build(MARKER, policy=policy) for policy in ({}, {"marker.toxic": {"weight": 0.5}}, {"marker.toxic": "drop"})
    )

    keys = {key_of(recipe.identities(recipe.stages)) for recipe in (plain, half, drop)}

    assert len(keys) == 3
    assert Recipe.build(half.table()) == half


def test_a_limited_run_tells_what_a_policy_costs_by_mark_band_and_group(tmp_path):
    groups = {"use": "tests.marking:Grouped"}
    policy = {"marker.severe": "drop", "marker.toxic": {"weight": 0.5}}
    source = write_jsonl(tmp_path / "in.jsonl", TEXTS)

    run(build(groups, MARKER, policy=policy), [source], tmp_path / "out", options=Options(workers=1), limit=30)

    report = json.loads((tmp_path / "out/report.json").read_text())
    (costs,) = report["policy"]
    marks = {line["mark"]: line for line in costs["marks"]}
    assert [marks[mark]["documents"] for mark in ("severe", "toxic")] == [10, 10]
    assert marks["severe"]["lost"] == marks["severe"]["tokens"]
    assert abs(marks["toxic"]["lost"] * 2 - marks["toxic"]["tokens"]) <= 1
    assert costs["all"]["documents"] == 30
    assert abs(costs["all"]["lost"] - marks["severe"]["lost"] - marks["toxic"]["lost"]) <= 2
    assert costs["bands"].keys() == {"clean", "toxic", "severe"}
    assert costs["bands"]["clean"]["lost"] == 0
    expected = {f"kin.{w}": sum(w in t for t in TEXTS[:30]) for w in ("sister", "stranger")}
    assert {group: line["documents"] for group, line in costs["groups"].items()} == expected
    text = yield_text(report)
    assert "policy marker.severe, drop: 10 documents" in text.replace("\u2009", " ").replace("\u202f", " ")
    assert "policy marker.toxic, weight 0.5" in text


def test_without_tokens_a_policy_costs_bytes(tmp_path):
    corpus(tmp_path, {"marker.severe": "drop"}, output={"tokens": False})

    report = json.loads((tmp_path / "out/report.json").read_text())
    assert report["policy"][0]["all"]["tokens"] == sum(len(text) for text in TEXTS)


def test_marks_hold_for_nulls_and_any_split():
    stage = Policy(
        of="m", actions=[{"on": "toxic", "do": "drop"}, {"on": "words", "do": "weight", "weight": 0.5, "rules": [63]}]
    )
    column = pa.StructArray.from_arrays(
        [pa.array(["toxic", None, "clean"]), pa.array([0, 1 << 63, 1], pa.uint64())], ["band", "broken"]
    )
    rows = pa.RecordBatch.from_arrays([pa.array(["a", "b", "c"]), column], ["text", "m"])

    made = stage.column(rows)

    assert made.field("toxic").to_pylist() == [True, False, False]
    assert made.field("weight").to_pylist() == [1.0, 0.5, 1.0]
    assert np.asarray(stage.verdicts(made)).tolist() == [0, -1, -1]
