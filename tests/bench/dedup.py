"""Near-duplicates against the truth: recall, removals that were wrong, time and memory, beside other programs.

The truth is the exact Jaccard similarity of all pairs, by shingles of five words: lower-cased runs of `\\w`, by which the
others go, and beside it the words of the stage `minhash`. A pair of 0.8 or more is *found* if not both documents stay; a
removal is *wrong* if its similarity to each document that stays is under 0.7.

sluice is `curate run` of the stage alone, from JSON Lines to documents in Parquet, and once more to ids and signals
(`[output] text = false`), both without the counts of an audit, which nobody else makes. The others go from there to the
numbers of the documents that stay (`dedup_side.py` says how), in `CACHE/dedup`, an environment with datasketch and
rensa, in datatrove's, and in `CACHE/textdedup`; a program that is not installed is left out, and so is text-dedup
on the largest set. On the last set each runs alone, on one core.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.bench import tables
from tests.bench.dedup_programs import Result, ours, theirs
from tests.bench.dedup_sets import Set, first, sets
from tests.bench.dedup_truth import Truth, candidates, curve, keys
from tests.bench.setting import Setting, say

PAGE = Path(__file__).parents[2] / "docs" / "dedup.md"
TOGETHER = (
    ("rensa", "rensa-20x6", "rensa-checked", "rensa-exact"),
    ("datasketch", "datasketch-20x6", "datasketch-checked"),
    ("text-dedup",),
    ("datatrove",),
)
"""What one process does where time does not count."""
LARGE, SMALL = 120, 40
"""Megabytes up to which text-dedup runs, and up to which datatrove runs with 20 × 6 too."""
TOLD = {
    "sluice": "sluice",
    "sluice-ids": "sluice, ids alone",
    "rensa": "rensa, its defaults (checked)",
    "rensa-20x6": "rensa 20 × 6, unchecked",
    "rensa-checked": "rensa 20 × 6, checked",
    "rensa-exact": "rensa 20 × 6, checked exactly",
    "datasketch": "datasketch, its defaults (9 × 13, unchecked)",
    "datasketch-20x6": "datasketch 20 × 6, unchecked",
    "datasketch-checked": "datasketch 20 × 6, checked",
    "text-dedup": "text-dedup (9 × 13, unchecked)",
    "datatrove": "datatrove, its defaults (14 × 8, unchecked)",
    "datatrove-20x6": "datatrove 20 × 6, unchecked",
}


def main(setting: Setting) -> str:
    """Measure and tell."""
    if setting.data is None:
        raise SystemExit("dedup needs --data")
    parts, similarities, met = [], [np.zeros(0)], [np.zeros(0, np.bool_)]
    for given in sets(setting, setting.data):
        say(f"{given.name}: {len(given.texts):,} documents, {given.megabytes:.0f} MB")
        truth = Truth.kept(given.texts, "own", setting.inputs)
        similarities.append(truth.similarities)
        met.append(candidates(truth.pairs, keys(given.texts)))
        parts.append(judged(setting, given, truth))
    return "\n\n".join([*parts, s_curve(np.concatenate(similarities), np.concatenate(met))])


def judged(setting: Setting, given: Set, truth: Truth) -> str:
    """What the programs made of a set."""
    if given.name == "pages and snippets":
        results = alone(setting, given)
        also = [costs(given, results), growth(setting, given)]
    else:
        results = together(setting, given)
        also = [planted(given, Truth.kept(given.texts, "plain", setting.inputs), results)] if given.edits else []
    truths = [Truth.kept(given.texts, "plain", setting.inputs), truth]
    rows = [(TOLD[result.program], *figures(result, given, truths)) for result in results]
    head = (
        "",
        "kept",
        "pairs found",
        "share",
        "wrong",
        "of removals",
        "pairs (stage's words)",
        "wrong (stage's words)",
    )
    pairs = [len(one.similar) for one in truths]
    told = (
        f"**{given.name}**: {len(given.texts):,} documents, {given.megabytes:.1f} MB; {pairs[0]:,} pairs of 0.8 or "
        f"more, by the stage's words {pairs[1]:,}."
    )
    return "\n\n".join([told, tables.table(head, rows), *also])


def together(setting: Setting, given: Set) -> list[Result]:
    """Results where time does not count."""
    others = [some for some in TOGETHER if given.megabytes < LARGE or some != ("text-dedup",)]
    others += [("datatrove-20x6",)] if given.megabytes < SMALL else []
    found = [result for some in others for result in theirs(setting, some, given.path, timed=False)]
    return [ours(setting, given.path), *found]


def alone(setting: Setting, given: Set) -> list[Result]:
    """Results of processes that have a core to themselves."""
    others = [program for some in TOGETHER for program in some]
    found = [result for program in others for result in theirs(setting, [program], given.path, timed=True)]
    mine = [ours(setting, given.path, setting.repeats, bare=bare) for bare in (False, True)]
    return [*mine, *found]


def figures(result: Result, given: Set, truths: Sequence[Truth]) -> list[str]:
    """Kept, pairs found, wrong removals."""
    stays = staying(result, given)
    gone = int((~stays).sum())
    found, wrong = [one.found(stays) for one in truths], [one.wrong(stays) for one in truths]
    shares = [f"{count / max(1, len(one.similar)):.4f}" for count, one in zip(found, truths, strict=True)]
    return [
        f"{len(result.kept):,}",
        f"{found[0]:,}",
        shares[0],
        f"{wrong[0]:,}",
        f"{wrong[0] / max(1, gone):.1%}",
        shares[1],
        f"{wrong[1]:,}",
    ]


def staying(result: Result, given: Set) -> NDArray[np.bool_]:
    """Of each document, whether it stays."""
    return np.isin(np.arange(len(given.texts)), result.kept)


def planted(given: Set, truth: Truth, results: Sequence[Result]) -> str:
    """By edit, how alike it left the documents, and what of the similar pairs was found."""
    known = dict(zip(map(tuple, truth.pairs.tolist()), truth.similarities.tolist(), strict=True))
    stays = [staying(result, given) for result in results]
    rows = []
    for name, pairs in given.edits.items():
        similar = np.array([pair for pair in pairs if known.get(pair, 0.0) >= 0.8], np.int64).reshape(-1, 2)
        found = [(~(kept[similar[:, 0]] & kept[similar[:, 1]])).sum() for kept in stays]
        middle = f"{np.median([known.get(pair, 0.0) for pair in pairs]):.2f}"
        rows.append((name, middle, f"{len(similar):,}", *(f"{count:,}" for count in found)))
    gone = [f"{int((~kept[given.negatives.start : given.negatives.stop]).sum()):,}" for kept in stays]
    rows.append((f"translations that went, of {len(given.negatives):,}", "", "0", *gone))
    head = ("", "median similarity", "pairs of 0.8 or more", *(result.program for result in results))
    return f"Pairs of an original and its edit, by edit, and those of them found:\n\n{tables.table(head, rows)}"


def costs(given: Set, results: Sequence[Result]) -> str:
    """Time and memory of whole processes."""
    base = results[0].took
    rows = [
        (
            TOLD[result.program],
            tables.duration(result.took.seconds),
            tables.duration(result.took.cpu_seconds),
            f"{result.took.cpu_seconds / base.cpu_seconds:.1f}",
            tables.rate(given.megabytes / result.took.cpu_seconds),
            tables.size(result.took.peak_bytes),
            f"{result.load:.1f}",
        )
        for result in results
    ]
    head = ("", "wall time", "CPU time", "× sluice's", "MB/s of CPU time", "peak memory", "load")
    return f"The same, whole processes, file to kept documents on one core:\n\n{tables.table(head, rows)}"


def growth(setting: Setting, given: Set) -> str:
    """Peak memory of our process over growing parts of a set."""
    counts = [len(given.texts) // part for part in (4, 2, 1)]
    peaks = [ours(setting, first(given, count)).took.peak_bytes for count in counts]
    rows = [(f"{count:,}", tables.size(peak)) for count, peak in zip(counts, peaks, strict=True)]
    slope = (peaks[-1] - peaks[0]) / (counts[-1] - counts[0]) * 1e5
    told = f"Peak memory of `curate run` grows by {tables.size(max(slope, 0))} per 100,000 documents"
    return f"{told}:\n\n{tables.table(('documents', 'peak memory'), rows)}"


def s_curve(similarities: NDArray[np.float64], met: NDArray[np.bool_]) -> str:
    """Candidates by similarity, beside theory."""
    rows = [
        (f"{low:.2f} to {high:.2f}" if low < high else "1", f"{pairs:,}", f"{share:.4f}", f"{expected:.4f}")
        for low, high, pairs, share, expected in curve(similarities, met)
    ]
    head = ("similarity (stage's words)", "pairs", "share a key", "1 − (1 − s⁶)²⁰")
    return f"The S-curve, over all pairs of all these sets:\n\n{tables.table(head, rows)}"
