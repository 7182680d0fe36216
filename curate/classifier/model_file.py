"""The form of fastText's model files, checked before its library reads one: at the end of a cut one it never stops.

As `FastText::saveModel` writes it (https://github.com/facebookresearch/fastText, version 12 of the format): magic
number and version; twelve settings and a double; the dictionary's sizes and entries, each a word ended by a zero byte,
a count and a kind; pairs of a pruned dictionary; then the input and the output matrix, dense or quantised.
"""

import mmap
import struct
from pathlib import Path

MAGIC = 793_712_314
SUPERVISED = 3
CENTROIDS = 256
"""Of every part of a product quantiser."""


class _Reader:
    """Goes through a file's bytes; `ValueError` where they end."""

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self.data, self.at = data, 0

    def take(self, form: str) -> tuple[int, ...]:
        """Little-endian numbers of this form."""
        start = self.at
        self.skip(struct.calcsize("<" + form))
        return struct.unpack_from("<" + form, self.data, start)

    def skip(self, size: int) -> None:
        """Pass over so many bytes."""
        if size < 0 or self.at + size > len(self.data):
            raise ValueError("it ends early")
        self.at += size

    def skip_text(self) -> None:
        """Pass over a text and the zero byte that ends it."""
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise ValueError("it ends early")
        self.at = end + 1


def check(path: Path) -> None:
    """Raise `ValueError` for a file that is no whole supervised model; `OSError` where it cannot be read."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            raise ValueError("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _whole(_Reader(data))


def _whole(reader: _Reader) -> None:
    magic, version = reader.take("ii")
    if magic != MAGIC or version > 12:
        raise ValueError("it has wrong file format")
    numbers = reader.take("12i")
    dim, model, buckets = numbers[0], numbers[7], numbers[8]
    reader.take("q")  # a double
    if model != SUPERVISED:
        raise ValueError("it has vectors of words and no labels")
    words, labels, extra = _dictionary(reader)
    _matrix(reader, words + (buckets if extra < 0 else extra), dim)
    _matrix(reader, labels, dim)


def _dictionary(reader: _Reader) -> tuple[int, int, int]:
    """How many words, labels, and n-grams of a pruned dictionary; below 0 where it is whole."""
    size, words, labels, _, pruned = reader.take("iiiqq")
    if min(words, labels) < 0 or size != words + labels:
        raise ValueError("its dictionary does not add up")
    for _ in range(size):
        reader.skip_text()
        reader.skip(9)  # count and kind
    reader.skip(8 * max(pruned, 0))
    return words, labels, pruned


def _matrix(reader: _Reader, least: int, width: int) -> None:
    """Pass over a matrix of at least so many rows, each so wide."""
    quantised = bool(*reader.take("b"))
    normed = quantised and bool(*reader.take("b"))
    rows, columns = reader.take("qq")
    if rows < least or columns != width:
        raise ValueError("its matrices are not of the size that its dictionary asks for")
    if not quantised:
        reader.skip(4 * rows * columns)
        return
    reader.skip(*reader.take("i"))
    _pass_quantiser(reader)
    if normed:
        reader.skip(rows)
        _pass_quantiser(reader)


def _pass_quantiser(reader: _Reader) -> None:
    dim, *_ = reader.take("4i")
    reader.skip(4 * dim * CENTROIDS)
