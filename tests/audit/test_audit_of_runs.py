"""Audits of real runs: who stages took, whatever the stage, the batches and the workers."""

import json
import random

import pyarrow.parquet as pq
import pytest

from curate import Options, run
from curate.audit import books
from curate.audit.findings import OVERALL, findings
from curate.errors import UsageError
from curate.validate import problems
from tests.conftest import build, document, write_jsonl

CROOKED, EVEN = {"use": "tests.audit.crooked:Crooked"}, {"use": "tests.audit.crooked:Even"}
MENTIONS = ("A woman of the town", "Some men of the town", "A Muslim baker", "A Sikh nurse", "Old people", "Nobody")


def text(seed):
    rng = random.Random(seed)
    return f"{rng.choice(MENTIONS)} came by. {document(seed, 6)}"


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """2,400 documents of 300 sites, about a sixth of them for each mention, twenty of them copies."""
    texts = [text(seed) for seed in range(2380)] + [text(seed) for seed in range(20)]
    urls = [f"https://site-{seed % 300}.example.{'kr' if seed % 3 else 'org'}/{seed}" for seed in range(2400)]
    return write_jsonl(tmp_path_factory.mktemp("input") / "a.jsonl", texts, url=urls)


def audited(source, folder, *stages, workers=1, **tables):
    tables = {"output": {"tokens": False}, **tables}
    run(build(*stages, **tables), [source], folder, options=Options(workers=workers))
    return books.read(folder)


def of(found, stage, group):
    return next(finding for finding in found if (finding.stage, finding.group) == (stage, group))


def test_a_filter_that_takes_one_group_s_documents_turns_the_audit_red(source, tmp_path):
    found = findings(audited(source, tmp_path / "out", EVEN, CROOKED))

    theirs = of(found, "crooked", "religion.muslims")
    assert theirs.verdict == "red"
    assert theirs.kept == 0
    assert of(found, OVERALL, "religion.muslims").verdict == "red"
    others = [f.verdict for f in found if f.about_people and f.group != "religion.muslims" and f.stage != OVERALL]
    assert "red" not in others


def test_an_even_handed_filter_does_not(source, tmp_path):
    found = findings(audited(source, tmp_path / "out", EVEN))

    judged = [finding for finding in found if finding.about_people]
    assert {finding.verdict for finding in judged} <= {"green", "grey", "amber"}
    assert of(found, "even", "religion.muslims").verdict == "green"
    assert of(found, "even", "religion.muslims").low <= 1 <= of(found, "even", "religion.muslims").high


def test_what_too_few_documents_say_is_grey(source, tmp_path):
    found = findings(audited(source, tmp_path / "out", CROOKED, ingest={}, audit={"documents": 300}))

    assert of(found, "crooked", "religion.muslims").verdict == "grey"


SEVERAL = ({"use": "url"}, {"use": "language", "label": ["en"], "score": {"min": 0.1}}, EVEN, {"use": "exact"}, CROOKED,
           {"use": "minhash"}, {"use": "gopher"})  # fmt: skip


def test_every_stage_is_counted_as_the_books_count_it(source, tmp_path):
    folder = tmp_path / "out"

    audit = audited(source, folder, *SEVERAL, ingest={"shard_bytes": 200_000})

    assert list(problems(folder)) == []
    report = json.loads((folder / "report.json").read_text("utf-8"))
    everyone = audit.groups.index("all")
    flows = {
        stage: (came.documents[everyone].sum(), left.documents[everyone].sum())
        for _, stage, came, left in audit.flows()
    }
    assert flows == {s["name"]: (s["in"]["documents"], s["out"]["documents"]) for s in report["stages"]}
    assert audit.taken()["exact"] > 0


def test_tokens_are_counted_as_the_books_count_them(source, tmp_path):
    folder = tmp_path / "out"

    audit = audited(source, folder, {"use": "c4_lines"}, EVEN, output={"tokens": True}, tokens={"vocabulary": 1024})

    report = json.loads((folder / "report.json").read_text("utf-8"))
    everyone = audit.groups.index("all")
    flows = {
        stage: (came.tokens[everyone].sum(), left.tokens[everyone].sum()) for _, stage, came, left in audit.flows()
    }
    assert flows == {s["name"]: (s["in"]["tokens"], s["out"]["tokens"]) for s in report["stages"]}


def test_groups_follow_a_document_through_segments(source, tmp_path):
    folder = tmp_path / "out"

    audit = audited(source, folder, EVEN, {"use": "exact"}, CROOKED)

    kept = pq.read_table(folder / "documents").column("text").to_pylist()
    left = {stage: left for _, stage, _, left in audit.flows()}["crooked"]
    for group, mention in (("religion.muslims", "A Muslim"), ("religion.sikhs", "A Sikh")):
        counted = left.documents[audit.groups.index(group)].sum()
        assert counted == sum(one.startswith(mention) for one in kept), group
    assert "audit" not in pq.read_table(folder / "documents").schema.names
    assert "audit" not in pq.read_table(folder / "dropped" / "crooked").schema.names


def test_the_audit_is_the_same_bytes_for_any_workers_and_shards(source, tmp_path):
    made = []
    for number, (workers, size) in enumerate([(1, 10**8), (2, 150_000), (1, 40_000)]):
        folder = tmp_path / str(number)
        audited(source, folder, *SEVERAL, workers=workers, ingest={"shard_bytes": size})
        made.append((folder / "audit.json").read_bytes())

    assert made[0] == made[1] == made[2]


def test_a_sample_is_followed_where_there_are_many_documents(source, tmp_path):
    whole = audited(source, tmp_path / "whole", EVEN, {"use": "exact"})
    part = audited(source, tmp_path / "part", EVEN, {"use": "exact"}, audit={"documents": 800})

    assert whole.documents == 2400
    assert 600 < part.documents < 1000
    assert part.share == pytest.approx(1 / 3)
    retention = {
        name: of(findings(audit), "even", "religion.muslims").retention for name, audit in (("w", whole), ("p", part))
    }
    assert abs(retention["w"] - retention["p"]) < 0.15


def test_a_run_without_an_audit_leaves_none(source, tmp_path):
    with pytest.raises(UsageError, match=r"no audit\.json"):
        audited(source, tmp_path / "out", EVEN, audit={"documents": 0})
    assert list(problems(tmp_path / "out")) == []


def test_validate_sees_counters_that_do_not_add_up(source, tmp_path):
    folder = tmp_path / "out"
    audited(source, folder, EVEN)
    made = json.loads((folder / "audit.json").read_text("utf-8"))
    made["lost"]["even"]["buckets"]["documents"] = [n * 9 for n in made["lost"]["even"]["buckets"]["documents"]]
    (folder / "audit.json").write_text(json.dumps(made), "utf-8")

    found = "\n".join(problems(folder))

    assert "audit.json: even took more than came in" in found
    assert "audit.json: " in found


@pytest.mark.parametrize("broken", ["", "[]", "{}", '{"format": 9}', '{"format": 1, "groups": 3}'])
def test_a_broken_audit_is_one_line(broken, tmp_path):
    (tmp_path / "audit.json").write_text(broken, "utf-8")

    with pytest.raises(UsageError, match=r"audit\.json: not an audit"):
        books.read(tmp_path)


def test_before_extraction_only_source_and_region_are_known(tmp_path):
    pages = [f"<html><body><article><p>A Sikh nurse. {document(i)}</p></article></body></html>" for i in range(60)]
    source = write_jsonl(tmp_path / "a.jsonl", pages, url=[f"https://a{i}.kr/" for i in range(60)])

    audit = audited(source, tmp_path / "out", {"use": "url"}, {"use": "extract"}, EVEN)

    axes = {
        phase: {audit.groups[g].partition(".")[0] for g in counts.documents.sum(axis=1).nonzero()[0]}
        for phase, counts in audit.entered.items()
    }
    assert axes["raw"] == {"all", "source", "region"}
    assert {"religion", "length", "script", "region"} <= axes["text"]
    assert [stages for _, stages in audit.phases] == [("ingest", "url_filter", "extract"), ("even",)]
