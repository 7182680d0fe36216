"""What models are scored on: domains of documents that no arm was trained on."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pretrain import texts
from pretrain.ablate import overlap
from pretrain.ablate.corpora import Corpus, Named, key
from pretrain.errors import UsageError
from pretrain.texts import Document
from pretrain.tokens import Vocabulary

CHARACTERS = 4_096
"""Of a document that are scored: a few long ones shall not stand for a domain."""
FEW = 20
"""Where a domain has fewer documents, their passages of `CHARACTERS` count as documents."""


@dataclass(frozen=True, eq=False)
class Domain:
    """Documents to score."""

    name: str
    texts: list[str]
    own: bool = False
    """Whether it is what an arm kept from its own training."""
    removed: int = 0
    """Documents that some arm had been trained on."""

    @property
    def bytes(self) -> NDArray[np.int64]:
        """(D,) UTF-8 bytes of each document."""
        return np.array([len(text.encode()) for text in self.texts], np.int64)

    def told(self) -> dict[str, Any]:
        """As `ablate.json` has it."""
        size = int(self.bytes.sum())
        return {
            "name": self.name,
            "own": self.own,
            "documents": len(self.texts),
            "bytes": size,
            "removed": self.removed,
        }

    def encoded(self, vocabulary: Vocabulary) -> list[NDArray[np.int64]]:
        """(D,) the ids of each document; literal control tokens are text."""
        found = vocabulary.tokenizer.encode_batch_fast(self.texts, add_special_tokens=False)
        return [np.array(one.ids, np.int64) for one in found]


def domains(
    given: Sequence[Named], corpora: Sequence[Corpus], own: Sequence[Corpus], size: int, say: Callable[[str], None]
) -> list[Domain]:
    """The named domains, then what each of `own` kept from training; at most `size` bytes of each.

    Documents that an arm holds are removed. Raises `UsageError` where no domain has two documents left.
    """
    found = [Domain(one.name, _chosen(_documents(one.path), size)) for one in given]
    found += [Domain(f"{one.name}: kept back", _chosen(_kept_back(one), size), own=True) for one in own]
    whole = []
    for domain in found:
        clean = _unseen(domain, corpora)
        if clean.removed:
            say(
                f"held-out {domain.name}: {clean.removed:,} of {len(domain.texts):,} documents removed, an arm has them"
            )
        if len(clean.texts) > 1:
            whole.append(clean)
        else:
            say(f"held-out {domain.name}: left out, it has fewer than two documents")
    if not whole:
        raise UsageError("nothing to score: no domain has two documents; --held-out NAME=PATH names one")
    return whole


def _documents(path: Path) -> Iterable[Document]:
    return texts.read(path / "documents" if (path / "manifest.json").is_file() else path)


def _kept_back(corpus: Corpus) -> Iterable[Document]:
    split = corpus.validation
    names = split.ids()
    for number in np.argsort([key(name, "scored") for name in names], kind="stable"):
        yield Document(names[number], corpus.vocabulary.decode(split.document(int(number)).tolist()))


def _chosen(documents: Iterable[Document], size: int) -> list[str]:
    """Beginnings of documents, in the order of a hash of their ids, until `size` bytes are full."""
    ordered = sorted(documents, key=lambda document: key(document.id, "scored"))
    if len(ordered) < FEW:
        parts = [(d.text[i : i + CHARACTERS]) for d in ordered for i in range(0, len(d.text), CHARACTERS)]
    else:
        parts = [d.text[:CHARACTERS] for d in ordered]
    ends = np.cumsum([len(text.encode()) for text in parts])
    return [text for text, end in zip(parts, ends, strict=True) if text.strip() and end <= max(size, ends[0])]


def _unseen(domain: Domain, corpora: Sequence[Corpus]) -> Domain:
    shares = np.zeros(len(domain.texts))
    for corpus in corpora:
        shares = np.maximum(shares, overlap.seen(domain.encoded(corpus.vocabulary), corpus.train))
    kept = [text for text, share in zip(domain.texts, shares, strict=True) if share <= overlap.MOST]
    return Domain(domain.name, kept, domain.own, len(shares) - len(kept))
