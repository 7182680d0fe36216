"""The cascade as a whole: what goes to the teacher, what comes back, and what follows from it."""

import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate import Options, run
from curate.cascade.told import by_band, by_group
from curate.errors import AssetError
from curate.ops import sentence_spans
from curate.recipe import Recipe, key_of
from curate.stage import buffers
from curate.stages.toxicity import Toxicity
from curate.teacher.checkpoint import LABELS, digest
from curate.testing import batch, signals
from tests.conftest import build, document, write_jsonl
from tests.tiny_models import ABUSE
from tests.tiny_teachers import checkpoint

CALM = "The committee met on a grey morning. It talked about the harbour. Nobody minded. The repairs went on. "


class WordScreen:
    """0.9 for a sentence with "vile", 0.4 with "fool", else 0.05."""

    pass_score, alarm_score = 0.3, 0.5

    def scores(self, texts):
        found = sentence_spans.spans(*buffers(texts))
        scores = [
            self.one(texts[row].as_py(), *place) for row, *place in zip(*map(np.ndarray.tolist, found), strict=True)
        ]
        return (*found, np.array(scores, np.float32))

    def one(self, text, start, stop):
        piece = text.encode()[start:stop]
        return 0.9 if b"vile" in piece else 0.4 if b"fool" in piece else 0.05


class WordTeacher:
    """Toxicity 0.97 for "vile" or "harbour", 0.2 else; an insult with the former; writes down what it is asked."""

    labels = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")

    def __init__(self):
        self.asked = []

    def scores(self, texts):
        self.asked += texts
        made = np.full((len(texts), 6), 0.01)
        made[:, 0] = [0.97 if "vile" in text or "harbour" in text else 0.2 for text in texts]
        made[:, 4] = [0.8 if "vile" in text else 0.01 for text in texts]
        return made


def stage(taught=True, **fields):
    """A cascade whose screen and teacher go by words."""
    fields = {"sample": 0.0, **({"teacher": "unbiased", "model": "unused"} if taught else {}), **fields}
    made = Toxicity(**fields)
    made.__dict__["_screen"] = WordScreen() if made.screen else None
    made.__dict__["_teacher"] = WordTeacher() if taught else None
    return made


def asked(text, **fields):
    made = stage(**fields)
    signals(made, text)
    return made.__dict__["_teacher"].asked


def test_a_sentence_that_passes_goes_to_the_teacher_with_its_neighbours():
    assert asked("One here. Two here. You fool. Four here. Five here.") == ["Two here.", "You fool.", "Four here."]


def test_a_sentence_with_a_strong_word_goes_whatever_the_screen_says():
    assert asked("One here. Two here. What the fuck. Four here.") == ["Two here.", "What the fuck.", "Four here."]
    assert asked("One here. What a stupid idea. Three here.") == []


def test_without_a_screen_the_teacher_reads_everything():
    assert asked("One here. Two here.", screen=False) == ["One here.", "Two here."]


def test_neighbours_are_of_the_same_document():
    made = stage()
    made.measure(batch("Quiet here.", "You fool.", "Quiet there."))

    assert made.__dict__["_teacher"].asked == ["You fool."]


def test_how_much_passes_is_a_choice():
    assert asked("You fool. So vile.", passing=0.95) == []


def test_what_the_teacher_says_becomes_columns():
    found = signals(stage(), CALM * 5 + "You vile fool. " + CALM)

    assert (found["maximum"], found["taught"], found["supported"]) == (0.97, True, True)
    assert found["top3"] == round((0.97 + 0.2 + 0.2) / 3, 4)
    assert found["over_half"] == round(1 / 25, 4)
    assert found["labels"] == {**dict.fromkeys(LABELS, 0.01), "toxicity": 0.97, "insult": 0.8, "sexual_explicit": None}
    assert (found["pieces"], found["passed"], found["caught"]) == (25, 3, 1)
    assert found["band"] == "uncertain"


def test_what_it_has_not_read_is_null():
    found = signals(stage(), CALM)

    assert not found["taught"]
    assert [found[name] for name in ("maximum", "top3", "over_half")] == [None] * 3
    assert set(found["labels"].values()) == {None}
    assert (found["screen"], found["band"]) == (0.05, "clean")


@pytest.mark.parametrize(
    ("text", "band", "untaught"),
    [
        (CALM, "clean", "clean"),
        (CALM * 3 + "You fool.", "low", "clean"),
        (CALM * 5 + "You vile one.", "uncertain", "low"),
        ("You vile one. " * 2 + CALM, "toxic", "toxic"),
        ("You vile one. " * 3, "severe", "toxic"),
        ("You vile one. " * 200, "severe", "toxic"),
        ("You vile one. " * 3 + CALM * 20, "uncertain", "low"),
        ("What the fuck shit.", "uncertain", "toxic"),
    ],
)
def test_bands_with_a_teacher_and_without(text, band, untaught):
    assert signals(stage(), text)["band"] == band
    assert signals(stage(taught=False), text)["band"] == untaught


def test_thresholds_are_fields_and_change_no_scores():
    text = "You vile one. " * 2 + CALM
    usual, strict = signals(stage(), text), signals(stage(thresholds={"severe_top3": 0.6}), text)

    assert (usual["band"], strict["band"]) == ("toxic", "severe")
    assert {k: v for k, v in usual.items() if k not in ("band", "broken")} == {
        k: v for k, v in strict.items() if k not in ("band", "broken")
    }


def test_languages_that_the_teacher_does_not_know_are_not_sent_to_it():
    labels = pa.array([{"label": label} for label in ("en", "ko", "tr", None)])
    texts = ["You vile one."] * 4

    found = {}
    for teacher in ("unbiased", "multilingual"):
        made = stage(teacher=teacher)
        found[teacher] = made.column(batch(*texts, language=labels)).field("supported").to_pylist()
        assert len(made.__dict__["_teacher"].asked) == sum(found[teacher])

    assert found == {"unbiased": [True, False, False, False], "multilingual": [True, False, True, False]}
    korean = stage(teaches=["ko"]).column(batch(*texts, language=labels))
    assert korean.field("taught").to_pylist() == [False, True, False, False]


def test_a_seeded_share_of_what_was_rejected_is_read_too_and_changes_no_band():
    texts = [CALM * 10] * 40
    without, some = stage(), stage(sample=0.1)

    plain, sampled = without.column(batch(*texts)), some.column(batch(*texts))

    draws = sum(sampled.field("sampled").to_pylist())
    assert 100 < draws < 230
    assert draws == len(some.__dict__["_teacher"].asked)
    assert sum(sampled.field("missed").to_pylist()) == sum("harbour" in one for one in some.__dict__["_teacher"].asked)
    assert sampled.field("band").to_pylist() == plain.field("band").to_pylist() == ["clean"] * 40
    assert not any(sampled.field("taught").to_pylist())


def test_spans_point_at_what_was_found():
    text = "Déjà vu. You vile fool. Nothing. What the fuck! " + CALM

    def found(made):
        return [
            (text.encode()[one["start"] : one["stop"]].decode(), one["label"], round(one["score"], 2))
            for one in signals(made, text)["spans"]
        ]

    assert found(stage()) == [("You vile fool.", "insult", 0.97), ("fuck", "strong", 1)]
    assert found(stage(taught=False)) == [("You vile fool.", "screen", 0.9), ("fuck", "strong", 1)]
    assert found(stage(taught=False, screen=False)) == [("fuck", "strong", 1)]


def test_no_more_than_sixteen_spans_are_kept():
    assert len(signals(stage(), "You vile one. " * 40)["spans"]) == 16


@settings(max_examples=60)
@given(
    st.lists(
        st.text() | st.lists(st.sampled_from(["You vile fool.", "Fuck. ", "조용하다. ", "\n", "Quiet. "])).map("".join),
        min_size=1,
        max_size=6,
    ),
    st.integers(0, 6),
)
def test_any_text_reads_alike_in_any_batch(texts, cut):
    made = stage(sample=0.3)
    whole = made.column(batch(*texts)).to_pylist()
    ids = [f"test#{i}" for i in range(len(texts))]

    parts = [
        made.column(batch(*texts[part], id=ids[part])).to_pylist()
        for part in (slice(cut), slice(cut, None))
        if texts[part]
    ]

    assert [row for part in parts for row in part] == whole
    for text, row in zip(texts, whole, strict=True):
        for one in row["spans"]:
            assert text.encode()[one["start"] : one["stop"]].decode()


def test_the_report_has_sentences_by_band():
    made = stage(sample=1.0)
    columns = [made.column(batch(CALM, "You vile one. " * 3)), made.column(batch("What the fuck. " + CALM, ""))]

    rows = {row["band"]: row for row in by_band(columns)}

    assert rows["severe"] == {
        "band": "severe",
        "documents": 1,
        "taught": 1,
        "rejected": 0,
        "pieces": 3,
        "passed": 3,
        "caught": 3,
        "sampled": 0,
        "missed": 0,
    }
    assert (rows["clean"]["documents"], rows["clean"]["rejected"], rows["clean"]["missed"]) == (2, 4, 1)
    assert sum(row["documents"] for row in rows.values()) == 4


def test_the_report_has_the_screens_recall_by_group():
    made = stage(sample=1.0)
    kinds = ["sister"] * 25 + ["stranger"] * 25 + ["rare"] * 3
    texts = ["You vile one. " + CALM] * 25 + ["The committee sang. It sang well."] * 25 + ["You vile one. " + CALM] * 3
    groups = pa.array([[{"group": f"kin.{kind}", "n": 1}] for kind in kinds[:-1]] + [None])

    rows = by_group([(made.column(batch(*texts)), groups)])

    assert rows == [
        {
            "group": "kin.sister",
            "documents": 25,
            "caught": 25,
            "missed": 25,
            "sampled": 75,
            "rejected": 75,
            "recall %": 50.0,
            "from": rows[0]["from"],
            "to": rows[0]["to"],
        }
    ]
    assert 0 < rows[0]["from"] < 50 < rows[0]["to"] < 100


# --- a real checkpoint ---------------------------------------------------------------------------------


def test_a_teacher_without_a_model_says_what_to_do():
    (says,) = Toxicity(teacher="unbiased").missing()

    assert says.startswith("toxicity.model: needs model: run `curate teacher fetch unbiased`")
    assert Toxicity().missing() == []


def test_a_model_whose_kind_nobody_has_named_is_an_error():
    with pytest.raises(AssetError, match=r"toxicity\.teacher: name the teacher that it is: original, unbiased"):
        Toxicity(model=checkpoint("original")).prepare()


def test_a_language_may_have_a_teacher_of_its_own():
    own = {"teacher": "original", "model": str(checkpoint("original")), "screen": False, "teaches": ["ko"]}
    made = Toxicity(by_language={"ko": own})
    labels = pa.array([{"label": label} for label in ("en", "ko")])

    found = made.column(batch("One here.", "하나 여기.", language=labels))

    assert found.field("taught").to_pylist() == [False, True]
    with pytest.raises(AssetError, match="needs model"):
        Toxicity(by_language={"ko": {"teacher": "original"}}).measuring["ko"].prepare()


def test_a_real_checkpoint_reads_what_passes():
    made = Toxicity(teacher="original", model=checkpoint("original"), screen=False)
    made.prepare()

    found = signals(made, ABUSE[0] + ". " + document(1))

    assert found["taught"]
    assert 0 < found["maximum"] < 1
    assert found["passed"] == found["pieces"]


def test_the_weights_can_be_pinned():
    place = checkpoint("original")
    right = digest(place / "teacher.ckpt")

    Toxicity(teacher="original", model=place, digest=right[:8]).prepare()
    with pytest.raises(AssetError, match=r"toxicity\.digest: the weights in .* have " + right):
        Toxicity(teacher="original", model=place, digest="00" + right[2:]).prepare()


def test_every_file_of_a_teacher_enters_the_key_and_its_place_does_not(tmp_path):
    for name in "ab":
        shutil.copytree(checkpoint("original"), tmp_path / name)
    shutil.copytree(checkpoint("original"), tmp_path / "c")
    (tmp_path / "c" / "vocab.txt").write_text((tmp_path / "c" / "vocab.txt").read_text() + "more\n")

    keys = [key_of(Recipe.identities(build(), [Toxicity(teacher="original", model=tmp_path / name)])) for name in "abc"]

    assert keys[0] == keys[1] != keys[2]


def test_a_missing_model_is_one_line(tmp_path):
    recipe = build({"use": "toxicity", "teacher": "original", "model": str(tmp_path / "none")})

    with pytest.raises(AssetError, match=r"stage toxicity: model = .*none.*: no such file"):
        recipe.prepare()


def test_a_run_with_a_teacher_gives_the_same_bytes_with_any_workers(tmp_path):
    made = {"use": "toxicity", "teacher": "original", "model": str(checkpoint("original")), "sample": 0.2}
    recipe = build(made, ingest={"shard_bytes": 10_000})
    texts = [f"{document(i, 10)} You fucking fool number {i}." for i in range(24)]
    source = write_jsonl(tmp_path / "in.jsonl", texts)

    for workers in (1, 2):
        run(recipe, [source], tmp_path / str(workers), options=Options(workers=workers))

    manifests = [(tmp_path / str(workers) / "manifest.json").read_text() for workers in (1, 2)]
    assert manifests[0] == manifests[1]


def test_without_a_teacher_nothing_imports_torch():
    code = (
        "import sys; from curate.stages.toxicity import Toxicity; from curate.testing import verdict;"
        "s = Toxicity(); s.prepare(); verdict(s, 'kill yourself kys');"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'detoxify')))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_policy_goes_by_band_and_masks_what_the_spans_point_at(tmp_path):
    policy = {"toxicity.severe": "drop", "toxicity.toxic": "mask", "toxicity.low": {"weight": 0.5}}
    recipe = build({"use": "toxicity", "screen": False}, policy=policy)
    texts = ["kill yourself kys", "What the fuck is this shit?", CALM * 4 + "What an idiot.", CALM]

    run(recipe, [write_jsonl(tmp_path / "in.jsonl", texts)], tmp_path / "out", options=Options(workers=1))

    kept = pq.read_table(min((tmp_path / "out" / "documents").glob("*"))).to_pylist()
    assert [row["text"] for row in kept] == ["What the  is this ?", *texts[2:]]
    assert [row["weight"] for row in kept] == [1, 0.5, 1]
