"""Texts with labels, for classifiers on a network's states.

    {"text", "label": text or number}                                              one label a text
    {"text", "spans": [{"start", "end", "label"}, …]}                              parts of a text, by characters
    {"input", "target"}                                                            text to text

A record's `split` says `train` or `test`; where none does, a fifth of the records, drawn by the seed, is the test. Of
spans that overlap a token the first counts; a token outside all is `O`. A text is cut at what a row holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from pretrain.errors import DataError
from pretrain.evaluation.asking import Ints
from pretrain.evaluation.records import Record, read
from pretrain.trained import Trained

OUTSIDE = "O"
_TEST = 0.2


class Example(NamedTuple):
    """A text as ids, and what is right."""

    ids: Ints
    """(T,)"""
    labels: Ints
    """(1,) the text's label, or (T,) those of its tokens."""


@dataclass(frozen=True, eq=False)
class Labelled:
    """A task of classification."""

    kind: Literal["text", "tokens"]
    names: list[str]
    """Of the labels; of tokens the first is `O`."""
    train: list[Example]
    test: list[Example]

    @property
    def most_frequent(self) -> int:
        """The label that the training examples bear most often, the first of equals."""
        return int(np.bincount(np.concatenate([one.labels for one in self.train])).argmax())


class Pair(NamedTuple):
    """Text to text."""

    source: str
    target: str


def kind_of(records: Sequence[Record]) -> Literal["text", "tokens", "pair"]:
    """What the first record is; raises `DataError` where it is none of the three."""
    fields = records[0].fields
    if "target" in fields:
        return "pair"
    if "spans" in fields:
        return "tokens"
    if "label" in fields:
        return "text"
    raise DataError(f"{records[0].where}: needs a field label, spans or target")


def split(path: Path, limit: int, seed: int) -> tuple[list[Record], list[Record]]:
    """Records to learn from and to be tested on; raises `DataError` where either is empty."""
    records = read(path, limit, seed)
    if any("split" in record.fields for record in records):
        parts = [[r for r in records if r.fields.get("split") == name] for name in ("train", "test")]
    else:
        order = np.random.default_rng(seed).permutation(len(records))
        size = max(1, round(_TEST * len(records)))
        parts = [[records[i] for i in np.sort(chosen)] for chosen in (order[size:], order[:size])]
    if not all(parts):
        raise DataError(f"{path}: needs records to learn from and to be tested on")
    return parts[0], parts[1]


def pairs(records: Sequence[Record]) -> list[Pair]:
    """Inputs and targets; raises `DataError` for a record without either."""
    return [Pair(record.text("input"), record.text("target")) for record in records]


def labelled(trained: Trained, train: Sequence[Record], test: Sequence[Record]) -> Labelled:
    """Classification of texts or tokens; labels are those of the training records, in order of names.

    Raises `DataError` for a malformed record, a label that no training record has, or fewer than two labels.
    """
    kind = "tokens" if kind_of(train) == "tokens" else "text"
    of = _label if kind == "text" else _spans
    found = sorted({name for record in train for name in _names(of(record))} - {OUTSIDE})
    names = [OUTSIDE, *found] if kind == "tokens" else found
    if len(names) < 2:
        raise DataError(f"{train[0].where}: the training records have {len(names)} labels; two are needed")
    number = {name: i for i, name in enumerate(names)}
    parts = [[_example(trained, record, of(record), number) for record in part] for part in (train, test)]
    return Labelled("tokens" if kind == "tokens" else "text", names, *parts)


class Span(NamedTuple):
    """Characters `start:end` of a text."""

    start: int
    end: int
    label: str


def _label(record: Record) -> str:
    value = record.fields.get("label")
    if not isinstance(value, (str, int)):
        raise DataError(f"{record.where}: field label must be text or a whole number")
    return str(value)


def _spans(record: Record) -> list[Span]:
    said = record.fields.get("spans")
    if not isinstance(said, list):
        raise DataError(f"{record.where}: field spans must be a list")
    found = []
    for one in said:
        start, end, label = (one.get(key) for key in ("start", "end", "label")) if isinstance(one, dict) else [None] * 3
        if not (isinstance(start, int) and isinstance(end, int) and isinstance(label, str) and 0 <= start <= end):
            raise DataError(f"{record.where}: a span needs start ≤ end, numbers of characters, and a label")
        found.append(Span(start, end, label))
    return found


def _names(said: str | list[Span]) -> list[str]:
    return [said] if isinstance(said, str) else [span.label for span in said]


def _example(trained: Trained, record: Record, said: str | list[Span], number: dict[str, int]) -> Example:
    unknown = [name for name in _names(said) if name not in number]
    if unknown:
        raise DataError(f"{record.where}: no training record has the label {unknown[0]!r}")
    found = trained.vocabulary.tokenizer.encode(record.text("text"), add_special_tokens=False)
    room = trained.config.model.context - 2
    # An empty text is an end-of-text alone, so that it has a state
    ids = np.array(found.ids[:room] or [1], np.int64)
    if isinstance(said, str):
        return Example(ids, np.array([number[said]]))
    labels = np.zeros(len(ids), np.int64)
    for span in reversed(said):
        for token, (start, end) in enumerate(found.offsets[: len(ids)]):
            if start < span.end and span.start < end:
                labels[token] = number[span.label]
    return Example(ids, labels)
