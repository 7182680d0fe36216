"""One kernel or one stage, measured in a process of its own: `one.py NAME BATCHES.arrow FIELDS RESULT`.

NAME is `text.words` for a kernel, `stage gopher` for a stage, `tokens` for the tokenizer, `scan copy` for a plain scan. FIELDS is a JSON object of the
stage's fields. The best of several passes over all batches counts, after one to warm up.
"""

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from curate.stage import DOCUMENT, Barrier, Filter, Rewrite, Stage, buffers, strings
from curate.stages import STAGES
from tests.bench.measure import best_rate

Texts = tuple[Any, Any]
FUNCTIONS = 112


def _plain(name: str, **options: Any) -> Callable[[Texts], Callable[[], object]]:
    """A kernel that takes offsets and bytes."""
    module, function = name.split(".")

    def bind(texts: Texts) -> Callable[[], object]:
        kernel = getattr(import_module(f"curate.ops.{module}"), function)
        return lambda: kernel(*texts, **options)

    return bind


def _stop_words(texts: Texts) -> Callable[[], object]:
    from curate.ops import stopwords
    from curate.stages.gopher import STOP_WORDS

    stops = stopwords.stop_list(STOP_WORDS)
    return lambda: stopwords.stop_words(*texts, stops)


def _masses(texts: Texts) -> Callable[[], object]:
    from curate.ops import ngrams

    words = ngrams.word_list(*texts)
    return lambda: ngrams.masses(words)


def _signatures(texts: Texts) -> Callable[[], object]:
    from curate.ops import minhash

    found, functions = minhash.shingles(*texts, 5), minhash.permutations(FUNCTIONS, 1)
    return lambda: minhash.signatures(found, functions)


def _occurrences(texts: Texts) -> Callable[[], object]:
    from curate.ops import phrases

    listed = phrases.phrases(["lorem ipsum"])
    return lambda: phrases.occurrences(*texts, listed)


def _rewriting(stage: str) -> Callable[[Texts], Callable[[], object]]:
    """A kernel that writes text, with the defaults of its stage."""

    def bind(texts: Texts) -> Callable[[], object]:
        rewrite = _stage(stage, {})
        assert isinstance(rewrite, Rewrite)
        rows = pa.RecordBatch.from_pydict({"text": strings(*texts)})
        return lambda: rewrite.rewrite(rows)

    return bind


KERNELS: dict[str, Callable[[Texts], Callable[[], object]]] = {
    "text.characters": _plain("text.characters"),
    "text.words": _plain("text.words"),
    "text.lines": _plain("text.lines"),
    "marks.marks": _plain("marks.marks"),
    "shapes.shapes": _plain("shapes.shapes", width=30),
    "sentences.sentences": _plain("sentences.sentences"),
    "phrases.occurrences": _occurrences,
    "c4.keep_lines": _rewriting("c4_lines"),
    "refinedweb.correct": _rewriting("refinedweb_lines"),
    "treebank.spaced": _plain("treebank.spaced"),
    "treebank_sentences.treebank_sentences": _plain("treebank_sentences.treebank_sentences"),
    "breaks.broken_lines": _plain("breaks.broken_lines", bullets="•-"),
    "stopwords.stop_words": _stop_words,
    "repeats.repeats": _plain("repeats.repeats", paragraphs=False),
    "ngrams.word_list": _plain("ngrams.word_list"),
    "ngrams.masses": _masses,
    "normal.normalise": _plain("normal.normalise", punctuation=False),
    "hashing.hash_strings": _plain("hashing.hash_strings"),
    "langid.windows": _plain("langid.windows", width=512),
    "minhash.shingles": _plain("minhash.shingles", n=5),
    "minhash.signatures": _signatures,
}
WHAT = {
    "ngrams.masses": "of the word list: top 2- to 4-grams, duplicate 5- to 10-grams",
    "minhash.signatures": f"of the shingles, {FUNCTIONS} functions",
    "treebank.spaced": "punctuation marks as words",
    "normal.normalise": "compatibility folding",
    "langid.windows": "512 characters a text",
}


def _stage_work(name: str, fields: dict[str, Any], batches: list[pa.RecordBatch]) -> Callable[[], object]:
    stage = _stage(name, fields)
    for column in stage.reads:
        if column not in DOCUMENT.names:
            earlier = _stage(column, {})
            batches = [batch.append_column(column, _column(earlier, batch)) for batch in batches]
    if isinstance(stage, Filter):
        return lambda: [stage.column(batch) for batch in batches]
    if isinstance(stage, Rewrite):
        return lambda: [stage.rewrite(batch) for batch in batches]
    assert isinstance(stage, Barrier)
    return lambda: [stage.sketch(batch) for batch in batches]


def _column(stage: Stage, batch: pa.RecordBatch) -> pa.StructArray | None:
    if isinstance(stage, Rewrite):
        return stage.struct(stage.rewrite(batch), batch.num_rows)
    assert isinstance(stage, Filter)
    return stage.column(batch)


def _stage(name: str, fields: dict[str, Any]) -> Stage:
    module, _, cls = STAGES[name].partition(":")
    found: Stage = getattr(import_module(module), cls).model_validate(fields)
    found.prepare()
    return found


def _encoder_work(path: str, batches: list[pa.RecordBatch]) -> Callable[[], object]:
    from curate.tokens import load

    encoder = load(Path(path))
    return lambda: [encoder.encode(batch["text"].to_pylist()) for batch in batches]


def _scan_work(name: str, batches: list[pa.RecordBatch]) -> Callable[[], object]:
    """What any program must at least do with the bytes: look at each, or copy each."""
    if name == "utf8_length":
        return lambda: [pc.utf8_length(batch["text"]) for batch in batches]
    return lambda: [buffers(batch["text"])[1].copy() for batch in batches]


def _kernel_work(name: str, batches: list[pa.RecordBatch]) -> Callable[[], object]:
    bound = [KERNELS[name](buffers(batch["text"])) for batch in batches]
    return lambda: [call() for call in bound]


def main() -> None:
    name, file, fields, result = sys.argv[1:]
    with pa.memory_map(file) as source:
        batches = pa.ipc.open_file(source).read_all().to_batches()
        size = sum(len(data) for batch in batches for data in [b"".join(t.encode() for t in batch["text"].to_pylist())])
        started = time.perf_counter()
        if name.startswith("stage "):
            work = _stage_work(name.removeprefix("stage "), json.loads(fields), batches)
        elif name.startswith("scan "):
            work = _scan_work(name.removeprefix("scan "), batches)
        elif name == "tokens":
            work = _encoder_work(json.loads(fields)["tokenizer"], batches)
        else:
            work = _kernel_work(name, batches)
        loaded = time.perf_counter() - started
        speed = best_rate(work, size)
    rows = sum(batch.num_rows for batch in batches)
    Path(result).write_text(json.dumps({"bytes_per_second": speed, "documents": rows, "bytes": size, "load": loaded}))


if __name__ == "__main__":
    main()
