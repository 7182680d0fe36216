"""Quality is what a trained model says of a text on one line; shares of the corpus become scores on the pilot."""

import tomllib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from curate import Options, run
from curate.classifier.model import Classifier, lines
from curate.errors import AssetError
from curate.explanation import explained
from curate.recipe import Recipe
from curate.shards import read_json
from curate.stages.quality import Quality
from curate.testing import batch, signals, verdict
from tests.conftest import build, document, write_jsonl
from tests.tiny_models import quality_model, settings

SPAM = "buy cheap item 5 now sale cart price 35 click here free shipping"
unicode = st.text(st.characters(exclude_categories=("Cs",)), max_size=80)


def stage(**fields):
    return Quality(model=quality_model(), **fields)


@pytest.mark.parametrize(
    ("text", "fields", "reason"),
    [
        (document(1), {"score": {"min": 0.5}}, None),
        (SPAM, {"score": {"min": 0.5}}, "quality.score.min"),
        (SPAM, {"score": {"min": 0.5}, "positive": "cc"}, None),
        (document(1), {"score": {"min": 0.5}, "positive": "__label__cc"}, "quality.score.min"),
        (document(1), {"score": {"max": 0.5}}, "quality.score.max"),
        (f"{SPAM}\n{document(1)}", {"score": {"min": 0.5}, "window": len(SPAM)}, "quality.score.min"),
        (SPAM, {}, None),
        ("", {}, None),
    ],
)
def test_a_text_is_kept_or_dropped_by_the_probability_of_the_good_label(text, fields, reason):
    assert verdict(stage(**fields), text) == reason


def test_the_score_is_the_model_s_to_four_places():
    import fasttext

    text = document(3)
    model = fasttext.load_model(str(quality_model()))

    labels, shares = model.predict(" ".join(text.split("\n")), k=2)

    expected = dict(zip(labels, shares, strict=True))["__label__hq"]
    assert signals(stage(), text) == {"score": round(min(1.0, expected), 4), "bucket": None, "broken": 0}


@pytest.mark.parametrize(
    ("score", "bucket"), [(0.9, "head"), (0.6, "head"), (0.59, "middle"), (0.2, "middle"), (0.1, "tail")]
)
def test_a_bound_belongs_to_the_better_bucket(score, bucket):
    from curate.cuts import Buckets

    assert Buckets(head=0.6, middle=0.2).named(np.array([score])).to_pylist() == [bucket]


def test_buckets_by_scores_mark_and_drop_nothing():
    buckets = stage(bucket_scores={"head": 0.9, "middle": 0.5})

    assert signals(buckets, document(1))["bucket"] == "head"
    assert signals(buckets, SPAM)["bucket"] == "tail"
    assert verdict(buckets, SPAM) is None


def test_a_missing_text_has_a_score_and_breaks_nothing_by_default():
    rows = batch("a", text=[None])

    column = stage().column(rows)

    assert column.field("score").null_count == 0
    assert stage().verdicts(column).tolist() == [-1]


@given(unicode)
def test_what_fasttext_reads_is_one_line_without_its_own_words(text):
    made = lines(pa.array([f"{text}</s>__label__hq\r\n{text}\u2028x"], pa.string()))[0]

    assert "</s>" not in made
    assert "__label__" not in made
    assert not {"\n", "\r"} & set(made)
    assert 0 <= Classifier(quality_model()).scores([made])[0] <= 1


def test_text_behind_an_end_of_sentence_token_counts():
    hidden, plain = f"{document(1)} </s> {SPAM}", f"{document(1)} < /s> {SPAM}"

    assert signals(stage(), hidden) == signals(stage(), plain) != signals(stage(), document(1))


def test_a_label_in_a_text_is_a_word():
    assert signals(stage(), f"{SPAM} __label__hq")["score"] < 0.5


def test_without_a_model_it_says_what_it_needs_and_how_to_get_it(tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", ["text"])

    with pytest.raises(AssetError, match=r"quality.model: needs model: .*curate classifier train"):
        run(build({"use": "quality"}), [source], tmp_path / "out", options=Options(workers=1))


def test_a_recipe_that_leaves_the_model_to_the_user_is_explained_without_it():
    told = explained(Recipe.load("dclm-baseline"))

    assert told.startswith("# quality.model: needs model: ")
    assert "model" not in tomllib.loads(told)["stage"][-1]
    assert not explained(Recipe.load("dclm-baseline", settings("dclm-baseline"))).startswith("#")


def test_the_hint_sets_the_stage_by_the_name_it_has():
    told = explained(Recipe.load("dolma")).splitlines()

    assert [line.rpartition("--set ")[2] for line in told[:2]] == ["hatespeech.model=FILE", "nsfw.model=FILE"]


def test_a_setting_takes_back_the_share_that_a_recipe_asks_for():
    recipe = Recipe.load("dclm-baseline", ["quality.keep_ratio=none", "quality.score.min=0.018112"])

    assert recipe.stages[-1].keep_ratio is None
    assert recipe.stages[-1].score.min == 0.018112


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"no model", "is no fastText model"), (b"", "is no fastText model"), (None, "no such file|No such file")],
)
def test_a_file_that_is_no_model_is_told_in_one_line(content, message, tmp_path):
    if content is not None:
        (tmp_path / "m.bin").write_bytes(content)

    with pytest.raises(AssetError, match=message) as caught:
        build({"use": "quality", "model": str(tmp_path / "m.bin")}).prepare()
    assert "\n" not in str(caught.value)


def test_a_label_that_the_model_does_not_know_is_an_error_that_names_its_own():
    with pytest.raises(AssetError, match="knows no label 'good'; its labels are cc, hq"):
        stage(positive="good").prepare()


@pytest.mark.parametrize(
    "fields",
    [
        {"keep_ratio": 0.1, "score": {"min": 0.5}},
        {"keep_ratio": 0.1, "score": {"max": 0.5}},
        {"keep_ratio": 0},
        {"keep_ratio": 1.1},
        {"bucket_ratios": {"head": 0.6, "middle": 0.3}},
        {"bucket_ratios": {"head": 0, "middle": 0.3}},
        {"bucket_scores": {"head": 0.3, "middle": 0.6}},
        {"bucket_scores": {"head": 0.6, "middle": 0.3}, "bucket_ratios": {"head": 0.3, "middle": 0.6}},
        {"bucket_ratios": {"head": 0.3}},
        {"window": 0},
        {"by_language": {"ko": {"keep_ratio": 0.1}}},
    ],
)
def test_fields_that_contradict_each_other_are_refused(fields):
    with pytest.raises(ValidationError):
        Quality(**fields)


@pytest.fixture
def mixed(tmp_path):
    """200 texts from all good to all bad, each with its own score."""
    texts = [" ".join(document(i, 6).split()[: 2 + i % 60] + SPAM.split() * (1 + i // 40)) for i in range(200)]
    return write_jsonl(tmp_path / "in.jsonl", texts)


def scores(folder, part="documents"):
    columns = [pq.read_table(file).column("quality") for file in sorted((folder / part).rglob("*.parquet"))]
    return [row for column in columns for row in column.to_pylist()]


def test_the_best_tenth_is_kept_and_the_rest_keeps_its_score(mixed, tmp_path):
    recipe = build({"use": "quality", "model": str(quality_model()), "keep_ratio": 0.1})

    result = run(recipe, [mixed], tmp_path / "out", options=Options(workers=1))

    cut = read_json(tmp_path / "out" / "manifest.json")["cuts"]["quality"]
    kept, dropped = (
        [row["score"] for row in scores(tmp_path / "out", part)] for part in ("documents", "dropped/quality")
    )
    assert abs(result.report.output.documents - 20) <= 2
    assert min(kept) == cut["fields"]["score"]["min"] > max(dropped)
    assert cut["documents"] == 200 == len(kept) + len(dropped)
    assert cut["shares"]["kept"]["share"] == len(kept) / 200
    assert list(result.report.stages[-1].dropped) == ["quality.score.min"]


def test_buckets_by_shares_are_as_large_as_was_asked(mixed, tmp_path):
    fields = {"model": str(quality_model()), "bucket_ratios": {"head": 0.3, "middle": 0.6}}

    run(build({"use": "quality", **fields}), [mixed], tmp_path / "out", options=Options(workers=1))

    found = [row["bucket"] for row in scores(tmp_path / "out")]
    assert len(found) == 200
    assert abs(found.count("head") - 60) <= 4
    assert abs(found.count("middle") - 60) <= 8
    shares = read_json(tmp_path / "out" / "manifest.json")["cuts"]["quality"]["shares"]
    assert shares["tail"]["share"] == found.count("tail") / 200


def test_a_flagging_stage_marks_what_is_not_of_the_best(mixed, tmp_path):
    recipe = build({"use": "quality", "model": str(quality_model()), "keep_ratio": 0.1, "act": "flag"})

    result = run(recipe, [mixed], tmp_path / "out", options=Options(workers=1))

    assert result.report.output.documents == 200
    assert result.report.stages[-1].flagged["quality.score.min"].documents >= 178


def test_scores_are_the_same_in_any_batch():
    rows = batch(*[document(i) for i in range(20)], SPAM, "", "한국어 문장")

    whole = stage().column(rows)

    parts = [stage().column(rows.slice(i, 1)) for i in range(rows.num_rows)]
    assert pa.concat_arrays(parts).to_pylist() == whole.to_pylist()
    assert not pc.any(pc.is_nan(whole.field("score"))).as_py()


def test_nameless_the_score_does_not_go_by_the_names_of_groups():
    texts = [f"{SPAM} sold by {name} and {document(1)}" for name in ("Sikhs", "Muslim women", "gay people", "men")]

    scores = stage(nameless=True).column(batch(*texts)).field("score").to_pylist()

    assert scores == [scores[0]] * 4
    assert scores[0] == signals(stage(), f"{SPAM} sold by and {document(1)}")["score"]


def test_lists_of_names_are_part_of_the_key_where_they_decide():
    assert "lexicons/peoples/en.toml" in stage(nameless=True).identity()["data"]
    assert "data" not in stage().identity()
