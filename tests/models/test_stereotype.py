import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate.lexicons import statements as words
from curate.models import stereotype, train_stereotype
from curate.statements import find

ROOT = Path(__file__).parents[2]
ROWS = [
    train_stereotype.Sentence(language, text.format(name), name, "", told)
    for language, names, lines in [
        ("en", ["Swedes", "Danes", "Finns", "Germans", "Turks", "Poles", "Czechs"], [
            ("{} are lazy", True), ("{} are shy and very cold people", True),
            ("Two {} won the match", False), ("He met some {} in May", False)]),
        ("es", ["suecos", "daneses", "alemanes", "turcos", "polacos"], [
            ("Los {} son flojos", True), ("Vinieron dos {} en mayo", False)]),
    ]
    for name in names
    for text, told in lines
]  # fmt: skip


def score(text, *languages):
    return stereotype.scores(find(pa.array([text]), languages or ("en",))).max(initial=0.0)


def test_a_generalisation_scores_above_an_event():
    assert score("Swedes are lazy, cold and arrogant people") > 5 * score("Two Swedes won the match on Monday") > 0


GROUPS = [
    "Swedes",
    "Americans",
    "Muslims",
    "women",
    "Jews",
    "Nigerians",
    "Catholics",
    "Chinese people",
    "Black people",
    "gay people",
]


@pytest.mark.parametrize(
    "frame", ["{} are lazy", "I met two {} in May", "Why are {} so rude?", "They say that {} love money"]
)
def test_the_score_cannot_depend_on_which_group_is_named(frame):
    assert len({score(frame.format(group)) for group in ["Swedes", "Americans", "Muslims", "women", "Nigerians"]}) == 1


def test_people_and_plural_are_one_form():
    frames = ["{} are lazy", "why are {} so rude"]

    assert all(len({score(frame.format(group)) for group in GROUPS if group != "gay people"}) == 1 for frame in frames)


def test_what_names_nobody_or_is_in_another_language_scores_nothing():
    assert score("The weather is lazy") == 0
    assert score("한국인들은 게으르다", "ko") == 0
    assert score("") == 0


@given(st.lists(st.text() | st.sampled_from(["Swedes are lazy", "Los suecos son flojos"]), max_size=4))
def test_any_text_has_a_score(texts):
    found = stereotype.scores(find(pa.array(texts, pa.string()), words.LANGUAGES))

    assert ((found >= 0) & (found <= 1)).all()
    assert (np.round(found, 4) == found).all()


def test_training_learns_what_is_general_and_scores_names_that_it_never_saw():
    model = train_stereotype.train(ROWS)

    found = find(pa.array(["Greeks are lazy", "Two Greeks won the match"]), ("en",))
    general, event = stereotype.scores(found, model)
    assert general > event
    assert train_stereotype.hashed("swedes") in model.identities
    assert train_stereotype.hashed("Greeks") not in model.identities


def test_training_again_gives_the_same_bytes(tmp_path):
    folder = tmp_path / "data/bias_genil"
    folder.mkdir(parents=True)
    for language in stereotype.LANGUAGES:
        lines = ["sentence,generalizing,promoting,identity,attribute"]
        lines += [f"{row.text},{int(row.generalises)},,{row.identity}," for row in ROWS if row.language == language]
        with pa.output_stream(folder / f"{language}.csv.zst", compression="zstd") as stream:
            stream.write("\n".join(lines).encode())
    made = []
    for name in ("one.npz", "two.npz"):
        command = [sys.executable, "-m", "curate.models.train_stereotype", str(folder.parent), str(tmp_path / name)]
        subprocess.run(command, check=True, cwd=ROOT)
        made.append((tmp_path / name).read_bytes())

    assert made[0] == made[1]


def test_the_package_holds_the_model():
    with (ROOT / "pyproject.toml").open("rb") as file:
        assert "**/*.npz" in tomllib.load(file)["tool"]["setuptools"]["package-data"]["curate"]
    assert stereotype.FILE.stat().st_size < 300_000
