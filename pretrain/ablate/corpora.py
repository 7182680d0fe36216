"""An arm: a corpus as token shards, encoded first where it comes as text or in other tokens.

Documents are told by their ids: what is held out, and which seed trains on what, are functions of the id, so that arms
that have documents in common agree about them.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pretrain import texts
from pretrain.ablate import token_files
from pretrain.ablate.token_files import Encoded
from pretrain.errors import DataError, UsageError
from pretrain.shards import Manifest, Shards
from pretrain.tokens import FIRST_TEXT_ID, SENTINELS, Vocabulary

HELD_OUT = 0.02
"""Share of a corpus of text that is kept from training, by hash of the id; token shards have their own split."""
_AT_ONCE = 512


class Named(NamedTuple):
    """A path with the name that it bears in tables."""

    name: str
    path: Path


@dataclass(frozen=True, eq=False)
class Corpus:
    """An arm's data: token shards and who they are."""

    name: str
    slug: str
    """Its name in paths."""
    manifest: Manifest
    vocabulary: Vocabulary

    @cached_property
    def train(self) -> Shards:
        """What models are trained on."""
        return Shards(self.manifest, "train")

    @cached_property
    def validation(self) -> Shards:
        """What was kept from training."""
        return Shards(self.manifest, "validation")

    @cached_property
    def keys(self) -> NDArray[np.uint64]:
        """(D,) a hash of each training document's id."""
        return np.array([key(name) for name in self.train.ids()], np.uint64)

    @property
    def targets(self) -> int:
        """Tokens of an epoch, an end-of-text a document included."""
        return self.train.tokens + len(self.train)


def key(name: str, salt: str = "") -> int:
    """64 bits that depend on an id and a salt alone."""
    whole = f"{salt}\0{name}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(whole, digest_size=8).digest(), "big")


def slug(number: int, name: str) -> str:
    """A name that is one in every file system, and a number that keeps it the only one."""
    return f"{number}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')[:40] or 'arm'}"


def opened(
    given: list[Named], folder: Path, tokenizer: Path | None, say: Callable[[str], None] = lambda _: None
) -> list[Corpus]:
    """Open each corpus, encoding under `folder` what is text; raises `UsageError` for one that cannot be used.

    With a `tokenizer` all are in its tokens. Without one, token shards stay as they are, and texts take the tokenizer
    of the first corpus that has one.
    """
    shared = tokenizer or next((p for p in (_tokenizer(one.path) for one in given) if p is not None), None)
    vocabulary = None if shared is None else vocabulary_of(shared)
    found = []
    for number, one in enumerate(given):
        name = slug(number, one.name)
        if _tokenizer(one.path) is None or (vocabulary is not None and tokenizer and not _has(one.path, vocabulary)):
            if shared is None or vocabulary is None:
                raise UsageError(f"{one.path}: is text, and there is no tokenizer; --tokenizer names one")
            place = folder / name
            if not (place / "manifest.json").is_file():
                say(f"encoding {one.name}")
                _encode(one, place, shared, vocabulary)
            manifest = Manifest.read(place)
        else:
            manifest = Manifest.read(one.path)
        corpus = Corpus(one.name, name, manifest, manifest.open_vocabulary())
        if not len(corpus.train):
            raise DataError(f"{one.path}: holds no document to train on")
        found.append(corpus)
    return found


def vocabulary_of(tokenizer: Path) -> Vocabulary:
    """A tokenizer.json of `curate`'s layout: as many ids as its last sentinel says."""
    from tokenizers import Tokenizer

    try:
        last = Tokenizer.from_file(str(tokenizer)).token_to_id("<|sentinel_0|>")
    except Exception as error:  # noqa: BLE001  tokenizers raises bare Exception
        raise DataError(f"{tokenizer}: not a tokenizer: {' '.join(str(error).split())}") from None
    if last is None or last < FIRST_TEXT_ID + SENTINELS:
        raise DataError(f"{tokenizer}: has not the control tokens of `curate tokenizer train`")
    return Vocabulary.open(tokenizer, last + 1)


def _tokenizer(path: Path) -> Path | None:
    """The tokenizer of a folder with token shards."""
    place = path / "tokenizer" / "tokenizer.json"
    return place if place.is_file() and (path / "manifest.json").is_file() else None


def _has(path: Path, vocabulary: Vocabulary) -> bool:
    return Manifest.read(path).open_vocabulary().digest == vocabulary.digest


def documents(path: Path) -> Iterator[texts.Document]:
    """The texts of a corpus: those of `documents/` where it is an output folder of `curate run`."""
    return texts.read(path / "documents" if (path / "manifest.json").is_file() else path)


def _encode(one: Named, place: Path, tokenizer: Path, vocabulary: Vocabulary) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    bound = int(HELD_OUT * 2**64)

    def rows(*, held: bool) -> Iterator[Encoded]:
        mine = (d for d in documents(one.path) if (key(d.id, "held out") < bound) == held)
        return encoded(mine, vocabulary)

    token_files.write(place, tokenizer, vocabulary, {"train": rows(held=False), "validation": rows(held=True)})


def encoded(given: Iterator[texts.Document], vocabulary: Vocabulary) -> Iterator[Encoded]:
    """Documents as ids; literal control tokens in them are text."""
    while batch := list(islice(given, _AT_ONCE)):
        found = vocabulary.tokenizer.encode_batch_fast([d.text for d in batch], add_special_tokens=False)
        for document, one in zip(batch, found, strict=True):
            if one.ids:
                yield Encoded(document.id, np.array(one.ids, np.uint32), bytes=len(document.text.encode()))
