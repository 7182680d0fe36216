from math import log, sqrt

import pyarrow as pa
import pytest

from curate.associations import LEAST, PRIOR, counted, telling, z_scores

NEAR = pa.list_(pa.struct([("group", pa.string()), ("trait", pa.string()), ("n", pa.int32())]))


def test_counts_add_up_over_parts_and_nulls_count_nothing():
    one, two = (
        [{"group": "a", "trait": "x", "n": 2}],
        [{"group": "a", "trait": "x", "n": 1}, {"group": "b", "trait": "x", "n": 5}],
    )

    assert counted([pa.array([one, None, []], NEAR), pa.array([two], NEAR), pa.array([], NEAR)]) == {
        ("a", "x"): 3,
        ("b", "x"): 5,
    }


def test_z_is_monroes_log_odds_over_their_deviation():
    cells = {("a", "x"): 40, ("a", "y"): 10, ("b", "x"): 20, ("b", "y"): 30}
    prior = PRIOR * 60 / 100
    here, there = 40 + prior, 20 + prior
    delta = log(here / (50 + PRIOR - here)) - log(there / (50 + PRIOR - there))

    assert z_scores(counted([lists(cells)]))["a", "x"] == pytest.approx(delta / sqrt(1 / here + 1 / there))


def lists(cells):
    return pa.array([[{"group": g, "trait": t, "n": n}] for (g, t), n in cells.items()], NEAR)


def test_what_stands_out_is_told_and_what_is_rare_or_even_is_not():
    cells = {(group, trait): 200 for group in "abc" for trait in "xyz"}
    cells["a", "x"] = 600
    cells["a", "w"] = LEAST - 1

    found = telling(counted([lists(cells)]))

    assert found[0][:3] == ("a", "x", 600)
    assert found[0][3] > 3.3
    assert all(trait != "w" for _, trait, *_ in found)
    assert telling(counted([lists({(g, t): 200 for g in "abc" for t in "xyz"})])) == []
    assert telling(counted([])) == []
    assert telling(counted([lists({("a", "x"): 500})])) == []
