"""The pilot's units: a seeded sample through the per-document stages, and what is found on it.

A filter whose bound is a share of the corpus ends a *leg* of the pilot: what reaches it is measured, its
bound found, and the next leg judges the sample by it. So a second such filter is cut on what the first
leaves. On what passes the last leg, the tokenizer is trained.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from curate import between, groups, shards, tokens
from curate.cuts import Cut, read_cuts
from curate.flow import Pass, Setting
from curate.report import Report
from curate.stage import DOCUMENT, Filter
from curate.unit import DOCUMENTS, TOKENIZER, commit, flows, sampled

CUTS = "cuts.json"
SEEN = "seen.arrow"
"""The text of all that the sample holds, before any stage."""


def leg(setting: Setting, shard: Path, folder: Path, start: int, stop: int, share: float | None) -> None:
    """Send documents through the stages from `start` up to `stop`, and let stage `stop` measure what is left.

    `share` of a raw shard is sampled; where it is None, `shard` is what the leg before has left.
    """
    stages = [stage for part in setting.recipe.segments for stage in part.stages]
    way = Pass(Setting(setting.recipe), "pilot")
    with between.BatchWriter(folder / DOCUMENTS) as writer, groups.arrow(folder / SEEN) as seen:
        for _, flow in flows(way, between.batches(shard)):
            if share is not None:
                flow = way.ingested(flow.where(sampled(flow.batch.column("id"), setting.recipe.seed, share)))
                seen.write(flow.batch.select(["text"]))
            flow = way.through(flow, stages[start:stop])
            for asking in stages[stop : stop + 1]:
                flow = way.measured(flow, asking)
            writer.write(flow.batch if stop < len(stages) else flow.batch.select(["text"]))
    commit(folder, way.books_so_far(), counts={"errors": way.errors})


def find_cut(setting: Setting, legs: Sequence[Path], stage: str, earlier: Path | None, folder: Path) -> None:
    """Let a filter find its bound on what all shards' legs have left for it; add it to what was found before."""
    asking = next(one for one in setting.recipe.stages if one.name == stage)
    tables = [shards.read_arrow(leg / DOCUMENTS) for leg in legs]
    known = [name for name in tables[0].schema.names if name not in DOCUMENT.names] if tables else []
    sample = pa.concat_tables([table.select(known) for table in tables]) if tables else pa.table({})
    found = asking.find(sample) if isinstance(asking, Filter) and sample.num_rows else Cut()
    cuts = {**read_cuts(earlier), stage: found}
    shards.write_json(folder / CUTS, {name: cut.as_dict() for name, cut in cuts.items()})
    commit(folder, Report(), files=[CUTS])


TRAINING_BYTES = 32 * 2**20
"""Text beyond this changes a vocabulary little and costs its share of time."""
DISTINCT_BYTES = 6 * 2**20
"""And this much of distinct words: the trainer takes a hundred times their size (measured: 60 to 80 in English and
Korean, 120 in Chinese characters at random, whose words, what stands between spaces and marks, hardly ever repeat)."""
THREADS = 4
"""Threads that train at most: each holds a piece of text a hundred times over, and most of the time is one's."""


def train_tokenizer(setting: Setting, passed: Sequence[Path], seen: Sequence[Path], folder: Path, threads: int) -> None:
    """Train the run's tokenizer on what passed the pilot, or on all it read where too little passed."""
    wanted = setting.recipe.tokens.vocabulary
    for legs, name in ((passed, DOCUMENTS), (seen, SEEN)):
        texts = _few_words(list(_texts([leg / name for leg in legs], TRAINING_BYTES)), DISTINCT_BYTES)
        if sum(map(len, texts)) >= wanted:  # about a character for each id: below that, merges are accidents
            break
    made = tokens.train(texts, wanted, threads)
    with shards.atomic(folder / TOKENIZER) as temporary:
        temporary.write_text(made, "utf-8")
    commit(folder, Report(), files=[TOKENIZER])


def take_tokenizer(_setting: Setting, source: Path, folder: Path) -> None:
    """Copy a given tokenizer, without what would cut or fill texts: the corpus is not to hang on the user's file."""
    made = tokens.whole(source)
    with shards.atomic(folder / TOKENIZER) as temporary:
        temporary.write_text(made, "utf-8")
    commit(folder, Report(), files=[TOKENIZER])


def _texts(paths: Sequence[Path], limit: int) -> Iterator[str]:
    """Every k-th text, k as small as `limit` bytes allow: a sample of all the pilot, not of its beginning.

    A single text gives no more than a sixteenth of the limit, so that one book is not the whole vocabulary.
    """
    columns = [shards.read_arrow(path).column("text") for path in paths]
    whole = sum(int(pc.sum(pc.binary_length(column)).as_py() or 0) for column in columns)
    step = -(-whole // limit) or 1
    for number, text in enumerate(text for column in columns for text in column):
        if number % step == 0:
            yield text.as_py()[: limit // 16]


def _few_words(texts: Sequence[str], limit: int) -> Sequence[str]:
    """Every k-th text, k as small as `limit` bytes of distinct words allow."""
    while len(texts) > 1 and (size := _distinct_bytes(texts)) > limit:
        texts = texts[:: -(-size // limit)]
    return texts


def _distinct_bytes(texts: Sequence[str]) -> int:
    """Bytes of all distinct words, by white space."""
    found = pa.array([], pa.string())
    for start in range(0, len(texts), PORTION):
        words = pc.list_flatten(pc.utf8_split_whitespace(pa.array(texts[start : start + PORTION], pa.string())))
        found = pc.unique(pa.concat_arrays([found, pc.unique(words)]))
    return int(pc.sum(pc.binary_length(found)).as_py() or 0)


PORTION = 256
