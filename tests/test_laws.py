"""The laws of the house, over every stage and every recipe that come with it."""

import hashlib
import random
from pathlib import Path
from typing import get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import BaseModel

from curate import Options, run
from curate.cuts import Buckets
from curate.recipe import Recipe, digest, key_of
from curate.recipe_file import find
from curate.stage import Barrier, Filter, OneOf, Range, Rewrite
from curate.stages import STAGES, stage_class
from curate.stages.korean import ENDINGS
from curate.stages.mask import SPANS
from curate.testing import batch
from curate.validate import problems
from tests.conftest import build, document, write_jsonl
from tests.tiny_models import needed, settings

ROOT = Path(__file__).parents[1]
RECIPES = sorted(path.stem for path in (ROOT / "pipelines").glob("*.toml") if "[[stage]]" in path.read_text("utf-8"))

TEXTS = [
    *[document(seed) for seed in range(12)],
    "",
    " ",
    "\n\n",
    "word",
    "\x00 null \x00",
    "한국어 문장은 띄어쓰기를 합니다. 그리고 조사가 붙습니다.",
    "日本語の文章には空白がありません。",
    "Ελληνικά και 中文 and العربية in one line…",
    "👩‍👩‍👧‍👦 e\u0301 \u202e reversed \ufeff \U0010ffff",
    "same line\n" * 40,
    "a" * 5000,
    "<html><body><p>Markup with a paragraph of text.</p></body></html>",
    "She said that he and they were women, men, Muslims, Koreans and nurses; damn it.",
]


def instance(use):
    return stage_class(use).model_validate(needed(use))


def spoken(use):
    """A filter that drops Korean and Greek by rules of their own, and measures Korean by other fields where it can."""
    cls = stage_class(use)
    rules = [name for name, info in cls.model_fields.items() if isinstance(info.default, Range)]
    korean = {rules[0]: {"min": 10.0**9, "max": "none"}}
    measures = {"gopher": {"stop_list": ["이", "-는"]}, "fineweb": {"short_line_length": 5}, "repetition": PUNCTUATION}
    tables = {"ko": {**korean, **measures.get(use, {})}, "el": {rules[-1]: {"min": "none", "max": -1}}}
    return cls.model_validate({**needed(use), "by_language": tables})


PUNCTUATION = {"punctuation_words": True}
FILTERS = [use for use in STAGES if issubclass(stage_class(use), Filter)]


def texts():
    urls = [None, "http://a.example/x?y#z", "HTTP://USER@Ä.Example:80/", "not a url", "http://[::1]/", ""]
    media = ["text/html", "text/plain", None]
    rows = batch(
        *TEXTS,
        url=[urls[i % len(urls)] for i in range(len(TEXTS))],
        media=[media[i % len(media)] if "<html" not in text else "text/html" for i, text in enumerate(TEXTS)],
    )
    labels = [("en", "ko", "el", None, "und")[i % 5] for i in range(len(TEXTS))]
    language = pa.StructArray.from_arrays([pa.array(labels), pa.array([0.9] * len(labels))], ["label", "score"])
    rows = rows.append_column("language", language)
    spans = [
        [{"start": 0, "stop": 1, "label": "a", "score": 1.0}] if text and text.isascii() else None for text in TEXTS
    ]
    rows = rows.append_column("marked", pa.StructArray.from_arrays([pa.array(spans, SPANS)], ["spans"]))
    corrected = instance("refinedweb_lines")
    return rows.append_column(corrected.name, corrected.struct(corrected.rewrite(rows), rows.num_rows))


def measured(stage, rows):
    """What a stage makes of a batch, as one table."""
    if isinstance(stage, Filter):
        return pa.table({"column": stage.column(rows)})
    if isinstance(stage, Rewrite):
        edited = stage.rewrite(rows)
        struct = stage.struct(edited, rows.num_rows)
        errors = [str(edited.errors.get(row)) for row in range(rows.num_rows)]
        columns = {"text": edited.text, "errors": pa.array(errors, pa.string())}
        return pa.table(columns if struct is None else {**columns, "column": struct})
    return pa.Table.from_batches([stage.sketch(rows)])


@pytest.mark.parametrize("use", STAGES)
def test_any_split_into_batches_measures_the_same(use):
    stage, whole = instance(use), texts()

    for size in (1, 3, 10):
        parts = [measured(stage, whole.slice(start, size)) for start in range(0, whole.num_rows, size)]
        assert pa.concat_tables(parts).combine_chunks().to_pydict() == measured(stage, whole).to_pydict()


@pytest.mark.parametrize("use", STAGES)
def test_an_empty_batch_has_the_schema_of_a_full_one(use):
    stage, whole = instance(use), texts()

    assert measured(stage, whole.slice(0, 0)).schema == measured(stage, whole).schema


@pytest.mark.parametrize("use", STAGES)
def test_the_order_of_rows_changes_nothing_but_their_order(use):
    stage, whole = instance(use), texts()
    order = list(range(whole.num_rows))
    random.Random(1).shuffle(order)

    shuffled = measured(stage, whole.take(pa.array(order)))

    assert shuffled.to_pydict() == measured(stage, whole).take(order).to_pydict()


@pytest.mark.parametrize("use", FILTERS)
def test_a_filter_measures_and_judges_every_document_as_the_filter_of_its_language_alone_would(use):
    stage, whole = spoken(use), texts()
    column = stage.column(whole)

    named = whole.column("language").field("label") if use != "language" else column.field("label")
    alone = [
        stage.variants.get(label, instance(use)).column(whole.slice(row, 1))[0].as_py()
        for row, label in enumerate(named.to_pylist())
    ]

    assert column.to_pylist() == alone
    assert column.type == instance(use).column(whole).type
    assert len(set(column.field("broken").to_pylist())) > 1


@pytest.mark.parametrize("use", FILTERS)
def test_a_filter_by_language_measures_the_same_in_any_split_order_or_empty_batch(use):
    stage, whole = spoken(use), texts()
    column = stage.column(whole)
    order = list(range(whole.num_rows))
    random.Random(3).shuffle(order)

    parts = [stage.column(whole.slice(start, 3)) for start in range(0, whole.num_rows, 3)]

    assert pa.concat_arrays(parts).to_pylist() == column.to_pylist()
    assert stage.column(whole.take(pa.array(order))).to_pylist() == column.take(pa.array(order)).to_pylist()
    assert stage.column(whole.slice(0, 0)).type == column.type


@pytest.mark.parametrize("use", FILTERS)
def test_no_rule_changes_what_a_filter_measures(use):
    cls, whole = stage_class(use), texts()
    rules = [name for name, info in cls.model_fields.items() if isinstance(info.default, Range)]

    strict = cls.model_validate({**needed(use), **{rule: {"min": 7.5, "max": 7.5} for rule in rules}})

    assert strict.measured(whole).to_pylist() == instance(use).measured(whole).to_pylist()


@pytest.mark.parametrize("use", FILTERS)
def test_every_rule_bounds_a_signal_and_no_signal_is_nan(use):
    stage = instance(use)

    column = stage.column(texts())

    names = {field.name for field in column.type}
    assert {rule.signal for rule in stage.rules} <= names
    for field in column.type:
        if pa.types.is_floating(field.type):
            assert not np.isnan(np.asarray(column.field(field.name).drop_null())).any()


def leaves(annotation):
    """The types that an annotation is made of."""
    return {annotation}.union(*(leaves(part) for part in get_args(annotation)))


SOME = {float: 0.5, int: 7, Buckets: {"head": 0.5, "middle": 0.5}}
"""A value for a field that has none by default, by its type."""


NAMED = {"longest": "newest", "": "source"}
"""Names among which a field chooses → another one."""


def another(value, annotation, folder):
    """A valid value that differs."""
    if isinstance(value, BaseModel) and not isinstance(value, OneOf):
        return {"min": -7.5, "max": 10.0**9} if isinstance(value, Range) else {next(iter(value))[0]: 0.75}
    if isinstance(value, OneOf):
        return ["ko"] if value.root != frozenset({"ko"}) else ["en"]
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 0.99 or 0.5
    if value is None and leaves(annotation) & SOME.keys():
        return next(some for kind, some in SOME.items() if kind in leaves(annotation))
    if isinstance(value, tuple) and "Path" not in str(annotation):
        closed = any(isinstance(leaf, str) for leaf in leaves(annotation))
        return value[1:] if closed else (*value, "zzz")
    literals = [v for v in get_args(annotation) if isinstance(v, str) and v != value]
    if literals:
        return literals[0]
    if isinstance(value, str):
        return NAMED.get(value) or value + ("흥" if value.endswith(ENDINGS[-1]) else "*")
    made = folder / "asset.txt"
    made.write_text("example.org\n")
    return (str(made),) if isinstance(value, tuple) else str(made)


@pytest.mark.parametrize("use", STAGES)
def test_every_semantic_field_changes_the_key(use, tmp_path):
    cls = stage_class(use)
    stage = instance(use)
    before = key_of(Recipe.identities(build(), [stage]))
    (tmp_path / "manifest.json").write_text("of an earlier run")
    folders = {"against": [str(tmp_path)]}

    for name, info in cls.model_fields.items():
        if name == "act" and len(get_args(info.annotation)) == 1:
            continue
        value = (
            spoken(use).by_language
            if name == "by_language"
            else folders.get(name) or another(getattr(stage, name), info.annotation, tmp_path)
        )
        changed = cls.model_validate({**needed(use), name: value})
        assert key_of(Recipe.identities(build(), [changed])) != before, name


def test_the_contents_of_a_file_change_the_key_and_its_place_does_not(tmp_path):
    for name, text in (("a", "one.example"), ("b", "one.example"), ("c", "two.example")):
        (tmp_path / name).write_text(text)
    cls = stage_class("url")

    keys = [key_of(build().identities([cls(domains=tmp_path / name)])) for name in "abc"]

    assert keys[0] == keys[1] != keys[2]
    assert digest(tmp_path / "a") == digest(tmp_path / "b")


@pytest.mark.parametrize("use", STAGES)
def test_every_stage_has_a_docstring_a_test_file_and_a_row_in_the_readme(use):
    cls = stage_class(use)

    assert cls.__doc__
    assert len(cls.__doc__) > 80
    assert (ROOT / "tests" / "stages" / f"test_{use}.py").is_file()
    assert f"| `{use}` |" in (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """200 documents of every kind that the recipes meet."""
    folder = tmp_path_factory.mktemp("pages")
    texts_ = [document(i) for i in range(150)] + [t for t in TEXTS if t] + [document(3), document(4)]
    texts_ += [
        f"<html><head><title>{i}</title></head><body><p>{document(500 + i)}</p></body></html>" for i in range(25)
    ]
    write_jsonl(folder / "pages.jsonl", texts_)
    return folder / "pages.jsonl"


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_runs_and_conserves_mass(name, pages, tmp_path):
    recipe = Recipe.load(name, ["tokens.vocabulary=1024", *settings(name)])

    result = run(recipe, [pages], tmp_path / "out", options=Options(workers=1))

    result.report.balance()
    assert list(problems(tmp_path / "out")) == []
    assert result.report.input.documents > 190


def test_what_a_recipe_kept_it_keeps_again(pages, tmp_path):
    recipe = Recipe.load("web-any", ["tokens.vocabulary=1024"])
    run(recipe, [pages], tmp_path / "first", options=Options(workers=1))
    kept = [
        row["text"]
        for f in sorted((tmp_path / "first" / "documents").glob("*"))
        for row in pq.read_table(f).to_pylist()
    ]

    again = run(recipe, [write_jsonl(tmp_path / "kept.jsonl", kept)], tmp_path / "second", options=Options(workers=1))

    assert len(kept) == again.report.output.documents == again.report.input.documents


@pytest.mark.parametrize(
    "use", [use for use in STAGES if issubclass(stage_class(use), Barrier) and use != "decontaminate"]
)
def test_deduplication_keeps_one_of_each_planted_cluster_and_all_else(use, tmp_path):
    originals = [document(seed, 30) for seed in range(40)]
    planted = [*originals, *originals[:15], *originals[:5]]
    random.Random(2).shuffle(planted)
    urls = [f"http://example.org/{originals.index(text)}" for text in planted]
    fields = {"count": 2} if use == "lines" else {}
    recipe = build({"use": use, **fields}, ingest={"shard_bytes": 30_000})

    run(recipe, [write_jsonl(tmp_path / "in.jsonl", planted, url=urls)], tmp_path / "out", options=Options(workers=1))

    kept = [
        row["text"] for f in sorted((tmp_path / "out" / "documents").glob("*")) for row in pq.read_table(f).to_pylist()
    ]
    assert kept == list(dict.fromkeys(planted))


def test_near_duplicates_are_told_from_documents_that_only_share_words(tmp_path):
    base = [document(seed, 60) for seed in range(20)]
    near = [text.replace("the", "this", 1) + " One more sentence at the end of it." for text in base[:8]]
    recipe = build({"use": "minhash", "keep": "first"})

    result = run(
        recipe, [write_jsonl(tmp_path / "in.jsonl", base + near)], tmp_path / "out", options=Options(workers=1)
    )

    kept = [
        row["id"] for f in sorted((tmp_path / "out" / "documents").glob("*")) for row in pq.read_table(f).to_pylist()
    ]
    assert kept == [f"in.jsonl#{i}" for i in range(20)]
    assert result.report.stages[-1].dropped["minhash.duplicate"].documents == 8


def test_no_run_option_enters_a_key(pages, tmp_path):
    recipe = Recipe.load("demo", ["tokens.vocabulary=1024"])
    folders = []
    for number, options in enumerate([Options(workers=1), Options(workers=2, memory=2**36)]):
        run(recipe, [pages], tmp_path / str(number), options=options, limit=20)
        folders.append(sorted(path.name for path in (tmp_path / str(number) / ".work").iterdir() if path.is_dir()))

    assert folders[0] == folders[1]
    assert find("demo").is_file()


def test_the_project_s_own_word_lists_are_part_of_a_stage_s_identity():
    for use in ("toxicity", "bias", "language", "url"):
        digests = instance(use).identity()["data"].values()
        assert all(digest != hashlib.sha256(b"").hexdigest() for digest in digests), use
