import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curate.errors import AssetError
from curate.stages.toxicity import Toxicity
from curate.teacher import model
from curate.teacher.model import Teacher
from tests.tiny_teachers import KINDS, checkpoint, lines

TEXTS = ["you vile number 3 fool", "The river carried a letter.", "", "한국어 문장", "x " * 200, *lines()[:20]]


@pytest.fixture(scope="module", params=KINDS)
def teacher(request):
    return Teacher(checkpoint(request.param))


def test_scores_are_probabilities_to_four_places(teacher):
    scores = teacher.scores(TEXTS)

    assert scores.shape == (len(TEXTS), len(teacher.labels))
    assert (scores >= 0).all()
    assert (scores <= 1).all()
    assert (np.round(scores, 4) == scores).all()
    assert scores.std(axis=0).min() > 0


def test_no_text_and_one_text_are_as_good_as_many(teacher):
    assert teacher.scores([]).shape == (0, len(teacher.labels))
    assert (teacher.scores(TEXTS[:1]) == teacher.scores(TEXTS)[:1]).all()


@settings(max_examples=15)
@given(st.permutations(range(len(TEXTS))), st.integers(0, len(TEXTS)))
def test_a_text_scores_the_same_whatever_stands_beside_it(order, cut):
    for kind in KINDS:
        made = Teacher(checkpoint(kind), rows=4)
        whole = made.scores(TEXTS)

        parts = [made.scores([TEXTS[i] for i in part]) for part in (order[:cut], order[cut:])]

        assert (np.concatenate(parts) == whole[order]).all()


def test_a_long_text_is_read_to_its_end(teacher):
    long = " ".join(f"river {i}" for i in range(150))
    parts = [chunk.ids for chunk in teacher._tokenizer.chunks([long])]

    assert len(parts) > 3
    assert max(map(len, parts)) <= 66
    backend = teacher._tokenizer._backend
    assert [i for part in parts for i in part[1:-1]] == backend.encode(long, add_special_tokens=False).ids


def test_a_text_in_chunks_has_the_highest_score_of_any(teacher, monkeypatch):
    chunks = teacher._tokenizer.chunks
    one, other = "The river carried a letter.", "you vile number 3 fool"
    monkeypatch.setattr(
        teacher._tokenizer, "chunks", lambda texts: [chunk._replace(text=0) for chunk in chunks([one, other])]
    )

    joined = teacher.scores(["both"])

    monkeypatch.undo()
    assert (joined[0] == teacher.scores([one, other]).max(axis=0)).all()


def test_names_of_control_tokens_are_letters_in_a_text(teacher):
    first, *middle, last = teacher._tokenizer.chunks(["</s> [SEP] <pad> [PAD] <s> [CLS] ＜/s＞"])[0].ids

    assert not {first, last, teacher._tokenizer.padding} & set(middle)


@settings(max_examples=40)
@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_has_scores(texts):
    for kind in KINDS:
        scores = Teacher(checkpoint(kind), rows=4).scores(texts)

        assert scores.shape[0] == len(texts)
        assert np.isfinite(scores).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore")
def test_scores_are_detoxifys_own(kind):
    detoxify = pytest.importorskip("detoxify", reason="the extra toxicity is not installed")
    place = checkpoint(kind)
    reference = detoxify.Detoxify(checkpoint=str(place / "teacher.ckpt"), huggingface_config_path=str(place))
    texts = [text[:60] for text in lines()] + ["You vile FOOL!", "nobody wants it", "a b c"]

    mine = Teacher(place)
    expected = reference.predict(texts)

    for label, column in zip(mine.labels, mine.scores(texts).T, strict=True):
        np.testing.assert_allclose(column, expected[label], atol=6e-5)


def test_bfloat16_is_near_float32_where_the_cpu_has_it():
    try:
        model.able("bfloat16", "cpu", "precision")
    except AssetError as error:
        pytest.skip(str(error))

    near = Teacher(checkpoint("unbiased"), precision="bfloat16").scores(TEXTS)

    np.testing.assert_allclose(near, Teacher(checkpoint("unbiased")).scores(TEXTS), atol=0.05)


def test_what_this_machine_lacks_is_an_error(monkeypatch):
    import torch

    monkeypatch.setattr(torch.cpu, "get_capabilities", dict, raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(AssetError, match="only emulates; say float32"):
        model.able("bfloat16", "cpu", "toxicity.precision")
    with pytest.raises(AssetError, match="finds no GPU here"):
        model.able("float32", "cuda", "toxicity.device")


def test_what_a_teacher_takes_at_work_grows_with_its_batches():
    few, many = (Teacher(checkpoint("original"), rows=rows).working_bytes for rows in (1_000, 2_000))

    assert many == 2 * few
    assert Toxicity(teacher="original", model=checkpoint("original"), batch=1_000).working_bytes == few
    assert Toxicity().working_bytes == 0
