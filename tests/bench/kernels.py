"""MB/s per core of every kernel and of every stage as recipes use it, each in a process of its own, best of several.

Rates are bytes of text (for `extract`, of HTML) a second, on real text in batches as the runner makes them.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from curate.stage import DOCUMENT
from curate.stages import STAGES
from tests.bench import peer
from tests.bench.inputs import Corpus, corpus, crawl, sample, unpacked
from tests.bench.measure import Run, run
from tests.bench.models import models
from tests.bench.one import KERNELS, WHAT
from tests.bench.setting import Setting, say
from tests.bench.tables import duration, rate, size, table

TEXT_BYTES = 16 * 10**6
BATCH_ROWS, BATCH_BYTES = 1024, 16 * 2**20
WITH_LID = "language, with lid.176"


def main(setting: Setting) -> str:
    """Measure and tell."""
    whole = corpus(setting.data, setting.inputs, setting.size)
    given = sample(whole, TEXT_BYTES)
    texts = save(rows_of(given), setting.work / "texts.arrow")
    pages = None
    if setting.data is not None:
        pages = save(_pages(setting), setting.work / "pages.arrow")
    kernels = [_row(setting, name, name, texts, {}) for name in KERNELS]
    stages, needed = [], models(given, setting.work)
    for name in STAGES:
        if name != "extract":
            stages.append(_row(setting, name, f"stage {name}", texts, needed.get(name, {})))
        elif pages is not None:
            stages.append(_row(setting, name, f"stage {name}", pages, {}))
        if name == "language" and setting.lid is not None:
            stages.append(_row(setting, WITH_LID, f"stage {name}", texts, {"model": str(setting.lid.resolve())}))
    tokenizer = {"tokenizer": str(peer.tokenizer(setting.tokenizer, whole))}
    stages.append(_row(setting, "tokens (encoding)", "tokens", texts, tokenizer))
    head = ("MB/s", "documents/s", "to load", "peak memory")
    told = f"Input: {given.told()}, in memory."
    return "\n\n".join([told, table(("kernel", *head), kernels), table(("stage, its defaults", *head), stages)])


def _row(setting: Setting, name: str, call: str, file: Path, fields: dict[str, Any]) -> tuple[str, ...]:
    say(call)
    took, facts = single(setting, call, file, fields)
    speed = facts["bytes_per_second"]
    documents = speed * facts["documents"] / facts["bytes"]
    shown = f"{name}: {WHAT[name]}" if name in WHAT else name
    mb = "" if name == "url" else rate(speed / 1e6)  # it reads no text
    return (shown, mb, f"{documents:,.0f}", duration(facts["load"]), size(took.peak_bytes))


def single(setting: Setting, call: str, file: Path, fields: dict[str, Any]) -> tuple[Run, dict[str, Any]]:
    """One call of `one.py` in a process of its own: what it took, and what it measured."""
    result = setting.work / "one.json"
    command: list[str | Path] = [sys.executable, "-m", "tests.bench.one", call, file, json.dumps(fields), result]
    took = run(command, setting.work / "one-log.txt", pin=setting.pin)
    return took, json.loads(result.read_text("utf-8"))


def rows_of(given: Corpus) -> Iterator[dict[str, str]]:
    """A corpus as rows of documents."""
    with given.path.open("rb") as lines:
        for line in lines:
            row = json.loads(line)
            yield {
                "id": row["id"],
                "url": f"https://pages.example/{row['id']}",
                "text": row["text"],
                "media": "text/plain",
            }


def _pages(setting: Setting) -> Iterator[dict[str, str]]:
    from resiliparse.parse.encoding import bytes_to_str, detect_encoding

    for url, html in unpacked(crawl(setting.data, setting.inputs, min(setting.pages, 300))):
        yield {
            "id": url,
            "url": url,
            "text": bytes_to_str(html, detect_encoding(html) or "utf-8"),
            "media": "text/html",
        }


def save(rows: Iterator[dict[str, str]], path: Path) -> Path:
    """Batches as the runner makes them, in an Arrow file."""
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, DOCUMENT) as writer:
        held: list[dict[str, str]] = []
        filled = 0
        for row in rows:
            text = len(row["text"].encode("utf-8", "replace"))
            if held and (len(held) == BATCH_ROWS or filled + text > BATCH_BYTES):
                writer.write_batch(_batch(held))
                held, filled = [], 0
            held.append(row)
            filled += text
        if held:
            writer.write_batch(_batch(held))
    return path


def _batch(rows: list[dict[str, str]]) -> pa.RecordBatch:
    full = [{"source": "bench", "date": None, "meta": "{}", **row} for row in rows]
    return pa.RecordBatch.from_pylist(full, schema=DOCUMENT)
