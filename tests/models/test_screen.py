"""The screen that comes with the project: what it may depend on, and what it may not."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings

from curate.errors import AssetError
from curate.models.screen import Screen, shipped
from tests.ops.kernel_texts import batches


def scored(*texts):
    return shipped().scores(pa.array(texts, pa.string()))


def highest(*texts):
    return scored(*texts).highest(len(texts)).tolist()


@pytest.mark.parametrize("template", ["{} are vermin.", "All {} should be shot.", "Many {} live in this town."])
def test_the_score_does_not_depend_on_which_group_is_named(template):
    groups = ["Muslims", "Christians", "black people", "white people", "women", "gay people", "immigrants", "Jews"]

    assert len(set(highest(*(template.format(group) for group in groups)))) == 1


def test_an_attack_scores_higher_than_talk_about_the_same_people():
    attack, talk = highest("Muslims are vermin and should be shot.", "Muslims came to the festival.")

    assert attack > shipped().pass_score > talk


def test_spelling_hides_little():
    plain, *odd = highest("you stupid idiot", "you stup1d idi0t", "you s t u p i d idiot", "you stuuuupid idiot")

    assert odd == pytest.approx([plain] * 3, abs=0.01)


def test_sentences_are_scored_one_by_one_with_their_places():
    text = "Thank you. You are scum!  "
    found = scored(text)

    assert [text[start:stop] for start, stop in zip(found.starts, found.stops, strict=True)] == [
        "Thank you.",
        "You are scum!",
    ]
    assert found.scores[0] < found.scores[1]


@settings(max_examples=30)
@given(batches)
def test_a_text_has_the_same_scores_in_every_batch(rows):
    together = scored(*rows)
    alone = [scored(row).scores for row in rows]

    assert np.array_equal(together.scores, np.concatenate([np.zeros(0, np.float32), *alone]))
    assert ((together.scores >= 0) & (together.scores <= 1)).all()


def test_nothing_and_a_null_have_no_sentence():
    assert highest("", " \n") == [0, 0]
    assert len(shipped().scores(pa.array([None], pa.string())).rows) == 0


@pytest.mark.parametrize("content", [b"", b"nothing", "pickled", "odd"])
def test_a_file_that_is_no_screen_is_refused(tmp_path, content):
    path = tmp_path / "screen.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        weights = np.array([{}], object) if content == "pickled" else np.zeros(3, np.int8)
        np.savez(path, weights=weights, scale=1.0, bias=0.0, pass_score=0.1, alarm_score=0.9)

    with pytest.raises(AssetError, match="no screen"):
        Screen(path)
