"""Sums by group of people, and tables of a run's stages by group."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from curate import Options, run
from curate.shards import read_json
from curate.told import summed
from tests.conftest import build, write_jsonl

mentioned = st.none() | st.sets(st.sampled_from(["a", "b", "c"])).map(sorted)


@given(st.lists(st.lists(st.tuples(mentioned, st.integers(0, 9)), max_size=6), max_size=4))
def test_sums_by_group_are_those_of_a_plain_count(parts):
    documents, sums = Counter(), Counter()
    for names, value in (row for part in parts for row in part):
        documents.update(names or ())
        sums.update(dict.fromkeys(names or (), value))
    kind = pa.list_(pa.struct([("group", pa.string()), ("n", pa.int32())]))
    columns = [
        (
            pa.array([names and [{"group": name, "n": 1} for name in names] for names, _ in part], kind),
            {"value": np.array([value for _, value in part], np.int64)},
        )
        for part in parts
    ]

    found = summed(columns)

    assert found == {name: {"documents": documents[name], "value": sums[name]} for name in sorted(documents)}


def test_a_run_tells_its_stages_tables_by_group(tmp_path):
    texts = [f"Swedes are shy. Number {n} sings." for n in range(30)]
    source = write_jsonl(tmp_path / "in.jsonl", texts)
    recipe = build({"use": "bias"}, {"use": "toxicity"}, output={"tokens": False})

    run(recipe, [source], tmp_path / "out", options=Options(workers=1))

    told = read_json(tmp_path / "out" / "report.json")["told"]
    rows = [{"group": "nationality.swedish", "documents": 30, "strict": 30, "per 1,000": 1000.0}]
    assert told["bias by group"] == rows
    assert set(told) == {"bias", "toxicity", "bias by group"}
    assert "bias by group" in (tmp_path / "out" / "report.html").read_text("utf-8")
