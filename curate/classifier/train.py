"""Trains a classifier in DCLM's form: good documents against others, word bigrams, one linear layer.

Li et al. 2024, "DataComp-LM", https://arxiv.org/abs/2406.11794, section 4.4 and appendix: fastText's own
settings (dimension 100, five epochs, learning rate 0.1, two million buckets) with bigrams, 200,000 documents a
side. Here the same inputs and settings give the same bytes: one thread, and the order of training and the split
are functions of a seed and of each text, whatever the order of files. A text that occurs twice counts once, so that
none is on both sides of the split; one that both sides hold is no example of either.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from curate import shards
from curate.classifier.held_out import measures
from curate.classifier.model import NEGATIVE, POSITIVE, PREFIX, Classifier, lines
from curate.errors import CurateError, UsageError
from curate.ingest import Ingest, Source, discover
from curate.ops.hashing import hash_strings
from curate.stage import buffers
from curate.training_texts import Tell, texts

Sides = Mapping[str, Sequence[Source]]
SIDES = {POSITIVE: "positive", NEGATIVE: "negative"}
BATCH = 1024
CUTOFF = 100_000
"""Features that a quantised model keeps; fastText's own advice for files of a few megabytes."""


@dataclass(frozen=True)
class Training:
    """How a classifier is trained. The defaults are fastText's and DCLM's."""

    validation: float = 0.1
    """Share of texts held out, by hash; 0 holds out none and gives no scores."""
    seed: int = 1
    dim: int = 100
    epochs: int = 5
    learning_rate: float = 0.1
    ngrams: int = 2
    """Words of the longest run that is a feature."""
    characters: int = 0
    """Characters of the longest part of a word that is one, from two on; 0 takes whole words alone, as DCLM does."""
    buckets: int = 2_000_000
    """Hashed n-grams; a model takes some 4 × dim × (buckets + words) bytes."""
    min_count: int = 1
    balance: bool = True
    """Train on as many texts of the larger class as the smaller one has."""
    quantize: bool = False


@dataclass(frozen=True)
class Examples:
    """All texts of both classes, on disk; one row a distinct text that one class alone holds, in order of hashes."""

    file: Path
    start: NDArray[np.int64]
    size: NDArray[np.int64]
    good: NDArray[np.bool_]
    held_out: NDArray[np.bool_]

    def texts(self, rows: NDArray[np.int64]) -> Iterator[bytes]:
        """The texts of some rows, each one line without its end."""
        with self.file.open("rb") as file:
            for row in rows:
                file.seek(int(self.start[row]))
                yield file.read(int(self.size[row]))


def train(
    positive: Sequence[str | Path],
    negative: Sequence[str | Path],
    output: Path,
    settings: Training,
    ingest: Ingest,
    tell: Tell = lambda _: None,
) -> dict[str, Any]:
    """Train on two sets of inputs, write the model to `output`, and return what its card says.

    `tell` gets a line on what cannot be read.

    Raises `UsageError` for an input that is on both sides, `CurateError` where a side has no text or fastText
    cannot train on what there is.
    """
    sides = _sides(positive, negative, ingest)
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=shards.TEMPORARY, dir=output.parent) as folder:
        examples, counts = gather(sides, Path(folder) / "texts", settings, ingest, tell)
        trained, held_out = training_rows(examples, balance=settings.balance), np.flatnonzero(examples.held_out)
        _fit(examples, trained, Path(folder) / "lines", output, settings)
        scores = _held_out_scores(examples, held_out, output, settings.seed)
    return {
        "model": {"file": output.name, "bytes": output.stat().st_size, "sha256": shards.sha256(output)},
        "labels": {"positive": POSITIVE, "negative": NEGATIVE},
        "settings": asdict(settings),
        "packages": {"fasttext-community": version("fasttext-community")},
        "inputs": [_described(side, source) for side, sources in sides.items() for source in sources],
        "texts": {**counts, "trained": _by_side(examples, trained), "held_out": _by_side(examples, held_out)},
        "held_out": scores,
    }


def _sides(positive: Sequence[str | Path], negative: Sequence[str | Path], ingest: Ingest) -> Sides:
    sides = {POSITIVE: discover(positive, ingest).sources, NEGATIVE: discover(negative, ingest).sources}
    good = {Path(source.path).resolve() for source in sides[POSITIVE]}
    for source in sides[NEGATIVE]:
        if Path(source.path).resolve() in good:
            raise UsageError(f"{source.path}: among both the positive and the negative inputs")
    return sides


def _described(side: str, source: Source) -> dict[str, Any]:
    return {"side": side, "name": source.name, "bytes": source.bytes, "sha256": shards.sha256(Path(source.path))}


def gather(
    sides: Sides, file: Path, settings: Training, ingest: Ingest, tell: Tell = lambda _: None
) -> tuple[Examples, dict[str, Any]]:
    """Write every text to `file`, and say which are examples and how many each side had."""
    hashes: list[NDArray[np.uint64]] = []
    sizes: list[NDArray[np.int64]] = []
    read_: dict[str, int] = {}
    with file.open("wb") as sink:
        for side, sources in sides.items():
            before = sum(map(len, sizes))
            for batch in _batches(sources, ingest, tell):
                hashes.append(hash_strings(*buffers(batch), settings.seed))
                sizes.append(np.asarray(pc.binary_length(batch), np.int64))
                sink.writelines(text.encode() for text in batch.to_pylist())
            read_[side] = sum(map(len, sizes)) - before
            if not read_[side]:
                raise CurateError(f"no text could be read from the {SIDES[side]} inputs")
    size = np.concatenate(sizes)
    good = np.arange(len(size)) < read_[POSITIVE]
    rows = _distinct(np.concatenate(hashes), good)
    limit = min(int(settings.validation * 2.0**64), 2**64 - 1)
    held_out = np.concatenate(hashes)[rows] < np.uint64(limit)
    found = Examples(file, (np.cumsum(size) - size)[rows], size[rows], good[rows], held_out)
    return found, {"read": read_, "distinct": _by_side(found, np.arange(len(rows)))}


def _batches(sources: Sequence[Source], ingest: Ingest, tell: Tell) -> Iterator[pa.StringArray]:
    """The texts of some sources as lines, empty ones left out."""
    found = texts(sources, ingest, tell)
    while batch := list(islice(found, BATCH)):
        made = [line for line in lines(pa.array(batch, pa.string())) if line]
        if made:
            yield pa.array(made, pa.string())


def _distinct(hashes: NDArray[np.uint64], good: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The first row of each text that one side alone holds, in order of hashes: an order without any sense."""
    _, first, group = np.unique(hashes, return_index=True, return_inverse=True)
    share = np.bincount(group, weights=good) / np.bincount(group)
    rows: NDArray[np.int64] = first[(share == 0) | (share == 1)]
    return rows


def training_rows(examples: Examples, *, balance: bool) -> NDArray[np.int64]:
    """Rows to train on, in order; balanced, the larger side gives only as many as the smaller one has."""
    left = ~examples.held_out
    sides = [np.flatnonzero(left & examples.good), np.flatnonzero(left & ~examples.good)]
    for rows, side in zip(sides, SIDES.values(), strict=True):
        if not len(rows):
            raise CurateError(f"the {side} inputs leave no text to train on that is theirs alone and not held out")
    least = min(map(len, sides))
    chosen: NDArray[np.int64] = np.sort(np.concatenate([rows[:least] if balance else rows for rows in sides]))
    return chosen


def _fit(examples: Examples, rows: NDArray[np.int64], file: Path, output: Path, settings: Training) -> None:
    import fasttext

    with file.open("wb") as sink:
        for good, text in zip(examples.good[rows], examples.texts(rows), strict=True):
            sink.write(f"{PREFIX}{POSITIVE if good else NEGATIVE} ".encode() + text + b"\n")
    try:
        model = fasttext.train_supervised(
            str(file),
            dim=settings.dim,
            epoch=settings.epochs,
            lr=settings.learning_rate,
            wordNgrams=settings.ngrams,
            minn=min(2, settings.characters),
            maxn=settings.characters,
            bucket=settings.buckets,
            minCount=settings.min_count,
            seed=settings.seed,
            thread=1,  # more would race, and give other bytes every time
            verbose=0,
        )
        if settings.quantize:
            model.quantize(str(file), cutoff=CUTOFF, retrain=True, qnorm=True, thread=1, verbose=0)
    except (ValueError, RuntimeError, MemoryError) as error:
        raise CurateError(f"fastText cannot train: {' '.join(str(error).split()) or type(error).__name__}") from None
    with shards.atomic(output) as temporary:
        model.save_model(str(temporary))


def _held_out_scores(examples: Examples, rows: NDArray[np.int64], model: Path, seed: int) -> dict[str, Any] | None:
    """Measures on the held-out texts; None where one side has none of them."""
    classifier = Classifier(model)
    decoded = (text.decode() for text in examples.texts(rows))
    scores = [classifier.scores(batch) for batch in iter(lambda: list(islice(decoded, BATCH)), [])]
    found = measures(examples.good[rows], np.round(np.concatenate([np.zeros(0), *scores]), 4), seed)
    return found and {name: measure._asdict() for name, measure in found.items()}


def _by_side(examples: Examples, rows: NDArray[np.int64]) -> dict[str, int]:
    good = int(examples.good[rows].sum())
    return {POSITIVE: good, NEGATIVE: len(rows) - good}
