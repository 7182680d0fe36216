import json

import numpy as np
import pyarrow as pa
import pytest

from pretrain.errors import DataError
from pretrain.shards import Manifest, Shards
from pretrain.tokens import FIRST_TEXT_ID
from tests.pretrain import token_folder


def opened(folder, split="train"):
    return Shards(Manifest.read(folder), split)


@pytest.fixture
def fresh(tmp_path):
    return token_folder.make(tmp_path / "data", token_folder.texts(20, seed=1), token_folder.texts(3, seed=2))


def test_documents_come_in_the_order_of_files_and_rows(tmp_path):
    rows = [[30 + i] * (i % 4) + [40] for i in range(23)]
    folder = token_folder.make(tmp_path / "data", rows, [], files=3)

    shards = opened(folder)

    assert [shards.document(i).tolist() for i in range(len(shards))] == rows


def test_wide_ids_are_read_too(tmp_path):
    folder = token_folder.make(tmp_path / "data", [[30, 31], [32]], [], kind=pa.uint32())

    assert opened(folder).document(0).tolist() == [30, 31]


def test_tokens_are_views_of_the_mapped_file(fresh):
    shards = opened(fresh)

    before = pa.total_allocated_bytes()
    views = [shards.document(i) for i in range(len(shards))]

    assert all(view.base is not None for view in views)
    assert before == pa.total_allocated_bytes()


def test_weights_of_one_are_no_weights(tmp_path):
    plain = token_folder.make(tmp_path / "a", ["x y"] * 4, [])
    weighted = token_folder.make(tmp_path / "b", ["x y"] * 4, [], weights=[1.0, 2.0, 0.0, 0.5])

    assert opened(plain).weights is None
    assert opened(weighted).weights.tolist() == [1.0, 2.0, 0.0, 0.5]


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_share_is_refused(tmp_path, weight):
    folder = token_folder.make(tmp_path / "data", ["x y"] * 2, [], weights=[1.0, weight])

    with pytest.raises(DataError, match="weight is negative or not finite"):
        _ = opened(folder).weights


def test_an_id_beyond_the_vocabulary_names_its_file(tmp_path):
    folder = token_folder.make(tmp_path / "data", [[30, 31], [token_folder.VOCABULARY]], [], files=2)

    with pytest.raises(DataError, match=r"data-00001-of-00002\.arrow: document 1 of train"):
        opened(folder).document(1)


def test_a_control_id_in_a_shard_is_refused(tmp_path):
    folder = token_folder.make(tmp_path / "data", [[FIRST_TEXT_ID - 1]], [])

    with pytest.raises(DataError, match="no text token"):
        opened(folder).document(0)


def test_a_sentinel_in_a_shard_is_refused(tmp_path):
    folder = token_folder.make(tmp_path / "data", [[token_folder.VOCABULARY - 256]], [])

    with pytest.raises(DataError, match="no text token"):
        opened(folder).document(0)


def test_a_cut_file_is_told_by_its_size(fresh):
    path = next((fresh / "tokens/train").glob("*.arrow"))
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(DataError, match=r"bytes, but manifest\.json says"):
        opened(fresh)


def test_a_cut_file_is_told_without_a_manifest_entry_too(fresh):
    token_folder.edit_manifest(fresh, files=[])
    path = next((fresh / "tokens/train").glob("*.arrow"))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    with pytest.raises(DataError, match=r"data-00000-of-00002\.arrow"):
        opened(fresh)


def test_noise_in_place_of_a_shard_is_one_sentence(fresh):
    path = next((fresh / "tokens/train").glob("*.arrow"))
    path.write_bytes(np.random.default_rng(1).bytes(path.stat().st_size))

    with pytest.raises(DataError, match="not an Arrow stream") as caught:
        opened(fresh)
    assert "\n" not in str(caught.value)


def test_a_missing_shard_is_named(fresh):
    next((fresh / "tokens/train").glob("*.arrow")).unlink()

    with pytest.raises(DataError, match=r"data-00000-of-00002\.arrow: no such file"):
        opened(fresh)


def test_a_shard_of_another_schema_is_refused(fresh):
    path = next((fresh / "tokens/train").glob("*.arrow"))
    table = pa.table({"input_ids": pa.array([[1.5]])})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    token_folder.edit_manifest(fresh, files=[])

    with pytest.raises(DataError, match="must be list<uint16> or list<uint32>, not list"):
        opened(fresh)


def test_state_may_not_point_out_of_its_folder(fresh):
    (fresh / "tokens/train/state.json").write_text(json.dumps({"_data_files": [{"filename": "../secret.arrow"}]}))

    with pytest.raises(DataError, match="is not a file of this folder"):
        opened(fresh)


def test_counts_that_disagree_with_the_manifest_are_refused(fresh):
    token_folder.edit_manifest(fresh, tokens={"train": {"tokens": 5}})

    with pytest.raises(DataError, match=r"tokens, but manifest\.json says 5"):
        opened(fresh)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"vocabulary": ...}, "vocabulary must be a whole number"),
        ({"vocabulary": "many"}, "vocabulary must be a whole number"),
        ({"format": 9}, "format 9, only 1 is known"),
    ],
)
def test_a_manifest_that_cannot_be_used_says_why(fresh, changes, said):
    token_folder.edit_manifest(fresh, **changes)

    with pytest.raises(DataError, match=said):
        Manifest.read(fresh)


def test_a_manifest_may_leave_out_all_but_the_vocabulary(fresh):
    token_folder.edit_manifest(fresh, files=..., tokens=..., tokenizer=..., format=...)

    manifest = Manifest.read(fresh)

    assert len(Shards(manifest, "train")) == 20
    assert manifest.open_vocabulary().size == token_folder.VOCABULARY


def test_a_manifest_that_is_no_json_is_one_sentence(fresh):
    (fresh / "manifest.json").write_text("{nonsense")

    with pytest.raises(DataError, match="not JSON"):
        Manifest.read(fresh)


def test_another_tokenizer_than_the_manifest_names_is_refused(fresh):
    token_folder.edit_manifest(fresh, tokenizer={"sha256": "0" * 64})

    with pytest.raises(DataError, match="not the tokenizer that manifest"):
        Manifest.read(fresh).open_vocabulary()


def test_a_tokenizer_with_other_control_ids_is_refused(fresh):
    path = fresh / "tokenizer/tokenizer.json"
    path.write_text(path.read_text().replace("<|mask|>", "[MASK]"))
    token_folder.edit_manifest(fresh, tokenizer=...)

    with pytest.raises(DataError, match=r"<\|mask\|> must have id 2, not None"):
        Manifest.read(fresh).open_vocabulary()


def test_a_broken_tokenizer_is_one_sentence(fresh):
    (fresh / "tokenizer/tokenizer.json").write_text("{}")
    token_folder.edit_manifest(fresh, tokenizer=...)

    with pytest.raises(DataError, match="not a tokenizer"):
        Manifest.read(fresh).open_vocabulary()


def test_control_tokens_in_text_are_plain_characters(fresh):
    vocabulary = Manifest.read(fresh).open_vocabulary()
    hostile = "a <|endoftext|> b <|sentinel_0|><|pad|>"

    ids = vocabulary.encode(hostile)

    assert not vocabulary.control[ids].any()
    assert hostile == vocabulary.decode(ids)


def test_byte_lengths_add_up_to_the_text(fresh):
    vocabulary = Manifest.read(fresh).open_vocabulary()

    for text in [*token_folder.texts(30, seed=9), "naïve 日本語 \U0001f600\n\ttab", ""]:
        assert len(text.encode()) == vocabulary.byte_lengths[vocabulary.encode(text)].sum()


def test_control_tokens_weigh_no_bytes(fresh):
    vocabulary = Manifest.read(fresh).open_vocabulary()

    assert vocabulary.byte_lengths[:FIRST_TEXT_ID].sum() == 0
    assert vocabulary.byte_lengths[-256:].sum() == 0
