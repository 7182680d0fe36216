"""Which traits stand near which group more often than near the others, beyond chance.

Monroe, Colaresi and Quinn, "Fightin' Words" (Political Analysis 2008): the log odds of a trait near a group against the
same near all others, with a Dirichlet prior from the whole corpus, over its standard deviation. Of several hundred
thousand cells many are large by chance, so that beside |z| > 3.3 and 30 occurrences Benjamini and Hochberg's
procedure (1995) has to let a cell pass at a false discovery rate of 5 %.
"""

from collections import Counter
from collections.abc import Iterable
from math import erfc, log, sqrt

import pyarrow as pa

FLOOR, LEAST, RATE = 3.3, 30, 0.05
"""Smallest |z|, fewest occurrences, and the false discovery rate."""
PRIOR = 500.0
"""Occurrences that the prior is worth for each group, spread over traits as in the whole corpus."""

Cells = Counter[tuple[str, str]]


def counted(columns: Iterable[pa.ListArray]) -> Cells:
    """Group and trait → occurrences, over lists of structs with `group`, `trait` and `n`."""
    total: Cells = Counter()
    for column in columns:
        entries = column.drop_null().flatten()
        if len(entries):
            table = pa.Table.from_struct_array(entries).group_by(["group", "trait"]).aggregate([("n", "sum")])
            for row in table.to_pylist():
                total[row["group"], row["trait"]] += row["n_sum"]
    return total


def z_scores(cells: Cells) -> dict[tuple[str, str], float]:
    """Each cell's log odds over their standard deviation; 0 where there is nothing to compare with."""
    groups, traits, whole = Counter[str](), Counter[str](), sum(cells.values())
    for (group, trait), n in cells.items():
        groups[group] += n
        traits[trait] += n
    return {(group, trait): _z(n, groups[group], traits[trait], whole) for (group, trait), n in sorted(cells.items())}


def telling(cells: Cells) -> list[tuple[str, str, int, float]]:
    """Group, trait, occurrences and z of the cells that pass all three bars, the largest |z| first."""
    scores = z_scores(cells)
    chances = sorted(erfc(abs(z) / sqrt(2)) for z in scores.values())
    passing = [chance for rank, chance in enumerate(chances, 1) if chance <= RATE * rank / len(chances)]
    bar = passing[-1] if passing else -1.0
    found = [
        (*cell, cells[cell], round(z, 2))
        for cell, z in scores.items()
        if abs(z) > FLOOR and cells[cell] >= LEAST and erfc(abs(z) / sqrt(2)) <= bar
    ]
    return sorted(found, key=lambda row: (-abs(row[3]), row))


def _z(n: int, group: int, trait: int, whole: int) -> float:
    prior = PRIOR * trait / whole
    here, there = n + prior, trait - n + prior
    rest_here, rest_there = group + PRIOR - here, whole - group + PRIOR - there
    if rest_here <= 0 or rest_there <= 0:
        return 0.0
    return (log(here / rest_here) - log(there / rest_there)) / sqrt(1 / here + 1 / there)
