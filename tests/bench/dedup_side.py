"""Another program's near-duplicates, as its documentation shows it: `dedup_side.py METHOD DOCUMENTS KEPT [WORK]`.

Runs in an environment of its own and imports nothing of this project. Writes the numbers of the documents that stay.
datasketch and rensa: a document that shares a bucket with an earlier one that stays goes, at the bands of the stage
`minhash`. datatrove: its four steps and its defaults (14 bands of 8), one of each connected component stays.
"""

import json
import re
import sys
from pathlib import Path

THRESHOLD, PERMUTATIONS, BANDS, ROWS, SHINGLE = 0.8, 120, 20, 6, 5
WORD = re.compile(r"\w+")


def shingles(text: str) -> set[str]:
    words = WORD.findall(text.lower())
    return {" ".join(words[i : i + SHINGLE]) for i in range(len(words) - SHINGLE + 1)}


def documents(path: str):
    with Path(path).open(encoding="utf-8") as lines:
        yield from (json.loads(line)["text"] for line in lines)


def datasketch(path: str, _: Path) -> list[int]:
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, params=(BANDS, ROWS))
    kept = []
    for number, text in enumerate(documents(path)):
        signature = MinHash(num_perm=PERMUTATIONS, seed=1)
        found = [shingle.encode() for shingle in shingles(text)]
        if found:
            signature.update_batch(found)
            if index.query(signature):
                continue
            index.insert(number, signature)
        kept.append(number)
    return kept


def rensa(path: str, _: Path) -> list[int]:
    from rensa import RMinHash, RMinHashLSH

    index = RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=BANDS)
    kept = []
    for number, text in enumerate(documents(path)):
        found = list(shingles(text))
        if found:
            signature = RMinHash(num_perm=PERMUTATIONS, seed=1)
            signature.update(found)
            if index.query(signature):
                continue
            index.insert(number, signature)
        kept.append(number)
    return kept


def datatrove(path: str, work: Path) -> list[int]:
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

    config = MinhashConfig()
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


if __name__ == "__main__":
    method, path, out, *work = sys.argv[1:]
    Path(out).write_text(json.dumps(globals()[method](path, Path(work[0] if work else "."))), "utf-8")
