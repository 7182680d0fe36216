"""Training the screen: the same bytes for the same sets, and labels where people marked something."""

import json

import numpy as np
import pyarrow as pa
import pytest

from curate.models import screen_texts, train_screen
from curate.models.screen import Screen
from curate.models.screen_terms import lists
from curate.models.screen_texts import Text

TEXTS = [
    *(Text("civil", f"They are rats number {word}.", 1.0) for word in ("one", "two", "three")),
    *(Text("civil", f"It rains on day {word}.", 0.0) for word in ("one", "two", "three")),
]


def test_the_same_texts_give_the_same_file_and_it_can_be_asked(tmp_path):
    for name in ("one.npz", "two.npz"):
        train_screen.train(TEXTS, tmp_path / name)

    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    bad, good = Screen(tmp_path / "one.npz").scores(pa.array(["They are rats.", "It rains."])).scores
    assert bad > good


def test_only_the_sentence_in_which_people_marked_something_is_toxic():
    text = Text("civil", "Tëa is fine. You rat. Bye.", 0.0, ((17, 20, 0.5), (17, 20, 0.25)))

    assert train_screen.sentences([text], bits=10).labels.tolist() == [0, 0.75, 0]


def test_an_annotator_who_marked_a_place_twice_counts_once():
    people = [{"spans": [["Insult", 0, 4], ["Profane", 2, 6]]}, {"spans": []}]

    assert list(screen_texts.marked({"annotations": people})) == [(0, 4, 0.5), (4, 6, 0.5)]


def test_context_is_not_learned():
    text = Text("own-en", "They came. They are rats.", 1.0, context=10)

    assert (train_screen.sentences([text], bits=10).mass > 0).tolist() == [False, True]


@pytest.mark.parametrize("side", ["hateful", "harmless"])
def test_every_template_of_every_language_can_be_filled(side):
    for language, table in lists().items():
        assert table["source"] == "written for this project"
        assert table["licence"] == "Apache-2.0"
        assert len(table["text"][side]) > 40, language
    texts = [text.text for text in screen_texts.templates(None)]
    assert not [text for text in texts if "{" in text or "|" in text]


def test_what_is_held_out_is_not_trained_on(tmp_path):
    folder = tmp_path / "tox_paradetox"
    folder.mkdir()
    rows = [{"text": f"bad {n}", "neutral": [f"good {n}"]} for n in range(50)]
    with pa.output_stream(folder / "norm.jsonl.zst", compression="zstd") as stream:
        stream.write("".join(json.dumps(row) + "\n" for row in rows).encode())

    parts = [{text.text for text in screen_texts.paradetox(tmp_path, part)} for part in ("train", "test")]

    assert not parts[0] & parts[1]
    assert len(parts[0] | parts[1]) == 100
    assert 0 < len(parts[1]) < 50


def test_weights_are_kept_in_bytes():
    made = train_screen.packed(np.array([0.5, -1.0, 0.25, 0.0, 0.125]))

    assert made["weights"].tolist() == [64, -127, 32, 0]
    assert made["bias"] == 0.125
