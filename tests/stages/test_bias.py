from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from curate.errors import AssetError
from curate.stages.bias import Bias
from curate.testing import batch, signals, verdict

DATA = Path(__file__).parents[2] / "../shared/data"
STAGE = Bias()


def groups(text):
    return {entry["group"]: entry["n"] for entry in signals(STAGE, text)["groups"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A woman and two men", {"gender.women": 1, "gender.men": 1}),
        (
            "Muslims, Jews and Christians; a Muslim",
            {"religion.muslims": 2, "religion.jews": 1, "religion.christians": 1},
        ),
        ("black voters", {"race.black": 1}),
        ("black women", {"race.black": 1, "gender.women": 1}),
        ("old men", {"age.older": 1, "gender.men": 1}),
        ("blind students", {"disability.blind": 1}),
        ("Gay and bisexual teenagers", {"orientation.gay": 1, "orientation.bisexual": 1, "age.youth": 1}),
        ("trans people", {"gender.trans": 1}),
        ("people of colour", {"race.people_of_color": 1}),
        ("African-American families", {"race.black": 1}),
        ("a Polish plumber polished it", {"nationality.polish": 1}),
        ("undocumented immigrants and refugees", {"migration.immigrants": 1, "migration.refugees": 1}),
        ("the homeless", {"social_class.homeless": 1}),
        ("girls", {"gender.women": 1, "age.children": 1}),
        ("two Frenchwomen and some Englishmen", {"nationality.french": 1, "nationality.english": 1}),
        ("French fries, a German shepherd and the White House", {}),
        ("Gaylord Germanic manifold womanizer", {}),
        ("여성들에게는", {"gender.women": 1}),
        ("장애인이 흑인과", {"disability.disabled": 1, "race.black": 1}),
        ("미국인입니다", {"nationality.american": 1}),
        ("무슬림들은 난민이었다", {"religion.muslims": 1, "migration.refugees": 1}),
        ("게이머와 게이트, 여성복, 소녀시대", {}),
        ("아이폰과 아이돌", {}),
        ("아이들이", {"age.children": 1}),
        ("", {}),
    ],
)
def test_groups_that_are_mentioned(text, expected):
    assert groups(text) == expected


@pytest.mark.parametrize(
    ("text", "ambiguous"),
    [
        ("a black car", 1),
        ("the old white straight edge", 3),
        ("black people", 0),
        ("trans fat in poor blind alleys", 3),
        ("부인했다", 0),
    ],
)
def test_ambiguous_terms_are_counted_apart(text, ambiguous):
    measured = signals(STAGE, text)

    assert measured["ambiguous"] == ambiguous
    assert "race.white" not in groups(text)


def test_axes_sum_their_groups():
    measured = signals(STAGE, "Two Germans, a Korean, one Catholic and a Hindu")

    assert (measured["nationality"], measured["religion"], measured["gender"]) == (2, 2, 0)


def test_the_density_is_mentions_per_thousand_words():
    assert signals(STAGE, "women and men vote")["mentions_per_1k"] == 500


@pytest.mark.parametrize(
    ("text", "masculine", "feminine", "neutral"),
    [
        ("He said his dog bit him himself", 4, 0, 0),
        ("She's sure it is hers, not HER sister's", 0, 3, 0),
        ("they lost their keys", 0, 0, 2),
        ("the theme of this history", 0, 0, 0),
        ("그는 그녀를 그들에게 그 책을", 1, 1, 1),
        ("그것은 그런데", 0, 0, 0),
    ],
)
def test_pronouns(text, masculine, feminine, neutral):
    measured = signals(STAGE, text)

    assert (measured["masculine"], measured["feminine"], measured["neutral"]) == (masculine, feminine, neutral)


@pytest.mark.parametrize(
    ("text", "skew"), [("", 0), ("he", 1 / 3), ("she she", -1 / 2), ("he she", 0), ("they them", 0), ("he " * 18, 0.9)]
)
def test_gender_skew_needs_evidence(text, skew):
    assert signals(STAGE, text)["gender_skew"] == pytest.approx(skew)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("he " * 18, None),
        ("he " * 19, "bias.gender_skew.max"),
        ("she " * 40 + "he", "bias.gender_skew.min"),
        ("she he " * 30, None),
        ("women " * 50, None),
    ],
)
def test_verdicts(text, reason):
    assert verdict(STAGE, text) == reason


def test_density_can_be_bounded_by_choice():
    assert verdict(Bias(mentions_per_1k={"max": 100}), "women women women") == "bias.mentions_per_1k.max"


def test_it_never_drops():
    assert STAGE.act == "flag"
    with pytest.raises(ValidationError, match="bias stages only flag, they never drop"):
        Bias(act="drop")


def test_the_terms_of_a_texts_own_language_count_where_it_is_known():
    labels = pa.array([{"label": label} for label in ("en", "fr", "ko", None)])
    texts = ["his son, he said", "son homme", "여성 son", "son"]

    measured = STAGE.measure(batch(*texts, language=labels))

    assert measured["gender"].to_pylist() == [1, None, 1, None]
    assert measured["gender_skew"].to_pylist() == [0.5, None, 0, None]
    assert [None if row is None else len(row) for row in measured["groups"].to_pylist()] == [1, None, 1, None]
    assert STAGE.measure(batch(*texts))["gender"].to_pylist() == [1, 1, 2, 1]


def test_an_unknown_language_is_an_error():
    with pytest.raises(AssetError, match=r"bias\.languages: no identity terms for 'xx'; there are en, ko"):
        Bias(languages=["xx"]).prepare()


def test_languages_are_a_choice():
    assert signals(Bias(languages=["ko"]), "women 여성")["gender"] == 1
    assert signals(Bias(languages=["ko"]), "he she 그녀")["feminine"] == 1


def test_the_groups_column_has_one_type_whatever_the_batch():
    empty, full = STAGE.column(batch("")), STAGE.column(batch("women", None, "x"))

    assert empty.type == full.type
    assert full.field("groups").type == pa.list_(pa.struct([("group", pa.string()), ("n", pa.int32())]))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text()
        | st.lists(st.sampled_from(["he", "she", "women", "black", "여성들", "\0", "🙂", "\u202e", "old men"])).map(
            " ".join
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 6),
)
def test_any_text_is_measured_alike_in_any_batch(texts, cut):
    whole = STAGE.column(batch(*texts)).to_pylist()

    parts = [STAGE.column(batch(*part)).to_pylist() for part in (texts[:cut], texts[cut:]) if part]

    assert [row for part in parts for row in part] == whole
    assert STAGE.column(batch("x", *texts, None).slice(1, len(texts))).to_pylist() == whole
    assert all(-1 < row["gender_skew"] < 1 for row in whole)


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_winogenders_pronouns_are_counted_exactly():
    with pa.input_stream(DATA / "bias_winogender/all_sentences.tsv.zst", compression="zstd") as stream:
        lines = [line.split("\t") for line in stream.read().decode().splitlines()[1:]]

    measured = STAGE.measure(batch(*[sentence for _, sentence in lines]))

    found = list(zip(*(measured[name].to_pylist() for name in ("masculine", "feminine", "neutral")), strict=True))
    wanted = {"male": (1, 0, 0), "female": (0, 1, 0), "neutral": (0, 0, 1)}
    assert found == [wanted[name.split(".")[3]] for name, _ in lines]


def test_the_region_of_a_pages_site_is_told():
    assert signals(STAGE, "x", url="https://example.co.ke/")["region"] == "eastern_africa"
    assert signals(STAGE, "x", url="https://example.com/")["region"] is None
    assert signals(STAGE, "x")["region"] is None


def test_generic_statements_are_flagged_with_their_place():
    text = "It rains. Swedes are generally very shy."

    assert verdict(STAGE, text) == "bias.strict.max"
    measured = signals(STAGE, text)
    assert (measured["strict"], measured["loose"]) == (1, 0)
    (span,) = measured["spans"]
    assert text[span["start"] : span["stop"]] == "Swedes are generally very shy"
    assert (span["label"], span["group"], span["trait"]) == ("strict", "nationality.swedish", "shy")
    assert span["score"] == pytest.approx(measured["stereotype"])
    assert measured["near"] == [{"group": "nationality.swedish", "trait": "shy", "n": 1}]


def test_what_is_denied_is_no_flag():
    assert verdict(STAGE, "Swedes are not shy") is None
    assert verdict(STAGE, "Some Swedes are shy") is None
    assert verdict(Bias(loose={"max": 0}), "Some Swedes are shy") == "bias.loose.max"


def test_the_score_can_be_bounded_by_choice():
    assert verdict(Bias(strict="off", stereotype={"max": 0.3}), "Swedes are lazy, cold people") == "bias.stereotype.max"
    assert verdict(Bias(strict="off", stereotype={"max": 0.3}), "Two Swedes won") is None


def test_texts_in_languages_without_lists_or_model_have_no_such_signals():
    labels = pa.array([{"label": label} for label in ("en", "fr", "ko", "xx", None)])
    texts = ["Swedes are shy", "Les Suédois sont timides", "한국인은 친절하다", "Swedes are shy", "Swedes are shy"]

    measured = STAGE.measure(batch(*texts, language=labels))

    assert measured["strict"].to_pylist() == [1, None, 1, None, None]
    assert [row is None for row in measured["spans"].to_pylist()] == [False, True, False, True, True]
    assert [row is None for row in measured["stereotype"].to_pylist()] == [False, False, True, True, True]
    assert measured["stereotype"][1].as_py() > 0.1


def test_a_run_tells_which_traits_stand_near_whom():
    texts = ["Swedes are shy", "Danes are proud", "Finns are shy and proud"]
    column = STAGE.column(batch(*(texts[:2] * 400 + texts[2:] * 50)))

    told = STAGE.tell([column, column])

    assert told[0]["near"] in {"nationality.swedish × shy", "nationality.danish × proud"}
    assert told[0]["n"] == 800
    assert {tuple(row) for row in told} == {("near", "n", "z")}
    assert STAGE.tell([STAGE.column(batch("x"))]) == []


def test_a_run_tells_how_much_is_said_of_whom_per_thousand_documents():
    texts = ["Swedes are shy. Danes are not proud."] * 30 + ["A Swede and a Dane sing."] * 20 + ["Finns are shy."] * 3
    column = STAGE.column(batch(*texts))

    told = STAGE.tell_groups([(column, column.field("groups"))] * 2)

    assert told == [
        {"group": "nationality.swedish", "documents": 100, "strict": 60, "per 1,000": 600.0},
        {"group": "nationality.danish", "documents": 100, "strict": 0, "per 1,000": 0.0},
    ]


def test_strict_statements_can_be_masked():
    from curate.stages.mask import Mask

    text = "Так. Swedes are very shy. Some Danes are rude."
    marked = batch(text)
    marked = marked.append_column("bias", STAGE.column(marked))

    assert Mask(of="bias", labels=("strict",), placeholder="…").rewrite(marked).text.to_pylist() == [
        "Так. …. Some Danes are rude."
    ]
