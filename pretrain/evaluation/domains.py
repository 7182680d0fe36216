"""Held-out text in bits per byte, domain by domain, with intervals over documents.

    bits per byte = Σ nats of the domain's tokens / (ln 2 · Σ UTF-8 bytes of its texts)

Texts are encoded by the run's own tokenizer, so that the figure of a causal model, a code's length, compares over
tokenizers. Each document stands alone (`pretrain.evaluation.documents`). Other objectives are asked as at training's
evaluations (`pretrain.evaluation.held_out`), which compares only with their own kind.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from pretrain.errors import DataError
from pretrain.evaluation import intervals
from pretrain.evaluation.asking import Floats, Ints
from pretrain.evaluation.documents import document_nats
from pretrain.evaluation.held_out import score
from pretrain.evaluation.records import sample
from pretrain.evaluation.results import Figure, figure
from pretrain.shards import Manifest, Shards
from pretrain.texts import read
from pretrain.tokens import Vocabulary
from pretrain.trained import Trained

FEW = 20
"""Documents below which a domain is cut into passages: an interval needs many."""
PASSAGE = 4_096
"""Characters behind which a passage ends, at the next blank line."""


class Domain(NamedTuple):
    """A name and its texts."""

    name: str
    texts: list[str]


class Ids:
    """Documents in memory, as `Packing` takes them."""

    split: Literal["validation"] = "validation"

    def __init__(self, documents: Sequence[Ints]) -> None:
        self._documents = documents
        self.lengths = np.array([len(ids) for ids in documents], np.int64)

    def __len__(self) -> int:
        return len(self._documents)

    def document(self, number: int, start: int = 0, stop: int | None = None) -> Ints:
        """Tokens `start:stop` of a document."""
        return self._documents[number][start:stop]


def bits_per_byte(trained: Trained, domain: Domain, seed: int) -> Figure:
    """The figure of one domain."""
    ids = encoded(trained.vocabulary, domain.texts)
    nats, sizes = costs(trained, ids, np.array([len(text.encode()) for text in domain.texts], np.float64))
    found = intervals.ratio(nats / np.log(2), sizes, seed)
    note = "" if trained.model.family == "decoder" else f"{trained.config.train.objective}: no code length"
    return figure(f"bits per byte, {domain.name}", "bits per byte", found, len(domain.texts), seed, note=note)


def costs(trained: Trained, documents: Sequence[Ints], sizes: Floats) -> tuple[Floats, Floats]:
    """(D,) nats, and the bytes they are of: of all text, or for other objectives of what was asked."""
    if trained.model.family == "decoder" and trained.config.train.objective == "clm":
        return document_nats(trained.model, documents), sizes
    data = trained.config.data.model_copy(update={"validation_tokens": 2**62})
    found = score(trained.model, Ids(documents), trained.vocabulary, data, trained.config.train)
    if found is None:
        raise DataError("no documents to score")
    return found.nats, found.bytes.astype(np.float64)


def encoded(vocabulary: Vocabulary, texts: Sequence[str]) -> list[Ints]:
    """Ids of texts, control tokens read as plain characters."""
    found = vocabulary.tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
    return [np.array(one.ids, np.int64) for one in found]


def of_files(name: str, path: Path, limit: int, seed: int) -> Domain:
    """Documents of a file or folder, in the forms of `pretrain.texts`; passages where they are few."""
    found = [document.text for document in read(path)]
    if len(found) < FEW:
        found = [passage for text in found for passage in passages(text)]
    if not found:
        raise DataError(f"{path}: holds no text")
    return Domain(name, sample(found, limit, seed))


def of_tokens(folder: Path, by: Literal["source", "language"], limit: int, seed: int) -> list[Domain]:
    """The validation split of token shards by source or language, the largest domain first."""
    manifest = Manifest.read(folder)
    shards, vocabulary = Shards(manifest, "validation"), manifest.open_vocabulary()
    found: dict[str, list[str]] = {}
    for number, label in enumerate(shards.labels(by)):
        found.setdefault(label, []).append(vocabulary.decode(shards.document(number).tolist()))
    domains = [Domain(name, [text for text in sample(texts, limit, seed) if text]) for name, texts in found.items()]
    return sorted((d for d in domains if d.texts), key=lambda d: (-len(d.texts), d.name))


def passages(text: str) -> list[str]:
    """Text cut at the first blank line behind each `PASSAGE` characters."""
    found, begin = [], 0
    while begin < len(text):
        end = text.find("\n\n", begin + PASSAGE)
        end = len(text) if end < 0 else end
        found.append(text[begin:end].strip("\n"))
        begin = end + 2
    return [passage for passage in found if passage.strip()]
