"""Reads fastText's quantised model files (`.ftz`, version 12) into the arrays that `ops.subwords` takes.

The layout is that of fastText's `FastText::saveModel`, `Dictionary::save`, `QuantMatrix::save` and
`ProductQuantizer::save` (little-endian): a row of the table is a norm times one centroid for every few dimensions
(Joulin et al., "FastText.zip: Compressing text classification models", 2016). Only what the project
ships is read: a softmax over n-grams, no pruning, no words but the end of a line.
"""

import struct
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.ops.subwords import CENTROIDS, Table

_MAGIC, _VERSION, _SOFTMAX = 793712314, 12, 3


class Classifier(NamedTuple):
    """Labels without their prefix, and the table."""

    labels: tuple[str, ...]
    table: Table


class _Reader:
    """A cursor over the file's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> Any:
        """The values of a `struct` form; a single one bare."""
        values = struct.unpack_from(f"<{form}", self.data, self.at)
        self.at += struct.calcsize(f"<{form}")
        return values if len(values) > 1 else values[0]

    def word(self) -> str:
        """Bytes up to a NUL."""
        end = self.data.index(b"\0", self.at)
        text, self.at = self.data[self.at : end].decode(), end + 1
        return text

    def array(self, kind: str, count: int) -> NDArray[Any]:
        """`count` numbers, as a view."""
        values = np.frombuffer(self.data, np.dtype(kind), count, self.at)
        self.at += values.nbytes
        return values


def read(path: Path) -> Classifier:
    """The model of a file, or `AssetError` where it is none of this kind."""
    reader = _Reader(path.read_bytes())
    try:
        return _classifier(reader)
    except (ValueError, struct.error, IndexError) as error:
        raise AssetError(f"{path} is no quantised fastText model that can be read: {error}") from error


def _classifier(reader: _Reader) -> Classifier:
    magic, version = reader.take("ii")
    if (magic, version) != (_MAGIC, _VERSION):
        raise ValueError("wrong magic number or version")
    dim, _, _, _, _, _, loss, _, buckets, shortest, longest, _ = reader.take("12i")
    reader.take("d")
    words, labels = _dictionary(reader)
    if loss != _SOFTMAX or words != ["</s>"] or not reader.take("?"):
        raise ValueError("not a quantised softmax over n-grams alone")
    codes, norms, norm, centroids = _product(reader)
    if reader.take("?") or len(codes) != 1 + buckets or codes.shape[1] * centroids.shape[1] != dim:
        raise ValueError("quantised classes or a table of another size")
    rows, columns = reader.take("qq")
    outputs = np.ascontiguousarray(reader.array("<f4", rows * columns).reshape(len(labels), dim))
    return Classifier(labels, Table(codes, norms, norm, centroids, outputs, shortest, longest))


def _dictionary(reader: _Reader) -> tuple[list[str], tuple[str, ...]]:
    size, words, _ = reader.take("iii")
    _, pruned = reader.take("qq")
    if pruned > 0:
        raise ValueError("a pruned table")
    entries = []
    for _ in range(size):
        entries.append(reader.word())
        reader.take("qb")
    return entries[:words], tuple(entry.removeprefix("__label__") for entry in entries[words:])


def _product(
    reader: _Reader,
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32], NDArray[np.float32]]:
    """The table's codes, its rows' norm codes, what these mean, and all parts' centroids."""
    if not reader.take("?"):
        raise ValueError("rows without norms")
    rows, _ = reader.take("qq")
    codes = np.ascontiguousarray(reader.array("u1", reader.take("i")).reshape(rows, -1))
    centroids = _centroids(reader)
    norms = np.ascontiguousarray(reader.array("u1", rows))
    norm = _centroids(reader).reshape(-1)
    if len(norm) != CENTROIDS or codes.shape[1] * CENTROIDS != len(centroids):
        raise ValueError("codes without their centroids")
    return codes, norms, norm, centroids


def _centroids(reader: _Reader) -> NDArray[np.float32]:
    """(parts · CENTROIDS, dimensions of a part); all parts must be of one size."""
    dim, _, width, last = reader.take("4i")
    if last != width:
        raise ValueError("parts of several sizes")
    return np.ascontiguousarray(reader.array("<f4", dim * CENTROIDS).reshape(-1, width), np.float32)
