import json
import pickle
import random
import re
from pathlib import Path

import fasttext
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import AssetError
from curate.lexicons import language_code
from curate.stages.language import Language
from curate.testing import batch, signals, verdict

DATA = Path(__file__).parents[2] / "../shared/data"
EMBEDDED = Language()
NOTHING = {"label": "und", "score": 0.0, "languages": None, "share": None, "broken": 0}
SENTENCES = {
    "en": "The committee published its report on the state of the harbour after three years of work.",
    "de": "Der Ausschuss veröffentlichte nach drei Jahren Arbeit seinen Bericht über den Zustand des Hafens.",
    "fr": "Après trois ans de travail, la commission a publié son rapport sur l'état du port de la ville.",
    "es": "La comisión publicó su informe sobre el estado del puerto después de tres años de trabajo.",
    "ko": "위원회는 삼 년에 걸친 작업 끝에 항구의 상태에 관한 보고서를 발표하였다.",
    "ja": "委員会は三年にわたる作業の末に、港の状態に関する報告書を発表しました。",
    "zh": "经过三年的工作，委员会发表了关于港口状况的报告，并且向公众公开了所有数据。",
    "ru": "После трёх лет работы комиссия опубликовала доклад о состоянии городского порта.",
    "ar": "بعد ثلاث سنوات من العمل نشرت اللجنة تقريرها عن حالة ميناء المدينة وأحواله.",
    "hi": "तीन वर्षों के काम के बाद समिति ने बंदरगाह की स्थिति पर अपनी रिपोर्ट प्रकाशित की।",
    "th": "หลังจากทำงานมาสามปี คณะกรรมการได้เผยแพร่รายงานเกี่ยวกับสภาพของท่าเรือ",
    "el": "Μετά από τρία χρόνια εργασίας η επιτροπή δημοσίευσε την έκθεσή της για το λιμάνι.",
}


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A small fastText model, trained here: labels in two schemes, one language in two scripts."""
    folder = tmp_path_factory.mktemp("fasttext")
    labels = {"en": "eng_Latn", "de": "deu_Latn", "ru": "rus_Cyrl", "ko": "kor_Hang", "zh": "zho_Hans"}
    lines = [f"__label__{labels[code]} {SENTENCES[code]}" for code in labels for _ in range(20)]
    lines += [f"__label__zho_Hant {SENTENCES['zh']}" for _ in range(20)]
    (folder / "train.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    trained = fasttext.train_supervised(
        str(folder / "train.txt"), dim=8, epoch=40, lr=0.5, minn=2, maxn=3, bucket=5000, thread=1, verbose=0
    )
    trained.save_model(str(folder / "model.bin"))
    return folder / "model.bin"


@pytest.mark.parametrize("code", SENTENCES)
def test_the_embedded_model_names_the_language_of_a_sentence(code):
    measured = signals(EMBEDDED, SENTENCES[code])

    assert measured["label"] == code
    assert 0.5 < measured["score"] <= 1


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({"label": ["en"]}, SENTENCES["en"], None),
        ({"label": ["en"]}, SENTENCES["ko"], "language.label"),
        ({"label": ["ko", "en"]}, SENTENCES["ko"], None),
        ({"label": []}, SENTENCES["ko"], None),
        ({"label": ["eng_Latn"], "score": {"min": 0.5}}, SENTENCES["en"], None),
        ({"score": {"min": 0.65}}, "a", "language.score.min"),
        ({"label": ["en"]}, "", "language.label"),
        ({"label": ["en"]}, "12 345 € — !", "language.label"),
        ({"label": ["und"]}, "12 345 € — !", None),
    ],
)
def test_verdicts(fields, text, reason):
    assert verdict(Language(**fields), text) == reason


def test_a_text_without_letters_is_undetermined_with_score_zero():
    for text in ("", " \n\t", "1234 / 5678", "🙂🙂🙂", "\0\0", "…—!?"):
        assert signals(EMBEDDED, text) == NOTHING


def test_a_null_text_is_undetermined():
    assert EMBEDDED.column(batch(None, SENTENCES["en"])).field("label").to_pylist() == ["und", "en"]


@pytest.mark.parametrize("label", ["__label__eng_Latn", "eng", "en", "EN", "en-GB", "en_US"])
def test_all_label_schemes_mean_one_language(label):
    assert language_code(label) == "en"
    assert Language(label=[label]) == Language(label=["en"])
    assert Language(label=[label]).identity() == Language(label=["en"]).identity()


@pytest.mark.parametrize(
    ("label", "code"),
    [
        *[
            ("zh-cn", "zh"),
            ("cmn_Hans", "zh"),
            ("zho_Hant", "zh"),
            ("arb_Arab", "ar"),
            ("nob_Latn", "no"),
            ("nb", "no"),
        ],
        *[("nno_Latn", "nn"), ("pes_Arab", "fa"), ("ger", "de"), ("iw", "he"), ("als", "gsw"), ("als_Latn", "sq")],
        *[
            ("yue_Hant", "yue"),
            ("twi_Latn", "ak"),
            ("prs_Arab", "fa"),
            ("kzj", "dtp"),
            ("ceb", "ceb"),
            ("zxx", "zxx"),
            ("xx-unknown", "xx"),
            ("", ""),
        ],
    ],
)
def test_labels_map_to_two_letter_codes_where_they_exist(label, code):
    assert language_code(label) == code


def test_a_label_that_no_model_gives_is_an_error_with_the_nearest_names():
    with pytest.raises(AssetError, match=r"language\.label: .*no language 'engl'; nearest: en, "):
        Language(label=["engl"]).prepare()


def test_a_text_in_a_script_that_no_model_knows_is_undetermined():
    for text in ("ᱥᱟᱱᱛᱟᱲᱤ ᱯᱟᱹᱨᱥᱤ ᱫᱚ", "𐎠𐎭𐎶 𐎭𐎠𐎼𐎹𐎺𐎢𐏁", "𐌰𐍄𐍄𐌰 𐌿𐌽𐍃𐌰𐍂"):
        assert signals(EMBEDDED, text) == NOTHING


def test_an_answer_less_sure_than_least_is_undetermined():
    doubtful = signals(Language(least=0), "Hi there")

    assert doubtful["label"] != "und"
    assert signals(Language(least=doubtful["score"]), "Hi there")["label"] == doubtful["label"]
    assert signals(Language(least=doubtful["score"] + 0.01), "Hi there")["label"] == "und"


@pytest.mark.parametrize("text", ["qwx zzkrv plmtq vbnxx wqrt", "asdf jkl; asdf jkl; qwer uiop", "a", "ok"])
def test_nobodys_words_have_a_low_score(text):
    assert signals(EMBEDDED, text)["score"] < 0.5


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("sr", "Комисија је после три године рада објавила извештај о стању луке."),
        ("dv", "އެންމެހައި އިންސާނުން ވެސް އުފަންވަނީ މިނިވަންކަމުގައި"),
        ("ps", "د بشر ټول افراد آزاد نړۍ ته راځي او د حيثيت او حقوقو له پلوه سره برابر دي"),
        ("hsb", "Wšitcy ludźo su wot naroda swobodni a su jenacy po dostojnosći a prawach."),
        ("yi", "יעדער מענטש ווערט געבוירן פֿריי און גלײַך אין כּבֿוד און רעכט."),
    ],
)
def test_languages_beyond_the_common_ones_are_known(code, text):
    assert signals(EMBEDDED, text)["label"] == code


def test_lines_tell_in_which_languages_a_text_is():
    text = "\n".join([SENTENCES["de"]] * 20 + [SENTENCES["ko"]] * 5)

    measured = signals(Language(lines=True), text)

    assert [one["label"] for one in measured["languages"]] == ["de", "ko"]
    assert sum(one["share"] for one in measured["languages"]) == pytest.approx(1, abs=1e-3)
    assert measured["label"] == "de"
    assert measured["share"] == measured["languages"][0]["share"] > 0.8


def test_a_mixed_text_breaks_a_bound_on_share():
    stage = Language(lines=True, share={"min": 0.9})
    mixed = "\n".join([SENTENCES["de"]] * 9 + [SENTENCES["ko"]] * 9)

    assert verdict(stage, mixed) == "language.share.min"
    assert verdict(stage, "\n".join([SENTENCES["de"]] * 9)) is None
    assert verdict(stage, "") == "language.share.min"


def test_shares_without_lines_are_refused():
    with pytest.raises(AssetError, match=r"language\.share: measured with lines = true only"):
        Language(share={"min": 0.5}).prepare()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.characters(codec="utf-8") | st.just("\n"), max_size=300), min_size=1, max_size=4))
def test_lines_of_any_text_are_measured_alike_in_any_batch(texts):
    stage = Language(lines=True)
    whole = stage.column(batch(*texts)).to_pylist()

    assert [stage.column(batch(text)).to_pylist()[0] for text in texts] == whole
    assert all(0 <= row["share"] <= 1 for row in whole)


def test_labels_that_the_model_gives_pass():
    Language(label=["en", "kor", "und"]).prepare()


def test_a_fasttext_model_by_path_names_languages(model):
    stage = Language(model=model)
    stage.prepare()

    column = stage.column(batch(*[SENTENCES[code] for code in ("en", "de", "ru", "ko", "zh")]))

    assert column.field("label").to_pylist() == ["en", "de", "ru", "ko", "zh"]


def test_the_scripts_of_one_language_add_up(model):
    stage = Language(model=model)

    both = signals(stage, SENTENCES["zh"])

    assert both["label"] == "zh"
    assert both["score"] > 0.9


def test_text_cannot_hide_behind_fasttexts_end_of_sentence_token(model):
    stage = Language(model=model)

    hidden = signals(stage, f"</s> {SENTENCES['de']}")

    assert hidden["label"] == "de"
    assert hidden["score"] == pytest.approx(signals(stage, SENTENCES["de"])["score"], abs=0.1)


def test_line_ends_and_nul_bytes_do_not_stop_fasttext(model):
    stage = Language(model=model)

    folded = SENTENCES["ru"].replace(" ", "\n\r\0\t")

    assert signals(stage, folded) == signals(stage, SENTENCES["ru"])


def test_a_fasttext_model_knows_only_its_own_labels(model):
    with pytest.raises(AssetError, match="'fr'"):
        Language(model=model, label=["fr"]).prepare()


def test_a_missing_model_is_an_error():
    with pytest.raises(AssetError, match=r"language\.model: no file .*absent\.ftz"):
        Language(model="absent.ftz").prepare()


def test_a_file_that_is_no_model_is_an_error(tmp_path):
    (tmp_path / "text.bin").write_bytes(b"not a model at all")

    with pytest.raises(AssetError, match="no fastText model"):
        Language(model=tmp_path / "text.bin").prepare()


def test_a_loaded_stage_travels_to_another_process(model):
    for stage in (Language(model=model), Language()):
        stage.prepare()
        assert "identifier" not in pickle.loads(pickle.dumps(stage)).__dict__
        assert signals(pickle.loads(pickle.dumps(stage)), SENTENCES["en"])["label"] == "en"


def test_the_window_lies_in_the_middle():
    text = SENTENCES["en"] * 3 + SENTENCES["ko"] * 40 + SENTENCES["en"] * 3

    assert signals(EMBEDDED, text)["label"] == "ko"


def test_white_space_does_not_use_up_the_window():
    spaced = SENTENCES["de"].replace(" ", "   \n\n ")

    assert signals(Language(window=4096), spaced) == signals(Language(window=4096), SENTENCES["de"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(), min_size=1, max_size=6), st.integers(0, 6))
def test_any_text_is_measured_alike_in_any_batch(texts, cut):
    whole = EMBEDDED.column(batch(*texts)).to_pylist()

    parts = [EMBEDDED.column(batch(*part)).to_pylist() for part in (texts[:cut], texts[cut:]) if part]

    assert [row for part in parts for row in part] == whole
    assert EMBEDDED.column(batch("x", *texts, "y").slice(1, len(texts))).to_pylist() == whole
    assert all(0 <= row["score"] <= 1 for row in whole)


@pytest.mark.skipif(not DATA.exists(), reason="needs the shared data")
def test_real_sentences_of_twenty_languages_are_recognised():
    wanted = set(re.findall("..", "enzheshiarptbnrujadefrkoviittrpluknlfaid"))
    with pa.input_stream(DATA / "lid_tatoeba/sentences.jsonl.zst", compression="zstd") as stream:
        rows = [json.loads(line) for line in stream.read().decode().splitlines()]
    rows = [row for row in rows if language_code(row["lang"]) in wanted and len(row["text"]) >= 20]
    sample = random.Random(1).sample(rows, 4000)

    labels = EMBEDDED.column(batch(*[row["text"] for row in sample])).field("label").to_pylist()

    right = sum(label == language_code(row["lang"]) for label, row in zip(labels, sample, strict=True))
    assert right / len(sample) > 0.97


def test_a_cut_model_file_is_an_error_and_no_endless_loop(tmp_path):
    from importlib.resources import files

    whole = (files("curate") / "models" / "language.ftz").read_bytes()
    (tmp_path / "cut.ftz").write_bytes(whole[: len(whole) // 3])

    with pytest.raises(AssetError, match=r"cut\.ftz is no fastText model"):
        Language(model=tmp_path / "cut.ftz").prepare()
