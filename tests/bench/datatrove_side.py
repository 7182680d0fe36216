"""datatrove's side of the comparisons; run by the Python of its own environment, as `datatrove_side.py TASK.json`.

The task is a JSON object: `kind` (`chain`, `filters` or `extract`), `input` (folder), `output` (folder),
for the chain `lid`, `tokenizer` and `c4_and_fineweb`, for the filters `lid` or null. Everything runs on one worker of
`LocalPipelineExecutor`, in one process, so that its imports are paid once. Intermediate files are
written uncompressed, which is quicker than datatrove's default. What was counted, and the seconds of
each part, go to `output/facts.json`.
"""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupCluster, MinhashDedupFilter, MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupBuckets
from datatrove.pipeline.extractors import Trafilatura
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
    LanguageFilter,
)
from datatrove.pipeline.readers import JsonlReader, WarcReader
from datatrove.pipeline.tokens import DocumentTokenizer
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.lid import FT176LID

Task = dict[str, Any]
Part = tuple[str, float, Any]
"""Name, seconds and statistics of one executor."""

BUCKETS = 14


def main(task: Task) -> None:
    facts = {}
    kinds = {"chain": chain, "filters": filters, "extract": extract}
    for name, seconds, stats in kinds[task["kind"]](task):
        facts[name] = {"seconds": seconds, "steps": [_step(step) for step in stats.stats]}
    Path(task["output"], "facts.json").write_text(json.dumps(facts, indent=1), "utf-8")


def _step(stats: Any) -> dict[str, Any]:
    return {"name": stats.name, **{key: int(metric.total) for key, metric in stats.stats.items()}}


def _run(task: Task, name: str, pipeline: list[Any], tasks: int = 1) -> Part:
    started = time.perf_counter()
    logs = f"{task['output']}/logs/{name}"
    stats = LocalPipelineExecutor(pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
    return name, time.perf_counter() - started, stats


def filters(task: Task, *, strict: bool = True) -> Iterator[Part]:
    language = []
    if task["lid"]:
        # The given model in place of the one that would be downloaded: the path is "downloaded" by a copy.
        FT176LID.MODEL_URL = task["lid"]
        language = [LanguageFilter("en", language_threshold=0.65, backend="ft176")]
    pipeline = [
        JsonlReader(task["input"], glob_pattern="*.jsonl"),
        *language,
        GopherRepetitionFilter(),
        GopherQualityFilter(),
        *([C4QualityFilter(filter_no_terminal_punct=False), FineWebQualityFilter()] if strict else []),
        JsonlWriter(f"{task['output']}/filtered", compression=None),
    ]
    yield _run(task, "filters", pipeline)


def chain(task: Task) -> Iterator[Part]:
    out = task["output"]
    yield from filters(task, strict=task["c4_and_fineweb"])
    config = MinhashConfig(n_grams=5, num_buckets=BUCKETS, hashes_per_bucket=8)
    signatures = MinhashDedupSignature(f"{out}/signatures", config)
    yield _run(task, "minhash signatures", [JsonlReader(f"{out}/filtered"), signatures])
    buckets = MinhashDedupBuckets(f"{out}/signatures", f"{out}/buckets", config=config)
    yield _run(task, "minhash buckets", [buckets], tasks=BUCKETS)
    yield _run(task, "minhash clusters", [MinhashDedupCluster(f"{out}/buckets", f"{out}/removed", config)])
    last = [
        JsonlReader(f"{out}/filtered"),
        MinhashDedupFilter(f"{out}/removed"),
        DocumentTokenizer(
            f"{out}/tokens",
            tokenizer_name_or_path=task["tokenizer"],
            eos_token="<|endoftext|>",
            shuffle_documents=False,
            save_final_metadata=False,
        ),
    ]
    yield _run(task, "minhash filter and tokens", last)


def extract(task: Task) -> Iterator[Part]:
    pipeline = [
        WarcReader(task["input"], glob_pattern="*.warc.gz"),
        Trafilatura(),
        JsonlWriter(f"{task['output']}/texts", compression=None),
    ]
    yield _run(task, "extraction", pipeline)


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
