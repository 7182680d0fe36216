"""The cascade of the stage `toxicity`: bands of ordinary and of harmful texts, and what its parts cost by language."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from curate.cascade.bands import BANDS
from curate.harm.intervals import share
from curate.harm.sets import MissingSetError, rows
from curate.lexicons import language_code
from curate.stages.toxicity import Toxicity
from curate.teacher.model import LENGTHS
from curate.testing import batch

Row = dict[str, Any]
BATCH = 1000
LANGUAGES = ("ar", "de", "en", "es", "fr", "hi", "it", "ja", "ko", "nl", "pl", "pt", "ru", "tr", "zh")
"""Whose snippets are timed one by one."""
SECONDS = 0.5
"""Processor time that a measurement takes at least."""
BYTES = 4
"""Bytes of text that a teacher's token is taken for: its own tokenizer comes with its weights."""


class Kind(NamedTuple):
    """Texts of one kind."""

    name: str
    file: str
    belongs: Callable[[Row], bool] = lambda _: True


def _mild(row: Row) -> bool:
    return bool(row["toxic"]) and not row["labels"]["severe_toxic"]


KINDS = (
    Kind("C4 pages", "crawl_c4_sample/c4_sample.jsonl.zst"),
    Kind("encyclopedia, English", "text_wikipedia/en_first_articles_2019.jsonl.zst"),
    Kind("encyclopedia, Korean", "text_wikipedia/ko.jsonl.zst"),
    Kind("encyclopedia, German", "text_wikipedia/de.jsonl.zst"),
    Kind("crawled snippets, 186 languages", "crawl_hplt_inspection/docs.jsonl.zst"),
    Kind("discussions, harmless", "tox_wikipedia_cat/norm.jsonl.zst", lambda row: not row["toxic"]),
    Kind("comments, harmless", "tox_jigsaw_pieces/norm.jsonl.zst", lambda row: not row["toxic"]),
    Kind("comments, toxic", "tox_jigsaw_pieces/norm.jsonl.zst", _mild),
    Kind(
        "comments, severely toxic", "tox_jigsaw_pieces/norm.jsonl.zst", lambda row: bool(row["labels"]["severe_toxic"])
    ),
    Kind("Korean comments, harmless", "tox_korean/norm.jsonl.zst", lambda row: not row["toxic"]),
    Kind("Korean comments, toxic", "tox_korean/norm.jsonl.zst", lambda row: bool(row["toxic"])),
)


def section(data: Path) -> str:
    """Both tables; raises `MissingSetError` where none of their sets is there."""
    found = [_banded(kind, data) for kind in KINDS if (data / kind.file).is_file()]
    if not found:
        raise MissingSetError("neither pages nor comments are in the folder of data")
    bands = "\n".join([_line(["texts", *BANDS]), _line(["---", *["---:"] * len(BANDS)]), *found])
    return f"## The cascade\n\n{BY_BAND}\n\n{bands}\n\n{_costs(data)}"


BY_BAND = """Documents by band with lists and screen, no teacher. `severe` and `toxic` are flagged by default, and
`severe` alone is what `act = "drop"` drops."""


def _banded(kind: Kind, data: Path) -> str:
    """A line of the first table."""
    stage, counts, total = Toxicity(), dict.fromkeys(BANDS, 0), 0
    for part in _batches(row for row in rows(data, kind.file) if kind.belongs(row)):
        for band in stage.column(part).field("band").to_pylist():
            counts[band or BANDS[0]] += 1
            total += 1
    return _line([f"{kind.name}, {total:,}", *(share(count, total) for count in counts.values())])


def _batches(found: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    """Batches of texts with the label of their language where a set tells it."""
    while part := list(islice(found, BATCH)):
        labels = [row.get("lang") or row.get("hplt_lang") for row in part]
        named = [{"label": language_code(label) if label else "en"} for label in labels]
        yield batch(*(row["text"] for row in part), language=pa.array(named))


COST = """What a thousand documents cost: processor seconds of lists and screen together; sentences; what share of them
a teacher would read (what passes, and its neighbours) and what share alarms; and the processor seconds of a teacher of
BERT's size on these (a network of random weights, which costs the same; a token is taken for four bytes). Crawled
snippets are of up to 1,000 characters."""
HEAD = ("texts", "documents", "kB each", "lists and screen, s", "MB/s", "sentences", "read", "alarm")


def _costs(data: Path) -> str:
    """The second table."""
    found: dict[str, list[Row]] = {}
    if (data / KINDS[0].file).is_file():
        found["C4 pages, en"] = list(rows(data, KINDS[0].file))
    if (data / KINDS[4].file).is_file():
        snippets = list(rows(data, KINDS[4].file))
        for language in LANGUAGES:
            found[f"snippets, {language}"] = [row for row in snippets if language_code(row["hplt_lang"]) == language]
    teachers = _teachers()
    lines = [_cost(name, some, teachers) for name, some in found.items() if some]
    head = [*HEAD, *(f"teacher, {name}, s" for name in teachers)]
    return "\n".join([COST, "", _line(head), _line(["---", *["---:"] * (len(head) - 1)]), *lines])


def _cost(name: str, some: Sequence[Row], teachers: dict[str, dict[int, float]]) -> str:
    """A line of the second table."""
    stage, parts = Toxicity(), list(_batches(iter(some)))
    columns = [stage.column(part) for part in parts]  # loads models and kernels
    seconds = _timed(lambda: [stage.column(part) for part in parts])
    size = sum(len(row["text"].encode()) for row in some)
    pieces = sum(int(np.asarray(column.field("pieces")).sum()) for column in columns)
    alarms = sum(int(np.asarray(column.field("alarms")).sum()) for column in columns)
    lengths = [length for part in parts for length in _passing(stage, part)]
    per = 1000 / len(some)
    cells = [
        name,
        f"{len(some):,}",
        f"{size / len(some) / 1000:.1f}",
        f"{seconds * per:.2f}",
        f"{size / seconds / 1e6:.1f}",
        f"{pieces * per:,.0f}",
        f"{100 * len(lengths) / pieces:.1f} %",
        f"{100 * alarms / pieces:.2f} %",
    ]
    costs = [sum(by_length[_shape(one)] for one in lengths) * per for by_length in teachers.values()]
    return _line([*cells, *(f"{cost:,.0f}" for cost in costs)])


def _passing(stage: Toxicity, part: pa.RecordBatch) -> list[int]:
    """The length in bytes of every sentence that a teacher would read."""
    reading = stage.read(part, stage.lists.find(part))
    return [int(size) for size in (reading.pieces.stops - reading.pieces.starts)[reading.passed]]


def _timed(work: Callable[[], Any]) -> float:
    """Processor seconds of one call."""
    calls, start = 0, process_time()
    while (spent := process_time() - start) < SECONDS or not calls:
        work()
        calls += 1
    return spent / calls


def _shape(size: int) -> int:
    tokens = 2 + -(-size // BYTES)
    return next((length for length in LENGTHS if tokens <= length), LENGTHS[-1])


def _teachers(rows_: int = 16) -> dict[str, dict[int, float]]:
    """Precision → length → processor seconds a row of a network of BERT's size; empty without torch."""
    try:
        import torch
        from transformers import RobertaConfig, RobertaForSequenceClassification
    except ImportError:
        return {}
    config = RobertaConfig(max_position_embeddings=514, pad_token_id=1, type_vocab_size=1)
    model: Any = RobertaForSequenceClassification(config)
    model.eval()
    found: dict[str, dict[int, float]] = {}
    for name in ("float32", "bfloat16"):
        model.to(getattr(torch, name))
        found[name] = {length: _second(model, rows_, length) for length in LENGTHS if length <= 128}
    return {name: _beyond(costs) for name, costs in found.items()}


def _second(model: Any, rows_: int, length: int) -> float:
    import torch

    ids = torch.full((rows_, length), 7)
    with torch.inference_mode():
        model(input_ids=ids)
        start = process_time()
        model(input_ids=ids)
        return (process_time() - start) / rows_


def _beyond(costs: dict[int, float]) -> dict[int, float]:
    """The same for longer batches, in proportion: no sentence of 400 bytes has more than 128 tokens of four."""
    longest = max(costs)
    return {length: costs.get(length, costs[longest] * length / longest) for length in LENGTHS}


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
