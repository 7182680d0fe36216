"""Batches between segments, whole and over the file of another."""

import numpy as np
import pyarrow as pa
import pytest

from curate import between


def batch(first, size, **more):
    rows = range(first, first + size)
    columns = {"id": [f"r{i}" for i in rows], "text": [f"text {i}" * (i % 3) for i in rows]}
    return pa.RecordBatch.from_pydict({**columns, **{name: [f(i) for i in rows] for name, f in more.items()}})


@pytest.fixture
def under(tmp_path):
    """A file of three batches, the middle one of which is empty but for its schema."""
    path = tmp_path / "00-ingest-ab" / "00000" / "raw.arrow"
    with between.BatchWriter(path, packed=False) as writer:
        for part in (batch(0, 4, n=int), batch(4, 3, n=int), batch(7, 5, n=int)):
            writer.write(part)
    return path


def over(path, rows, columns=("n",)):
    """Write a file over another, of some rows (by batch) of it."""
    mine = (
        path.parent.parent.parent
        / f"{len(list(path.parents[2].glob('*'))):02}-segment-cd"
        / "00000"
        / "documents.arrow"
    )
    with between.Batches(path) as given, between.BatchWriter(mine, given.texts) as writer:
        for number, places in enumerate(rows):
            part = given.batch(number).take(pa.array(places, pa.int64())).select(columns)
            writer.write(part, given.places(number, np.array(places, np.int64)))
    return mine


def test_a_file_over_another_holds_what_is_new_and_reads_as_if_it_held_all(under):
    mine = over(under, [[0, 3], [], [0, 1, 2, 3, 4]])

    whole = pa.Table.from_batches(between.batches(mine))

    expected = pa.Table.from_batches(between.batches(under)).take([0, 3, 7, 8, 9, 10, 11])
    assert whole.equals(expected)
    assert "text" not in pa.ipc.open_file(mine.read_bytes()).schema.names


def test_a_file_over_such_a_file_stands_over_the_one_that_holds_the_texts(under):
    middle = over(under, [[0, 2, 3], [1], [4]])
    mine = over(middle, [[1, 2], [0], []])

    with between.Batches(mine) as found:
        assert found.texts == under
        assert found.sizes() == [2, 1, 0]
    assert pa.Table.from_batches(between.batches(mine)).column("id").to_pylist() == ["r2", "r3", "r5"]


def test_columns_and_single_batches_are_read_from_where_they_are(under):
    mine = over(under, [[1], [0, 2], [3]])

    assert between.batch_at(mine, 1, ("text",)).to_pydict() == {"text": ["text 4", ""]}
    assert [part.to_pydict() for part in between.batches(mine, ("n",))] == [{"n": [1]}, {"n": [4, 6]}, {"n": [10]}]
    assert [part.num_rows for part in between.batches(mine, ("id", "n"))] == [1, 2, 1]


def test_a_folder_may_be_moved_with_all_it_holds(under, tmp_path):
    mine = over(under, [[0], [0], [0]])
    moved = tmp_path.with_name(tmp_path.name + "-moved")
    tmp_path.rename(moved)

    found = pa.Table.from_batches(between.batches(moved / mine.relative_to(tmp_path)))

    assert found.column("id").to_pylist() == ["r0", "r4", "r7"]
