import gzip
import pickle

import numpy as np
import pyarrow as pa
import pytest

from curate import Options, run
from curate.cuts import Buckets, Cut
from curate.errors import AssetError, RecipeError
from curate.recipe import Recipe
from curate.shards import read_json
from curate.stages.perplexity import Perplexity
from curate.testing import batch, signals, verdict
from tests.conftest import build, document, write_jsonl
from tests.ops.test_ngram_model import SMALL, written
from tests.tiny_models import bigram_model


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    path = tmp_path_factory.mktemp("arpa") / "small.arpa"
    path.write_bytes(written(SMALL))
    return path


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """A SentencePiece model of the words of `document`."""
    sentencepiece = pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("pieces")
    (folder / "text.txt").write_text("\n".join(document(i) for i in range(30)), encoding="utf-8")
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"),
        model_prefix=str(folder / "pieces"),
        vocab_size=150,
        num_threads=1,
        minloglevel=2,
    )
    return folder / "pieces.model"


@pytest.mark.parametrize(
    ("fields", "text", "reason"),
    [
        ({}, "anything at all", None),
        ({"perplexity": {"max": 2}}, "the cat", None),
        ({"perplexity": {"max": 1.5}}, "the cat", "perplexity.max"),
        ({"perplexity": {"max": 2}}, "cat the the cat dog", "perplexity.max"),
        ({"perplexity": {"min": 2}}, "the cat", "perplexity.min"),
        ({"perplexity": {"max": 2}}, "", None),
        ({"unknown_word_ratio": {"max": 0.5}}, "the dog dog", "unknown_word_ratio.max"),
        ({"bucket": ["head"], "bucket_perplexities": {"head": 2, "middle": 9}}, "the cat", None),
        ({"bucket": ["head"], "bucket_perplexities": {"head": 1, "middle": 9}}, "the cat", "bucket"),
    ],
)
def test_verdicts(small, fields, text, reason):
    assert verdict(Perplexity(model=small, **fields), text) == (reason and f"perplexity.{reason}")


def test_perplexity_is_ten_to_the_mean_over_words_and_sentence_ends(small):
    measured = signals(Perplexity(model=small), "the cat\ncat the dog")

    assert measured["perplexity"] == round(10 ** ((0.6 + 4.95) / 7), 4)
    assert measured["unknown_word_ratio"] == 0.2
    assert measured["bucket"] is None


def test_buckets_are_bounded_by_perplexities_from_the_lowest(small):
    stage = Perplexity(model=small, bucket_perplexities={"head": 1.5849, "middle": 5})

    named = [signals(stage, text)["bucket"] for text in ("the cat", "the cat the cat", "cat the", " ")]

    assert named == ["head", "middle", "tail", None]
    assert signals(stage, "the cat")["perplexity"] == 1.5849


def test_a_text_without_words_has_null_signals(small):
    assert signals(Perplexity(model=small), " \n ") == {
        "perplexity": None,
        "unknown_word_ratio": None,
        "bucket": None,
        "broken": 0,
    }


def test_a_model_may_be_packed(small, tmp_path):
    (tmp_path / "small.arpa.gz").write_bytes(gzip.compress(small.read_bytes()))

    assert signals(Perplexity(model=tmp_path / "small.arpa.gz"), "the cat") == signals(
        Perplexity(model=small), "the cat"
    )


def test_ccnets_normal_form_is_applied_on_request(small):
    plain, normal = (Perplexity(model=small, normal_form=form) for form in ("none", "ccnet"))

    assert signals(plain, "THE CÀT\nthe cat") != signals(plain, "the cat\nthe cat")
    assert signals(normal, "THE CÀT\nthe cat") == signals(plain, "the cat\nthe cat")


def test_a_document_is_one_sentence_in_ccnets_way(small):
    stage = Perplexity(model=small, normal_form="ccnet", sentences="document")

    assert signals(stage, "the\ncat") == signals(stage, "thecat") != signals(stage, "the cat")


def test_pieces_of_sentencepiece_are_the_models_words(pieces, tmp_path):
    import sentencepiece

    processor = sentencepiece.SentencePieceProcessor(model_file=str(pieces))
    names = [processor.id_to_piece(i) for i in range(processor.get_piece_size())]
    share = -np.log10(len(names))
    table = {(name,): (share, 0) for name in names if name not in ("<unk>", "<s>", "</s>")}
    table |= {("<unk>",): (-9, 0), ("<s>",): (-99, 0), ("</s>",): (share, 0)}
    (tmp_path / "pieces.arpa").write_bytes(written({1: table}))
    stage = Perplexity(model=tmp_path / "pieces.arpa", pieces=pieces)

    measured = signals(stage, document(3))

    assert measured["unknown_word_ratio"] == 0
    assert measured["perplexity"] == pytest.approx(len(names), rel=1e-4)


@pytest.mark.parametrize("text", ["<s> </s> <unk>", "\x00\ufffd\u202e", "漢字 " * 50, "a" * 20_000])
def test_hostile_text_has_a_perplexity(pieces, text):
    for stage in (Perplexity(model=bigram_model()), Perplexity(model=bigram_model(), pieces=pieces)):
        assert 1 <= signals(stage, text)["perplexity"] <= 1e300


def test_the_prose_that_a_model_was_made_of_is_likelier_than_other_text():
    stage = Perplexity(model=bigram_model())

    prose = max(signals(stage, document(i))["perplexity"] for i in range(20))

    assert prose < 300 < signals(stage, "Lorem ipsum dolor sit amet consectetur")["perplexity"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"is no ARPA file: no .data. section"),
        (b"\x1f\x8bnonsense", "cannot read"),
        (b"mmap lm http://kheafield.com/code format version 5\n\0 and nothing more", "KenLM"),
        (b"\\data\\\nngram 1=1\n\n\\1-grams:\n-1\t<s>\n\\end\\", "no 1-gram </s>"),
        (b"\\data\\\nngram 1=1\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n\n\\end\\\n", "no .end. after the 1-grams"),
        (b"\\data\\\nngram 1=2\n\n\\1-grams:\n-1\t<s>\n-1\t</s>\n", "no .end. after the 1-grams"),
    ],
)
def test_a_file_that_is_no_model_is_an_error_of_one_line(tmp_path, content, message):
    (tmp_path / "model").write_bytes(content)

    with pytest.raises(AssetError, match=rf"perplexity\.model: .*{message}") as error:
        Perplexity(model=tmp_path / "model").prepare()

    assert "\n" not in str(error.value)


def test_a_file_that_is_no_sentencepiece_model_is_an_error(small):
    pytest.importorskip("sentencepiece")

    with pytest.raises(AssetError, match=r"perplexity\.pieces: .* is no SentencePiece model"):
        Perplexity(model=small, pieces=small).prepare()


def test_without_a_model_the_error_says_what_is_needed():
    with pytest.raises(AssetError, match=r"perplexity\.model: needs model: train one with `curate perplexity train`"):
        Perplexity().prepare()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"bucket_ratios": {"head": 0.6, "middle": 0.3}}, "write 0 < head ≤ middle ≤ 1"),
        ({"bucket_perplexities": {"head": 600, "middle": 300}}, "write 0 ≤ head ≤ middle"),
        (
            {"bucket_ratios": {"head": 0.3, "middle": 0.6}, "bucket_perplexities": {"head": 1, "middle": 2}},
            "two ways to make buckets",
        ),
        ({"by_language": {"ko": {"bucket_ratios": {"head": 0.3, "middle": 0.6}}}}, "shares are of all languages"),
    ],
)
def test_buckets_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(RecipeError, match=message):
        build({"use": "perplexity", **fields})


def test_a_bucket_that_nothing_falls_into_is_refused(small):
    with pytest.raises(AssetError, match=r"perplexity\.bucket: 'best' is none of head, middle, tail"):
        Perplexity(model=small, bucket=["best"]).prepare()


def test_shares_of_the_pilot_become_bounds(tmp_path):
    texts = [document(i) for i in range(100)]
    recipe = build(
        {
            "use": "perplexity",
            "model": str(bigram_model()),
            "bucket_ratios": {"head": 0.3, "middle": 0.6},
            "bucket": ["head"],
        }
    )

    result = run(recipe, [write_jsonl(tmp_path / "in.jsonl", texts)], tmp_path / "out", options=Options(workers=1))

    values = Perplexity(model=bigram_model()).measure(batch(*texts))["perplexity"].to_pylist()
    assert result.report.output.documents == 30
    bounds = read_json(tmp_path / "out" / "manifest.json")["cuts"]["perplexity"]["fields"]["bucket_perplexities"]
    assert bounds == {"head": sorted(values)[29], "middle": sorted(values)[59]}


def test_a_setting_takes_ccnets_own_bounds_in_place_of_shares():
    bounds = ["perplexity.bucket_perplexities.head=341.3", "perplexity.bucket_perplexities.middle=621.5"]

    found = Recipe.load("ccnet", ["perplexity.bucket_ratios=none", *bounds]).stages[-2]

    assert (found.bucket_ratios, found.bucket_perplexities) == (None, Buckets(head=341.3, middle=621.5))


def test_where_no_text_of_the_pilot_has_words_nothing_is_cut():
    column = pa.array([{"perplexity": None}], pa.struct([("perplexity", pa.float64())]))
    stage = Perplexity(bucket_ratios={"head": 0.3, "middle": 0.6}, bucket=["head"])

    assert stage.find(pa.table({"perplexity": column})) == Cut()


def test_a_worker_loads_the_models_itself():
    stage = Perplexity(model=bigram_model())
    stage.prepare()

    assert len(pickle.dumps(stage)) < 2000
    assert signals(pickle.loads(pickle.dumps(stage)), document(1)) == signals(stage, document(1))


def test_a_null_text_has_null_signals(small):
    measured = Perplexity(model=small).measure(batch("x").set_column(5, "text", pa.array([None], pa.string())))

    assert measured["perplexity"].to_pylist() == [None]


def test_nameless_the_perplexity_does_not_go_by_the_names_of_groups(small):
    stage = Perplexity(model=small, nameless=True)
    texts = [f"the cat the dog {name} the cat" for name in ("Sikhs", "Muslim women", "gay people", "")]

    told = [signals(stage, text) for text in texts]

    assert told == [told[0]] * 4
    assert signals(Perplexity(model=small), texts[0]) != told[0]
    assert "lexicons/peoples/en.toml" in stage.identity()["data"]
