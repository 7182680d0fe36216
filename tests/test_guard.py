"""Bands: a stage that takes more than a recipe expects stops the run."""

import pytest

from curate import Options, run
from curate.errors import GuardError
from curate.recipe import Recipe
from tests.conftest import build, document, write_jsonl


@pytest.fixture
def copies(tmp_path):
    """A corpus made of copies: 60 of one page, 30 of another, ten pages of their own."""
    texts = [document(1)] * 60 + [document(2)] * 30 + [document(i) for i in range(3, 13)]
    return write_jsonl(tmp_path / "in.jsonl", texts)


@pytest.mark.parametrize("use", ["exact", "minhash"])
def test_a_barrier_that_takes_too_much_shows_its_largest_clusters_before_more_is_spent(copies, tmp_path, use):
    recipe = build({"use": use}, guard={use: {"max_drop": 0.5}})

    with pytest.raises(GuardError, match=rf"{use} took 88.0% of 100 documents, its band allows 50.0%") as error:
        run(recipe, [copies], tmp_path / "out", options=Options(workers=1))

    clusters = error.value.clusters
    assert [cluster.size for cluster in clusters] == [60, 30]
    assert [document(n).startswith(cluster.beginning) for n, cluster in zip((1, 2), clusters, strict=True)] == [
        True
    ] * 2
    assert error.value.books.output.documents == 100
    assert not list((tmp_path / "out" / ".work").glob("*segment1*"))


def test_what_an_earlier_barrier_took_is_not_counted_twice(copies, tmp_path):
    recipe = build(
        {"use": "exact"}, {"use": "minhash"}, guard={"exact": {"max_drop": 0.9}, "minhash": {"max_drop": 0.0}}
    )

    assert run(recipe, [copies], tmp_path / "out", options=Options(workers=1)).report.output.documents == 12


def test_a_barrier_that_only_flags_is_held_to_no_band(copies, tmp_path):
    recipe = build({"use": "exact", "act": "flag"}, guard={"exact": {"max_drop": 0.5}})

    assert run(recipe, [copies], tmp_path / "out", options=Options(workers=1)).report.output.documents == 100


def test_a_wider_band_lets_the_same_folder_go_on(copies, tmp_path):
    strict, wide = (build({"use": "exact"}, guard={"exact": {"max_drop": share}}) for share in (0.5, 0.9))
    with pytest.raises(GuardError):
        run(strict, [copies], tmp_path / "out", options=Options(workers=1))

    assert run(wide, [copies], tmp_path / "out", options=Options(workers=1)).report.output.documents == 12


@pytest.mark.parametrize("name", ["web-en", "web-ko", "web-any"])
def test_web_recipes_expect_that_deduplication_leaves_a_tenth(name):
    guard = Recipe.load(name).guard

    assert guard["exact"].max_drop == guard["minhash"].max_drop == 0.9
