"""N-gram language models from files: ARPA by the project's own kernels, KenLM's binary form by its package."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from curate.errors import AssetError
from curate.ops import arpa, ccnet, ngram_model, unigram
from curate.ops.ngram_model import Scores
from curate.stage import buffers, strings

BINARY = b"mmap lm http://kheafield.com/code"
"""How KenLM's binary files begin."""

SPECIAL = ("<s>", "</s>", "<unk>", "<UNK>")


@dataclass(frozen=True)
class Reading:
    """How a text becomes the sentences and words of a language model; the same in training and in scoring."""

    lines: bool = True
    """Whether each line that holds a word is a sentence, or the whole text is one."""
    single_letters: bool = True
    """Whether letters of scripts written without spaces make words of their own (`docs/words.md`)."""
    ccnet: bool = False
    """Whether text is read in CCNet's normal form."""
    pieces: "Pieces | None" = None
    """What cuts text into pieces, which are then the words."""

    def prepared(self, texts: pa.StringArray) -> pa.StringArray:
        """Texts whose words are the model's."""
        if self.ccnet:
            texts = strings(*ccnet.normalise(*buffers(texts), keep_lines=self.lines))
        return texts if self.pieces is None else self.pieces.split(texts, lines=self.lines)

    def score(self, texts: pa.StringArray, model: "LanguageModel") -> Scores:
        """Texts under a model."""
        single_letters = self.single_letters and self.pieces is None
        return model.score(self.prepared(texts), lines=self.lines, single_letters=single_letters)

    def sentences(self, text: str) -> Iterator[list[str]]:
        """The words of each sentence of a text that has some."""
        (prepared,) = self.prepared(pa.array([text], pa.string())).to_pylist()
        return _sentences(prepared, lines=self.lines, single_letters=self.single_letters and self.pieces is None)


class LanguageModel(Protocol):
    """What gives texts their probabilities."""

    def score(self, texts: pa.StringArray, *, lines: bool, single_letters: bool) -> Scores:
        """See `ops.ngram_model.score`."""


class Arpa(NamedTuple):
    """A model that was read into a table."""

    model: ngram_model.Model

    def score(self, texts: pa.StringArray, *, lines: bool, single_letters: bool) -> Scores:
        """See `ops.ngram_model.score`."""
        return ngram_model.score(*buffers(texts), self.model, lines=lines, single_letters=single_letters)


class KenLM(NamedTuple):
    """A binary model behind its own package; slower, since each word takes a call."""

    model: Any

    def score(self, texts: pa.StringArray, *, lines: bool, single_letters: bool) -> Scores:
        """See `ops.ngram_model.score`."""
        rows = [self._row(text, lines=lines, single_letters=single_letters) for text in texts.to_pylist()]
        sums, words, unknown, sentences = zip(*rows, strict=True) if rows else ((), (), (), ())
        counts = (np.array(values, np.int64) for values in (words, unknown, sentences))
        return Scores(np.array(sums, np.float64), *counts)

    def _row(self, text: str | None, *, lines: bool, single_letters: bool) -> tuple[float, int, int, int]:
        total, words, unknown, sentences = 0.0, 0, 0, 0
        for tokens in _sentences(text or "", lines=lines, single_letters=single_letters):
            known = ("<unk>" if word in SPECIAL else word for word in tokens)  # text is never control
            scored = list(self.model.full_scores(" ".join(known), bos=True, eos=True))
            total += sum(logarithm for logarithm, _, _ in scored)
            unknown += sum(lacking for _, _, lacking in scored)
            words += len(scored) - 1
            sentences += 1
        return total, words, unknown, sentences


def _sentences(text: str, *, lines: bool, single_letters: bool) -> Iterator[list[str]]:
    """The words of each sentence that has some."""
    for line in text.split("\n") if lines else [text]:
        spaced = unigram.split(*buffers(pa.array([line])), single_letters=single_letters)
        words = strings(*spaced).to_pylist()
        if words:
            yield words


def load(path: Path, field: str) -> LanguageModel:
    """The model in a file, ARPA (plain or gzip) or KenLM's binary; `AssetError` where it is neither."""
    try:
        data = np.memmap(path, np.uint8, "r") if path.stat().st_size else np.zeros(0, np.uint8)
        if data[: len(BINARY)].tobytes() == BINARY:
            return _binary(path, field)
        if data[:2].tobytes() == b"\x1f\x8b":
            data = np.frombuffer(gzip.decompress(data.tobytes()), np.uint8)
        return Arpa(arpa.read(np.asarray(data)))
    except (OSError, EOFError, zlib.error) as error:
        raise AssetError(f"{field}: cannot read {path}: {getattr(error, 'strerror', None) or error}") from error
    except ValueError as error:
        raise AssetError(f"{field}: {path} is no ARPA file: {error}") from error


def _binary(path: Path, field: str) -> KenLM:
    try:
        import kenlm
    except ImportError as error:
        how = "pip install kenlm, or give the ARPA file that it was built from"
        raise AssetError(f"{field}: {path} is a binary model of KenLM: {how}") from error
    try:
        return KenLM(kenlm.Model(str(path)))
    except (OSError, RuntimeError) as error:
        raise AssetError(f"{field}: KenLM cannot read {path}: {' '.join(str(error).split())[:200]}") from error


class Pieces:
    """A SentencePiece model, which cuts text into the words of a language model."""

    def __init__(self, path: Path, field: str) -> None:
        try:
            import sentencepiece
        except ImportError as error:
            raise AssetError(f"{field}: needs the package sentencepiece: pip install sentencepiece") from error
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError, TypeError) as error:
            raise AssetError(f"{field}: {path} is no SentencePiece model") from error

    def split(self, texts: pa.StringArray, *, lines: bool) -> pa.StringArray:
        """Each text as its pieces with spaces between, line by line where lines are sentences."""
        return pa.array([self._one(text or "", lines=lines) for text in texts.to_pylist()], pa.string())

    def _one(self, text: str, *, lines: bool) -> str:
        parts = text.split("\n") if lines else [text]
        return "\n".join(" ".join(pieces) for pieces in self._processor.encode(parts, out_type=str, num_threads=1))


def perplexities(scores: Scores, highest: float) -> NDArray[np.float64]:
    """10 to the mean of -log10 over words and sentence ends, at most 10^`highest`; 1 where there are none."""
    tokens = scores.words + scores.sentences
    exponents = np.divide(-scores.sums, tokens, out=np.zeros(len(tokens)), where=tokens > 0)
    rounded: NDArray[np.float64] = np.round(10.0 ** np.minimum(exponents, highest), 4)
    return rounded
