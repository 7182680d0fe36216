"""Files in groups of rows."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from curate import groups, shards


def written(path, parts, form):
    with form(path) as out:
        for part in parts:
            out.write(part)
    return path


@given(st.lists(st.integers(0, 9000), max_size=4))
def test_a_files_bytes_do_not_tell_in_what_batches_its_rows_came(tmp_path_factory, sizes):
    folder = tmp_path_factory.mktemp("groups")
    table = pa.table({"n": pa.array(range(sum(sizes)), pa.int64())})
    starts = [sum(sizes[:i]) for i in range(len(sizes))]
    parts = [table.slice(start, size) for start, size in zip(starts, sizes, strict=True)]

    for form in (groups.parquet, groups.arrow, groups.token_stream):
        whole = written(folder / "whole", [table], form)
        assert written(folder / "parts", [table.slice(0, 0), *parts], form).read_bytes() == whole.read_bytes()


def test_groups_are_full_of_rows_or_of_text(tmp_path, monkeypatch):
    monkeypatch.setattr(groups, "GROUP_BYTES", 1000)
    table = pa.table({"text": ["x" * 400] * 5 + ["x" * 3000, None] + [""] * 5000})

    file = pq.ParquetFile(written(tmp_path / "a.parquet", [table], groups.parquet))

    rows = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    assert rows == [2, 2, 1, 1, 4096, 905]
    assert file.read()["text"].to_pylist() == table["text"].to_pylist()


def test_no_rows_still_make_a_file_with_a_schema(tmp_path):
    nothing = pa.table({"n": pa.array([], pa.int64())})

    path = written(tmp_path / "n.arrow", [nothing], groups.arrow)

    assert shards.read_arrow(path).schema == nothing.schema


def test_a_writer_that_fails_leaves_no_file(tmp_path):
    def fail():
        with groups.parquet(tmp_path / "a.parquet") as out:
            out.write(pa.table({"n": [1]}))
            out.write(pa.table({"m": [1]}))

    with pytest.raises(pa.ArrowInvalid):
        fail()

    assert not list(tmp_path.iterdir())
