import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import AssetError
from curate.stages.toxicity import Toxicity
from curate.testing import batch, signals, verdict

DATA = Path(__file__).parents[2] / "../shared/data"
STAGE = Toxicity(screen=False)
CARRIER = "the committee met on a grey morning to talk about the harbour and its repairs " * 8  # 120 words


def counts(text):
    measured = signals(STAGE, text)
    return {name: measured[name] for name in ("mild", "strong", "severe", "slurs") if measured[name]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What a stupid idea", {"mild": 1}),
        ("Fucking hell, this is bullshit!", {"strong": 2}),
        ("FUCK fu\u00adck ｆｕｃｋ", {"strong": 3}),
        ("just kill yourself", {"severe": 1}),
        ("some faggot", {"severe": 1, "slurs": 1}),
        ("You son of a bitch", {"strong": 1}),
        ("my nigga", {"mild": 1, "slurs": 1}),
        ("Scunthorpe assassins classify cocktails", {}),
        ("Moby Dick and Dick Cheney", {}),
        ("a chink in the armour, spic and span", {}),
        ("gay lesbian trans black muslim jewish disabled immigrant woman", {}),
        ("씨발 진짜", {"strong": 1}),
        ("시발점에서 만나요", {}),
        ("병신같은 새끼야", {"strong": 2}),
        ("제2차 5개년 계획", {}),
        ("영향을 미친 사람", {}),
        ("한남들 짱깨들", {"strong": 2, "slurs": 2}),
        ("한남동에 산다", {}),
        ("게이 여성 장애인 흑인 난민 조선족", {}),
        ("", {}),
    ],
)
def test_matches_are_graded(text, expected):
    assert counts(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("What the fuck", None),
        ("kill yourself", None),
        (CARRIER + "fuck shit", "toxic"),
        (CARRIER * 2 + "fuck shit", None),
        (CARRIER + "kill yourself kys", "severe"),
        (CARRIER + "stupid idiot crap damn", None),
        (CARRIER + "fag kike", "toxic"),
        ("fuck shit", "toxic"),
        ("faggot fuck", "toxic"),
        ("", None),
    ],
)
def test_verdicts(text, reason):
    assert verdict(STAGE, text) == (reason and f"toxicity.{reason}")


def test_a_single_match_is_never_flagged():
    for word in ("fuck", "faggot", "kys", "씨발", "깜둥이"):
        assert verdict(STAGE, word) is None


def test_densities_are_per_thousand_words_and_short_texts_count_as_a_hundred():
    assert signals(STAGE, "fuck this")["strong_per_1k"] == 10
    assert signals(STAGE, "fuck " + "word " * 199)["strong_per_1k"] == 5


def test_by_default_it_flags_the_two_worst_bands_and_drops_the_worst_alone():
    flags, drops = Toxicity(), Toxicity(act="drop")

    assert flags.act == "flag"
    assert verdict(flags, "fuck shit") == "toxicity.toxic"
    assert verdict(drops, "fuck shit") is None
    assert verdict(drops, "kill yourself kys") == "toxicity.severe"


def test_which_bands_go_is_a_choice():
    stage = Toxicity(act="drop", bands=["uncertain", "toxic"])

    assert verdict(stage, "kill yourself") == "toxicity.uncertain"
    assert verdict(stage, "kill yourself kys") is None
    with pytest.raises(AssetError, match=r"toxicity\.bands: there is no 'sever'; did you mean 'severe'"):
        Toxicity(bands=["sever"]).prepare()


def test_densities_can_still_be_bounded():
    assert verdict(Toxicity(mild_per_1k={"max": 5}), "what a stupid idea") == "toxicity.mild_per_1k.max"


@pytest.mark.parametrize(
    ("text", "band"),
    [
        (CARRIER, "clean"),
        (CARRIER + "what a stupid idea", "low"),
        (CARRIER + "fuck", "low"),
        ("kys", "uncertain"),
        (CARRIER * 3 + "kys", "low"),
        ("fuck shit", "toxic"),
        (CARRIER * 3 + "fuck shit", "low"),
        ("kill yourself kys", "severe"),
        ("", "clean"),
    ],
)
def test_bands_of_words_go_by_density(text, band):
    assert signals(Toxicity(screen=False), text)["band"] == band


def test_languages_are_a_choice():
    assert signals(Toxicity(languages=["en"]), "씨발 fuck")["strong"] == 1


def test_the_lists_of_a_texts_own_language_apply_where_it_is_known():
    labels = pa.array([{"label": label} for label in ("en", "sv", "ko", None)])
    texts = ["slut retard", "slut på filmen", "씨발 slut", "slut"]

    measured = STAGE.measure(batch(*texts, language=labels))

    assert measured["strong"].to_pylist() == [2, None, 1, None]
    assert measured["strong_per_1k"].to_pylist() == [20, None, 10, None]
    assert STAGE.measure(batch(*texts))["strong"].to_pylist() == [2, 1, 2, 1]


def test_a_column_that_only_happens_to_be_called_language_is_no_label():
    assert STAGE.measure(batch("slut", language=["sv"]))["strong"].to_pylist() == [1]


def test_an_unknown_language_is_an_error():
    with pytest.raises(AssetError, match=r"toxicity\.languages: no list for 'xx'; there are en, ko"):
        Toxicity(languages=["xx"]).prepare()


def test_a_list_of_ones_own_replaces_the_projects(tmp_path):
    (tmp_path / "own.toml").write_text('mild = ["turnip*"]\nsevere = ["cabbage"]\nallow = ["turnip tops"]\n')
    stage = Toxicity(lexicon=tmp_path / "own.toml")

    measured = signals(stage, "turnips, turnip tops, cabbage; fuck")

    assert (measured["mild"], measured["strong"], measured["severe"]) == (1, 0, 1)


@pytest.mark.parametrize("content", ["mild = 3", "mild = [3]", 'mild = ["*"]', "not toml", b"\xff\xfe"])
def test_a_bad_list_is_an_error(tmp_path, content):
    (tmp_path / "own.toml").write_bytes(content if isinstance(content, bytes) else content.encode())

    with pytest.raises(AssetError, match=r"toxicity\.lexicon"):
        Toxicity(lexicon=tmp_path / "own.toml").prepare()


def test_a_missing_list_is_an_error():
    with pytest.raises(AssetError, match=r"toxicity\.lexicon: cannot read absent"):
        Toxicity(lexicon="absent").prepare()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text() | st.text("fuck shit씨발\0🙂\u202e "), min_size=1, max_size=6), st.integers(0, 6))
def test_any_text_is_measured_alike_in_any_batch(texts, cut):
    whole = STAGE.column(batch(*texts)).to_pylist()

    parts = [STAGE.column(batch(*part)).to_pylist() for part in (texts[:cut], texts[cut:]) if part]

    assert [row for part in parts for row in part] == whole
    assert STAGE.column(batch("x", *texts, None).slice(1, len(texts))).to_pylist() == whole


def flag_rate(texts):
    broken = [STAGE.verdicts(STAGE.column(batch(*texts[i : i + 1000]))) for i in range(0, len(texts), 1000)]
    return sum(int((part >= 0).sum()) for part in broken) / len(texts)


def rows(path):
    with pa.input_stream(DATA / path, compression="zstd") as stream:
        return [json.loads(line) for line in stream.read().decode().splitlines()]


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
@pytest.mark.parametrize("path", ["crawl_c4_sample/c4_sample.jsonl.zst", "text_wikipedia/ko.jsonl.zst"])
def test_hardly_any_ordinary_page_is_flagged(path):
    assert flag_rate([row["text"] for row in rows(path)]) < 0.005


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_severely_toxic_comments_are_flagged_far_more_often_than_harmless_ones():
    comments = rows("tox_jigsaw_pieces/norm.jsonl.zst")

    severe = flag_rate([row["text"] for row in comments if row["labels"]["severe_toxic"]])
    harmless = flag_rate([row["text"] for row in comments if not any(row["labels"].values())])

    assert severe > 0.5
    assert harmless < 0.005


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_no_neutral_or_positive_mention_of_a_group_counts():
    benign = [row["text"] for row in rows("tox_hatecheck/norm.jsonl.zst") if row["functionality"].startswith("ident_")]

    measured = STAGE.measure(batch(*benign))

    assert len(benign) > 300
    assert sum(sum(measured[name].to_pylist()) for name in ("strong", "severe", "slurs")) == 0
