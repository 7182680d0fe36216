"""Other programs' near-duplicates, as their documentation shows it: `dedup_side.py PROGRAM,… DOCUMENTS KEPT [WORK]`.

Runs in an environment of its own and imports nothing of this project. Writes, by program, the numbers of the documents
that stay. Shingles are runs of five words, lower-cased runs of `\\w`; datasketch and rensa read document by document,
and one that is like an earlier one that stays goes; one without a shingle stays.

datasketch          `MinHashLSH(threshold=0.8, num_perm=128)`, its defaults: it chooses 9 bands of 13; what shares a band
                    is a copy
datasketch-20x6     the same at 20 bands of 6
datasketch-checked  20 bands of 6; a copy is what has a signature similar by 0.8 besides
rensa               `RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)`, its defaults: it chooses the bands
                    and checks candidates by their signatures
rensa-20x6          `RMinHashLSH` at 20 bands of 6; what shares a band is a copy
rensa-checked       `RMinHashDeduplicator` at 20 bands of 6: candidates are checked by their signatures
rensa-exact         `RMinHashLSH` at 20 bands of 6; a copy is what shares 0.8 of its shingles with a candidate, which are
                    kept as sorted 64-bit hashes: what `minhash` promises, too
datatrove           its four steps at its defaults, 14 bands of 8: one of each connected component stays
datatrove-20x6      the same at 20 bands of 6
text-dedup          its command for MinHash at 128 permutations and its defaults (9 bands of 13), on one process that it
                    forks: the first of each connected component stays
"""

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

THRESHOLD, BANDS, ROWS, SHINGLE = 0.8, 20, 6, 5
WORD = re.compile(r"\w+")


def shingled(path: str) -> Iterator[tuple[int, list[str]]]:
    """Every document's number and distinct shingles."""
    with Path(path).open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            words = WORD.findall(json.loads(line)["text"].lower())
            yield number, list({" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)})


def datasketch(bands: int, *, checked: bool) -> Callable[[int, list[str]], bool]:
    """Says of each document whether it stays."""
    from datasketch import MinHash, MinHashLSH

    permutations = BANDS * ROWS if bands else 128
    params = {"params": (bands, ROWS)} if bands else {}
    index = MinHashLSH(threshold=THRESHOLD, num_perm=permutations, **params)
    empty = MinHash(num_perm=permutations, seed=1)
    stays: dict[int, MinHash] = {}

    def decide(number: int, shingles: list[str]) -> bool:
        signature = empty.copy()
        signature.update_batch([shingle.encode() for shingle in shingles])
        found = index.query(signature)
        if any(stays[other].jaccard(signature) >= THRESHOLD for other in found) if checked else found:
            return False
        index.insert(number, signature)
        if checked:
            stays[number] = signature
        return True

    return decide


def rensa(bands: int, *, checked: bool, exact: bool = False) -> Callable[[int, list[str]], bool]:
    """Says of each document whether it stays."""
    from rensa import RMinHash, RMinHashDeduplicator, RMinHashLSH

    permutations = BANDS * ROWS if bands else 128
    if checked:
        given = {"num_bands": bands} if bands else {}
        index = RMinHashDeduplicator(threshold=THRESHOLD, num_perm=permutations, use_lsh=True, **given)
        return lambda number, shingles: index.add_pairs([(str(number), shingles)])[0]
    buckets = RMinHashLSH(threshold=THRESHOLD, num_perm=permutations, num_bands=bands)
    if exact:
        return exactly(buckets, RMinHash, permutations)

    def decide(number: int, shingles: list[str]) -> bool:
        signature = RMinHash(num_perm=permutations, seed=1)
        signature.update(shingles)
        if buckets.query(signature):
            return False
        buckets.insert(number, signature)
        return True

    return decide


def exactly(buckets: Any, sketched: Any, permutations: int) -> Callable[[int, list[str]], bool]:
    """Says of each document whether it stays, by the shingles that it shares with candidates."""
    import numpy as np

    stays: dict[int, Any] = {}

    def decide(number: int, shingles: list[str]) -> bool:
        signature = sketched(num_perm=permutations, seed=1)
        signature.update(shingles)
        mine = np.sort(np.fromiter(map(hash, shingles), np.int64, len(shingles)))
        for other in buckets.query(signature):
            shared = len(np.intersect1d(mine, stays[other], assume_unique=True))
            if shared >= THRESHOLD * (len(mine) + len(stays[other]) - shared):
                return False
        buckets.insert(number, signature)
        stays[number] = mine
        return True

    return decide


def datatrove(path: str, work: Path, **options: int) -> list[int]:
    """The four steps, in one process, on one worker."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import (
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
        MinhashDedupSignature,
    )
    from datatrove.pipeline.dedup.minhash import MinhashConfig
    from datatrove.pipeline.readers import JsonlReader
    from datatrove.pipeline.writers import JsonlWriter

    config = MinhashConfig(**options)
    given = Path(path)
    reader = JsonlReader(str(given.parent), glob_pattern=given.name, id_key="id")
    at = {name: str(work / name) for name in ("signatures", "buckets", "remove", "kept")}
    steps = [
        ([reader, MinhashDedupSignature(output_folder=at["signatures"], config=config)], 1),
        ([MinhashDedupBuckets(at["signatures"], at["buckets"], config=config)], config.num_buckets),
        ([MinhashDedupCluster(at["buckets"], at["remove"], config=config)], 1),
        ([reader, MinhashDedupFilter(at["remove"]), JsonlWriter(at["kept"], compression=None)], 1),
    ]
    for number, (pipeline, tasks) in enumerate(steps):
        LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=str(work / f"log{number}")).run()
    files = sorted(Path(at["kept"]).glob("*.jsonl"))
    return [int(json.loads(line)["id"]) for file in files for line in file.read_text("utf-8").split("\n") if line]


def text_dedup(path: str, work: Path) -> list[int]:
    """Its command, in this process."""
    from datasets import load_from_disk
    from text_dedup.minhash import main as command

    source = ["--path", "json", "--data_files", path, "--split", "train", "--column", "text"]
    places = ["--cache_dir", str(work / "cache"), "--output", str(work / "kept")]
    options = ["--num_perm", "128", "--threshold", str(THRESHOLD), "--ngram", str(SHINGLE)]
    more = ["--min_length", "0", "--batch_size", "10000", "--num_proc", "1"]
    command([*source, *places, *options, *more], standalone_mode=False)
    return [int(name) for name in load_from_disk(str(work / "kept"))["id"]]


MADE = {
    "datasketch": lambda: datasketch(0, checked=False),
    "datasketch-20x6": lambda: datasketch(BANDS, checked=False),
    "datasketch-checked": lambda: datasketch(BANDS, checked=True),
    "rensa": lambda: rensa(0, checked=True),
    "rensa-20x6": lambda: rensa(BANDS, checked=False),
    "rensa-checked": lambda: rensa(BANDS, checked=True),
    "rensa-exact": lambda: rensa(BANDS, checked=False, exact=True),
}


def main(programs: list[str], path: str, work: Path) -> dict[str, list[int]]:
    """By program, what stays."""
    if programs[0].startswith("datatrove"):
        options = {"num_buckets": BANDS, "hashes_per_bucket": ROWS} if programs[0].endswith("20x6") else {}
        return {programs[0]: datatrove(path, work, **options)}
    if programs == ["text-dedup"]:
        return {"text-dedup": text_dedup(path, work)}
    deciders = {program: MADE[program]() for program in programs}
    kept: dict[str, list[int]] = {program: [] for program in programs}
    for number, shingles in shingled(path):
        for program, decide in deciders.items():
            if not shingles or decide(number, shingles):
                kept[program].append(number)
    return kept


if __name__ == "__main__":
    names, given, out, *rest = sys.argv[1:]
    Path(out).write_text(json.dumps(main(names.split(","), given, Path(rest[0] if rest else "."))), "utf-8")
