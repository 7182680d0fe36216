"""Removed documents beside those that stayed, from the folders of real runs."""

import json
import subprocess
import sys

import pytest

from curate import Options, run
from curate.inspection import beside, rows
from tests.conftest import build, document, write_jsonl


def near(seed, edit):
    """A copy with a shorter word in place of one, so that the original stays whether it is the first or the longest."""
    words = document(seed, 30).split(" ")
    words[20] = edit
    return " ".join(words)


def spaced(seed):
    """A document that its copies in narrower layout are not longer than."""
    return document(seed, 30).replace("\n", "\n\n")


def made(folder, texts, *stages, **tables):
    source = write_jsonl(folder / "in.jsonl", texts)
    run(build(*stages, **tables), [source], folder / "out", options=Options(workers=1))
    return folder / "out"


def pairs(folder, **options):
    return list(beside(folder, rows(folder, **options)))


EXACT, MINHASH = {"use": "exact"}, {"use": "minhash"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    texts = [spaced(seed) for seed in range(30)]
    texts += [near(3, "e"), document(4, 30).upper(), near(3, "a"), "short"]
    return made(tmp_path_factory.mktemp("inspect"), texts, {"use": "gopher"}, EXACT, MINHASH)


def test_a_near_copy_comes_with_the_document_that_stayed_and_their_similarity(folder):
    one, other = pairs(folder, stage="minhash")

    assert (one["text"], one["stayed"]["text"]) == (near(3, "e"), spaced(3))
    assert (one["stayed"]["id"], one["stayed"]["where"]) == ("in.jsonl#3", "documents")
    assert 0.9 < one["similarity"] < 1
    assert other["text"] == near(3, "a")


def test_a_copy_has_no_similarity_where_none_was_measured(folder):
    (row,) = pairs(folder, stage="exact")

    assert (row["stayed"]["text"], row["similarity"]) == (spaced(4), None)


def test_what_is_no_copy_comes_as_it_is(folder):
    (row,) = pairs(folder, stage="gopher")

    assert row["text"] == "short"
    assert "stayed" not in row


def test_the_document_that_stayed_is_found_where_later_stages_dropped_it(tmp_path):
    copy = document(1, 30)
    folder = made(tmp_path, [copy, copy, document(2, 30)], EXACT, {"use": "length", "characters": {"min": 10**6}})

    (row,) = pairs(folder, stage="exact")

    assert (row["stayed"]["where"], row["stayed"]["text"]) == ("dropped/length", copy)


def test_what_one_barrier_let_stay_may_be_what_the_next_one_dropped(tmp_path):
    text, copy = spaced(1), near(1, "e")
    folder = made(tmp_path, [text, copy.replace("\n", " \n"), copy], EXACT, MINHASH)

    (row,) = pairs(folder, stage="exact")

    assert (row["stayed"]["where"], row["stayed"]["text"]) == ("dropped/minhash", copy.replace("\n", " \n"))


def test_more_copies_than_are_read_at_once_all_find_theirs(tmp_path):
    texts = [document(seed, 3) for seed in range(150)]
    folder = made(tmp_path, [*texts, *reversed(texts)], EXACT)

    found = pairs(folder, stage="exact", count=1000)

    assert [row["stayed"]["text"] for row in found] == [row["text"] for row in found] == texts[::-1]


def test_texts_that_were_not_kept_are_told_to_be_missing(tmp_path):
    folder = made(tmp_path, [document(1)] * 2, EXACT, output={"keep_dropped_text": False})

    (row,) = pairs(folder)

    assert "text" not in row
    assert row["stayed"]["id"] == "in.jsonl#0"


def test_a_sample_is_the_same_for_a_seed_and_another_for_another(tmp_path):
    folder = made(tmp_path, [document(1, 3)] * 100, EXACT)

    one, again, other = ([row["id"] for row in rows(folder, stage="exact", count=10, seed=seed)] for seed in (1, 1, 2))

    assert one == again != other


def test_the_command_prints_differences_and_json_with_both_texts(folder):
    command = [sys.executable, "-m", "curate", "inspect", str(folder), "--stage", "minhash", "-n", "1"]

    shown, as_json = (
        subprocess.run([*command, *more], check=True, capture_output=True, text=True).stdout
        for more in ([], ["--json"])
    )

    assert "[-e-]" in shown
    assert "stayed: in.jsonl#3 · documents" in shown
    (row,) = [json.loads(line) for line in as_json.splitlines()]
    assert (row["text"], row["stayed"]["text"]) == (near(3, "e"), spaced(3))


def test_json_holds_no_character_that_drives_a_terminal(tmp_path):
    folder = made(tmp_path, ["\x1b[2J\u202e\x9b same words here"] * 2, EXACT)

    out = subprocess.run(
        [sys.executable, "-m", "curate", "inspect", str(folder), "--json"], check=True, capture_output=True
    ).stdout

    assert all(0x20 <= byte < 0x7F or byte == 0x0A for byte in out)
    assert json.loads(out)["stayed"]["text"] == "\x1b[2J\u202e\x9b same words here"
