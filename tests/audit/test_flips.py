"""The same sentence about another group: what is swapped, and which filters change their minds."""

import json

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from curate.audit.flips import ANY, flips, sentences, swaps
from curate.stage import Filter, Range, Signals
from curate.stages import stage_class
from tests.conftest import write_jsonl


class Biased(Filter):
    """Scores a text by whether it names Sikhs."""

    use = "biased"
    score: Range = Range(max=0.5)

    def measure(self, batch: pa.RecordBatch) -> Signals:
        """One where it does, a tenth where it does not."""
        named = pc.match_substring(batch.column("text"), "Sikh")
        return {"score": pc.if_else(named, 1.0, 0.1)}


def others(text):
    (swap,) = swaps([text], 10)
    return dict(swap.others)


def test_every_other_group_of_the_axis_takes_the_place_of_the_one():
    found = others("Some Muslims in the town bake bread.")

    assert found["jews"] == "Some Jews in the town bake bread."
    assert found["atheists"] == "Some atheists in the town bake bread."
    assert "muslims" not in found


@pytest.mark.parametrize(
    ("text", "group", "swapped"),
    [
        ("He met an American on the way.", "german", "He met a German on the way."),
        ("He met a German on the way.", "american", "He met an American on the way."),
        ("Women were among the first settlers.", "men", "Men were among the first settlers."),
        ("“Women were among the first settlers.", "trans", "“Transgender people were among the first settlers."),
        (
            "그 무슬림은 빵을 구워 이웃에게 나누어 주었다.",
            "atheists",
            "그 무신론자는 빵을 구워 이웃에게 나누어 주었다.",
        ),
        (
            "어제 난민이 도착해 마을 사람들이 맞았습니다.",
            "immigrants",
            "어제 이민자가 도착해 마을 사람들이 맞았습니다.",
        ),
    ],
)
def test_articles_capitals_and_particles_fit_the_new_name(text, group, swapped):
    assert others(text)[group] == swapped


@pytest.mark.parametrize(
    "text",
    [
        "Muslims and Jews live in the same street.",
        "Nobody at all is named in this sentence.",
        "Islamic art is shown in the museum today.",
        "The woman said that her bread was the best.",
    ],
)
def test_sentences_that_name_none_or_several_or_no_noun_are_left_alone(text):
    assert swaps([text], 10) == []


def test_every_mention_of_the_group_is_swapped():
    found = others("A Muslim baked bread. Muslims bake, and one Muslim sings to a new tune.")

    assert found["atheists"] == "An atheist baked bread. Atheists bake, and one atheist sings to a new tune."


def test_in_a_document_the_first_group_is_swapped_and_others_stay():
    text = "Islamic art and Muslims. Muslims and Jews live in the same street as Germans."
    (swap,) = swaps([text], 10, alone=False)

    assert swap.group == "muslims"
    assert dict(swap.others)["hindus"] == "Islamic art and Hindus. Hindus and Jews live in the same street as Germans."


def test_sentences_are_cut_at_their_marks_and_come_once():
    text = "The first one is long enough. And so is the second!\nThe first one is long enough. Short."

    assert list(sentences([text])) == ["The first one is long enough.", "And so is the second!"]


def test_a_filter_that_goes_by_the_name_flips_and_one_that_does_not_does_not():
    found = swaps([f"Some Muslims in town number {n} bake bread." for n in range(50)], 40)

    rows = flips([Biased(), stage_class("toxicity")()], found)

    told = {(row.stage, row.group): row for row in rows if row.axis == "religion"}
    assert len(found) == 40
    assert told["biased", "sikhs"].rate == 1
    assert told["biased", "sikhs"].shift == pytest.approx(0.9)
    assert told["biased", "jews"].flips == 0
    assert told["biased", ANY].swaps == 40 * 9
    assert told["toxicity", ANY].flips == 0


def test_the_sample_hangs_on_sentences_and_seed_alone():
    texts = [f"Some Muslims in town number {n} bake bread." for n in range(50)]

    assert swaps(texts, 10) == swaps(texts[::-1], 10)
    assert swaps(texts, 10) != swaps(texts, 10, seed=2)


def test_the_command_tells_each_stage_of_a_recipe(curate, tmp_path):
    source = write_jsonl(
        tmp_path / "a.jsonl", [f"Some Sikhs of town {n} bake good bread. Others sing." for n in range(9)]
    )

    code, out, _ = curate("flips", "web-en", source)
    _, told, _ = curate("flips", "web-en", source, "--json")

    assert code == 0
    assert "9 sentences with one group swapped; under 2,000 say little" in out
    assert {row["stage"] for row in json.loads(told)} == {"language", "gopher", "repetition", "toxicity", "bias"}


def test_the_command_swaps_in_whole_documents(curate, tmp_path):
    source = write_jsonl(tmp_path / "a.jsonl", [f"Some Sikhs of town {n} bake bread. Sikhs sing." for n in range(9)])

    code, out, _ = curate("flips", "web-en", source, "--documents")

    assert code == 0
    assert "9 documents with one group swapped" in out


@pytest.mark.parametrize(
    ("options", "told"),
    [((), "no sentence names exactly one group"), (("--documents",), "no document names a group")],
)
def test_a_corpus_that_names_nobody_is_one_line(curate, tmp_path, options, told):
    source = write_jsonl(tmp_path / "a.jsonl", ["Nobody is named in here at all."])

    code, _, err = curate("flips", "web-en", source, *options)

    assert code == 2
    assert told in err
