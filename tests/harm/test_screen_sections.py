"""The screen's sections, on tiny sets of our own, and on the real ones where they are."""

import csv
import io
import json

import pyarrow as pa
import pytest

from curate.harm import SECTIONS, hatecheck
from curate.harm.sets import MissingSetError

HATE = [
    {"text": "Muslims are vermin.", "lang": "en", "toxic": 1, "target": "Muslims", "functionality": "derog_h"},
    {"text": "Women came to the festival.", "lang": "en", "toxic": 0, "target": "women", "functionality": "ident_nh"},
    {
        "text": "Muslims came to the festival.",
        "lang": "en",
        "toxic": 0,
        "target": "Muslims",
        "functionality": "ident_nh",
    },
    {"text": "Frauen sind Ungeziefer.", "lang": "de", "toxic": 1, "target": "Frauen", "functionality": "derog_h"},
    {"text": "Der Regen hört auf.", "lang": "de", "toxic": 0, "target": None, "functionality": "nh"},
]


def packed(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.output_stream(path, compression="zstd") as stream:
        stream.write(text.encode())


def jsonl(path, rows):
    packed(path, "".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def data(tmp_path):
    jsonl(tmp_path / "tox_hatecheck/norm.jsonl.zst", HATE)
    jsonl(tmp_path / "crawl_c4_sample/c4_sample.jsonl.zst", [{"text": "It rains. Again."}, {"text": "You are scum."}])
    jsonl(
        tmp_path / "tox_jigsaw_pieces/norm.jsonl.zst", [{"text": "Idiot!", "toxic": 1}, {"text": "Thanks.", "toxic": 0}]
    )
    rows = [
        (f"{verb} {who}", label) for verb, label in (("kill", "toxic"), ("meet", "nontoxic")) for who in ("gay", "deaf")
    ]
    table = io.StringIO()
    csv.writer(table).writerows([("phrase", "toxicity"), *rows * 60])
    packed(tmp_path / "tox_identity_templates/en_sentence_templates.csv.zst", table.getvalue())
    return tmp_path


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("hatecheck", ["| de | 1 | 100.0 %", "| derog_h |", "worst / best group kept"]),
        ("web", ["| C4, pages not looked at | 1 | 100.0 %", "MB a second"]),
        ("toxic_sets", ["| 1.000 [0.500, 1.000] | 100.0 %", "Left out: tox_olid/norm.jsonl.zst is not"]),
        ("templates", ["| en | 240 | 2 | 1.000"]),
    ],
)
def test_a_section_has_its_figures(data, section, expected):
    made = SECTIONS[section](data)

    assert made.startswith("## ")
    for piece in expected:
        assert piece in made


@pytest.mark.parametrize("section", ["hatecheck", "web", "toxic_sets", "templates"])
def test_without_its_set_a_section_is_left_out(tmp_path, section):
    with pytest.raises(MissingSetError):
        SECTIONS[section](tmp_path)


def test_cases_that_differ_in_the_group_alone_are_on_the_same_side():
    texts = ["All Muslims sing.", "All women sing.", "All disabled people sing."]

    assert len({hatecheck.looked_at(text) for text in texts}) == 1
