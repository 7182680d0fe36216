"""Parquet and Arrow: a record a row."""

import datetime as dt
import decimal
import json

import datasets
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from curate.ingest import Fault, Ingest, discover, read
from tests.ingest.sources import reasons, texts

TABLE = pa.table({"text": ["one", "zwei", "三"], "url": ["http://a/", None, "http://c/"], "n": [1, 2, None]})


def parquet(table: pa.Table, **options: object) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, **options)
    return sink.getvalue().to_pybytes()


def stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return sink.getvalue().to_pybytes()


def feather(table: pa.Table, compression: str = "zstd") -> bytes:
    sink = pa.BufferOutputStream()
    pa.feather.write_feather(table, sink, compression=compression)
    return sink.getvalue().to_pybytes()


WRITERS = {"a.parquet": parquet, "b.arrow": stream, "c.feather": feather, "no suffix": parquet}


@pytest.mark.parametrize("name", WRITERS)
def test_a_row_is_a_record_and_its_other_columns_are_meta(records, name):
    found = records(name, WRITERS[name](TABLE))

    assert [(one.id, one.text, one.url, one.meta) for one in found] == [
        (f"{name}#0", "one", "http://a/", '{"n":1}'),
        (f"{name}#1", "zwei", None, '{"n":2,"url":null}'),
        (f"{name}#2", "三", "http://c/", '{"n":null}'),
    ]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())])
def test_every_type_of_string_is_text(records, kind):
    table = pa.table({"text": pa.array(["a", "b"]).cast(kind)})

    found = records("a.arrow", stream(table))

    assert texts(found) == ["a", "b"]


def test_cells_of_every_type_are_kept_as_json(records):
    cells = {
        "bytes": b"\xff\x00",
        "date": dt.datetime(2024, 5, 6, 7, 8, 9, tzinfo=dt.UTC),
        "day": dt.date(2024, 5, 6),
        "decimal": decimal.Decimal("1.50"),
        "list": [1, None, float("nan")],
        "nan": float("nan"),
        "struct": {"a": {"b": "ü"}},
        "yes": True,
    }
    table = pa.Table.from_pylist([{"text": "t", **cells}])
    table = table.append_column("map", pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())))

    (one,) = records("a.parquet", parquet(table))

    assert one.date == "2024-05-06T07:08:09+00:00"
    assert json.loads(one.meta) == {
        "bytes": "/wA=",
        "day": "2024-05-06",
        "decimal": "1.50",
        "list": [1, None, None],
        "map": {"k": 1},
        "nan": None,
        "struct": {"a": {"b": "ü"}},
        "yes": True,
    }


def test_text_may_lie_in_a_struct(records):
    table = pa.table({"doc": [{"body": "t", "n": 1}]})

    (one,) = records("a.parquet", parquet(table), text_field="doc.body", id_field="doc.n")

    assert (one.text, one.meta) == ("t", '{"doc":{"n":1},"doc.n":1}')


@pytest.mark.parametrize("table", [pa.table({"content": ["x"]}), pa.table({"text": [1]}), pa.table({"text": [b"x"]})])
@pytest.mark.parametrize("name", ["a.parquet", "b.arrow"])
def test_a_file_without_a_column_of_text_is_one_fault(records, name, table):
    data = WRITERS[name](table)

    found = records(name, data)

    assert [(one.place, one.reason, one.bytes) for one in found] == [(name, "schema", len(data))]
    assert "column" in found[0].error


def test_a_row_without_text_is_a_fault_of_its_own(records):
    found = records("a.parquet", parquet(pa.table({"text": ["a", None, "c"]})))

    assert reasons(found) == [None, "field", None]
    assert found[1].place == "a.parquet#1"


def test_a_string_that_is_no_utf8_is_repaired_and_counted(records):
    broken = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0\4\0\0\0"), pa.py_buffer(b"okb\xff")]
    )

    found = records("a.arrow", stream(pa.table({"text": broken})))

    assert [(one.text, one.decoding) for one in found] == [("ok", "unicode"), ("b\ufffd", "repaired")]


@pytest.mark.parametrize("name", ["a.parquet", "b.arrow", "c.feather"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
def test_a_cut_file_is_a_fault(records, name, share):
    table = pa.table({"text": [f"text number {i} " * 20 for i in range(500)]})
    data = WRITERS[name](table)

    found = records(name, data[: int(len(data) * share)])

    assert reasons(found)[-1] == "corrupt"
    assert all(reason is None for reason in reasons(found)[:-1])


@pytest.mark.parametrize("name", ["a.parquet", "b.arrow", "c.feather"])
def test_damage_never_raises(records, name):
    data = bytearray(WRITERS[name](pa.table({"text": [f"text number {i}" for i in range(50)]})))

    for at in range(8, len(data), 13):
        damaged = data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :]
        assert records(name, bytes(damaged))


@pytest.mark.parametrize("name", ["a.parquet", "b.arrow"])
def test_texts_over_the_bound_are_dropped_with_their_size(records, name):
    table = pa.table({"text": ["ok", "x" * 2_000, "y" * 100_000, "fine"]})

    found = records(name, WRITERS[name](table), max_bytes=1_000)

    assert [(one.reason, one.bytes) for one in found] == [
        (None, None),
        ("max_bytes", 2_000),
        ("max_bytes", 100_000),
        (None, None),
    ]


def test_many_row_groups_come_in_order(records):
    table = pa.table({"text": [str(i) for i in range(3_000)]})

    found = records("a.parquet", parquet(table, row_group_size=700))

    assert texts(found) == [str(i) for i in range(3_000)]
    assert found[-1].id == "a.parquet#2999"


def test_a_saved_data_set_is_read_split_by_split_and_shard_by_shard(tmp_path):
    splits = {
        name: datasets.Dataset.from_dict({"text": [f"{name} {i}" for i in range(4)]}) for name in ("train", "test")
    }
    datasets.DatasetDict(splits).save_to_disk(tmp_path / "saved", num_shards={"train": 2, "test": 1})

    listing = discover([tmp_path / "saved"], Ingest())
    found = [one.text for source in listing.sources for one in read(source, Ingest())]

    assert [source.name for source in listing.sources] == [
        "data-00000-of-00002.arrow",
        "data-00001-of-00002.arrow",
        "data-00000-of-00001.arrow",
    ]
    assert found == [f"train {i}" for i in range(4)] + [f"test {i}" for i in range(4)]


def test_a_shard_that_a_saved_data_set_lacks_is_a_fault(tmp_path):
    datasets.Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(tmp_path / "saved", num_shards=2)
    (tmp_path / "saved/data-00001-of-00002.arrow").unlink()

    listing = discover([tmp_path / "saved"], Ingest())
    found = [one for source in listing.sources for one in read(source, Ingest())]

    assert reasons(found) == [None, "unreadable"]
    assert isinstance(found[1], Fault)
